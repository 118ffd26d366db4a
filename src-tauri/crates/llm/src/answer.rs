//! What the model answered, and what the engine measured.
//!
//! Source of the fields: OpenAI's chat completion object; `timings` and `reasoning_content` are
//! llama.cpp's (`tools/server/README.md` in its repository).

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The text.
    pub content: String,
    /// What the model thought aloud before it, where the engine separates that.
    pub reasoning: Option<String>,
    /// Why it ended.
    pub finish_reason: Option<FinishReason>,
    /// Tokens used.
    pub usage: Option<Usage>,
    /// Speed, where the engine measures it.
    pub timings: Option<Timings>,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model was done, or a stop text came.
    Stop,
    /// `max_tokens` or the context was used up.
    Length,
    /// The model calls a tool.
    ToolCalls,
    /// The provider withheld the rest.
    ContentFilter,
    /// Another reason, in the server's word.
    #[serde(untagged)]
    Other(String),
}

/// Tokens of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// In the prompt, cached ones included.
    pub prompt_tokens: u64,
    /// Generated.
    pub completion_tokens: u64,
    /// Of the prompt, taken from the engine's cache instead of being computed.
    pub cached_tokens: u64,
}

/// What llama.cpp measured for one request. 0 where it gave no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Timings {
    /// Reading the prompt, in milliseconds.
    #[serde(deserialize_with = "number_or_zero")]
    pub prompt_ms: f64,
    /// Prompt tokens per second.
    #[serde(deserialize_with = "number_or_zero")]
    pub prompt_per_second: f64,
    /// Generating, in milliseconds.
    #[serde(deserialize_with = "number_or_zero")]
    pub predicted_ms: f64,
    /// Generated tokens per second.
    #[serde(deserialize_with = "number_or_zero")]
    pub predicted_per_second: f64,
    /// Generated tokens.
    #[serde(deserialize_with = "number_or_zero")]
    pub predicted_n: f64,
    /// Tokens of the prompt that the engine had computed before.
    #[serde(deserialize_with = "number_or_zero")]
    pub cache_n: f64,
}

impl Timings {
    /// How long the request waited before the engine began with it: the time to the first token,
    /// less the time that reading the prompt and writing one token took.
    ///
    /// An estimate: the way there and back counts as waiting. `None` where the engine measured
    /// nothing.
    pub fn queue(&self, first_token: Duration) -> Option<Duration> {
        let per_token =
            if self.predicted_n >= 1.0 { self.predicted_ms / self.predicted_n } else { 0.0 };
        let worked = Duration::try_from_secs_f64((self.prompt_ms + per_token) / 1000.0).ok()?;
        (self.prompt_ms > 0.0).then(|| first_token.saturating_sub(worked))
    }
}

/// llama.cpp writes a division by zero as `null`.
fn number_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or_default())
}

/// `usage` on the wire.
#[derive(Deserialize)]
pub(crate) struct WireUsage {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
    prompt_tokens_details: Option<PromptTokensDetails>,
}

#[derive(Deserialize)]
struct PromptTokensDetails {
    cached_tokens: Option<u64>,
}

impl From<WireUsage> for Usage {
    fn from(wire: WireUsage) -> Self {
        Self {
            prompt_tokens: wire.prompt_tokens,
            completion_tokens: wire.completion_tokens,
            cached_tokens: wire
                .prompt_tokens_details
                .and_then(|details| details.cached_tokens)
                .unwrap_or_default(),
        }
    }
}

/// The text of a message, or a piece of it: the same fields in `message` and in `delta`.
#[derive(Default, Deserialize)]
pub(crate) struct Text {
    pub(crate) content: Option<String>,
    /// llama.cpp, DeepSeek and older vLLM say `reasoning_content`; vLLM and OpenRouter `reasoning`.
    pub(crate) reasoning_content: Option<String>,
    pub(crate) reasoning: Option<String>,
}

impl Text {
    /// Reasoning under either name; empty counts as none.
    pub(crate) fn take_reasoning(&mut self) -> Option<String> {
        self.reasoning_content
            .take()
            .or_else(|| self.reasoning.take())
            .filter(|text| !text.is_empty())
    }
}

/// A `chat.completion` object.
#[derive(Deserialize)]
pub(crate) struct Completion {
    choices: Vec<Choice>,
    usage: Option<WireUsage>,
    timings: Option<Timings>,
}

#[derive(Deserialize)]
struct Choice {
    message: Text,
    finish_reason: Option<FinishReason>,
}

impl Completion {
    /// The first choice; `None` where the server sent none.
    pub(crate) fn into_answer(self) -> Option<Answer> {
        let mut choice = self.choices.into_iter().next()?;
        Some(Answer {
            reasoning: choice.message.take_reasoning(),
            content: choice.message.content.unwrap_or_default(),
            finish_reason: choice.finish_reason,
            usage: self.usage.map(Usage::from),
            timings: self.timings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finish_reasons_known_and_not() {
        for (wire, reason) in [
            ("\"stop\"", FinishReason::Stop),
            ("\"tool_calls\"", FinishReason::ToolCalls),
            ("\"abort\"", FinishReason::Other("abort".to_owned())),
        ] {
            assert_eq!(serde_json::from_str::<FinishReason>(wire).unwrap(), reason);
            assert_eq!(serde_json::to_string(&reason).unwrap(), wire);
        }
    }

    #[test]
    fn a_speed_that_could_not_be_measured_is_zero() {
        let timings: Timings =
            serde_json::from_str(r#"{"prompt_ms":1.5,"prompt_per_second":null,"extra":[]}"#)
                .unwrap();
        assert_eq!(timings.prompt_ms, 1.5);
        assert_eq!(timings.prompt_per_second, 0.0);
    }

    #[test]
    fn content_may_be_null_and_reasoning_has_two_names() {
        let answer = |message: &str| {
            let text = format!(r#"{{"choices":[{{"message":{message}}}]}}"#);
            serde_json::from_str::<Completion>(&text).unwrap().into_answer().unwrap()
        };
        let first = answer(r#"{"content":null,"reasoning_content":"hm"}"#);
        assert_eq!((first.content.as_str(), first.reasoning.as_deref()), ("", Some("hm")));
        let second = answer(r#"{"content":"a","reasoning":"hm"}"#);
        assert_eq!((second.content.as_str(), second.reasoning.as_deref()), ("a", Some("hm")));
    }
}
