//! What engines call the same things, and what they do not know.
//!
//! All of them answer `/v1/chat/completions`; they differ in what that takes beyond OpenAI's fields.
//! Sources: llama.cpp `tools/server/README.md` ("POST /v1/chat/completions"), vLLM "OpenAI-Compatible
//! Server" ("Extra parameters" of the chat API), Ollama "OpenAI compatibility" ("Supported request
//! fields"), mlx-lm `mlx_lm/SERVER.md` ("Request fields"), OpenAI's API reference.

use crate::ChatRequest;

/// Whose server it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// llama.cpp's server.
    #[default]
    LlamaCpp,
    /// vLLM.
    Vllm,
    /// Ollama.
    Ollama,
    /// mlx-lm's server.
    Mlx,
    /// Another one that knows OpenAI's fields only.
    OpenAi,
}

impl Dialect {
    /// Whether it takes `top_k` and `min_p`.
    pub(crate) fn knows_top_k(self) -> bool {
        matches!(self, Self::LlamaCpp | Self::Vllm | Self::Mlx)
    }

    /// What the penalty for repeating is called.
    pub(crate) fn repeat_penalty(self) -> Option<&'static str> {
        match self {
            Self::LlamaCpp => Some("repeat_penalty"),
            Self::Vllm | Self::Mlx => Some("repetition_penalty"),
            Self::Ollama | Self::OpenAi => None,
        }
    }

    /// Whether an answer can be forced into a schema.
    pub(crate) fn knows_json_schema(self) -> bool {
        self != Self::Mlx
    }

    /// Whether an answer can be forced into a GBNF grammar.
    pub(crate) fn knows_grammar(self) -> bool {
        self == Self::LlamaCpp
    }

    /// Whether it goes on writing a last message that is the assistant's. mlx-lm and OpenAI begin another
    /// one after it.
    pub fn continues_answers(self) -> bool {
        matches!(self, Self::LlamaCpp | Self::Vllm | Self::Ollama)
    }
}

/// The settings of `request` that this engine does not know, by the names that they have here. They
/// are not sent to it.
pub fn unsupported(dialect: Dialect, request: &ChatRequest) -> Vec<&'static str> {
    [
        ("top_k", request.top_k.is_some() && !dialect.knows_top_k()),
        ("min_p", request.min_p.is_some() && !dialect.knows_top_k()),
        ("repeat_penalty", request.repeat_penalty.is_some() && dialect.repeat_penalty().is_none()),
        ("json_schema", request.json_schema.is_some() && !dialect.knows_json_schema()),
        ("grammar", request.grammar.is_some() && !dialect.knows_grammar()),
        ("prefill", request.prefill && !dialect.continues_answers()),
    ]
    .into_iter()
    .filter_map(|(name, is_unknown)| is_unknown.then_some(name))
    .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_engine_leaves_out_what_it_does_not_know() {
        let request = ChatRequest {
            temperature: Some(1.0),
            top_k: Some(1),
            min_p: Some(0.1),
            repeat_penalty: Some(1.1),
            json_schema: Some(json!({})),
            grammar: Some(String::new()),
            prefill: true,
            ..ChatRequest::default()
        };
        for (dialect, expected) in [
            (Dialect::LlamaCpp, vec![]),
            (Dialect::Vllm, vec!["grammar"]),
            (Dialect::Ollama, vec!["top_k", "min_p", "repeat_penalty", "grammar"]),
            (Dialect::Mlx, vec!["json_schema", "grammar", "prefill"]),
            (Dialect::OpenAi, vec!["top_k", "min_p", "repeat_penalty", "grammar", "prefill"]),
        ] {
            assert_eq!(unsupported(dialect, &request), expected, "{dialect:?}");
            assert!(unsupported(dialect, &ChatRequest::default()).is_empty());
        }
    }
}
