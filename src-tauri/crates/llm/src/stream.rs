//! An answer as it is written.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use reqwest::Response;
use serde_json::Value;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::answer::Text;
use crate::echo::EchoFilter;
use crate::endpoint::Redactor;
use crate::response::Report;
use crate::sse::Decoder;
use crate::think::{Piece, ThinkSplitter};
use crate::{Error, FinishReason, Result, Timings, Usage, json};

/// The figures, and the end of the stream, follow at once where they come at all.
const AFTER_FINISH: Duration = Duration::from_secs(5);

/// One piece of a streamed answer. They come in this order: text and reasoning, `Finish`, `Usage`
/// where the engine counts, `Done`; each of the last three once at most.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// The next piece of the text; never empty.
    Delta {
        /// Whole characters.
        content: String,
    },
    /// The next piece of what the model thinks aloud, told apart by the engine or by `<think>` at the
    /// beginning of the text; never empty.
    Reasoning {
        /// Whole characters.
        text: String,
    },
    /// The model ended.
    Finish {
        /// Why.
        reason: FinishReason,
    },
    /// What the request used, and how fast it was where the engine measures that.
    Usage {
        /// Tokens.
        usage: Usage,
        /// Speed (llama.cpp).
        timings: Option<Timings>,
    },
    /// The stream is complete; nothing follows.
    Done,
}

/// A running answer: a [`Stream`] of `Result<ChatEvent>` that ends after [`ChatEvent::Done`] or
/// the first error. Dropping it closes the connection, which frees the engine's slot.
pub struct ChatStream {
    /// `None` once over, so that the connection is given back or closed at once.
    body: Option<BoxStream<'static, reqwest::Result<Bytes>>>,
    decoder: Decoder,
    ready: VecDeque<Result<ChatEvent>>,
    timer: Pin<Box<Sleep>>,
    idle: Duration,
    begun: bool,
    /// Told at the end, so that it comes once and last whatever the server repeats.
    finish: Option<FinishReason>,
    usage: Option<Usage>,
    timings: Option<Timings>,
    received_chars: usize,
    echo: EchoFilter,
    thinking: ThinkSplitter,
    redactor: Redactor,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ChatStream")
            .field("open", &self.body.is_some())
            .field("finish", &self.finish)
            .field("received_chars", &self.received_chars)
            .finish_non_exhaustive()
    }
}

impl ChatStream {
    /// Of an answer that goes on after `prefix`, which may begin with `echo` again.
    pub(crate) fn new(
        response: Response,
        first_token: Instant,
        idle: Duration,
        prefix: &str,
        echo: &str,
        redactor: Redactor,
    ) -> Self {
        Self {
            body: Some(response.bytes_stream().boxed()),
            decoder: Decoder::default(),
            ready: VecDeque::new(),
            timer: Box::pin(sleep_until(first_token)),
            idle,
            begun: false,
            finish: None,
            usage: None,
            timings: None,
            received_chars: 0,
            echo: EchoFilter::new(echo),
            thinking: ThinkSplitter::after(prefix),
            redactor,
        }
    }

    /// Ends the stream with `last`, after what is held back, and closes the connection.
    fn end(&mut self, last: Result<ChatEvent>) {
        self.body = None;
        self.release();
        if let Some(reason) = self.finish.take() {
            self.ready.push_back(Ok(ChatEvent::Finish { reason }));
        }
        if self.usage.is_some() || self.timings.is_some() {
            let usage = self.usage.unwrap_or_default();
            self.ready.push_back(Ok(ChatEvent::Usage { usage, timings: self.timings }));
        }
        self.ready.push_back(last);
    }

    /// Ends a stream that the server did not end itself: complete if the model had finished.
    fn end_early(&mut self, error: Error) {
        let last = if self.finish.is_some() { Ok(ChatEvent::Done) } else { Err(error) };
        self.end(last);
    }

    /// Ends a stream whose connection is gone.
    fn end_cut(&mut self) {
        self.release();
        let stray = self.decoder.stray();
        let error = match Report::parse(&stray) {
            Some(report) => report.into_error(&self.redactor),
            None if !self.begun && !stray.trim().is_empty() => {
                Error::BadResponse { excerpt: self.redactor.excerpt(stray.trim()) }
            }
            None => Error::Cut { received_chars: self.received_chars },
        };
        self.end_early(error);
    }

    fn take_packet(&mut self, packet: &[u8]) {
        let had_finished = self.finish.is_some();
        if self.decoder.feed(packet).is_err() {
            let excerpt = "more than 16 MiB in one event".to_owned();
            self.end_early(Error::BadEvent { excerpt });
            return;
        }
        while self.body.is_some() {
            match self.decoder.next_event() {
                Some(data) => self.take_event(data.trim()),
                None => break,
            }
        }
        // What a server goes on sending after the end must not keep the answer open.
        if self.begun && !had_finished {
            let is_over = self.finish.is_some();
            let wait = if is_over { self.idle.min(AFTER_FINISH) } else { self.idle };
            self.timer.as_mut().reset(Instant::now() + wait);
        }
    }

    fn take_event(&mut self, data: &str) {
        // Some proxies keep a connection alive with empty events.
        if data.is_empty() {
            return;
        }
        if data == "[DONE]" {
            self.end(Ok(ChatEvent::Done));
            return;
        }
        let chunk = json::parse::<Value>(data).inspect_err(|error| {
            tracing::debug!(%error, "event is not JSON");
        });
        match chunk {
            Ok(chunk) if is_chunk(&chunk) => self.take_chunk(chunk),
            other => match other.ok().as_ref().and_then(Report::find) {
                Some(report) => {
                    let error = report.into_error(&self.redactor);
                    self.end(Err(error));
                }
                None => {
                    let excerpt = self.redactor.excerpt(data);
                    self.end_early(Error::BadEvent { excerpt });
                }
            },
        }
    }

    fn take_chunk(&mut self, mut chunk: Value) {
        self.usage = Usage::read(&chunk).or(self.usage);
        self.timings = Timings::read(&chunk).or(self.timings);
        let Some(choice) = chunk.get_mut("choices").and_then(|choices| choices.get_mut(0)) else {
            return;
        };
        let Text { content, reasoning } =
            choice.get_mut("delta").map(Text::take).unwrap_or_default();
        if !reasoning.is_empty() {
            // The engine tells them apart: what looks like a tag from now on is text.
            self.release();
            self.show(Piece::Reasoning(reasoning));
        }
        let content = self.echo.feed(content);
        if !content.is_empty() {
            self.begun = true;
            for piece in self.thinking.feed(&content) {
                self.show(piece);
            }
        }
        if let Some(reason) = FinishReason::read(choice) {
            self.begun = true;
            self.finish.get_or_insert(reason);
        }
    }

    /// Shows what was held back because it could have become a tag or a repetition.
    fn release(&mut self) {
        let held = self.echo.finish();
        let mut pieces = self.thinking.feed(&held);
        pieces.extend(self.thinking.finish());
        for piece in pieces {
            self.show(piece);
        }
    }

    fn show(&mut self, piece: Piece) {
        self.begun = true;
        let (chars, event) = match piece {
            Piece::Text(content) => (content.chars().count(), ChatEvent::Delta { content }),
            Piece::Reasoning(text) => (text.chars().count(), ChatEvent::Reasoning { text }),
        };
        self.received_chars += chars;
        self.ready.push_back(Ok(event));
    }
}

/// Whether an event is a `chat.completion.chunk`. The last one of some servers has no choices.
fn is_chunk(event: &Value) -> bool {
    if !matches!(event["error"], Value::Null) {
        return Report::find(event).is_none() && event["choices"].is_array();
    }
    match &event["choices"] {
        Value::Array(_) => true,
        Value::Null => {
            event["object"] == "chat.completion.chunk"
                || event["usage"].is_object()
                || event["timings"].is_object()
        }
        _ => false,
    }
}

impl Stream for ChatStream {
    type Item = Result<ChatEvent>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(event) = this.ready.pop_front() {
                return Poll::Ready(Some(event));
            }
            let Some(body) = &mut this.body else {
                return Poll::Ready(None);
            };
            // What has come is taken before the clock is looked at: a reader that was busy for
            // longer than the limit must not lose an answer that is waiting for it.
            match body.poll_next_unpin(context) {
                Poll::Ready(Some(Ok(packet))) => this.take_packet(&packet),
                Poll::Ready(Some(Err(error))) => {
                    let lost = Error::transport(&error);
                    tracing::debug!(%lost, "stream broke");
                    this.end_cut();
                }
                Poll::Ready(None) => this.end_cut(),
                Poll::Pending => {
                    if this.timer.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    this.end_early(if this.begun {
                        Error::IdleTimeout
                    } else {
                        Error::FirstTokenTimeout
                    });
                }
            }
        }
    }
}
