//! Where conversations lie, how they are answered, and what they are columns of.

use slipway_protocol::{ChatSettings, Conversation, Session, SessionChange, SessionId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{Sessions, not_found, row};
use crate::column::{from_json, json};
use crate::error::{Error, Result};

impl Sessions<'_> {
    /// Moves, archives or tags conversations, all of them or, on an error, none; returns them as they
    /// are then, in the order given.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a conversation or the folder.
    pub async fn change(&self, change: &SessionChange) -> Result<Vec<Session>> {
        let mut transaction = self.0.begin().await?;
        let mut changed = Vec::with_capacity(change.session_ids.len());
        for id in &change.session_ids {
            let session = self.change_one(&mut transaction, id, change).await?;
            changed.push(session.ok_or_else(|| not_found(id))?);
        }
        self.0.commit(transaction).await?;
        Ok(changed)
    }

    async fn change_one(
        &self,
        connection: &mut SqliteConnection,
        id: &SessionId,
        change: &SessionChange,
    ) -> Result<Option<Session>> {
        let folder = change.folder_id.as_ref().map(|folder| folder.as_str());
        sqlx::query(
            "UPDATE sessions SET archived = coalesce(?, archived), \
             folder_id = CASE WHEN ? THEN NULL ELSE coalesce(?, folder_id) END \
             WHERE id = ? AND deleted_at IS NULL",
        )
        .bind(change.archived)
        .bind(change.no_folder)
        .bind(folder)
        .bind(id.as_str())
        .execute(&mut *connection)
        .await
        .map_err(|error| self.0.missing(error, "folder", folder.unwrap_or_default()))?;
        async {
            let found = row::fetch(&mut *connection, id).await?;
            let (Some(_), Some(tags)) = (&found, &change.tags) else {
                return Ok(found);
            };
            row::set_tags(connection, id, tags).await?;
            row::fetch(connection, id).await
        }
        .await
        .map_err(|error| self.0.error(error))
    }

    /// Keeps how it is answered from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn configure(&self, id: &SessionId, settings: &ChatSettings) -> Result<()> {
        let settings = json(settings).map_err(|error| self.0.error(error))?;
        let query = sqlx::query(
            "UPDATE sessions SET settings_json = ? WHERE id = ? AND deleted_at IS NULL",
        );
        self.update(id, query.bind(settings).bind(id.as_str())).await.map(|_| ())
    }

    /// How it is answered.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn settings_of(&self, id: &SessionId) -> Result<ChatSettings> {
        sqlx::query("SELECT settings_json FROM sessions WHERE id = ? AND deleted_at IS NULL")
            .bind(id.as_str())
            .try_map(|row| from_json(&row, "settings_json"))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id))
    }

    /// Keeps where a conversation between models is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_conversation(&self, id: &SessionId, state: &Conversation) -> Result<()> {
        let state = json(state).map_err(|error| self.0.error(error))?;
        let query = sqlx::query(
            "UPDATE sessions SET conversation_json = ? WHERE id = ? AND deleted_at IS NULL",
        );
        self.update(id, query.bind(state).bind(id.as_str())).await.map(|_| ())
    }

    /// Where a conversation between models is; nothing for other kinds.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn conversation_of(&self, id: &SessionId) -> Result<Option<Conversation>> {
        sqlx::query("SELECT conversation_json FROM sessions WHERE id = ? AND deleted_at IS NULL")
            .bind(id.as_str())
            .try_map(|row| conversation(&row))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id))
    }

    /// Makes a column of a comparison a conversation of its own, in the folder of the comparison.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it is no column.
    pub async fn release_column(&self, id: &SessionId) -> Result<Session> {
        let mut transaction = self.0.begin().await?;
        let released = async {
            let done = sqlx::query(
                "UPDATE sessions SET group_id = NULL, column_no = NULL, folder_id = \
                 (SELECT folder_id FROM sessions head WHERE head.id = sessions.group_id) \
                 WHERE id = ? AND group_id IS NOT NULL AND deleted_at IS NULL",
            )
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() == 0 {
                return Ok(None);
            }
            row::fetch(&mut *transaction, id).await
        }
        .await
        .map_err(|error| self.0.error(error))?
        .ok_or_else(|| Error::NotFound { noun: "column", id: id.to_string() })?;
        self.0.commit(transaction).await?;
        Ok(released)
    }
}

fn conversation(row: &SqliteRow) -> sqlx::Result<Option<Conversation>> {
    use sqlx::Row;

    match row.try_get::<Option<&str>, _>("conversation_json")? {
        Some(_) => from_json(row, "conversation_json").map(Some),
        None => Ok(None),
    }
}
