//! The table `compactions`: beginnings of conversations that are not sent any more.

use slipway_protocol::{Compaction, CompactionId, MessageId, SessionId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::column::integer;
use crate::error::{Error, Result};
use crate::store::Store;

/// What is not sent any more, see [`Store::compactions`].
#[derive(Clone, Copy, Debug)]
pub struct Compactions<'a>(pub(crate) &'a Store);

impl Compactions<'_> {
    /// Those of a conversation, over all its branches: in the order of their ends, and where these
    /// are the same as they were made.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, session: &SessionId) -> Result<Vec<Compaction>> {
        sqlx::query(
            "SELECT c.* FROM compactions c JOIN messages m ON m.id = c.until_id \
             WHERE c.session_id = ? ORDER BY m.position, c.created_at, c.rowid",
        )
        .bind(session.as_str())
        .try_map(|row| from_row(&row))
        .fetch_all(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))
    }

    /// Adds one.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the message is not in the conversation.
    pub async fn add(&self, session: &SessionId, compaction: &Compaction) -> Result<()> {
        let created_at = integer(compaction.created_at).map_err(|error| self.0.error(error))?;
        let added = sqlx::query(
            "INSERT INTO compactions \
             (id, session_id, until_id, summary, tokens_before, tokens_after, created_at) \
             SELECT ?, session_id, id, ?, ?, ?, ? FROM messages WHERE id = ? AND session_id = ?",
        )
        .bind(compaction.id.as_str())
        .bind(&compaction.summary)
        .bind(compaction.tokens_before)
        .bind(compaction.tokens_after)
        .bind(created_at)
        .bind(compaction.until.as_str())
        .bind(session.as_str())
        .execute(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))?;
        if added.rows_affected() == 0 {
            return Err(crate::messages::not_found(&compaction.until));
        }
        Ok(())
    }

    /// Removes one: what it covered is sent again.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, id: &CompactionId) -> Result<()> {
        let removed = sqlx::query("DELETE FROM compactions WHERE id = ?")
            .bind(id.as_str())
            .execute(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?;
        if removed.rows_affected() == 0 {
            return Err(Error::NotFound { noun: "compaction", id: id.to_string() });
        }
        Ok(())
    }
}

fn from_row(row: &SqliteRow) -> sqlx::Result<Compaction> {
    Ok(Compaction {
        id: CompactionId(row.try_get("id")?),
        until: MessageId(row.try_get("until_id")?),
        summary: row.try_get("summary")?,
        tokens_before: row.try_get("tokens_before")?,
        tokens_after: row.try_get("tokens_after")?,
        created_at: row.try_get("created_at")?,
    })
}
