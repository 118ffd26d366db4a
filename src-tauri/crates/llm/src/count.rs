//! Counting tokens before they are sent.

use serde_json::{Value, json};

use crate::answer;
use crate::body::Body;
use crate::{ChatRequest, Client, Dialect, Error, Result};

const TOKENIZE: &str = "/tokenize";

impl Client {
    /// Tokens of the prompt that `request` makes, counted by the engine itself: llama.cpp and vLLM.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the engine cannot count, or not with pictures: estimate then. Those
    /// of [`Client::models`].
    pub async fn count(&self, request: &ChatRequest) -> Result<u64> {
        if request.has_image() {
            return Err(Error::NotFound);
        }
        let body = Body::whole(request, self.dialect());
        match self.dialect() {
            Dialect::LlamaCpp => {
                let prompt: Value = self.post_json("/apply-template", &body).await?;
                let text = prompt["prompt"].as_str().ok_or_else(|| unreadable(&prompt))?;
                self.llama_tokens(text, true, request.model.as_deref()).await
            }
            Dialect::Vllm => self.vllm_count(&body.prompt()).await,
            Dialect::Ollama | Dialect::Mlx | Dialect::OpenAi => Err(Error::NotFound),
        }
    }

    /// Tokens of a text alone, without anything around it.
    ///
    /// # Errors
    /// Those of [`Client::count`].
    pub async fn count_text(&self, text: &str) -> Result<u64> {
        match self.dialect() {
            Dialect::LlamaCpp => self.llama_tokens(text, false, None).await,
            Dialect::Vllm => {
                self.vllm_count(&json!({ "prompt": text, "add_special_tokens": false })).await
            }
            Dialect::Ollama | Dialect::Mlx | Dialect::OpenAi => Err(Error::NotFound),
        }
    }

    /// Whole prompts are cut into tokens as chat completions do it: with the beginning that the model
    /// wants, and with special tokens where their text stands.
    async fn llama_tokens(&self, text: &str, is_prompt: bool, model: Option<&str>) -> Result<u64> {
        let mut body =
            json!({ "content": text, "add_special": is_prompt, "parse_special": is_prompt });
        if let Some(model) = model {
            // A router passes it on to that model.
            body["model"] = model.into();
        }
        let reply: Value = self.post_json(TOKENIZE, &body).await?;
        let tokens = reply["tokens"].as_array().ok_or_else(|| unreadable(&reply))?;
        Ok(tokens.len() as u64)
    }

    async fn vllm_count(&self, body: &Value) -> Result<u64> {
        let reply: Value = self.post_json(TOKENIZE, body).await?;
        answer::count(&reply["count"]).ok_or_else(|| unreadable(&reply))
    }
}

/// Nothing of it is repeated: it may hold the conversation.
fn unreadable(reply: &Value) -> Error {
    tracing::debug!(keys = ?reply.as_object().map(|object| object.keys().collect::<Vec<_>>()), "no count");
    Error::BadResponse { excerpt: "an answer without the number of tokens".to_owned() }
}
