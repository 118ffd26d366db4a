//! What is asked of the model.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Dialect;

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions that come before the conversation.
    System,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatMessage {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub content: Content,
}

impl ChatMessage {
    /// A message of text.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, content: Content::Text(text.into()) }
    }
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text alone, which every engine and every chat template takes.
    Text(String),
    /// Text and pictures, in order.
    Parts(Vec<Part>),
}

impl Content {
    /// Its text, that of all parts one after the other.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Parts(parts) => {
                let texts = parts.iter().map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Image { .. } => "",
                });
                texts.collect()
            }
        }
    }

    fn has_image(&self) -> bool {
        let is_image = |part: &Part| matches!(part, Part::Image { .. });
        matches!(self, Self::Parts(parts) if parts.iter().any(is_image))
    }
}

/// A piece of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text(String),
    /// A picture, for models that see.
    Image {
        /// Its type, as in `image/png`.
        mime: String,
        /// Its bytes in base64.
        base64: String,
    },
}

/// A chat completion request. What is `None` is not sent, so the server's default holds; neither is
/// what the engine does not know, see [`unsupported`](crate::unsupported).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatRequest {
    /// Which model, where the server has several. llama.cpp answers to any name.
    pub model: Option<String>,
    /// The conversation, oldest first.
    pub messages: Vec<ChatMessage>,
    /// The last message is the assistant's and unfinished: the answer is what comes after it.
    pub prefill: bool,
    /// Randomness: 0 takes the likeliest token each time.
    pub temperature: Option<f32>,
    /// Sample from the likeliest tokens that together reach this probability.
    pub top_p: Option<f32>,
    /// Sample from this many likeliest tokens.
    pub top_k: Option<u32>,
    /// Drop tokens below this share of the likeliest one's probability.
    pub min_p: Option<f32>,
    /// Divides the score of tokens that were used already; 1 is off.
    pub repeat_penalty: Option<f32>,
    /// Lowers the score of a token that was used at all, from -2 to 2.
    pub presence_penalty: Option<f32>,
    /// Lowers the score of a token by how often it was used, from -2 to 2.
    pub frequency_penalty: Option<f32>,
    /// Most tokens to generate.
    pub max_tokens: Option<u32>,
    /// Makes the sampling repeatable.
    pub seed: Option<u32>,
    /// Texts that end the answer; they are not part of it.
    pub stop: Vec<String>,
    /// A JSON schema that the answer must follow.
    pub json_schema: Option<Value>,
    /// A GBNF grammar that the answer must follow.
    pub grammar: Option<String>,
}

impl ChatRequest {
    /// A request with the server's defaults.
    pub fn new(messages: Vec<ChatMessage>) -> Self {
        Self { messages, ..Self::default() }
    }

    /// Whether a picture is among the messages.
    pub(crate) fn has_image(&self) -> bool {
        self.messages.iter().any(|message| message.content.has_image())
    }

    /// The text that the answer is to go on from; empty where it begins anew.
    pub(crate) fn prefix(&self) -> String {
        match self.messages.last() {
            Some(last) if self.prefill && last.role == Role::Assistant => last.content.text(),
            _ => String::new(),
        }
    }

    /// The part of [`ChatRequest::prefix`] that this engine may say again: llama.cpp repeats it in whole
    /// answers, and some builds did so in streams.
    pub(crate) fn echo(&self, dialect: Dialect) -> String {
        if dialect == Dialect::LlamaCpp { self.prefix() } else { String::new() }
    }
}
