//! Drives one turn: waits for the engine, streams, shows, flushes, ends.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use slipway_llm::{ChatEvent, ChatMessage, ChatRequest, Client, FinishReason, Timings, Usage};
use slipway_protocol::{
    AnswerStats, ChatPhase, ChatResult, Chunk, ChunkPart, ErrorCode, HostId, MessageId,
    MessageState, Progress, Role, Sampling, SessionId, TaskBody, TaskResult, Text,
};

use super::turn::{Effect, Event, Finished, Turn};
use crate::connect::EngineAccess;
use crate::fault::Fault;
use crate::program::Program;
use crate::tasks::TaskContext;

/// How long an answer waits for a connection that is being made or rebuilt.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);
/// How often time is told to the turn.
const TICK: Duration = Duration::from_millis(250);

/// Everything that an answer needs.
pub(super) struct AnswerJob {
    pub(super) program: Program,
    pub(super) host_id: HostId,
    pub(super) session_id: SessionId,
    pub(super) message_id: MessageId,
    pub(super) sampling: Sampling,
    pub(super) stream: bool,
}

impl AnswerJob {
    /// The body of the task of kind `chat`.
    pub(super) async fn run(self, context: TaskContext) -> Result<TaskResult, Fault> {
        let job = AnswerDriver { job: &self, context: &context, began: Instant::now() };
        let result = job.drive().await;
        self.program.live().end(&self.message_id);
        result
    }
}

struct AnswerDriver<'a> {
    job: &'a AnswerJob,
    context: &'a TaskContext,
    began: Instant,
}

impl AnswerDriver<'_> {
    async fn drive(&self) -> Result<TaskResult, Fault> {
        let mut turn = Turn::default();
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
                if let Some(finished) = self.perform(effect).await? {
                    return self.finish(finished).await;
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

    /// Writes the end down; only then does the executor say it.
    async fn finish(&self, finished: Finished) -> Result<TaskResult, Fault> {
        let AnswerJob { program, session_id, message_id, .. } = self.job;
        let Finished { state, content, reasoning, stats, fault } = finished;
        let error = fault.as_ref().map(Fault::info);
        let messages = program.store().messages();
        messages.finish(message_id, state, &content, &reasoning, &stats, error.as_ref()).await?;
        match fault {
            Some(fault) => Err(fault),
            None => Ok(TaskResult::Chat(ChatResult {
                session_id: session_id.clone(),
                message_id: message_id.clone(),
                stopped: state == MessageState::Stopped,
                stats,
            })),
        }
    }

    /// Waits for the engine and reads its answer into events.
    async fn read(&self, events: tokio::sync::mpsc::Sender<Event>) -> Result<(), Fault> {
        let (client, model) = self.engine().await?;
        let job = self.job;
        if let Some(model) = &model {
            job.program.store().messages().set_model(&job.message_id, model).await?;
            let now = crate::clock::now_ms();
            let sessions = job.program.store().sessions();
            sessions.touch(&job.session_id, Some(&job.host_id), Some(model), now).await?;
        }
        let request = self.request().await?;
        self.context.progress(Progress::ChatPhase(ChatPhase::Prompt));
        // An answer that is wanted at once is streamed as well and held back to its end: llama.cpp
        // notices that nobody listens any more only while it streams, so only then can it be stopped.
        let mut held = [(ChunkPart::Reasoning, String::new()), (ChunkPart::Content, String::new())];
        let mut stream = client.stream(&request).await?;
        while let Some(event) = stream.next().await {
            let (part, text) = match event? {
                ChatEvent::Delta { content } => (ChunkPart::Content, content),
                ChatEvent::Reasoning { text } => (ChunkPart::Reasoning, text),
                ChatEvent::Finish { reason } => {
                    let figures = figures(None, None, Some(reason));
                    let _ = events.send(Event::Figures(figures)).await;
                    continue;
                }
                ChatEvent::Usage { usage, timings } => {
                    let figures = figures(Some(usage), timings, None);
                    let _ = events.send(Event::Figures(figures)).await;
                    continue;
                }
                ChatEvent::Done => break,
            };
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

    /// The engine, waited for while its connection is being made or rebuilt.
    async fn engine(&self) -> Result<(Client, Option<String>), Fault> {
        let Some(mut access) = self.job.program.connections().access(&self.job.host_id) else {
            return Err(not_connected());
        };
        let mut reason: Option<slipway_protocol::ErrorInfo> = None;
        let wait = async {
            loop {
                let now = access.borrow_and_update().clone();
                match now {
                    EngineAccess::Ready { client, model } => return Ok((client, model)),
                    EngineAccess::Ended => return Err(not_connected()),
                    EngineAccess::NotYet(why) => {
                        reason = why;
                        self.context.progress(Progress::ChatPhase(ChatPhase::Connecting));
                    }
                }
                if access.changed().await.is_err() {
                    return Err(not_connected());
                }
            }
        };
        let waited = tokio::time::timeout(CONNECT_LIMIT, wait).await;
        waited.unwrap_or_else(|_| Err(reason.map_or_else(not_connected, Fault::from)))
    }

    /// The conversation up to the answer, as the engine wants it.
    async fn request(&self) -> Result<ChatRequest, Fault> {
        let job = self.job;
        let messages = job.program.store().messages().list(&job.session_id).await?;
        let said = messages
            .into_iter()
            .filter(|message| message.id != job.message_id && !message.content.is_empty())
            .map(|message| {
                let role = match message.role {
                    Role::System => slipway_llm::Role::System,
                    Role::User => slipway_llm::Role::User,
                    Role::Assistant => slipway_llm::Role::Assistant,
                };
                ChatMessage::new(role, message.content)
            });
        let mut request = ChatRequest::new(said.collect());
        let sampling = &job.sampling;
        #[allow(clippy::cast_possible_truncation, reason = "engines take single precision")]
        {
            request.temperature = sampling.temperature.map(|value| value as f32);
            request.top_p = sampling.top_p.map(|value| value as f32);
        }
        request.top_k = sampling.top_k;
        request.max_tokens = sampling.max_tokens;
        request.seed = sampling.seed;
        request.grammar.clone_from(&sampling.grammar);
        Ok(request)
    }
}

/// The engine's figures as the database keeps them.
fn figures(
    usage: Option<Usage>,
    timings: Option<Timings>,
    finish: Option<FinishReason>,
) -> AnswerStats {
    let count = |tokens: u64| u32::try_from(tokens).unwrap_or(u32::MAX);
    let speed = |value: f64| (value > 0.0).then_some(value);
    AnswerStats {
        prompt_tokens: usage.map(|usage| count(usage.prompt_tokens)),
        completion_tokens: usage.map(|usage| count(usage.completion_tokens)),
        tokens_per_second: timings.and_then(|timings| speed(timings.predicted_per_second)),
        prompt_tokens_per_second: timings.and_then(|timings| speed(timings.prompt_per_second)),
        finish_reason: finish.map(|reason| match reason {
            FinishReason::Stop => "stop".to_owned(),
            FinishReason::Length => "length".to_owned(),
            FinishReason::ToolCalls => "tool_calls".to_owned(),
            FinishReason::ContentFilter => "content_filter".to_owned(),
            FinishReason::Other(other) => other,
        }),
        ..AnswerStats::default()
    }
}

fn not_connected() -> Fault {
    Fault::new(
        ErrorCode::NotConnected,
        Text::new("The server is not connected.", "Сервер не подключён."),
        Text::new("Connect it, then try again.", "Подключите его и повторите."),
        "no connection",
    )
}
