//! Open questions: each waits for one answer, a limit of time, or the end of its task.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::{PromptId, PromptReply};
use tokio::sync::oneshot;

/// All questions that wait for the user.
#[derive(Debug, Default)]
pub(crate) struct Prompts {
    open: Mutex<HashMap<PromptId, oneshot::Sender<PromptReply>>>,
}

impl Prompts {
    /// Registers a question.
    pub(crate) fn open(&self, id: PromptId) -> oneshot::Receiver<PromptReply> {
        let (sender, receiver) = oneshot::channel();
        self.lock().insert(id, sender);
        receiver
    }

    /// Delivers an answer. False when nobody waits for it any more.
    pub(crate) fn answer(&self, id: &PromptId, reply: PromptReply) -> bool {
        self.lock().remove(id).is_some_and(|sender| sender.send(reply).is_ok())
    }

    /// Forgets a question.
    pub(crate) fn close(&self, id: &PromptId) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PromptId, oneshot::Sender<PromptReply>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
