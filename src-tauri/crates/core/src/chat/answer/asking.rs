//! Asking for an answer: the engine, waited for; what it is asked, as its window holds it; the stream.

use slipway_llm::{ChatMessage, ChatRequest, ChatStream, Client, Role as Speaks};
use slipway_protocol::{
    AnswerStats, ChatPhase, Continued, ErrorCode, Message, Overflow, Progress, Text,
};

use super::{AnswerDriver, CONNECT_LIMIT, Voice};
use crate::chat::request::{GO_ON, of_chat, of_participant, of_summary, sample, tokens_of};
use crate::chat::tokens::estimate;
use crate::chat::turn::Event;
use crate::connect::EngineAccess;
use crate::fault::Fault;

/// Room for the answer that a window must have left, at least, in tokens.
const ROOM: u32 = 64;

/// The engine that answers.
pub(super) struct Found {
    pub(super) client: Client,
    /// The model that is named in the request, if several are offered.
    asked: Option<String>,
    /// Tokens that its context holds.
    pub(super) window: Option<u32>,
}

impl AnswerDriver<'_> {
    /// Sends the request. An answer that is gone on with is sent as its beginning; an engine that
    /// does not go on from one is asked in a turn of its own.
    pub(super) async fn open(
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
    pub(super) async fn engine(&self) -> Result<Found, Fault> {
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
    pub(super) async fn request(&self, found: &Found) -> Result<ChatRequest, Fault> {
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
            Voice::Summary(speaker) => {
                let conversation = job.program.conversation(&job.session_id).await?;
                of_summary(&conversation.setup, speaker, &path, job.resumed.is_some())
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

pub(in crate::chat) fn not_connected() -> Fault {
    Fault::new(
        ErrorCode::NotConnected,
        Text::new("The server is not connected.", "Сервер не подключён."),
        Text::new("Connect it, then try again.", "Подключите его и повторите."),
        "no connection",
    )
}
