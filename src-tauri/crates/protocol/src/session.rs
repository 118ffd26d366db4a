//! Conversations and their messages as the database keeps them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::chat::AnswerStats;
use crate::error::ErrorInfo;
use crate::id::{HostId, MessageId, RequestId, SessionId};

/// A conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Its title: the first words of the first message until renamed.
    pub title: String,
    /// The host it talked to last.
    pub host_id: Option<HostId>,
    /// The model it talked to last.
    pub model: Option<String>,
    /// When it began, ms since the epoch.
    pub created_at: u64,
    /// When it last changed, ms since the epoch.
    pub updated_at: u64,
    /// Pinned to the top.
    pub pinned: bool,
    /// Number of messages.
    pub message_count: u32,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// An answer that is being written.
    Streaming,
    /// Whole.
    Complete,
    /// The user stopped it; the text so far is kept.
    Stopped,
    /// It broke; the text so far is kept and `error` says why.
    Failed,
    /// The program ended while it was being written; the text up to the last flush is kept.
    Interrupted,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Its conversation.
    pub session_id: SessionId,
    /// Place in the conversation, from 0.
    pub position: u32,
    /// Who speaks.
    pub role: Role,
    /// The text, Markdown for answers.
    pub content: String,
    /// The model's reasoning, if it sends it apart.
    pub reasoning: String,
    /// Where it is.
    pub state: MessageState,
    /// The host that answered.
    pub host_id: Option<HostId>,
    /// The model that answered.
    pub model: Option<String>,
    /// When it began, ms since the epoch.
    pub created_at: u64,
    /// The task that writes or wrote it.
    pub request_id: Option<RequestId>,
    /// Figures of an answer.
    pub stats: AnswerStats,
    /// Why it failed.
    pub error: Option<ErrorInfo>,
}

/// A conversation with its messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// The conversation.
    pub session: Session,
    /// Its messages in order. An answer in the making holds all that was received so far.
    pub messages: Vec<Message>,
}

/// The command `session_rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionRename {
    /// Which.
    pub session_id: SessionId,
    /// The new title, 1 to 200 characters.
    pub title: String,
}

/// The command `session_pin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionPin {
    /// Which.
    pub session_id: SessionId,
    /// On top or not.
    pub pinned: bool,
}
