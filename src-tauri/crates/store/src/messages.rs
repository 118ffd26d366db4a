//! The table `messages`.

use slipway_protocol::{
    AnswerStats, ErrorInfo, HostId, Message, MessageId, MessageState, RequestId, Role, SessionId,
};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Executor, Row, Sqlite};

use crate::column::{error_info, from_json, integer, json, undecodable};
use crate::error::{Error, Result};
use crate::sessions;
use crate::store::Store;

/// What was said in the conversations, see [`Store::messages`].
#[derive(Clone, Copy, Debug)]
pub struct Messages<'a>(pub(crate) &'a Store);

impl Messages<'_> {
    /// The messages of a conversation in order; none where there is no such conversation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self, session: &SessionId) -> Result<Vec<Message>> {
        sqlx::query("SELECT * FROM messages WHERE session_id = ? ORDER BY position")
            .bind(session.as_str())
            .try_map(|row| from_row(&row))
            .fetch_all(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))
    }

    /// One message.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: &MessageId) -> Result<Message> {
        sqlx::query("SELECT * FROM messages WHERE id = ?")
            .bind(id.as_str())
            .try_map(|row| from_row(&row))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id))
    }

    /// Adds a message at the end of its conversation and returns it with its position; the one
    /// given is ignored.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the conversation is not there; a second message with the same id is
    /// a defect ([`Error::Database`]).
    pub async fn insert(&self, message: &Message) -> Result<Message> {
        let mut transaction = self.0.begin().await?;
        let inserted = async {
            if sessions::fetch(&mut *transaction, &message.session_id).await?.is_none() {
                return Ok(None);
            }
            insert_last(&mut *transaction, message).await.map(Some)
        }
        .await
        .map_err(|error| self.0.error(error))?
        .ok_or_else(|| sessions::not_found(&message.session_id))?;
        self.0.commit(transaction).await?;
        Ok(inserted)
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

    /// Removes a message for good.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, id: &MessageId) -> Result<()> {
        let query = sqlx::query("DELETE FROM messages WHERE id = ?").bind(id.as_str());
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

/// Inserts the message behind the last one of its conversation.
pub(crate) async fn insert_last(
    executor: impl Executor<'_, Database = Sqlite>,
    message: &Message,
) -> sqlx::Result<Message> {
    sqlx::query(
        "INSERT INTO messages (id, session_id, position, role, content, reasoning, state, host_id, \
         model, created_at, request_id, stats_json, error_json) \
         SELECT ?1, ?2, (SELECT coalesce(max(position) + 1, 0) FROM messages WHERE session_id = ?2), \
         ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12 \
         RETURNING *",
    )
    .bind(message.id.as_str())
    .bind(message.session_id.as_str())
    .bind(role_name(message.role))
    .bind(&message.content)
    .bind(&message.reasoning)
    .bind(state_name(message.state))
    .bind(message.host_id.as_ref().map(HostId::as_str))
    .bind(&message.model)
    .bind(integer(message.created_at)?)
    .bind(message.request_id.as_ref().map(RequestId::as_str))
    .bind(json(&message.stats)?)
    .bind(message.error.as_ref().map(json).transpose()?)
    .try_map(|row| from_row(&row))
    .fetch_one(executor)
    .await
}

/// The last message of a conversation, if it is the user's.
pub(crate) async fn last_of_user(
    executor: impl Executor<'_, Database = Sqlite>,
    session: &SessionId,
) -> sqlx::Result<Option<Message>> {
    let last =
        sqlx::query("SELECT * FROM messages WHERE session_id = ? ORDER BY position DESC LIMIT 1")
            .bind(session.as_str())
            .try_map(|row| from_row(&row))
            .fetch_optional(executor)
            .await?;
    Ok(last.filter(|message| message.role == Role::User))
}

fn from_row(row: &SqliteRow) -> sqlx::Result<Message> {
    Ok(Message {
        id: MessageId(row.try_get("id")?),
        session_id: SessionId(row.try_get("session_id")?),
        position: row.try_get("position")?,
        role: role(row.try_get("role")?)?,
        content: row.try_get("content")?,
        reasoning: row.try_get("reasoning")?,
        state: state(row.try_get("state")?)?,
        host_id: row.try_get::<Option<String>, _>("host_id")?.map(HostId),
        model: row.try_get("model")?,
        created_at: row.try_get("created_at")?,
        request_id: row.try_get::<Option<String>, _>("request_id")?.map(RequestId),
        stats: from_json(row, "stats_json")?,
        error: error_info(row, "error_json")?,
    })
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    }
}

fn role(name: &str) -> sqlx::Result<Role> {
    [Role::System, Role::User, Role::Assistant]
        .into_iter()
        .find(|role| role_name(*role) == name)
        .ok_or_else(|| undecodable("role", format!("unknown role {name:?}")))
}

fn state_name(state: MessageState) -> &'static str {
    match state {
        MessageState::Streaming => "streaming",
        MessageState::Complete => "complete",
        MessageState::Stopped => "stopped",
        MessageState::Failed => "failed",
        MessageState::Interrupted => "interrupted",
    }
}

fn state(name: &str) -> sqlx::Result<MessageState> {
    [
        MessageState::Streaming,
        MessageState::Complete,
        MessageState::Stopped,
        MessageState::Failed,
        MessageState::Interrupted,
    ]
    .into_iter()
    .find(|state| state_name(*state) == name)
    .ok_or_else(|| undecodable("state", format!("unknown state {name:?}")))
}
