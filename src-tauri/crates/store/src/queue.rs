//! The table `queue`: messages that wait for the answer before them.

use slipway_protocol::{QueuedId, QueuedMessage, SessionId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::column::{from_json, integer, json};
use crate::error::{Error, Result};
use crate::sessions;
use crate::store::Store;

/// Messages that wait, see [`Store::queue`].
#[derive(Clone, Copy, Debug)]
pub struct Queue<'a>(pub(crate) &'a Store);

impl Queue<'_> {
    /// What waits in a conversation, in order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, session: &SessionId) -> Result<Vec<QueuedMessage>> {
        sqlx::query("SELECT * FROM queue WHERE session_id = ? ORDER BY place")
            .bind(session.as_str())
            .try_map(|row| from_row(&row))
            .fetch_all(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))
    }

    /// Adds a message at the end of its conversation's queue, or changes what will be sent for one
    /// that waits, which keeps its place.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it names no conversation or one that is deleted.
    pub async fn put(&self, queued: &QueuedMessage) -> Result<()> {
        let session = queued.send.session_id.clone().unwrap_or_else(|| SessionId(String::new()));
        let mut transaction = self.0.begin().await?;
        async {
            if sessions::row::fetch(&mut *transaction, &session).await?.is_none() {
                return Ok(None);
            }
            sqlx::query(
                "INSERT INTO queue (id, session_id, created_at, send_json) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (id) DO UPDATE SET send_json = excluded.send_json",
            )
            .bind(queued.id.as_str())
            .bind(session.as_str())
            .bind(integer(queued.created_at)?)
            .bind(json(&queued.send)?)
            .execute(&mut *transaction)
            .await
            .map(Some)
        }
        .await
        .map_err(|error| self.0.error(error))?
        .ok_or_else(|| sessions::not_found(&session))?;
        self.0.commit(transaction).await
    }

    /// Takes a message out of the queue.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it does not wait (any more).
    pub async fn drop(&self, id: &QueuedId) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        self.0.take_queued(&mut transaction, id).await?;
        self.0.commit(transaction).await
    }

    /// The message that is to be sent next. It stays in the queue: see
    /// [`begin_queued_turn`](crate::Sessions::begin_queued_turn).
    ///
    /// # Errors
    /// Those of the database.
    pub async fn first(&self, session: &SessionId) -> Result<Option<QueuedMessage>> {
        sqlx::query("SELECT * FROM queue WHERE session_id = ? ORDER BY place LIMIT 1")
            .bind(session.as_str())
            .try_map(|row| from_row(&row))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))
    }

    /// Takes the message that is to be sent next out of the queue.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn pop_first(&self, session: &SessionId) -> Result<Option<QueuedMessage>> {
        sqlx::query(
            "DELETE FROM queue WHERE place = (SELECT min(place) FROM queue WHERE session_id = ?) \
             RETURNING *",
        )
        .bind(session.as_str())
        .try_map(|row| from_row(&row))
        .fetch_optional(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))
    }
}

impl Store {
    /// Takes a message out of the queue inside of a transaction.
    pub(crate) async fn take_queued(
        &self,
        connection: &mut SqliteConnection,
        id: &QueuedId,
    ) -> Result<()> {
        let taken = sqlx::query("DELETE FROM queue WHERE id = ?")
            .bind(id.as_str())
            .execute(connection)
            .await
            .map_err(|error| self.error(error))?;
        if taken.rows_affected() == 0 {
            return Err(Error::NotFound { noun: "queued message", id: id.to_string() });
        }
        Ok(())
    }
}

fn from_row(row: &SqliteRow) -> sqlx::Result<QueuedMessage> {
    Ok(QueuedMessage {
        id: QueuedId(row.try_get("id")?),
        send: from_json(row, "send_json")?,
        created_at: row.try_get("created_at")?,
    })
}
