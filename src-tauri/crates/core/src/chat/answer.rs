//! Drives one answer: waits for the engine, streams, shows, flushes, ends.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use slipway_llm::{
    ChatEvent, ChatMessage, ChatRequest, ChatStream, Client, FinishReason, Role as Speaks,
};
use slipway_llm::{Timings, Usage};
use slipway_protocol::{
    AnswerStats, ChatPhase, ChatResult, ChatSettings, Chunk, ChunkPart, ConnectionState, Continued,
    ErrorCode, ErrorFacts, Hop, HostId, Message, MessageId, MessageState, Overflow, Progress,
    SessionId, TaskBody, TaskResult, Text,
};

use super::hop::hop_of;
use super::request::{GO_ON, of_chat, of_participant, sample, tokens_of};
use super::tokens::estimate;
use super::turn::{Effect, Event, Finished, Turn};
use crate::connect::EngineAccess;
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
/// Room for the answer that a window must have left, at least, in tokens.
const ROOM: u32 = 64;

/// As whom the model speaks.
#[derive(Clone, Debug)]
pub(super) enum Voice {
    /// As the one that answers a person.
    Assistant,
    /// As one of several, by its place among the participants.
    Participant(usize),
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

/// The engine that answers.
struct Found {
    client: Client,
    /// The model that is named in the request, if several are offered.
    asked: Option<String>,
    /// Tokens that its context holds.
    window: Option<u32>,
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

    /// Sends the request. An answer that is gone on with is sent as its beginning; an engine that
    /// does not go on from one is asked in a turn of its own.
    async fn open(
        &self,
        client: &Client,
        mut request: ChatRequest,
        events: &tokio::sync::mpsc::Sender<Event>,
    ) -> Result<ChatStream, Fault> {
        if self.job.resumed.is_none() {
            return Ok(client.stream(&request).await?);
        }
        request.prefill = true;
        let continued = |how| {
            let figures = AnswerStats { continued: Some(how), ..AnswerStats::default() };
            Event::Figures(figures)
        };
        match client.stream(&request).await {
            Ok(stream) => {
                let _ = events.send(continued(Continued::Prefill)).await;
                Ok(stream)
            }
            Err(slipway_llm::Error::PrefillRefused) => {
                request.prefill = false;
                request.messages.push(ChatMessage::new(Speaks::User, GO_ON));
                let stream = client.stream(&request).await?;
                let _ = events.send(continued(Continued::NewTurn)).await;
                Ok(stream)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The engine, waited for while its connection is being made or rebuilt. Notes which model
    /// answers.
    async fn engine(&self) -> Result<Found, Fault> {
        let job = self.job;
        let (client, served) = self.access().await?;
        let model = job.model.clone().or(served);
        if let Some(model) = &model {
            job.program.store().messages().set_model(&job.message_id, model).await?;
            let now = crate::clock::now_ms();
            let sessions = job.program.store().sessions();
            sessions.touch(&job.session_id, Some(&job.host_id), Some(model), now).await?;
        }
        let window = job.program.window_of_model(&job.host_id, job.model.as_deref());
        Ok(Found { client, asked: job.model.clone(), window })
    }

    async fn access(&self) -> Result<(Client, Option<String>), Fault> {
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

    /// The branch up to the answer, as the engine wants it and as its window holds it.
    async fn request(&self, found: &Found) -> Result<ChatRequest, Fault> {
        let job = self.job;
        let mut path = job.program.store().messages().path_to(&job.message_id).await?;
        if job.resumed.is_none() {
            path.pop();
        }
        let mut request = match job.voice {
            Voice::Participant(speaker) => {
                let conversation = job.program.conversation(&job.session_id).await?;
                of_participant(&conversation.setup, speaker, &path, job.resumed.is_some())
            }
            Voice::Assistant => self.fitting(found, &path).await?,
        };
        request.model.clone_from(&found.asked);
        sample(&mut request, &job.settings.sampling);
        Ok(request)
    }

    /// The request of a chat. Where the window is too small for it, what the settings say is done.
    async fn fitting(&self, found: &Found, path: &[Message]) -> Result<ChatRequest, Fault> {
        let (program, settings) = (&self.job.program, &self.job.settings);
        let compactions = program.store().compactions().list(&self.job.session_id).await?;
        let request = of_chat(program, &settings.system_prompt, path, &compactions).await?;
        let Some(window) = found.window else { return Ok(request) };
        let room = settings.sampling.max_tokens.unwrap_or(ROOM).clamp(1, ROOM);
        let about = estimate(&settings.system_prompt) + path.iter().map(tokens_of).sum::<u32>();
        // Counting costs a request; far below the edge the estimate is good enough.
        if about.saturating_mul(2) < window {
            return Ok(request);
        }
        let tokens = match found.client.count(&request).await {
            Ok(tokens) => u32::try_from(tokens).unwrap_or(u32::MAX),
            Err(_) => return Ok(request),
        };
        if tokens.saturating_add(room) <= window {
            return Ok(request);
        }
        let summariser = match settings.overflow {
            Overflow::Ask => return Err(full(tokens, window)),
            Overflow::DropOldest => None,
            Overflow::Summarise => Some(&found.client),
        };
        let session = &self.job.session_id;
        let made = program.leave_out(session, path, &compactions, window, summariser).await?;
        if made.is_none() {
            return Err(full(tokens, window));
        }
        self.context.progress(Progress::ThreadChanged(session.clone()));
        let compactions = program.store().compactions().list(session).await?;
        of_chat(program, &settings.system_prompt, path, &compactions).await
    }
}

/// The window is too small for the conversation.
fn full(prompt_tokens: u32, context: u32) -> Fault {
    slipway_llm::Error::ContextExceeded {
        prompt_tokens: prompt_tokens.into(),
        context: context.into(),
    }
    .into()
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

pub(super) fn not_connected() -> Fault {
    Fault::new(
        ErrorCode::NotConnected,
        Text::new("The server is not connected.", "Сервер не подключён."),
        Text::new("Connect it, then try again.", "Подключите его и повторите."),
        "no connection",
    )
}
