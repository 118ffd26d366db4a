//! The table `messages`.

mod row;
pub(crate) mod tree;

use slipway_protocol::{AnswerStats, ErrorInfo, Message, MessageId, MessageState};
use sqlx::Sqlite;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;

use crate::column::json;
use crate::error::{Error, Result};
use crate::store::Store;

use row::state_name;
pub(crate) use row::{fetch, insert, state};

/// What was said in the conversations, see [`Store::messages`].
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a>(pub(crate) &'a Store);

impl Messages<'_> {
    /// One message.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: &MessageId) -> Result<Message> {
        let found = async {
            let mut transaction = self.0.pool().begin().await?;
            fetch(&mut transaction, id).await
        };
        found.await.map_err(|error| self.0.error(error))?.ok_or_else(|| not_found(id))
    }

    /// Adds to the texts of an answer.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn append(&self, id: &MessageId, content: &str, reasoning: &str) -> Result<()> {
        let query = sqlx::query(
            "UPDATE messages SET content = content || ?, reasoning = reasoning || ? WHERE id = ?",
        );
        self.update(id, query.bind(content).bind(reasoning).bind(id.as_str())).await
    }

    /// Notes which model answers, where that was not known when the answer began.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_model(&self, id: &MessageId, model: &str) -> Result<()> {
        let query = sqlx::query("UPDATE messages SET model = ? WHERE id = ?");
        self.update(id, query.bind(model).bind(id.as_str())).await
    }

    /// Ends an answer: its whole texts, how it ended, its figures and why it failed.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn finish(
        &self,
        id: &MessageId,
        state: MessageState,
        content: &str,
        reasoning: &str,
        stats: &AnswerStats,
        error: Option<&ErrorInfo>,
    ) -> Result<()> {
        let encode = || Ok((json(stats)?, error.map(json).transpose()?));
        let (stats, error) = encode().map_err(|error| self.0.error(error))?;
        let query = sqlx::query(
            "UPDATE messages SET state = ?, content = ?, reasoning = ?, stats_json = ?, \
             error_json = ? WHERE id = ?",
        )
        .bind(state_name(state))
        .bind(content)
        .bind(reasoning)
        .bind(stats)
        .bind(error)
        .bind(id.as_str());
        self.update(id, query).await
    }

    /// For the start of the program: every answer that is still marked as being written was cut off
    /// by its end. Returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn mark_interrupted(&self) -> Result<u64> {
        sqlx::query("UPDATE messages SET state = 'interrupted' WHERE state = 'streaming'")
            .execute(self.0.pool())
            .await
            .map(|done| done.rows_affected())
            .map_err(|error| self.0.error(error))
    }

    async fn update(
        &self,
        id: &MessageId,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<()> {
        let done = query.execute(self.0.pool()).await.map_err(|error| self.0.error(error))?;
        if done.rows_affected() == 0 {
            return Err(not_found(id));
        }
        Ok(())
    }
}

pub(crate) fn not_found(id: &MessageId) -> Error {
    Error::NotFound { noun: "message", id: id.to_string() }
}
