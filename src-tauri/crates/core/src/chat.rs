//! Chats: conversations in the database, and one task per answer.

mod answer;
mod attachments;
mod compact;
mod compare;
mod conversation;
mod follow_up;
mod hop;
mod library;
mod live;
mod measure;
mod queue;
mod request;
mod session;
mod title;
mod tokens;
mod turn;
mod validate;

pub(crate) use conversation::pause_conversations;
pub(crate) use conversation::rules::PARTICIPANTS;
pub(crate) use follow_up::FollowUp;
pub(crate) use live::LiveAnswers;

use slipway_protocol::{
    ChatRetry, ChatSend, ChatSettings, ChatStarted, HostId, Message, MessageId, MessageState,
    Progress, QueuedId, RequestId, Role, Sampling, Session, SessionId, SessionKind, TaskBody,
    TaskKind, TaskSubject, Text,
};

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;
use answer::{AnswerJob, Voice};

/// Of these, one works on a conversation at a time.
const EXCLUSIVE: [TaskKind; 3] = [TaskKind::Chat, TaskKind::Conversation, TaskKind::Compact];

impl Program {
    /// Saves the user's message and an empty answer, and starts the task that writes it.
    pub async fn chat_send(&self, send: ChatSend) -> Result<ChatStarted, Fault> {
        self.send_turn(send, None).await
    }

    /// Sends a message, maybe one that waited in the queue.
    async fn send_turn(
        &self,
        send: ChatSend,
        queued: Option<&QueuedId>,
    ) -> Result<ChatStarted, Fault> {
        Self::chat_check(&send)?;
        self.store().hosts().get(&send.host_id).await?;
        let session = match &send.session_id {
            Some(id) => self.store().sessions().get(id).await?,
            None => new_session(&send),
        };
        refuse_other_kinds(&session)?;
        self.refuse_second_answer(&session.id)?;
        self.stop_title(&session.id);
        let mut user = new_message(&session.id, Role::User, MessageState::Complete);
        user.content.clone_from(&send.text);
        user.parent_id = match (&send.replaces, &send.session_id) {
            (Some(other), _) => self.message_of(&session.id, other).await?.parent_id,
            (None, Some(id)) => self.store().sessions().leaf(id).await?,
            (None, None) => None,
        };
        user.attachments = self.attached(&send.attachments).await?;
        let answer = self.new_answer(&session.id, &send.host_id, send.model.as_deref());
        let sessions = self.store().sessions();
        let turn = match queued {
            Some(queued) => sessions.begin_queued_turn(queued, &session, &user, &answer).await?,
            None => sessions.begin_turn(&session, &user, &answer).await?,
        };
        sessions.configure(&session.id, &send.settings).await?;
        if session.group_id.is_some() {
            self.name_comparison(&session, &send.text).await?;
        }
        if queued.is_none() {
            self.store().drafts().put(send.session_id.as_ref(), "", &[]).await?;
        }
        let started = ChatStarted {
            request_id: answer.request_id.clone().unwrap_or_default(),
            session: turn.session,
            user_message: turn.user_message,
            answer: turn.answer,
        };
        let plan = Plan { host_id: send.host_id, model: send.model, settings: send.settings };
        self.start_answer(started, plan, send.stream, None).await
    }

    /// Refuses a message that no engine can answer; for front ends that connect before they send.
    pub fn chat_check(send: &ChatSend) -> Result<(), Fault> {
        validate::check(send)
    }

    /// Another answer beside one there is, or the first to a message that never got one.
    pub async fn chat_retry(&self, retry: ChatRetry) -> Result<ChatStarted, Fault> {
        validate::settings(&retry.settings)?;
        self.store().hosts().get(&retry.host_id).await?;
        self.refuse_second_answer(&retry.session_id)?;
        self.stop_title(&retry.session_id);
        let asked = match self.answer_meant(&retry).await? {
            last if last.role == Role::User => last,
            answer => match &answer.parent_id {
                Some(parent) => self.store().messages().get(parent).await?,
                None => return Err(nothing_to_answer()),
            },
        };
        let answer = self.new_answer(&retry.session_id, &retry.host_id, retry.model.as_deref());
        let sessions = self.store().sessions();
        let (session, answer) =
            sessions.begin_answer(&retry.session_id, &asked.id, &answer).await?;
        sessions.configure(&retry.session_id, &retry.settings).await?;
        let started = ChatStarted {
            request_id: answer.request_id.clone().unwrap_or_default(),
            session,
            user_message: asked,
            answer,
        };
        let plan = Plan { host_id: retry.host_id, model: retry.model, settings: retry.settings };
        self.start_answer(started, plan, true, None).await
    }

    /// Goes on with an answer that broke, was stopped or cut.
    pub async fn chat_continue(&self, retry: ChatRetry) -> Result<ChatStarted, Fault> {
        validate::settings(&retry.settings)?;
        self.store().hosts().get(&retry.host_id).await?;
        self.refuse_second_answer(&retry.session_id)?;
        self.stop_title(&retry.session_id);
        let before = self.answer_meant(&retry).await?;
        if before.role != Role::Assistant || before.state == MessageState::Streaming {
            return Err(nothing_to_answer());
        }
        if before.content.is_empty() {
            // What has not begun is begun again.
            return self.chat_retry(retry).await;
        }
        let asked = match &before.parent_id {
            Some(parent) => self.store().messages().get(parent).await?,
            None => return Err(nothing_to_answer()),
        };
        let request_id = RequestId::new();
        let sessions = self.store().sessions();
        let (session, answer) = sessions.reopen_answer(&before.id, &request_id).await?;
        sessions.configure(&retry.session_id, &retry.settings).await?;
        let started = ChatStarted { request_id, session, user_message: asked, answer };
        let plan = Plan { host_id: retry.host_id, model: retry.model, settings: retry.settings };
        self.start_answer(started, plan, true, Some(before)).await
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

    /// Tells every window what no task says.
    pub(crate) fn tell(&self, progress: Progress) {
        self.bus().publish(&RequestId::from(""), TaskBody::Progress(progress));
    }

    /// The answer that a command names, or the last message shown.
    async fn answer_meant(&self, retry: &ChatRetry) -> Result<Message, Fault> {
        let sessions = self.store().sessions();
        sessions.get(&retry.session_id).await?;
        match &retry.message_id {
            Some(id) => self.message_of(&retry.session_id, id).await,
            None => match sessions.leaf(&retry.session_id).await? {
                Some(leaf) => Ok(self.store().messages().get(&leaf).await?),
                None => Err(nothing_to_answer()),
            },
        }
    }

    /// A message, refused where it belongs to another conversation.
    async fn message_of(&self, session: &SessionId, id: &MessageId) -> Result<Message, Fault> {
        let message = self.store().messages().get(id).await?;
        if message.session_id == *session {
            return Ok(message);
        }
        Err(Fault::invalid(
            Text::new("That message is in another chat.", "Это сообщение из другого чата."),
            Text::new("Open that chat first.", "Сначала откройте тот чат."),
        ))
    }

    /// An empty answer, with the task that will write it.
    fn new_answer(&self, session: &SessionId, host: &HostId, model: Option<&str>) -> Message {
        let mut answer = new_message(session, Role::Assistant, MessageState::Streaming);
        answer.host_id = Some(host.clone());
        answer.model = model.map(str::to_owned);
        answer.request_id = Some(RequestId::new());
        answer
    }

    /// Hands an answer that is on disk to the executor. If that fails, the answer says why.
    async fn start_answer(
        &self,
        started: ChatStarted,
        plan: Plan,
        stream: bool,
        resumed: Option<Message>,
    ) -> Result<ChatStarted, Fault> {
        let answer = &started.answer;
        let subject = TaskSubject {
            kind: TaskKind::Chat,
            host_id: Some(plan.host_id.clone()),
            session_id: Some(answer.session_id.clone()),
            message_id: Some(answer.id.clone()),
        };
        let job = AnswerJob {
            program: self.clone(),
            host_id: plan.host_id,
            model: plan.model,
            session_id: answer.session_id.clone(),
            message_id: answer.id.clone(),
            voice: Voice::Assistant,
            settings: plan.settings,
            stream,
            resumed,
        };
        self.live().begin(&answer.id, &answer.content, &answer.reasoning);
        let told = started.clone();
        let submitted = self.executor().submit(
            started.request_id.clone(),
            subject,
            &EXCLUSIVE,
            |context| async move {
                context.progress(Progress::TurnBegan(Box::new(told)));
                job.run(context).await
            },
        );
        if let Err(fault) = submitted {
            self.live().end(&answer.id);
            let error = Some(fault.info());
            let (content, reasoning) = (&answer.content, &answer.reasoning);
            self.store()
                .messages()
                .finish(
                    &answer.id,
                    MessageState::Failed,
                    content,
                    reasoning,
                    &answer.stats,
                    error.as_ref(),
                )
                .await?;
            return Err(fault);
        }
        Ok(started)
    }

    fn refuse_second_answer(&self, session: &SessionId) -> Result<(), Fault> {
        let same = |subject: &TaskSubject| subject.session_id.as_ref() == Some(session);
        for kind in EXCLUSIVE {
            if let Some(task) = self.executor().active(kind, same) {
                return Err(crate::tasks::busy(&task));
            }
        }
        Ok(())
    }
}

/// Who answers, and how.
struct Plan {
    host_id: HostId,
    model: Option<String>,
    settings: ChatSettings,
}

/// Only a chat is sent to: a comparison is its columns, and models among themselves have their own
/// commands.
fn refuse_other_kinds(session: &Session) -> Result<(), Fault> {
    if session.kind == SessionKind::Chat {
        return Ok(());
    }
    Err(Fault::invalid(
        Text::new("This is no chat with one model.", "Это не чат с одной моделью."),
        Text::new(
            "Send it to its columns, or say a line.",
            "Отправьте в его столбцы или скажите реплику.",
        ),
    ))
}

fn nothing_to_answer() -> Fault {
    Fault::invalid(
        Text::new("There is nothing to answer.", "Отвечать не на что."),
        Text::new("Write a message first.", "Сначала напишите сообщение."),
    )
}

fn new_session(send: &ChatSend) -> Session {
    let title = title_of(if send.text.trim().is_empty() { "…" } else { &send.text });
    Session { host_id: Some(send.host_id.clone()), ..blank_session(title) }
}

/// A conversation without anything.
pub(crate) fn blank_session(title: String) -> Session {
    let now = now_ms();
    Session {
        id: SessionId::new(),
        title,
        host_id: None,
        model: None,
        created_at: now,
        updated_at: now,
        pinned: false,
        message_count: 0,
        kind: SessionKind::Chat,
        folder_id: None,
        archived: false,
        tags: Vec::new(),
        titled: false,
        group_id: None,
        column: None,
        last_state: None,
    }
}

pub(crate) fn new_message(session_id: &SessionId, role: Role, state: MessageState) -> Message {
    Message {
        id: MessageId::new(),
        session_id: session_id.clone(),
        parent_id: None,
        position: 0,
        versions: Vec::new(),
        role,
        speaker: None,
        audience: None,
        summary: false,
        attachments: Vec::new(),
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
    cut_at_word(text.trim().lines().next().unwrap_or_default().trim(), TITLE)
}

/// A line of at most so many characters, cut between words.
fn cut_at_word(line: &str, longest: usize) -> String {
    if line.chars().count() <= longest {
        return line.to_owned();
    }
    let cut: String = line.chars().take(longest).collect();
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
