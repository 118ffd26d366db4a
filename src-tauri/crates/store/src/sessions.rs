//! The table `sessions`. A deleted conversation stays as rows until it is purged.

mod change;
mod copy;
pub(crate) mod row;

use slipway_protocol::{HostId, MessageId, Session, SessionId};
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Sqlite, SqliteConnection};

use crate::column::integer;
use crate::error::{Error, Result};
use crate::store::Store;

/// The conversations, see [`Store::sessions`].
#[derive(Clone, Copy, Debug)]
pub struct Sessions<'a>(pub(crate) &'a Store);

impl Sessions<'_> {
    /// All conversations that are not deleted, archived ones too, but not the columns of
    /// comparisons: pinned ones first, then the latest first.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Session>> {
        sqlx::query(row::select!(
            "WHERE s.deleted_at IS NULL AND s.group_id IS NULL \
             ORDER BY s.pinned DESC, s.updated_at DESC, s.id DESC"
        ))
        .try_map(|row| row::from_row(&row))
        .fetch_all(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))
    }

    /// The columns of a comparison, in order; none of anything else.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn columns(&self, id: &SessionId) -> Result<Vec<Session>> {
        sqlx::query(row::select!(
            "WHERE s.group_id = ? AND s.deleted_at IS NULL ORDER BY s.column_no, s.id"
        ))
        .bind(id.as_str())
        .try_map(|row| row::from_row(&row))
        .fetch_all(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))
    }

    /// One conversation.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it is deleted.
    pub async fn get(&self, id: &SessionId) -> Result<Session> {
        row::fetch(self.0.pool(), id)
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id))
    }

    /// Adds a conversation with its tags; `message_count` and `last_state` are not stored but come
    /// from its messages.
    ///
    /// # Errors
    /// A second one with the same id is a defect ([`Error::Database`]), as are a folder and a
    /// comparison that do not exist.
    pub async fn insert(&self, session: &Session) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        async {
            row::insert(&mut *transaction, session).await?;
            row::set_tags(&mut transaction, &session.id, &session.tags).await
        }
        .await
        .map_err(|error| self.0.error(error))?;
        self.0.commit(transaction).await
    }

    /// Gives it the title that a person wrote.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn rename(&self, id: &SessionId, title: &str) -> Result<Session> {
        let query = sqlx::query(
            "UPDATE sessions SET title = ?, titled = 1 WHERE id = ? AND deleted_at IS NULL",
        );
        self.update(id, query.bind(title).bind(id.as_str())).await
    }

    /// Gives it the title that the model found, unless a person wrote one; returns it as it is then.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_title_by_model(&self, id: &SessionId, title: &str) -> Result<Session> {
        let query = sqlx::query(
            "UPDATE sessions SET title = ? WHERE id = ? AND titled = 0 AND deleted_at IS NULL",
        );
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

    /// The last message of the branch that is shown; none where nothing was said yet.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn leaf(&self, id: &SessionId) -> Result<Option<MessageId>> {
        sqlx::query_scalar("SELECT leaf_id FROM sessions WHERE id = ? AND deleted_at IS NULL")
            .bind(id.as_str())
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?
            .map(|leaf: Option<String>| leaf.map(MessageId))
            .ok_or_else(|| not_found(id))
    }

    /// Deletes it at `now` (ms since the epoch), a comparison with its columns, so that
    /// [`Sessions::restore`] can take it back until it is purged.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, id: &SessionId, now: u64) -> Result<()> {
        let now = integer(now).map_err(|error| self.0.error(error))?;
        let deleted = sqlx::query(
            "UPDATE sessions SET deleted_at = ?1 \
             WHERE (id = ?2 OR group_id = ?2) AND deleted_at IS NULL",
        )
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

    /// Takes a deletion back, with the columns that were deleted together with it; one that is not
    /// deleted is returned as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is purged.
    pub async fn restore(&self, id: &SessionId) -> Result<Session> {
        let query = sqlx::query(
            "UPDATE sessions SET deleted_at = NULL WHERE (id = ?1 OR group_id = ?1) \
             AND deleted_at = (SELECT deleted_at FROM sessions WHERE id = ?1)",
        );
        self.update(id, query.bind(id.as_str())).await
    }

    /// Removes for good, with all that belongs to them, the conversations deleted before `ms` (since
    /// the epoch); returns how many, without columns that went with their comparison.
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
            row::fetch(&mut *transaction, id).await
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
    row::fetch(connection, id).await
}

/// Makes the branch that ends with this message the one that is shown.
pub(crate) async fn set_leaf(
    connection: &mut SqliteConnection,
    id: &SessionId,
    leaf: &MessageId,
) -> sqlx::Result<()> {
    sqlx::query("UPDATE sessions SET leaf_id = ? WHERE id = ?")
        .bind(leaf.as_str())
        .bind(id.as_str())
        .execute(connection)
        .await
        .map(|_| ())
}
