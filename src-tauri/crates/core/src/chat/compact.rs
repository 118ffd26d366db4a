//! Leaving the oldest turns of a conversation out of what is sent, with or without a summary.

use futures_util::StreamExt;
use slipway_llm::{ChatEvent, ChatMessage, ChatRequest, Client, Role as Speaks};
use slipway_protocol::{
    Compaction, CompactionId, CompactionRef, Message, Progress, RequestId, Role, SessionCompact,
    SessionId, SessionView, TaskKind, TaskRef, TaskResult, TaskSubject, Text,
};

use super::EXCLUSIVE;
use super::request::{effective, sent, tokens_of};
use super::tokens::estimate;
use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;
use crate::tasks::TaskContext;

/// Longest summary, in tokens.
const SUMMARY: u32 = 512;
/// Context that is assumed where the server does not tell.
const UNKNOWN_CONTEXT: u32 = 4096;
/// What a summary is asked for.
const TASK: &str = "Summarise the conversation below for somebody who has to go on with it: facts, \
    decisions, names, numbers, code that matters, and what is still open. Write in the language of \
    the conversation, in at most 200 words, without any introduction.";

impl Program {
    /// Starts to leave the oldest turns out, so that about half of the context is free.
    pub async fn session_compact(&self, compact: SessionCompact) -> Result<TaskRef, Fault> {
        self.store().sessions().get(&compact.session_id).await?;
        let subject = TaskSubject {
            kind: TaskKind::Compact,
            host_id: Some(compact.host_id.clone()),
            session_id: Some(compact.session_id.clone()),
            message_id: None,
        };
        let program = self.clone();
        let request_id = RequestId::new();
        self.executor().submit(request_id.clone(), subject, &EXCLUSIVE, |context| async move {
            let work = program.compact(&context, &compact);
            Ok(TaskResult::Compact(context.unless_cancelled(work).await?))
        })?;
        Ok(TaskRef { request_id })
    }

    /// Sends again what a compaction left out.
    pub async fn compaction_remove(&self, one: CompactionRef) -> Result<SessionView, Fault> {
        self.store().compactions().remove(&one.compaction_id).await?;
        self.tell(Progress::ThreadChanged(one.session_id.clone()));
        self.view(&one.session_id).await
    }

    async fn compact(
        &self,
        context: &TaskContext,
        compact: &SessionCompact,
    ) -> Result<Compaction, Fault> {
        let path = self.store().messages().branch(&compact.session_id).await?;
        let known = self.store().compactions().list(&compact.session_id).await?;
        let window = self.window_of(&compact.host_id).unwrap_or(UNKNOWN_CONTEXT);
        let oldest = oldest_turns(sent(&path, effective(&known, &path)), window / 2);
        let summariser = match (oldest.is_some(), compact.summarise) {
            (true, true) => Some(self.engine_now(&compact.host_id)?),
            _ => None,
        };
        let made = self
            .leave_out(&compact.session_id, &path, &known, window, summariser.as_ref())
            .await?
            .ok_or_else(|| {
                Fault::invalid(
                    Text::new(
                        "There is nothing yet that could be left out.",
                        "Пока нечего убирать из контекста.",
                    ),
                    Text::new(
                        "Only whole turns before the last one can be.",
                        "Убрать можно только целые реплики до последней.",
                    ),
                )
            })?;
        context.progress(Progress::ThreadChanged(compact.session_id.clone()));
        Ok(made)
    }

    /// Leaves so many of the oldest turns out that half of the window is free; nothing where there
    /// are no whole turns to leave out. With a client, its model writes a summary first.
    pub(super) async fn leave_out(
        &self,
        session: &SessionId,
        path: &[Message],
        known: &[Compaction],
        window: u32,
        summariser: Option<&Client>,
    ) -> Result<Option<Compaction>, Fault> {
        let before = effective(known, path);
        let Some(oldest) = oldest_turns(sent(path, before), window / 2) else { return Ok(None) };
        let Some(last) = oldest.last() else { return Ok(None) };
        let earlier = before.and_then(|one| one.summary.as_deref());
        let summary = match summariser {
            Some(client) => Some(summarise(client, earlier, oldest, window).await?),
            None => earlier.map(str::to_owned),
        };
        let compaction = Compaction {
            id: CompactionId::new(),
            until: last.id.clone(),
            tokens_before: oldest.iter().map(tokens_of).sum(),
            tokens_after: summary.as_deref().map_or(0, estimate),
            summary,
            created_at: now_ms(),
        };
        self.store().compactions().add(session, &compaction).await?;
        Ok(Some(compaction))
    }
}

/// The oldest whole turns, as few as leave at most `kept` tokens behind them; never the last turn.
fn oldest_turns(said: &[Message], kept: u32) -> Option<&[Message]> {
    let mut rest: u32 = said.iter().map(tokens_of).sum();
    let last_question = said.iter().rposition(|message| message.role == Role::User)?;
    let mut end = 0;
    for (place, message) in said[..last_question].iter().enumerate() {
        rest = rest.saturating_sub(tokens_of(message));
        // A turn ends where the next message is the user's.
        if said.get(place + 1).is_some_and(|next| next.role == Role::User) {
            end = place + 1;
            if rest <= kept {
                break;
            }
        }
    }
    (end > 0).then(|| &said[..end])
}

/// Asks the model for a summary. What does not fit into its window is cut from the beginning.
async fn summarise(
    client: &Client,
    earlier: Option<&str>,
    oldest: &[Message],
    window: u32,
) -> Result<String, Fault> {
    let mut transcript = String::new();
    if let Some(earlier) = earlier {
        transcript.push_str(&format!("Earlier: {earlier}\n\n"));
    }
    for message in oldest {
        let who = if message.role == Role::User { "User" } else { "Assistant" };
        transcript.push_str(&format!("{who}: {}\n\n", message.content));
    }
    // Two bytes a token: careful with every script.
    let room = (window.saturating_sub(SUMMARY + 200) as usize) * 2;
    let from = transcript.len().saturating_sub(room);
    let from = (from..=transcript.len()).find(|at| transcript.is_char_boundary(*at)).unwrap_or(0);
    let asked = format!("{TASK}\n\n{}", &transcript[from..]);
    let mut request = ChatRequest::new(vec![ChatMessage::new(Speaks::User, asked)]);
    request.max_tokens = Some(SUMMARY);
    request.temperature = Some(0.2);
    let summary = text_of(client, &request).await?;
    if summary.is_empty() {
        return Err(Fault::new(
            slipway_protocol::ErrorCode::EngineError,
            Text::new("The model wrote no summary.", "Модель не написала сводку."),
            Text::new(
                "Leave the oldest turns out without one, or use another model.",
                "Уберите старые реплики без сводки или возьмите другую модель.",
            ),
            "empty summary",
        ));
    }
    Ok(summary)
}

/// The whole answer to a request of the program's own. Streamed, so that dropping it stops the
/// engine.
pub(super) async fn text_of(client: &Client, request: &ChatRequest) -> Result<String, Fault> {
    let mut stream = client.stream(request).await?;
    let mut text = String::new();
    while let Some(event) = stream.next().await {
        match event? {
            ChatEvent::Delta { content } => text.push_str(&content),
            ChatEvent::Done => break,
            _ => {}
        }
    }
    Ok(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::MessageState;

    fn said(tokens: &[u32]) -> Vec<Message> {
        let message = |(place, tokens): (usize, &u32)| {
            let role = if place % 2 == 0 { Role::User } else { Role::Assistant };
            let mut message = crate::chat::new_message(&"s".into(), role, MessageState::Complete);
            message.content = "x".repeat(4 * *tokens as usize);
            message
        };
        tokens.iter().enumerate().map(message).collect()
    }

    #[test]
    fn whole_turns_go_until_enough_is_free() {
        let long = said(&[100, 100, 100, 100, 100, 100, 100]);
        assert_eq!(oldest_turns(&long, 450).unwrap().len(), 4);
        assert_eq!(oldest_turns(&long, 600).unwrap().len(), 2, "at least one turn");
        assert_eq!(oldest_turns(&long, 0).unwrap().len(), 6, "never the last question");
        assert!(oldest_turns(&said(&[100]), 0).is_none());
        assert!(oldest_turns(&said(&[100, 100]), 0).is_none(), "the last turn stays");
        assert!(oldest_turns(&[], 0).is_none());
    }
}
