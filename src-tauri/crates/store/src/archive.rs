//! Whole conversations out of the database and into it: exports, backups, imports.

mod merge;
mod stored;

use std::collections::HashSet;

use slipway_protocol::SessionId;

pub use merge::Merge;
pub use stored::StoredSession;

use crate::error::Result;
use crate::store::Store;

/// Whole conversations, see [`Store::archive`].
#[derive(Clone, Copy, Debug)]
pub struct Archive<'a>(pub(crate) &'a Store);

impl Archive<'_> {
    /// All conversations that are not deleted, the oldest first, without the columns of comparisons.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn ids(&self) -> Result<Vec<SessionId>> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM sessions WHERE deleted_at IS NULL AND group_id IS NULL \
             ORDER BY created_at, id",
        )
        .fetch_all(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))?;
        Ok(ids.into_iter().map(SessionId).collect())
    }

    /// A conversation with all that belongs to it, a comparison with its columns. A column that is
    /// asked for by itself is told as a conversation of its own.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) also when it is deleted.
    pub async fn read(&self, id: &SessionId) -> Result<StoredSession> {
        let mut stored = self.read_one(id).await?;
        stored.session.group_id = None;
        stored.session.column = None;
        for column in self.0.sessions().columns(id).await? {
            stored.columns.push(self.read_one(&column.id).await?);
        }
        Ok(stored)
    }

    async fn read_one(&self, id: &SessionId) -> Result<StoredSession> {
        let sessions = self.0.sessions();
        let session = sessions.get(id).await?;
        let messages = self.0.messages().all(id).await?;
        let mut attachments = Vec::new();
        let mut seen = HashSet::new();
        for file in messages.iter().flat_map(|message| &message.attachments) {
            if seen.insert(&file.id) {
                attachments.push(self.0.attachments().get(&file.id).await?);
            }
        }
        // What was said since the tree was read is not in it.
        let leaf = sessions.leaf(id).await?;
        let leaf = leaf.filter(|leaf| messages.iter().any(|message| message.id == *leaf));
        let mut compactions = self.0.compactions().list(id).await?;
        compactions.retain(|one| messages.iter().any(|message| message.id == one.until));
        Ok(StoredSession {
            settings: sessions.settings_of(id).await?,
            compactions,
            conversation: sessions.conversation_of(id).await?,
            leaf: leaf.or_else(|| messages.last().map(|message| message.id.clone())),
            columns: Vec::new(),
            session,
            messages,
            attachments,
        })
    }
}
