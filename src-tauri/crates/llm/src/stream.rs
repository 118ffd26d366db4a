//! An answer as it is written.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream, StreamExt};
use reqwest::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::answer::{Text, WireUsage};
use crate::endpoint::Redactor;
use crate::response::Report;
use crate::sse::Decoder;
use crate::{Error, FinishReason, Result, Timings, Usage};

/// One piece of a streamed answer. They come in this order: text and reasoning, `Finish`, `Usage`
/// where the engine counts, `Done`.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatEvent {
    /// The next piece of the text; never empty.
    Delta {
        /// Whole characters.
        content: String,
    },
    /// The next piece of what the model thinks aloud; never empty.
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
    finished: bool,
    received_chars: usize,
    redactor: Redactor,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ChatStream")
            .field("open", &self.body.is_some())
            .field("finished", &self.finished)
            .field("received_chars", &self.received_chars)
            .finish_non_exhaustive()
    }
}

impl ChatStream {
    pub(crate) fn new(
        response: Response,
        first_token: Instant,
        idle: Duration,
        redactor: Redactor,
    ) -> Self {
        Self {
            body: Some(response.bytes_stream().boxed()),
            decoder: Decoder::default(),
            ready: VecDeque::new(),
            timer: Box::pin(sleep_until(first_token)),
            idle,
            begun: false,
            finished: false,
            received_chars: 0,
            redactor,
        }
    }

    /// Ends the stream with `last` and closes the connection.
    fn end(&mut self, last: Result<ChatEvent>) {
        self.body = None;
        self.ready.push_back(last);
    }

    /// Ends a stream that the server did not end itself: complete if the model had finished.
    fn end_early(&mut self, error: Error) {
        let last = if self.finished { Ok(ChatEvent::Done) } else { Err(error) };
        self.end(last);
    }

    fn cut(&self) -> Error {
        Error::Cut { received_chars: self.received_chars }
    }

    fn take_packet(&mut self, packet: &[u8]) {
        if self.decoder.feed(packet).is_err() {
            self.end(Err(Error::BadEvent { excerpt: "more than 16 MiB in one event".to_owned() }));
            return;
        }
        while self.body.is_some() {
            match self.decoder.next_event() {
                Some(data) => self.take_event(data.trim()),
                None => break,
            }
        }
        if self.begun {
            self.timer.as_mut().reset(Instant::now() + self.idle);
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
        match serde_json::from_str::<Chunk>(data) {
            Ok(chunk) if chunk.error.is_none() => self.take_chunk(chunk),
            read => {
                if let Err(error) = read {
                    tracing::debug!(%error, "event is not of this protocol");
                }
                self.end(Err(match Report::parse(data) {
                    Some(report) => report.into_error(&self.redactor),
                    None => Error::BadEvent { excerpt: self.redactor.excerpt(data) },
                }));
            }
        }
    }

    fn take_chunk(&mut self, chunk: Chunk) {
        if let Some(mut choice) = chunk.choices.into_iter().next() {
            if let Some(text) = choice.delta.take_reasoning() {
                self.begun = true;
                self.received_chars += text.chars().count();
                self.ready.push_back(Ok(ChatEvent::Reasoning { text }));
            }
            if let Some(content) = choice.delta.content.filter(|text| !text.is_empty()) {
                self.begun = true;
                self.received_chars += content.chars().count();
                self.ready.push_back(Ok(ChatEvent::Delta { content }));
            }
            if let Some(reason) = choice.finish_reason {
                self.begun = true;
                self.finished = true;
                self.ready.push_back(Ok(ChatEvent::Finish { reason }));
            }
        }
        if let Some(usage) = chunk.usage {
            self.ready
                .push_back(Ok(ChatEvent::Usage { usage: usage.into(), timings: chunk.timings }));
        }
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
                    let cut = this.cut();
                    this.end_early(cut);
                }
                Poll::Ready(None) => {
                    let cut = this.cut();
                    this.end_early(cut);
                }
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

/// A `chat.completion.chunk` object.
#[derive(Deserialize)]
struct Chunk {
    error: Option<IgnoredAny>,
    choices: Vec<ChunkChoice>,
    usage: Option<WireUsage>,
    timings: Option<Timings>,
}

#[derive(Deserialize)]
struct ChunkChoice {
    #[serde(default)]
    delta: Text,
    finish_reason: Option<FinishReason>,
}
