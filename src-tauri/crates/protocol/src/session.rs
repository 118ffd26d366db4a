//! Conversations and their messages as the database keeps them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::chat::{AnswerStats, ChatSettings, QueuedMessage};
use crate::conversation::Conversation;
use crate::error::ErrorInfo;
use crate::id::{AttachmentId, CompactionId, FolderId, HostId, MessageId, RequestId, SessionId};

/// What a conversation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum SessionKind {
    /// A person and a model.
    #[default]
    Chat,
    /// A person and several models side by side: a head without messages of its own, whose columns
    /// are conversations of the kind `chat` with `group_id`.
    Compare,
    /// Models among themselves, see [`Conversation`].
    Conversation,
}

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
    /// Number of messages, over all versions.
    pub message_count: u32,
    /// What it is.
    pub kind: SessionKind,
    /// The folder it lies in.
    pub folder_id: Option<FolderId>,
    /// Out of the way, but not deleted.
    pub archived: bool,
    /// Its tags, sorted.
    pub tags: Vec<String>,
    /// Whether a person wrote the title; the model does not change it then.
    pub titled: bool,
    /// The comparison that it is a column of.
    pub group_id: Option<SessionId>,
    /// Which column, from 0.
    pub column: Option<u32>,
    /// Where its last message is.
    pub last_state: Option<MessageState>,
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
    /// The message before it; absent for the first.
    pub parent_id: Option<MessageId>,
    /// Depth in the tree, from 0: the place in the conversation as it is shown.
    pub position: u32,
    /// All messages with the same parent, oldest first, this one included: its versions. Empty
    /// where it is the only one.
    pub versions: Vec<MessageId>,
    /// Who speaks.
    pub role: Role,
    /// Which participant of a conversation between models speaks, from 0; absent for the person.
    pub speaker: Option<u32>,
    /// The only participant of a conversation between models that a line of the person is for, from 0; for all
    /// when absent.
    pub audience: Option<u32>,
    /// Whether it sums a conversation between models up: then it is none of its turns, and no turn hears it.
    #[serde(default)]
    pub summary: bool,
    /// Files sent with it.
    pub attachments: Vec<Attachment>,
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

/// A file that is sent with a message. Its content stays in the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// Its name, without a folder.
    pub name: String,
    /// Its type, as in `text/plain`.
    pub mime: String,
    /// What it is for the model.
    pub kind: AttachmentKind,
    /// Bytes of what is sent: the text, or the picture.
    pub bytes: u64,
    /// Tokens, estimated: a quarter of the text's bytes. Absent for pictures.
    pub tokens: Option<u32>,
}

/// What a file is for the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// Text: sent inside the message, with its name.
    Text,
    /// A picture for models that see.
    Image,
}

/// The command `attachment_add`. The window reads the file and, for a PDF, takes its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttachmentAdd {
    /// Its name, 1 to 255 characters, without a folder.
    pub name: String,
    /// Its type, as in `text/plain`.
    pub mime: String,
    /// What it is for the model.
    pub kind: AttachmentKind,
    /// Text as it is, up to 4 MiB; a picture (PNG, JPEG, WebP, GIF) in base64, up to 20 MiB.
    pub data: String,
}

/// Names one attachment: `attachment_drop` (one that was not sent), `attachment_get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttachmentRef {
    /// Which.
    pub attachment_id: AttachmentId,
}

/// The content of an attachment, as in [`AttachmentAdd::data`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AttachmentContent {
    /// The text, or the picture in base64.
    pub data: String,
}

/// A stretch at the beginning of a conversation that is not sent to the model any more. Its
/// messages stay; taking it back sends them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Compaction {
    /// Its id.
    pub id: CompactionId,
    /// The last message that it covers.
    pub until: MessageId,
    /// What is sent instead; absent where the messages are simply left out.
    pub summary: Option<String>,
    /// Tokens of what it covers, estimated.
    pub tokens_before: u32,
    /// Tokens of what is sent instead, estimated.
    pub tokens_after: u32,
    /// When it was made, ms since the epoch.
    pub created_at: u64,
}

/// The command `session_get`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionRead {
    /// Which.
    pub session_id: SessionId,
    /// So many messages at the end of its branch, at least one; nothing is all of them.
    pub last: Option<u32>,
}

impl SessionRead {
    /// All of a conversation.
    #[must_use]
    pub const fn whole(session_id: SessionId) -> Self {
        Self { session_id, last: None }
    }
}

/// A conversation with its messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// The conversation.
    pub session: Session,
    /// How it is answered.
    pub settings: ChatSettings,
    /// The messages of the branch that is shown, in order. An answer in the making holds all that
    /// was received so far.
    pub messages: Vec<Message>,
    /// Whether the branch begins before these messages: only its last ones were asked for.
    pub earlier: bool,
    /// What is not sent any more, in order; the last one that lies on the branch counts.
    pub compactions: Vec<Compaction>,
    /// Messages that wait for the answer before them.
    pub queue: Vec<QueuedMessage>,
    /// The message that is being written, not sent yet.
    pub draft: Draft,
    /// The participants and rules of a conversation between models.
    pub conversation: Option<Conversation>,
    /// The columns of a comparison, in order.
    pub columns: Vec<Session>,
}

/// The command `session_rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionRename {
    /// Which.
    pub session_id: SessionId,
    /// The new title, 1 to 200 characters.
    pub title: String,
}

/// The command `session_change`: what is absent stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct SessionChange {
    /// Which.
    pub session_ids: Vec<SessionId>,
    /// Into this folder.
    pub folder_id: Option<FolderId>,
    /// Out of its folder; not beside `folder_id`.
    pub no_folder: bool,
    /// Out of the way, or back.
    pub archived: Option<bool>,
    /// All its tags: up to 20, each 1 to 40 characters.
    pub tags: Option<Vec<String>>,
}

/// The command `session_configure`: how a conversation is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionConfigure {
    /// Which.
    pub session_id: SessionId,
    /// From now on.
    pub settings: ChatSettings,
}

/// The command `session_duplicate`: a copy of a conversation as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionDuplicate {
    /// Which.
    pub session_id: SessionId,
    /// Up to this message ("branch"); all of it, with all versions, when absent.
    pub until: Option<MessageId>,
}

/// Names one message: `message_show` makes the conversation show the branch that it lies on, down to
/// that branch's last message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MessageRef {
    /// The conversation.
    pub session_id: SessionId,
    /// Which.
    pub message_id: MessageId,
}

/// The command `message_edit`: another version of a message, shown from now on. Nothing is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MessageEdit {
    /// The conversation.
    pub session_id: SessionId,
    /// Which.
    pub message_id: MessageId,
    /// The new text.
    pub text: String,
}

/// The command `draft_put`: what is being written, kept until it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DraftPut {
    /// The conversation; a new one when absent.
    pub session_id: Option<SessionId>,
    /// The text; empty for none.
    pub text: String,
    /// The files beside it.
    pub attachments: Vec<AttachmentId>,
}

/// What is being written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Draft {
    /// The text; empty for none.
    pub text: String,
    /// The files beside it.
    pub attachments: Vec<Attachment>,
}

/// The command `session_compact`: leaves the oldest turns out of what is sent, with or without a
/// summary by the model, so that about half of the context is free.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionCompact {
    /// Which.
    pub session_id: SessionId,
    /// Whose model writes the summary.
    pub host_id: HostId,
    /// Write a summary (true) or simply leave them out.
    pub summarise: bool,
}

/// The command `compaction_remove`: what it covered is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CompactionRef {
    /// The conversation.
    pub session_id: SessionId,
    /// Which.
    pub compaction_id: CompactionId,
}

/// The command `session_pin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionPin {
    /// Which.
    pub session_id: SessionId,
    /// On top or not.
    pub pinned: bool,
}
