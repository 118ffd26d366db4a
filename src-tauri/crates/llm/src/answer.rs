//! What the model answered, and what the engine measured.
//!
//! Source of the fields: OpenAI's chat completion object; `timings` and `reasoning_content` are
//! llama.cpp's (`tools/server/README.md` in its repository). They are read one by one: a field that is
//! missing or of another kind costs that field, not the answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::without_nul;
use crate::think::{Piece, ThinkSplitter};

/// A whole answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The text.
    pub content: String,
    /// What the model thought aloud before it.
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

impl FinishReason {
    /// Longest word that is kept, in characters.
    const LONGEST: usize = 64;

    /// The `finish_reason` of a choice. Some servers write an empty one until the end.
    pub(crate) fn read(choice: &Value) -> Option<Self> {
        let word = choice["finish_reason"].as_str().filter(|word| !word.is_empty())?;
        let word = word.chars().filter(|character| *character != '\0').take(Self::LONGEST);
        Self::deserialize(Value::String(word.collect())).ok()
    }
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

impl Usage {
    /// The `usage` of an object, completed from its `timings`. `None` where neither has a number that
    /// can be true.
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let (usage, timings) = (&object["usage"], &object["timings"]);
        let cached = count(&usage["prompt_tokens_details"]["cached_tokens"])
            .or_else(|| count(&timings["cache_n"]))
            .unwrap_or_default();
        let prompt = count(&usage["prompt_tokens"])
            .or_else(|| count(&timings["prompt_n"]).map(|computed| computed + cached));
        let completion =
            count(&usage["completion_tokens"]).or_else(|| count(&timings["predicted_n"]));
        (prompt.is_some() || completion.is_some()).then(|| Self {
            prompt_tokens: prompt.unwrap_or_default(),
            completion_tokens: completion.unwrap_or_default(),
            cached_tokens: cached,
        })
    }
}

/// What llama.cpp measured for one request. 0 where it gave no number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timings {
    /// Reading the prompt and writing the first token, in milliseconds.
    pub prompt_ms: f64,
    /// Prompt tokens per second.
    pub prompt_per_second: f64,
    /// Generating, in milliseconds.
    pub predicted_ms: f64,
    /// Generated tokens per second.
    pub predicted_per_second: f64,
    /// Generated tokens.
    pub predicted_n: u64,
    /// Tokens of the prompt that were taken from the cache.
    pub cache_n: u64,
}

impl Timings {
    /// The `timings` of an object.
    pub(crate) fn read(object: &Value) -> Option<Self> {
        let timings = object["timings"].as_object()?;
        let number = |name: &str| {
            let number = timings.get(name).and_then(Value::as_f64);
            number.filter(|number| number.is_finite() && *number >= 0.0).unwrap_or_default()
        };
        let tokens = |name: &str| timings.get(name).and_then(count).unwrap_or_default();
        Some(Self {
            prompt_ms: number("prompt_ms"),
            prompt_per_second: number("prompt_per_second"),
            predicted_ms: number("predicted_ms"),
            predicted_per_second: number("predicted_per_second"),
            predicted_n: tokens("predicted_n"),
            cache_n: tokens("cache_n"),
        })
    }

    /// How long the request waited before the engine began with it: the time to the first token,
    /// less the time that reading the prompt and writing one token took.
    ///
    /// An estimate: the way there and back counts as waiting, and so does the time that other requests
    /// took from this one's prompt. (When the head of the response comes says nothing about a queue:
    /// llama.cpp sends it with the first token.) `None` where the engine measured nothing.
    pub fn queue(&self, first_token: Duration) -> Option<Duration> {
        if self.prompt_ms <= 0.0 {
            return None;
        }
        #[allow(clippy::cast_precision_loss, reason = "no answer has 2^53 tokens")]
        let token_ms = self.predicted_ms / self.predicted_n.max(1) as f64;
        let worked = Duration::try_from_secs_f64((self.prompt_ms + token_ms) / 1000.0).ok()?;
        Some(first_token.saturating_sub(worked))
    }
}

/// A number of tokens. What is negative, broken or greater than any context counts as not given.
pub(crate) fn count(value: &Value) -> Option<u64> {
    let number = value.as_f64()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range")]
    (0.0..=f64::from(u32::MAX)).contains(&number).then_some(number as u64)
}

/// The texts of a `message` or a `delta`.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) content: String,
    pub(crate) reasoning: String,
}

impl Text {
    pub(crate) fn take(message: &mut Value) -> Self {
        let mut text = Self::default();
        // llama.cpp, DeepSeek and older vLLM say `reasoning_content`; vLLM, Ollama and OpenRouter
        // `reasoning`. Some say both.
        for name in ["reasoning_content", "reasoning"] {
            if text.reasoning.is_empty() {
                text.reasoning = take_string(message.get_mut(name));
            }
        }
        match message.get_mut("content") {
            Some(Value::Array(parts)) => {
                for part in parts {
                    text.content.push_str(&take_string(part.get_mut("text")));
                    text.take_thinking(part.get_mut("thinking"));
                }
            }
            content => text.content = take_string(content),
        }
        text
    }

    /// A part that Mistral's models think in holds a text, or again parts.
    fn take_thinking(&mut self, thinking: Option<&mut Value>) {
        match thinking {
            Some(Value::Array(parts)) => {
                for part in parts {
                    self.reasoning.push_str(&take_string(part.get_mut("text")));
                }
            }
            thinking => self.reasoning.push_str(&take_string(thinking)),
        }
    }
}

/// A text without copying it; empty for anything else.
fn take_string(value: Option<&mut Value>) -> String {
    match value {
        Some(Value::String(text)) => without_nul(std::mem::take(text)),
        _ => String::new(),
    }
}

impl Answer {
    /// The first choice of a `chat.completion` object that goes on after `prefix`, without `echo` at its
    /// beginning; `None` where the server sent none.
    pub(crate) fn read(mut object: Value, prefix: &str, echo: &str) -> Option<Self> {
        let choice = object.get_mut("choices")?.get_mut(0)?;
        let Text { mut content, mut reasoning } = Text::take(choice.get_mut("message")?);
        let finish_reason = FinishReason::read(choice);
        if let Some(new) = content.strip_prefix(echo).filter(|_| !echo.is_empty()) {
            content = new.to_owned();
        }
        if reasoning.is_empty() {
            let mut splitter = ThinkSplitter::after(prefix);
            let text = std::mem::take(&mut content);
            let mut pieces = splitter.feed(&text);
            pieces.extend(splitter.finish());
            for piece in pieces {
                match piece {
                    Piece::Text(text) => content.push_str(&text),
                    Piece::Reasoning(text) => reasoning.push_str(&text),
                }
            }
        }
        Some(Self {
            content,
            reasoning: Some(reasoning).filter(|text| !text.is_empty()),
            finish_reason,
            usage: Usage::read(&object),
            timings: Timings::read(&object),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn finish_reasons_known_and_not() {
        for (wire, reason) in [
            (json!("stop"), Some(FinishReason::Stop)),
            (json!("tool_calls"), Some(FinishReason::ToolCalls)),
            (json!("abort"), Some(FinishReason::Other("abort".to_owned()))),
            (json!("a\0b"), Some(FinishReason::Other("ab".to_owned()))),
            (json!(""), None),
            (json!(null), None),
            (json!({ "a": 1 }), None),
        ] {
            assert_eq!(FinishReason::read(&json!({ "finish_reason": wire })), reason, "{wire}");
        }
        let text = serde_json::to_string(&FinishReason::Other("abort".to_owned())).unwrap();
        assert_eq!(text, "\"abort\"");
    }

    #[test]
    fn a_speed_that_could_not_be_measured_is_zero() {
        let timings = json!({ "prompt_ms": 1.5, "prompt_per_second": null, "predicted_ms": -1,
            "predicted_n": "x", "extra": [] });
        let timings = Timings::read(&json!({ "timings": timings })).unwrap();
        assert_eq!(timings, Timings { prompt_ms: 1.5, ..Timings::default() });
        assert_eq!(Timings::read(&json!({ "timings": [] })), None);
    }

    #[test]
    fn numbers_that_cannot_be_true_are_none() {
        for number in [json!(-1), json!(1e300), json!(u64::MAX), json!("7"), json!(null)] {
            assert_eq!(count(&number), None, "{number}");
        }
        assert_eq!((count(&json!(0)), count(&json!(7.0))), (Some(0), Some(7)));
        let usage = json!({ "prompt_tokens": -5, "completion_tokens": 3 });
        let wanted = Usage { completion_tokens: 3, ..Usage::default() };
        assert_eq!(Usage::read(&json!({ "usage": usage })), Some(wanted));
        assert_eq!(Usage::read(&json!({ "usage": { "prompt_tokens": 1e18 } })), None);
        assert_eq!(Usage::read(&json!({ "usage": null })), None);
    }

    #[test]
    fn timings_stand_in_for_usage() {
        let timings = json!({ "cache_n": 236, "prompt_n": 1, "predicted_n": 35 });
        let wanted = Usage { prompt_tokens: 237, completion_tokens: 35, cached_tokens: 236 };
        assert_eq!(Usage::read(&json!({ "timings": timings })), Some(wanted));
    }

    #[test]
    fn the_queue_is_what_the_work_leaves_over() {
        let timings = Timings {
            prompt_ms: 300.0,
            predicted_ms: 1000.0,
            predicted_n: 10,
            ..Timings::default()
        };
        let ms = Duration::from_millis;
        assert_eq!(timings.queue(ms(1000)), Some(ms(600)));
        assert_eq!(timings.queue(ms(350)), Some(ms(0)));
        assert_eq!(Timings::default().queue(ms(350)), None);
        let endless = Timings { prompt_ms: f64::MAX, ..Timings::default() };
        assert_eq!(endless.queue(ms(350)), None);
    }

    fn answer(message: Value, prefix: &str) -> (String, Option<String>) {
        let answer =
            Answer::read(json!({ "choices": [{ "message": message }] }), prefix, prefix).unwrap();
        (answer.content, answer.reasoning)
    }

    #[test]
    fn texts_come_in_many_forms() {
        let hm = Some("hm".to_owned());
        for (message, content, reasoning) in [
            (json!({ "content": null, "reasoning_content": "hm" }), "", &hm),
            (json!({ "content": "a", "reasoning": "hm" }), "a", &hm),
            (json!({ "content": "a", "reasoning": "hm", "reasoning_content": "hm" }), "a", &hm),
            (json!({ "content": "<think>hm</think>a" }), "a", &hm),
            (json!({ "content": "<think>b", "reasoning": "hm" }), "<think>b", &hm),
            (json!({ "content": "a\0b" }), "ab", &None),
            (
                json!({ "content": [{ "type": "text", "text": "a" }, { "text": "b" }, 7] }),
                "ab",
                &None,
            ),
            (
                json!({ "content": [
                    { "type": "thinking", "thinking": [{ "type": "text", "text": "hm" }] },
                    { "type": "text", "text": "a" },
                ] }),
                "a",
                &hm,
            ),
            (json!({ "content": { "a": 1 }, "reasoning": 7 }), "", &None),
            (json!([]), "", &None),
        ] {
            let got = answer(message.clone(), "");
            assert_eq!(got, (content.to_owned(), reasoning.clone()), "{message}");
        }
    }

    #[test]
    fn what_was_there_before_is_not_said_twice() {
        let text = |content: &str| answer(json!({ "content": content }), "One, ").0;
        assert_eq!((text("One, two").as_str(), text("two").as_str()), ("two", "two"));
    }
}
