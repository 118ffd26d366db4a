//! The list of conversations.

use slipway_protocol::{
    Session, SessionPin, SessionRef, SessionRename, SessionView, TaskKind, Text,
};

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;

/// Longest title in characters.
const LONGEST_TITLE: usize = 200;

impl Program {
    /// All conversations, pinned ones first, then the latest.
    pub async fn session_list(&self) -> Result<Vec<Session>, Fault> {
        Ok(self.store().sessions().list().await?)
    }

    /// One conversation with its messages; an answer in the making has all its text so far.
    pub async fn session_get(&self, session: &SessionRef) -> Result<SessionView, Fault> {
        let found = self.store().sessions().get(&session.session_id).await?;
        let mut messages = self.store().messages().list(&session.session_id).await?;
        for message in &mut messages {
            self.live().refresh(message);
        }
        Ok(SessionView { session: found, messages })
    }

    /// Gives a conversation another title.
    pub async fn session_rename(&self, rename: SessionRename) -> Result<Session, Fault> {
        let title = rename.title.trim();
        if title.is_empty() || title.chars().count() > LONGEST_TITLE {
            return Err(Fault::invalid(
                Text::new("A title has 1 to 200 characters.", "Название — от 1 до 200 знаков."),
                Text::new("Write another one.", "Введите другое."),
            ));
        }
        Ok(self.store().sessions().rename(&rename.session_id, title).await?)
    }

    /// Pins a conversation to the top, or not.
    pub async fn session_pin(&self, pin: SessionPin) -> Result<Session, Fault> {
        Ok(self.store().sessions().pin(&pin.session_id, pin.pinned).await?)
    }

    /// Takes a conversation off the list; it can be restored for a day. An answer in the making is
    /// stopped.
    pub async fn session_delete(&self, session: &SessionRef) -> Result<(), Fault> {
        let same = |subject: &slipway_protocol::TaskSubject| {
            subject.session_id.as_ref() == Some(&session.session_id)
        };
        if let Some(task) = self.executor().active(TaskKind::Chat, same) {
            self.executor().cancel(&task.request_id);
        }
        Ok(self.store().sessions().delete(&session.session_id, now_ms()).await?)
    }

    /// Puts a deleted conversation back.
    pub async fn session_restore(&self, session: &SessionRef) -> Result<Session, Fault> {
        Ok(self.store().sessions().restore(&session.session_id).await?)
    }
}
