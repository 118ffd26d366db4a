//! Drives one answer: waits for the engine, streams, shows, flushes, ends.

mod asking;

pub(super) use asking::not_connected;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use slipway_llm::{ChatEvent, FinishReason, Timings, Usage};
use slipway_protocol::{
    AnswerStats, ChatPhase, ChatResult, ChatSettings, Chunk, ChunkPart, ConnectionState, ErrorCode,
    ErrorFacts, Hop, HostId, Message, MessageId, MessageState, Progress, SessionId, TaskBody,
    TaskResult,
};

use super::hop::hop_of;
use super::turn::{Effect, Event, Finished, Turn};
use crate::fault::Fault;
use crate::metrics::MeasuredRequest;
use crate::program::Program;
use crate::tasks::TaskContext;

/// How long an answer waits for a connection that is being made or rebuilt.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);
/// How often time is told to the turn.
const TICK: Duration = Duration::from_millis(250);
/// How long a connection is given to notice what broke a stream.
const BLAME_LIMIT: Duration = Duration::from_millis(500);

/// As whom the model speaks.
#[derive(Clone, Debug)]
pub(super) enum Voice {
    /// As the one that answers a person.
    Assistant,
    /// As one of several, by its place among the participants.
    Participant(usize),
    /// As the one of several who sums up what was said.
    Summary(usize),
}

/// Everything that an answer needs.
pub(super) struct AnswerJob {
    pub(super) program: Program,
    pub(super) host_id: HostId,
    pub(super) model: Option<String>,
    pub(super) session_id: SessionId,
    pub(super) message_id: MessageId,
    pub(super) voice: Voice,
    pub(super) settings: ChatSettings,
    pub(super) stream: bool,
    /// The answer as it was, where it is gone on with.
    pub(super) resumed: Option<Message>,
}

impl AnswerJob {
    /// The body of the task of kind `chat`.
    pub(super) async fn run(self, context: TaskContext) -> Result<TaskResult, Fault> {
        self.write(&context).await.map(TaskResult::Chat)
    }

    /// Writes the answer to its end, on behalf of a task.
    pub(super) async fn write(&self, context: &TaskContext) -> Result<ChatResult, Fault> {
        let driver = AnswerDriver { job: self, context, began: Instant::now() };
        driver.drive().await
    }
}

struct AnswerDriver<'a> {
    job: &'a AnswerJob,
    context: &'a TaskContext,
    began: Instant,
}

impl AnswerDriver<'_> {
    async fn drive(&self) -> Result<ChatResult, Fault> {
        let mut turn = match self.job.resumed.clone() {
            Some(Message { content, reasoning, .. }) => {
                Turn::resumed(content, reasoning, AnswerStats::default())
            }
            None => Turn::default(),
        };
        let token = self.context.token().clone();
        let (sender, mut events) = tokio::sync::mpsc::channel(256);
        let reading = self.read(sender);
        tokio::pin!(reading);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut read = None;
        loop {
            let at = || self.began.elapsed();
            let event = tokio::select! {
                // What has come is taken before the end is.
                biased;
                event = events.recv() => match event {
                    Some(event) => event,
                    // The reader has ended, and all that it sent is taken.
                    None => match read.take() {
                        Some(Err(fault)) => Event::Failed { fault, at: at() },
                        Some(Ok(())) | None => Event::Done { at: at() },
                    },
                },
                // Dropping the reader on return closes the socket: that is what stops the engine.
                () = token.cancelled() => Event::Stop { at: at() },
                result = &mut reading, if read.is_none() => {
                    read = Some(result);
                    continue;
                }
                _ = ticks.tick() => Event::Tick { at: at() },
            };
            for effect in turn.on(event) {
                match self.perform(effect).await {
                    Ok(None) => {}
                    Ok(Some(finished)) => return self.finish(finished).await,
                    // What cannot be kept is not shown on and on: the answer ends here, whole in memory.
                    Err(fault) => {
                        let ended = turn.on(Event::Failed { fault, at: at() });
                        for effect in ended {
                            if let Effect::Finish(finished) = effect {
                                return self.finish(*finished).await;
                            }
                        }
                    }
                }
            }
        }
    }

    /// Does what a turn asks for; the end is handed back.
    async fn perform(&self, effect: Effect) -> Result<Option<Finished>, Fault> {
        let AnswerJob { program, session_id, message_id, .. } = self.job;
        match effect {
            Effect::Show { part, offset, text } => {
                match part {
                    ChunkPart::Content => program.live().append(message_id, &text, ""),
                    ChunkPart::Reasoning => program.live().append(message_id, "", &text),
                }
                let (session_id, message_id) = (session_id.clone(), message_id.clone());
                self.context.emit(TaskBody::Chunk(Chunk {
                    session_id,
                    message_id,
                    part,
                    offset,
                    text,
                }));
                Ok(None)
            }
            Effect::Flush { content, reasoning } => {
                program.store().messages().append(message_id, &content, &reasoning).await?;
                Ok(None)
            }
            Effect::Finish(finished) => Ok(Some(*finished)),
        }
    }

    /// Writes the end down; only then does the executor say it. Where that cannot be done the text
    /// stays in memory, and is written once it can be.
    async fn finish(&self, finished: Finished) -> Result<ChatResult, Fault> {
        let AnswerJob { program, session_id, message_id, .. } = self.job;
        let Finished { state, content, reasoning, stats, fault } = finished;
        let fault = match fault {
            Some(fault) => Some(self.blamed(fault).await),
            None => None,
        };
        let error = fault.as_ref().map(Fault::info);
        self.measure(state, &stats, fault.as_ref()).await;
        let messages = program.store().messages();
        let kept =
            messages.finish(message_id, state, &content, &reasoning, &stats, error.as_ref()).await;
        match kept {
            Ok(()) => program.live().end(message_id),
            Err(failure) => {
                let failure = Fault::from(failure);
                let failure = failure.with_facts(ErrorFacts::Hop(Hop::ThisApp));
                program.live().keep_unsaved(
                    message_id,
                    state,
                    stats,
                    error.or(Some(failure.info())),
                );
                return Err(fault.unwrap_or(failure));
            }
        }
        match fault {
            Some(fault) => Err(fault),
            None => Ok(ChatResult {
                session_id: session_id.clone(),
                message_id: message_id.clone(),
                stopped: state == MessageState::Stopped,
                stats,
            }),
        }
    }

    /// The fault with the part of the way that broke.
    async fn blamed(&self, fault: Fault) -> Fault {
        let connections = self.job.program.connections();
        if fault.code == ErrorCode::StreamBroken {
            connections.look_again(&self.job.host_id);
            let patience = Instant::now() + BLAME_LIMIT;
            let is_up = || {
                let status = connections.status(&self.job.host_id);
                status.is_some_and(|status| status.state == ConnectionState::Connected)
            };
            while is_up() && Instant::now() < patience {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        }
        let hop = hop_of(fault.code, connections.status(&self.job.host_id).as_ref());
        if fault.facts.is_some() { fault } else { fault.with_facts(ErrorFacts::Hop(hop)) }
    }

    /// Keeps the request's figures. That they cannot be kept is no reason to lose an answer.
    async fn measure(&self, state: MessageState, stats: &AnswerStats, fault: Option<&Fault>) {
        let job = self.job;
        let message = job.program.store().messages().get(&job.message_id).await;
        let request = MeasuredRequest {
            host_id: &job.host_id,
            session_id: &job.session_id,
            model: message.ok().and_then(|message| message.model).unwrap_or_default(),
            state,
            stats,
            error: fault.map(|fault| fault.code),
        };
        if let Err(fault) = job.program.record(request).await {
            tracing::warn!(target: "chat", "the figures of an answer were not kept: {fault}");
        }
    }

    /// Waits for the engine and reads its answer into events.
    async fn read(&self, events: tokio::sync::mpsc::Sender<Event>) -> Result<(), Fault> {
        let job = self.job;
        let found = self.engine().await?;
        if found.window.is_some() {
            let figures = AnswerStats { context_size: found.window, ..AnswerStats::default() };
            let _ = events.send(Event::Figures(figures)).await;
        }
        let request = self.request(&found).await?;
        self.context.progress(Progress::ChatPhase(ChatPhase::Prompt));
        let sent = Instant::now();
        let mut stream = self.open(&found.client, request, &events).await?;
        // An answer that is wanted at once is streamed as well and held back to its end: llama.cpp
        // notices that nobody listens any more only while it streams, so only then can it be stopped.
        let mut held = [(ChunkPart::Reasoning, String::new()), (ChunkPart::Content, String::new())];
        let mut first = None;
        while let Some(event) = stream.next().await {
            let (part, text) = match event? {
                ChatEvent::Delta { content } => (ChunkPart::Content, content),
                ChatEvent::Reasoning { text } => (ChunkPart::Reasoning, text),
                ChatEvent::Finish { reason } => {
                    let finish_reason = Some(finish_word(reason));
                    let figures = AnswerStats { finish_reason, ..AnswerStats::default() };
                    let _ = events.send(Event::Figures(figures)).await;
                    continue;
                }
                ChatEvent::Usage { usage, timings } => {
                    let figures = figures(usage, timings, first);
                    let _ = events.send(Event::Figures(figures)).await;
                    continue;
                }
                ChatEvent::Done => break,
            };
            first.get_or_insert_with(|| sent.elapsed());
            if job.stream {
                let at = self.began.elapsed();
                let _ = events.send(Event::Text { part, text, at }).await;
            } else if let Some((_, whole)) = held.iter_mut().find(|(held, _)| *held == part) {
                whole.push_str(&text);
            }
        }
        for (part, text) in held.into_iter().filter(|(_, text)| !text.is_empty()) {
            let at = self.began.elapsed();
            let _ = events.send(Event::Text { part, text, at }).await;
        }
        Ok(())
    }
}

/// The engine's figures as the database keeps them. `first` is the time to the first piece.
fn figures(usage: Usage, timings: Option<Timings>, first: Option<Duration>) -> AnswerStats {
    let count = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    let speed = |value: f64| (value > 0.0).then_some(value);
    let queue = timings.zip(first).and_then(|(timings, first)| timings.queue(first));
    AnswerStats {
        prompt_tokens: Some(count(usage.prompt_tokens)),
        completion_tokens: Some(count(usage.completion_tokens)),
        cached_tokens: Some(count(usage.cached_tokens)),
        tokens_per_second: timings.and_then(|timings| speed(timings.predicted_per_second)),
        prompt_tokens_per_second: timings.and_then(|timings| speed(timings.prompt_per_second)),
        queue_ms: queue.map(crate::clock::millis),
        ..AnswerStats::default()
    }
}

fn finish_word(reason: FinishReason) -> String {
    match reason {
        FinishReason::Stop => "stop".to_owned(),
        FinishReason::Length => "length".to_owned(),
        FinishReason::ToolCalls => "tool_calls".to_owned(),
        FinishReason::ContentFilter => "content_filter".to_owned(),
        FinishReason::Other(other) => other,
    }
}
