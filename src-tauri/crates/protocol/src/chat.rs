//! One turn of a chat: what is sent, the pieces that come back, and the figures.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{AttachmentId, HostId, MessageId, QueuedId, RequestId, SessionId};
use crate::session::{Message, Session};

/// Sampling settings; what is absent is left to the engine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Sampling {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// From 0; 0 means all.
    pub top_k: Option<u32>,
    /// 0 to 1 (llama.cpp, vLLM).
    pub min_p: Option<f64>,
    /// 0 to 2; 1 is off (llama.cpp, vLLM).
    pub repeat_penalty: Option<f64>,
    /// From 1.
    pub max_tokens: Option<u32>,
    /// For repeatable answers.
    pub seed: Option<u32>,
    /// Texts that end the answer, up to 4, none empty.
    pub stop: Vec<String>,
    /// A JSON schema, as text, that the answer must follow.
    pub json_schema: Option<String>,
    /// A GBNF grammar that the answer must follow (llama.cpp). Not beside `json_schema`.
    pub grammar: Option<String>,
}

/// How a conversation is answered: kept with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct ChatSettings {
    /// Instructions before the conversation; empty for none. Up to 64 KiB.
    pub system_prompt: String,
    /// Sampling.
    pub sampling: Sampling,
    /// What is done when the context is nearly full.
    pub overflow: Overflow,
}

/// What is done when a conversation outgrows the model's context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    /// The send is refused with `context_exceeded`, and the person chooses.
    #[default]
    Ask,
    /// The oldest turns are left out of what is sent; noted as a compaction without summary.
    DropOldest,
    /// The oldest turns are replaced by a summary first.
    Summarise,
}

/// The command `chat_send`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ChatSend {
    /// The conversation; a new one when absent.
    pub session_id: Option<SessionId>,
    /// Which host's model answers.
    pub host_id: HostId,
    /// Which of its models; the one it serves when absent.
    pub model: Option<String>,
    /// What the user wrote. May be empty when there are attachments.
    pub text: String,
    /// Files that were added with `attachment_add`, in order.
    pub attachments: Vec<AttachmentId>,
    /// How it is answered; kept with the conversation.
    pub settings: ChatSettings,
    /// The user's message that this is another version of: it becomes its sibling, and the
    /// conversation goes on from it.
    pub replaces: Option<MessageId>,
    /// Ask for a stream (true) or for the whole answer at once.
    pub stream: bool,
}

/// The commands `chat_retry` (another answer beside the one there is) and `chat_continue` (go on
/// writing an answer that broke, was stopped or cut at its limit).
///
/// `chat_continue` sends the text so far as the beginning of the answer where the engine goes on
/// from it; else it asks for the rest in a turn of its own, and the answer says so
/// (`AnswerStats::continued`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ChatRetry {
    /// The conversation.
    pub session_id: SessionId,
    /// The answer; the last one shown when absent.
    pub message_id: Option<MessageId>,
    /// Which host's model answers.
    pub host_id: HostId,
    /// Which of its models; the one it serves when absent.
    pub model: Option<String>,
    /// How it is answered; kept with the conversation.
    pub settings: ChatSettings,
}

/// A message that is sent when the answer before it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct QueuedMessage {
    /// Its id.
    pub id: QueuedId,
    /// What will be sent; its `session_id` is set.
    pub send: ChatSend,
    /// When it was written, ms since the epoch.
    pub created_at: u64,
}

/// The command `queue_put`: queues a message, or changes a queued one. It returns the whole queue of
/// the conversation in order. When no answer is being written the first is sent at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct QueuePut {
    /// The queued message to change; a new one when absent.
    pub id: Option<QueuedId>,
    /// What will be sent; its `session_id` is set.
    pub send: ChatSend,
}

/// The command `queue_drop`: takes a message out of the queue; returns the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct QueueRef {
    /// The conversation.
    pub session_id: SessionId,
    /// Which.
    pub id: QueuedId,
}

/// The command `chat_measure`: how much of the context a message would fill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ChatMeasure {
    /// What would be sent.
    pub send: ChatSend,
}

/// What `chat_measure` returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContextUse {
    /// Tokens of the whole prompt: instructions, conversation and the new message.
    pub prompt_tokens: u32,
    /// Tokens of the new message alone, with its attachments.
    pub message_tokens: u32,
    /// Whether the engine counted; else they are estimated from the text's length.
    pub exact: bool,
    /// Tokens that the model's context holds, if the server says.
    pub context_size: Option<u32>,
}

/// What `chat_send`, `chat_retry` and `chat_continue` return, and `Progress::TurnBegan` tells
/// windows that did not ask: both messages are on disk already.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ChatStarted {
    /// The task that writes the answer.
    pub request_id: RequestId,
    /// The conversation, as it is now.
    pub session: Session,
    /// The user's message.
    pub user_message: Message,
    /// The answer, empty yet.
    pub answer: Message,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Chunk {
    /// The conversation.
    pub session_id: SessionId,
    /// The answer it belongs to.
    pub message_id: MessageId,
    /// Which of the answer's texts it belongs to.
    pub part: ChunkPart,
    /// Where in that text it starts, in UTF-16 code units: a window that has more or less
    /// knows so. UTF-16 because that is how JavaScript counts.
    pub offset: u32,
    /// The text.
    pub text: String,
}

/// The two texts of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChunkPart {
    /// What the model says.
    Content,
    /// What it thought before, where the engine sends it apart.
    Reasoning,
}

/// Figures of an answer, from the engine where it tells them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct AnswerStats {
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u32>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u32>,
    /// From the request to the first piece, milliseconds.
    pub first_token_ms: Option<u64>,
    /// The whole, milliseconds.
    pub total_ms: Option<u64>,
    /// Speed of generation.
    pub tokens_per_second: Option<f64>,
    /// Speed of reading the prompt.
    pub prompt_tokens_per_second: Option<f64>,
    /// `stop`, `length`… as the engine says.
    pub finish_reason: Option<String>,
    /// Tokens of the prompt that the engine had computed before.
    pub cached_tokens: Option<u32>,
    /// From the request to when the engine began with it, milliseconds: time in a queue.
    pub queue_ms: Option<u64>,
    /// How long the model thought before it spoke, milliseconds.
    pub reasoning_ms: Option<u64>,
    /// Tokens that the context holds, as the server said when it answered.
    pub context_size: Option<u32>,
    /// How a broken answer was gone on with, if it was.
    pub continued: Option<Continued>,
}

/// How an answer was gone on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Continued {
    /// The engine went on from the text itself.
    Prefill,
    /// The engine cannot: it was asked to go on in a turn of its own.
    NewTurn,
}
