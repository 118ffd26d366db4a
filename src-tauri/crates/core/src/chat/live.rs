//! The text of answers that are being written: the database lags behind by up to one flush.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::{Message, MessageId};

/// Texts by message.
#[derive(Debug, Default)]
pub(crate) struct LiveAnswers(Mutex<HashMap<MessageId, LiveText>>);

/// Both texts of an answer so far.
#[derive(Clone, Debug, Default)]
struct LiveText {
    content: String,
    reasoning: String,
}

impl LiveAnswers {
    pub(super) fn begin(&self, id: &MessageId) {
        self.lock().insert(id.clone(), LiveText::default());
    }

    pub(super) fn append(&self, id: &MessageId, content: &str, reasoning: &str) {
        if let Some(text) = self.lock().get_mut(id) {
            text.content.push_str(content);
            text.reasoning.push_str(reasoning);
        }
    }

    pub(super) fn end(&self, id: &MessageId) {
        self.lock().remove(id);
    }

    /// Puts the newest text into a message read from the database.
    pub(super) fn refresh(&self, message: &mut Message) {
        if let Some(text) = self.lock().get(&message.id) {
            message.content.clone_from(&text.content);
            message.reasoning.clone_from(&text.reasoning);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MessageId, LiveText>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
