//! The table `sessions`. A deleted conversation stays as rows until it is purged.

use slipway_protocol::{HostId, Session, SessionId};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Executor, Row, Sqlite, SqliteConnection};

use crate::column::integer;
use crate::error::{Error, Result};
use crate::store::Store;

/// The conversations, see [`Store::sessions`].
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(pub(crate) &'a Store);

impl Sessions<'_> {
    /// All conversations that are not deleted: pinned ones first, then the latest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Session>> {
        sqlx::query(
            "SELECT *, (SELECT count(*) FROM messages WHERE session_id = sessions.id) AS message_count \
             FROM sessions WHERE deleted_at IS NULL ORDER BY pinned DESC, updated_at DESC, id DESC",
        )
        .try_map(|row| from_row(&row))
        .fetch_all(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it is deleted.
    pub async fn get(&self, id: &SessionId) -> Result<Session> {
        fetch(self.0.pool(), id)
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id))
    }

    /// Adds a conversation; `message_count` is not stored but counted.
    ///
    /// # Errors
    /// A second one with the same id is a defect ([`Error::Database`]).
    pub async fn insert(&self, session: &Session) -> Result<()> {
        insert(self.0.pool(), session).await.map_err(|error| self.0.error(error))
    }

    /// Gives it another title.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn rename(&self, id: &SessionId, title: &str) -> Result<Session> {
        let query =
            sqlx::query("UPDATE sessions SET title = ? WHERE id = ? AND deleted_at IS NULL");
        self.update(id, query.bind(title).bind(id.as_str())).await
    }

    /// Pins it to the top, or not.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn pin(&self, id: &SessionId, pinned: bool) -> Result<Session> {
        let query =
            sqlx::query("UPDATE sessions SET pinned = ? WHERE id = ? AND deleted_at IS NULL");
        self.update(id, query.bind(pinned).bind(id.as_str())).await
    }

    /// Notes that it changed at `now` (ms since the epoch) and what it talks to; what is not given
    /// stays as it was.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn touch(
        &self,
        id: &SessionId,
        host_id: Option<&HostId>,
        model: Option<&str>,
        now: u64,
    ) -> Result<Session> {
        let mut transaction = self.0.begin().await?;
        let session = touch(&mut transaction, id, host_id, model, now)
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id))?;
        self.0.commit(transaction).await?;
        Ok(session)
    }

    /// Deletes it at `now` (ms since the epoch), so that [`Sessions::restore`] can take it back
    /// until it is purged.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, id: &SessionId, now: u64) -> Result<()> {
        let now = integer(now).map_err(|error| self.0.error(error))?;
        let deleted =
            sqlx::query("UPDATE sessions SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL")
                .bind(now)
                .bind(id.as_str())
                .execute(self.0.pool())
                .await
                .map_err(|error| self.0.error(error))?;
        if deleted.rows_affected() == 0 {
            return Err(not_found(id));
        }
        Ok(())
    }

    /// Takes a deletion back; one that is not deleted is returned as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is purged.
    pub async fn restore(&self, id: &SessionId) -> Result<Session> {
        let query = sqlx::query("UPDATE sessions SET deleted_at = NULL WHERE id = ?");
        self.update(id, query.bind(id.as_str())).await
    }

    /// Removes for good, with their messages, the conversations deleted before `ms` (since the
    /// epoch); returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn purge_deleted_before(&self, ms: u64) -> Result<u64> {
        let ms = integer(ms).map_err(|error| self.0.error(error))?;
        sqlx::query("DELETE FROM sessions WHERE deleted_at < ?")
            .bind(ms)
            .execute(self.0.pool())
            .await
            .map(|done| done.rows_affected())
            .map_err(|error| self.0.error(error))
    }

    /// Runs an update of one conversation and returns it as it is then.
    async fn update(
        &self,
        id: &SessionId,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<Session> {
        let mut transaction = self.0.begin().await?;
        let session = async {
            query.execute(&mut *transaction).await?;
            fetch(&mut *transaction, id).await
        }
        .await
        .map_err(|error| self.0.error(error))?
        .ok_or_else(|| not_found(id))?;
        self.0.commit(transaction).await?;
        Ok(session)
    }
}

pub(crate) fn not_found(id: &SessionId) -> Error {
    Error::NotFound { noun: "session", id: id.to_string() }
}

/// The conversation, unless it is deleted or missing.
pub(crate) async fn fetch(
    executor: impl Executor<'_, Database = Sqlite>,
    id: &SessionId,
) -> sqlx::Result<Option<Session>> {
    sqlx::query(
        "SELECT *, (SELECT count(*) FROM messages WHERE session_id = sessions.id) AS message_count \
         FROM sessions WHERE id = ? AND deleted_at IS NULL",
    )
    .bind(id.as_str())
    .try_map(|row| from_row(&row))
    .fetch_optional(executor)
    .await
}

pub(crate) async fn insert(
    executor: impl Executor<'_, Database = Sqlite>,
    session: &Session,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO sessions (id, title, host_id, model, created_at, updated_at, pinned) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.as_str())
    .bind(&session.title)
    .bind(session.host_id.as_ref().map(HostId::as_str))
    .bind(&session.model)
    .bind(integer(session.created_at)?)
    .bind(integer(session.updated_at)?)
    .bind(session.pinned)
    .execute(executor)
    .await
    .map(|_| ())
}

/// Notes what a conversation talks to and when it changed, and returns it as it is then, unless it
/// is deleted or missing.
pub(crate) async fn touch(
    connection: &mut SqliteConnection,
    id: &SessionId,
    host_id: Option<&HostId>,
    model: Option<&str>,
    now: u64,
) -> sqlx::Result<Option<Session>> {
    sqlx::query(
        "UPDATE sessions SET host_id = coalesce(?, host_id), model = coalesce(?, model), \
         updated_at = ? WHERE id = ? AND deleted_at IS NULL",
    )
    .bind(host_id.map(HostId::as_str))
    .bind(model)
    .bind(integer(now)?)
    .bind(id.as_str())
    .execute(&mut *connection)
    .await?;
    fetch(connection, id).await
}

fn from_row(row: &SqliteRow) -> sqlx::Result<Session> {
    Ok(Session {
        id: SessionId(row.try_get("id")?),
        title: row.try_get("title")?,
        host_id: row.try_get::<Option<String>, _>("host_id")?.map(HostId),
        model: row.try_get("model")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        pinned: row.try_get("pinned")?,
        message_count: row.try_get("message_count")?,
    })
}
