//! What is asked of the model.

use serde::{Deserialize, Serialize};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who wrote it.
    pub role: Role,
    /// Its text.
    pub content: String,
}

impl ChatMessage {
    /// A message of `role`.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self { role, content: content.into() }
    }
}

/// A chat completion request. What is `None` is not sent, so the server's default holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ChatRequest {
    /// Which model, where the server has several. llama.cpp answers to any name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The conversation, oldest first.
    pub messages: Vec<ChatMessage>,
    /// Randomness: 0 takes the likeliest token each time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f32>,
    /// Sample from the likeliest tokens that together reach this probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Sample from this many likeliest tokens (llama.cpp, vLLM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u32>,
    /// Drop tokens below this share of the likeliest one's probability (llama.cpp, vLLM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f32>,
    /// Divides the score of tokens that were used already; 1 is off (llama.cpp).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeat_penalty: Option<f32>,
    /// Lowers the score of a token that was used at all, from -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f32>,
    /// Lowers the score of a token by how often it was used, from -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f32>,
    /// Most tokens to generate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Makes the sampling repeatable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u32>,
    /// Texts that end the answer; they are not part of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// A GBNF grammar that the answer must follow (llama.cpp).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grammar: Option<String>,
}

impl ChatRequest {
    /// A request with the server's defaults.
    pub fn new(messages: Vec<ChatMessage>) -> Self {
        Self { messages, ..Self::default() }
    }
}

/// What goes over the wire: the request and how it is to be answered.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    #[serde(flatten)]
    request: &'a ChatRequest,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Body<'a> {
    pub(crate) fn whole(request: &'a ChatRequest) -> Self {
        Self { request, stream: false, stream_options: None }
    }

    pub(crate) fn streamed(request: &'a ChatRequest) -> Self {
        Self { request, stream: true, stream_options: Some(StreamOptions { include_usage: true }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_not_sent() {
        let request = ChatRequest::new(vec![ChatMessage::new(Role::User, "Hi")]);
        assert_eq!(
            serde_json::to_string(&Body::whole(&request)).unwrap(),
            r#"{"messages":[{"role":"user","content":"Hi"}],"stream":false}"#
        );
    }

    #[test]
    fn settings_keep_their_names_and_short_numbers() {
        let request = ChatRequest {
            temperature: Some(0.7),
            max_tokens: Some(5),
            stop: vec!["END".to_owned()],
            ..ChatRequest::default()
        };
        assert_eq!(
            serde_json::to_string(&Body::streamed(&request)).unwrap(),
            concat!(
                r#"{"messages":[],"temperature":0.7,"max_tokens":5,"stop":["END"],"#,
                r#""stream":true,"stream_options":{"include_usage":true}}"#
            )
        );
    }
}
