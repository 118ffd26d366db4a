//! The begin of an answer: everything that it changes, in one transaction.

use slipway_protocol::{Message, MessageId, Session, SessionId};
use sqlx::{Sqlite, SqliteConnection, Transaction};

use crate::error::{Error, Result};
use crate::messages;
use crate::sessions::{self, Sessions};

/// What is on disk when an answer begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The conversation, with its messages counted.
    pub session: Session,
    /// The user's message, with its position.
    pub user_message: Message,
    /// The answer, with its position.
    pub answer: Message,
}

impl Sessions<'_> {
    /// Saves a user's message and its empty answer at the end of a conversation. The conversation is
    /// inserted when it is new; else `session` is ignored but for its id. Its host, model and time of
    /// change become those of the answer.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the conversation is deleted; a message with
    /// an id that exists is a defect ([`Error::Database`]). Nothing is
    /// written then.
    pub async fn begin_turn(
        &self,
        session: &Session,
        user: &Message,
        answer: &Message,
    ) -> Result<Turn> {
        let mut transaction = self.0.begin().await?;
        let turn = begin(&mut transaction, session, user, answer)
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| sessions::not_found(&session.id))?;
        self.0.commit(transaction).await?;
        Ok(turn)
    }

    /// Begins the last answer of a conversation again: `old` is removed and `answer` takes its
    /// place. Without `old`, the last message is one of the user that never got an answer.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the conversation is deleted, `old` is not
    /// the last message of it, or no message of the user comes before the answer. Nothing is
    /// written then.
    pub async fn begin_retry(
        &self,
        session: &SessionId,
        old: Option<&MessageId>,
        answer: &Message,
    ) -> Result<Turn> {
        let mut transaction = self.0.begin().await?;
        let turn = self.retry(&mut transaction, session, old, answer).await?;
        self.0.commit(transaction).await?;
        Ok(turn)
    }

    async fn retry(
        &self,
        transaction: &mut Transaction<'static, Sqlite>,
        session: &SessionId,
        old: Option<&MessageId>,
        answer: &Message,
    ) -> Result<Turn> {
        let sorted = |error| self.0.error(error);
        if sessions::fetch(&mut **transaction, session).await.map_err(sorted)?.is_none() {
            return Err(sessions::not_found(session));
        }
        if let Some(old) = old
            && !remove_last_answer(transaction, session, old).await.map_err(sorted)?
        {
            return Err(messages::not_found(old));
        }
        let user_message = messages::last_of_user(&mut **transaction, session)
            .await
            .map_err(sorted)?
            .ok_or_else(|| Error::NotFound {
                noun: "unanswered message in the session",
                id: session.to_string(),
            })?;
        let (answer, session) = begin_answer(transaction, session, answer)
            .await
            .map_err(sorted)?
            .ok_or_else(|| sessions::not_found(session))?;
        Ok(Turn { session, user_message, answer })
    }
}

async fn begin(
    connection: &mut SqliteConnection,
    session: &Session,
    user: &Message,
    answer: &Message,
) -> sqlx::Result<Option<Turn>> {
    let known: bool = sqlx::query_scalar("SELECT count(*) > 0 FROM sessions WHERE id = ?")
        .bind(session.id.as_str())
        .fetch_one(&mut *connection)
        .await?;
    if !known {
        sessions::insert(&mut *connection, session).await?;
    }
    let user_message = messages::insert_last(&mut *connection, user).await?;
    let begun = begin_answer(connection, &session.id, answer).await?;
    Ok(begun.map(|(answer, session)| Turn { session, user_message, answer }))
}

/// Inserts the answer and notes in its conversation what it comes from; nothing when that is
/// deleted.
async fn begin_answer(
    connection: &mut SqliteConnection,
    session: &SessionId,
    answer: &Message,
) -> sqlx::Result<Option<(Message, Session)>> {
    let answer = messages::insert_last(&mut *connection, answer).await?;
    let session = sessions::touch(
        connection,
        session,
        answer.host_id.as_ref(),
        answer.model.as_deref(),
        answer.created_at,
    )
    .await?;
    Ok(session.map(|session| (answer, session)))
}

/// Removes the answer if it is the last message; says whether it was.
async fn remove_last_answer(
    connection: &mut SqliteConnection,
    session: &SessionId,
    answer: &MessageId,
) -> sqlx::Result<bool> {
    let removed = sqlx::query(
        "DELETE FROM messages WHERE id = ?1 AND session_id = ?2 AND role = 'assistant' \
         AND position = (SELECT max(position) FROM messages WHERE session_id = ?2)",
    )
    .bind(answer.as_str())
    .bind(session.as_str())
    .execute(connection)
    .await?;
    Ok(removed.rows_affected() == 1)
}
