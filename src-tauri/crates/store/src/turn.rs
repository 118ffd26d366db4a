//! The begin of an answer: everything that it changes, in one transaction.

use slipway_protocol::{Message, MessageId, QueuedId, RequestId, Session, SessionId};
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::error::{Error, Result};
use crate::messages::{self, tree};
use crate::sessions::{self, Sessions, row};

/// What is on disk when an answer begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The conversation, with its messages counted.
    pub session: Session,
    /// The user's message, with its place.
    pub user_message: Message,
    /// The answer, with its place.
    pub answer: Message,
}

impl Sessions<'_> {
    /// Saves a user's message below `user.parent_id` (as a first one when absent) and its empty
    /// answer below it, and shows this branch. The conversation is inserted when it is new; else
    /// `session` is ignored but for its id. Its host, model and time of change become those of the
    /// answer. The files that the message names go with it.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the conversation is deleted, or the parent or a file is not there; a
    /// message with an id that exists is a defect ([`Error::Database`]). Nothing is written then.
    pub async fn begin_turn(
        &self,
        session: &Session,
        user: &Message,
        answer: &Message,
    ) -> Result<Turn> {
        let mut transaction = self.0.begin().await?;
        let turn = self.begin(&mut transaction, session, user, answer).await?;
        self.0.commit(transaction).await?;
        Ok(turn)
    }

    /// [`Sessions::begin_turn`] with a message that waited in the queue, and is taken out of it in the
    /// same transaction: it is never in neither place.
    ///
    /// # Errors
    /// Also [`Error::NotFound`] when it does not wait any more.
    pub async fn begin_queued_turn(
        &self,
        queued: &QueuedId,
        session: &Session,
        user: &Message,
        answer: &Message,
    ) -> Result<Turn> {
        let mut transaction = self.0.begin().await?;
        self.0.take_queued(&mut transaction, queued).await?;
        let turn = self.begin(&mut transaction, session, user, answer).await?;
        self.0.commit(transaction).await?;
        Ok(turn)
    }

    async fn begin(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        session: &Session,
        user: &Message,
        answer: &Message,
    ) -> Result<Turn> {
        let known = self.is_known(transaction, &session.id).await;
        if !known.map_err(|error| self.0.error(error))? {
            let inserted = row::insert(&mut **transaction, session).await;
            inserted.map_err(|error| self.0.error(error))?;
        }
        let user_message = tree::add(self.0, transaction, user.parent_id.as_ref(), user).await?;
        let (session, answer) = self.answer(transaction, &session.id, &user.id, answer).await?;
        Ok(Turn { session, user_message, answer })
    }

    async fn is_known(
        &self,
        connection: &mut SqliteConnection,
        id: &SessionId,
    ) -> sqlx::Result<bool> {
        sqlx::query_scalar("SELECT count(*) > 0 FROM sessions WHERE id = ?")
            .bind(id.as_str())
            .fetch_one(connection)
            .await
    }

    /// Adds an empty answer below a message: another version beside those that are there, or the next
    /// speaker's. It is what is shown then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the conversation is deleted or the parent is not in it; an id that
    /// exists is a defect ([`Error::Database`]). Nothing is written then.
    pub async fn begin_answer(
        &self,
        session: &SessionId,
        parent: &MessageId,
        answer: &Message,
    ) -> Result<(Session, Message)> {
        let mut transaction = self.0.begin().await?;
        let begun = self.answer(&mut transaction, session, parent, answer).await?;
        self.0.commit(transaction).await?;
        Ok(begun)
    }

    /// Lets an answer that ended be written on by another task: its texts and figures stay, why it
    /// failed is forgotten. It is what is shown then.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such answer, or it is being written already.
    pub async fn reopen_answer(
        &self,
        id: &MessageId,
        request: &RequestId,
    ) -> Result<(Session, Message)> {
        let mut transaction = self.0.begin().await?;
        let reopened = async {
            let done = sqlx::query(
                "UPDATE messages SET state = 'streaming', request_id = ?, error_json = NULL \
                 WHERE id = ? AND role = 'assistant' AND state <> 'streaming'",
            )
            .bind(request.as_str())
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await?;
            if done.rows_affected() == 0 {
                return Ok(None);
            }
            let session = show(&mut transaction, id).await?;
            let message = messages::fetch(&mut transaction, id).await?;
            Ok(session.zip(message))
        }
        .await
        .map_err(|error| self.0.error(error))?
        .ok_or_else(|| tree::not_ended(id))?;
        self.0.commit(transaction).await?;
        Ok(reopened)
    }

    /// Shows the branch that a message lies on, down to its last message: below it, the latest
    /// version is followed at every step.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when the conversation is deleted.
    pub async fn show(&self, id: &MessageId) -> Result<Session> {
        let mut transaction = self.0.begin().await?;
        let session = show(&mut transaction, id)
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| messages::not_found(id))?;
        self.0.commit(transaction).await?;
        Ok(session)
    }

    /// Inserts the answer and notes in its conversation what it comes from.
    async fn answer(
        &self,
        connection: &mut SqliteConnection,
        session: &SessionId,
        parent: &MessageId,
        answer: &Message,
    ) -> Result<(Session, Message)> {
        let touched = sessions::touch(
            connection,
            session,
            answer.host_id.as_ref(),
            answer.model.as_deref(),
            answer.created_at,
        )
        .await
        .map_err(|error| self.0.error(error))?;
        if touched.is_none() {
            return Err(sessions::not_found(session));
        }
        let answer = tree::add(self.0, connection, Some(parent), answer).await?;
        let session = row::fetch(&mut *connection, session).await;
        let session = session.map_err(|error| self.0.error(error))?.ok_or_else(|| {
            Error::NotFound { noun: "session", id: answer.session_id.to_string() }
        })?;
        Ok((session, answer))
    }
}

async fn show(connection: &mut SqliteConnection, id: &MessageId) -> sqlx::Result<Option<Session>> {
    let Some((session, leaf)) = tree::deepest(connection, id).await? else {
        return Ok(None);
    };
    sessions::set_leaf(connection, &session, &leaf).await?;
    row::fetch(connection, &session).await
}
