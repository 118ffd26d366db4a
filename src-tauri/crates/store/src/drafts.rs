//! The table `drafts`: what is being written, one for each conversation and one for a new one.

use slipway_protocol::SessionId;

use crate::error::Result;
use crate::store::Store;

/// What is being written, see [`Store::drafts`].
#[derive(Clone, Copy, Debug)]
pub struct Drafts<'a>(pub(crate) &'a Store);

impl Drafts<'_> {
    /// The draft of a conversation, or of a new one; empty where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self, session: Option<&SessionId>) -> Result<String> {
        sqlx::query_scalar("SELECT text FROM drafts WHERE coalesce(session_id, '') = ?")
            .bind(session.map_or("", SessionId::as_str))
            .fetch_optional(self.0.pool())
            .await
            .map(Option::unwrap_or_default)
            .map_err(|error| self.0.error(error))
    }

    /// Keeps a draft in place of the one before; an empty one is none.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for a conversation that is purged.
    pub async fn put(&self, session: Option<&SessionId>, text: &str) -> Result<()> {
        let id = session.map(SessionId::as_str);
        let query = if text.is_empty() {
            sqlx::query("DELETE FROM drafts WHERE coalesce(session_id, '') = coalesce(?, '')")
                .bind(id)
        } else {
            sqlx::query(
                "INSERT INTO drafts (session_id, text) VALUES (?, ?) \
                 ON CONFLICT (coalesce(session_id, '')) DO UPDATE SET text = excluded.text",
            )
            .bind(id)
            .bind(text)
        };
        query
            .execute(self.0.pool())
            .await
            .map(|_| ())
            .map_err(|error| self.0.missing(error, "session", id.unwrap_or_default()))
    }
}
