//! One turn of a chat: what is sent, the pieces that come back, and the figures.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{HostId, MessageId, RequestId, SessionId};
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
    /// From 1.
    pub max_tokens: Option<u32>,
    /// For repeatable answers.
    pub seed: Option<u32>,
    /// A GBNF grammar that the answer must follow (llama.cpp).
    pub grammar: Option<String>,
}

/// The command `chat_send`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ChatSend {
    /// The conversation; a new one when absent.
    pub session_id: Option<SessionId>,
    /// Which host's model answers.
    pub host_id: HostId,
    /// What the user wrote.
    pub text: String,
    /// Sampling.
    pub sampling: Sampling,
    /// Ask for a stream (true) or for the whole answer at once.
    pub stream: bool,
}

/// The command `chat_retry`: answer the last user message again, in place of the last answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ChatRetry {
    /// The conversation.
    pub session_id: SessionId,
    /// Which host's model answers.
    pub host_id: HostId,
    /// Sampling.
    pub sampling: Sampling,
}

/// What `chat_send` and `chat_retry` return: both messages are on disk already.
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
}
