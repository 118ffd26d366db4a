//! The table `drafts`: what is being written, one for each conversation and one for a new one.

use slipway_protocol::{AttachmentId, Draft, SessionId};
use sqlx::Row;

use crate::attachments;
use crate::column::json;
use crate::error::Result;
use crate::store::Store;

/// What is being written, see [`Store::drafts`].
#[derive(Clone, Copy, Debug)]
pub struct Drafts<'a>(pub(crate) &'a Store);

impl Drafts<'_> {
    /// The draft of a conversation, or of a new one, with those of its files that are there; empty
    /// where there is none.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self, session: Option<&SessionId>) -> Result<Draft> {
        async {
            let row = sqlx::query(
                "SELECT text, attachments_json FROM drafts WHERE coalesce(session_id, '') = ?",
            )
            .bind(session.map_or("", SessionId::as_str))
            .fetch_optional(self.0.pool())
            .await?;
            let Some(row) = row else { return Ok(Draft::default()) };
            let attachments = sqlx::query(
                "SELECT a.* FROM json_each(?) j JOIN attachments a ON a.id = j.value ORDER BY j.key",
            )
            .bind(row.try_get::<String, _>("attachments_json")?)
            .try_map(|row| attachments::from_row(&row))
            .fetch_all(self.0.pool())
            .await?;
            Ok(Draft { text: row.try_get("text")?, attachments })
        }
        .await
        .map_err(|error| self.0.error(error))
    }

    /// Keeps a draft in place of the one before; an empty one is none.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for a conversation that is purged.
    pub async fn put(
        &self,
        session: Option<&SessionId>,
        text: &str,
        attachments: &[AttachmentId],
    ) -> Result<()> {
        let id = session.map(SessionId::as_str);
        let query = if text.is_empty() && attachments.is_empty() {
            sqlx::query("DELETE FROM drafts WHERE coalesce(session_id, '') = coalesce(?, '')")
                .bind(id)
        } else {
            let files = json(&attachments).map_err(|error| self.0.error(error))?;
            sqlx::query(
                "INSERT INTO drafts (session_id, text, attachments_json) VALUES (?, ?, ?) \
                 ON CONFLICT (coalesce(session_id, '')) DO UPDATE \
                 SET text = excluded.text, attachments_json = excluded.attachments_json",
            )
            .bind(id)
            .bind(text)
            .bind(files)
        };
        query
            .execute(self.0.pool())
            .await
            .map(|_| ())
            .map_err(|error| self.0.missing(error, "session", id.unwrap_or_default()))
    }
}
