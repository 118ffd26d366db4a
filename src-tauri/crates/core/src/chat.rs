//! Chats: conversations in the database, and one task per answer.

mod answer;
mod live;
mod session;
mod turn;
mod validate;

pub(crate) use live::LiveAnswers;

use slipway_protocol::{
    ChatRetry, ChatSend, ChatStarted, HostId, Message, MessageId, MessageState, RequestId, Role,
    Sampling, Session, SessionId, TaskKind, TaskSubject, Text,
};

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;
use answer::AnswerJob;

impl Program {
    /// Saves the user's message and an empty answer, and starts the task that writes it.
    pub async fn chat_send(&self, send: ChatSend) -> Result<ChatStarted, Fault> {
        Self::chat_check(&send)?;
        self.store().hosts().get(&send.host_id).await?;
        let session = match &send.session_id {
            Some(id) => self.store().sessions().get(id).await?,
            None => new_session(&send),
        };
        self.refuse_second_answer(&session.id)?;
        let request_id = RequestId::new();
        let mut user = new_message(&session.id, Role::User, MessageState::Complete);
        user.content.clone_from(&send.text);
        let mut answer = new_message(&session.id, Role::Assistant, MessageState::Streaming);
        answer.host_id = Some(send.host_id.clone());
        answer.request_id = Some(request_id.clone());
        let turn = self.store().sessions().begin_turn(&session, &user, &answer).await?;
        self.start_answer(request_id, &send.host_id, &turn.answer, send.sampling, send.stream)
            .await
            .map(|request_id| ChatStarted {
                request_id,
                session: turn.session,
                user_message: turn.user_message,
                answer: turn.answer,
            })
    }

    /// Refuses a message that no engine can answer; for front ends that connect before they send.
    pub fn chat_check(send: &ChatSend) -> Result<(), Fault> {
        validate::check(&send.text, &send.sampling)
    }

    /// Answers the last user message again, in place of the answer that follows it.
    pub async fn chat_retry(&self, retry: ChatRetry) -> Result<ChatStarted, Fault> {
        validate::sampling(&retry.sampling)?;
        self.store().hosts().get(&retry.host_id).await?;
        self.refuse_second_answer(&retry.session_id)?;
        let messages = self.store().messages().list(&retry.session_id).await?;
        let nothing = || {
            Fault::invalid(
                Text::new("There is nothing to answer.", "Отвечать не на что."),
                Text::new("Write a message first.", "Сначала напишите сообщение."),
            )
        };
        let last = messages.last().ok_or_else(nothing)?;
        let old = (last.role == Role::Assistant).then_some(&last.id);
        let user = messages.iter().rev().find(|m| m.role == Role::User).ok_or_else(nothing)?;
        let request_id = RequestId::new();
        let mut answer = new_message(&retry.session_id, Role::Assistant, MessageState::Streaming);
        answer.host_id = Some(retry.host_id.clone());
        answer.request_id = Some(request_id.clone());
        let turn = self.store().sessions().begin_retry(&retry.session_id, old, &answer).await?;
        self.start_answer(request_id, &retry.host_id, &turn.answer, retry.sampling, true).await.map(
            |request_id| ChatStarted {
                request_id,
                session: turn.session,
                user_message: user.clone(),
                answer: turn.answer,
            },
        )
    }

    /// What the settings say about new answers.
    #[must_use]
    pub fn default_sampling(&self) -> Sampling {
        let settings = self.settings();
        Sampling {
            temperature: settings.temperature,
            max_tokens: settings.max_tokens,
            ..Sampling::default()
        }
    }

    /// Hands an answer that is on disk to the executor. If that fails, the answer says why.
    async fn start_answer(
        &self,
        request_id: RequestId,
        host_id: &HostId,
        answer: &Message,
        sampling: Sampling,
        stream: bool,
    ) -> Result<RequestId, Fault> {
        let subject = TaskSubject {
            kind: TaskKind::Chat,
            host_id: Some(host_id.clone()),
            session_id: Some(answer.session_id.clone()),
            message_id: Some(answer.id.clone()),
        };
        let job = AnswerJob {
            program: self.clone(),
            host_id: host_id.clone(),
            session_id: answer.session_id.clone(),
            message_id: answer.id.clone(),
            sampling,
            stream,
        };
        self.live().begin(&answer.id);
        let submitted = self
            .executor()
            .submit(request_id, subject, &[TaskKind::Chat], |context| job.run(context));
        if let Err(fault) = &submitted {
            self.live().end(&answer.id);
            let error = Some(fault.info());
            self.store()
                .messages()
                .finish(&answer.id, MessageState::Failed, "", "", &answer.stats, error.as_ref())
                .await?;
        }
        submitted
    }

    fn refuse_second_answer(&self, session: &SessionId) -> Result<(), Fault> {
        let same = |subject: &TaskSubject| subject.session_id.as_ref() == Some(session);
        match self.executor().active(TaskKind::Chat, same) {
            Some(task) => Err(crate::tasks::busy(&task)),
            None => Ok(()),
        }
    }
}

fn new_session(send: &ChatSend) -> Session {
    let now = now_ms();
    Session {
        id: SessionId::new(),
        title: title_of(&send.text),
        host_id: Some(send.host_id.clone()),
        model: None,
        created_at: now,
        updated_at: now,
        pinned: false,
        message_count: 0,
    }
}

fn new_message(session_id: &SessionId, role: Role, state: MessageState) -> Message {
    Message {
        id: MessageId::new(),
        session_id: session_id.clone(),
        position: 0,
        role,
        content: String::new(),
        reasoning: String::new(),
        state,
        host_id: None,
        model: None,
        created_at: now_ms(),
        request_id: None,
        stats: Default::default(),
        error: None,
    }
}

/// Longest title made from a message, in characters.
const TITLE: usize = 60;

/// The first line of a message, cut at a word.
fn title_of(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default().trim();
    if line.chars().count() <= TITLE {
        return line.to_owned();
    }
    let cut: String = line.chars().take(TITLE).collect();
    let words = cut.rsplit_once(char::is_whitespace).map_or(cut.as_str(), |(words, _)| words);
    format!("{}…", words.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_first_lines_cut_at_words() {
        assert_eq!(title_of("  Hello\nworld"), "Hello");
        let long = "слово ".repeat(30);
        let title = title_of(&long);
        assert!(title.ends_with("слово…") && title.chars().count() <= TITLE + 1, "{title}");
        assert_eq!(title_of(&"x".repeat(100)).chars().count(), TITLE + 1);
    }
}
