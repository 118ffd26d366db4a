//! The text of answers that are being written: the database lags behind by up to one flush. An end
//! that could not be written down waits here too.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::{AnswerStats, ErrorInfo, Message, MessageId, MessageState};

/// Texts by message.
#[derive(Debug, Default)]
pub(crate) struct LiveAnswers(Mutex<HashMap<MessageId, LiveText>>);

/// Both texts of an answer so far.
#[derive(Clone, Debug, Default)]
struct LiveText {
    content: String,
    reasoning: String,
    unsaved: Option<UnsavedEnd>,
}

/// How an answer ended that the database has not taken.
#[derive(Clone, Debug)]
struct UnsavedEnd {
    state: MessageState,
    stats: AnswerStats,
    error: Option<ErrorInfo>,
}

/// An answer whose end the database has not taken.
pub(super) struct Unsaved {
    pub(super) id: MessageId,
    pub(super) state: MessageState,
    pub(super) content: String,
    pub(super) reasoning: String,
    pub(super) stats: AnswerStats,
    pub(super) error: Option<ErrorInfo>,
}

impl LiveAnswers {
    /// An answer begins, with the texts that it has already.
    pub(super) fn begin(&self, id: &MessageId, content: &str, reasoning: &str) {
        let text = LiveText { content: content.into(), reasoning: reasoning.into(), unsaved: None };
        self.lock().insert(id.clone(), text);
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

    /// The answer ended, but could not be written down.
    pub(super) fn keep_unsaved(
        &self,
        id: &MessageId,
        state: MessageState,
        stats: AnswerStats,
        error: Option<ErrorInfo>,
    ) {
        if let Some(text) = self.lock().get_mut(id) {
            text.unsaved = Some(UnsavedEnd { state, stats, error });
        }
    }

    /// The answers that wait to be written down.
    pub(super) fn unsaved(&self) -> Vec<Unsaved> {
        let all = self.lock();
        let waiting = all.iter().filter_map(|(id, text)| {
            let UnsavedEnd { state, stats, error } = text.unsaved.clone()?;
            let LiveText { content, reasoning, .. } = text.clone();
            Some(Unsaved { id: id.clone(), state, content, reasoning, stats, error })
        });
        waiting.collect()
    }

    /// Puts the newest text into a message read from the database.
    pub(super) fn refresh(&self, message: &mut Message) {
        if let Some(text) = self.lock().get(&message.id) {
            message.content.clone_from(&text.content);
            message.reasoning.clone_from(&text.reasoning);
            if let Some(end) = &text.unsaved {
                message.state = end.state;
                message.stats.clone_from(&end.stats);
                message.error.clone_from(&end.error);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MessageId, LiveText>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
