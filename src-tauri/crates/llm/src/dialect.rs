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
    /// Drop tokens below a share of the likeliest one's probability, and take the likeliest few.
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

    /// Whether it goes on writing a last message that is the assistant's.
    pub fn continues_answers(self) -> bool {
        self != Self::OpenAi
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
