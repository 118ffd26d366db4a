//! Messages as a tree: the branch that is shown, and where a new message hangs.

use std::collections::HashMap;

use slipway_protocol::{Message, MessageId, SessionId};
use sqlx::SqliteConnection;

use super::{Messages, not_found, row};
use crate::error::{Error, Result};
use crate::sessions;
use crate::store::Store;

/// The messages from the one that the given expression names up to the first, or so many of them, as
/// `path`, in order.
macro_rules! path_from {
    ($leaf:literal) => {
        concat!(
            "WITH RECURSIVE path (number, parent_id) AS ( \
             SELECT number, parent_id FROM messages WHERE id = ",
            $leaf,
            " UNION ALL SELECT m.number, m.parent_id FROM path JOIN messages m ON m.id = path.parent_id \
             LIMIT ?) \
             SELECT messages.* FROM path JOIN messages USING (number) ORDER BY position"
        )
    };
}

const BRANCH: &str = path_from!("(SELECT leaf_id FROM sessions WHERE id = ?)");

impl Messages<'_> {
    /// The branch of a conversation that is shown, in order; nothing where there is no such
    /// conversation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn branch(&self, session: &SessionId) -> Result<Vec<Message>> {
        self.path(BRANCH, session.as_str(), None).await
    }

    /// The last messages of the branch that is shown, at least one and at most `count`, in order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn branch_end(&self, session: &SessionId, count: u32) -> Result<Vec<Message>> {
        self.path(BRANCH, session.as_str(), Some(count.max(1))).await
    }

    /// From the first message down to this one: what is said before an answer.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn path_to(&self, id: &MessageId) -> Result<Vec<Message>> {
        let path = self.path(path_from!("?"), id.as_str(), None).await?;
        if path.is_empty() {
            return Err(not_found(id));
        }
        Ok(path)
    }

    async fn path(&self, sql: &'static str, id: &str, most: Option<u32>) -> Result<Vec<Message>> {
        async {
            // One transaction: the versions are those of the same moment.
            let mut transaction = self.0.pool().begin().await?;
            let mut messages = sqlx::query(sql)
                .bind(id)
                // A limit below zero is none (https://sqlite.org/lang_select.html#limitoffset).
                .bind(most.map_or(-1, i64::from))
                .try_map(|row| row::from_row(&row))
                .fetch_all(&mut *transaction)
                .await?;
            row::fill_versions(&mut transaction, &mut messages).await?;
            row::fill_attachments(&mut transaction, &mut messages).await?;
            Ok(messages)
        }
        .await
        .map_err(|error| self.0.error(error))
    }

    /// All messages of a conversation with all their versions, parents before children; none where
    /// there is no such conversation.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn all(&self, session: &SessionId) -> Result<Vec<Message>> {
        let mut messages = async {
            let mut transaction = self.0.pool().begin().await?;
            let mut messages =
                sqlx::query("SELECT * FROM messages WHERE session_id = ? ORDER BY number")
                    .bind(session.as_str())
                    .try_map(|row| row::from_row(&row))
                    .fetch_all(&mut *transaction)
                    .await?;
            row::fill_attachments(&mut transaction, &mut messages).await?;
            Ok(messages)
        }
        .await
        .map_err(|error| self.0.error(error))?;
        note_versions(&mut messages);
        Ok(messages)
    }

    /// Adds a message below another of its conversation, or as a first one, and shows the branch that
    /// ends with it. Returns it with its place; the one given is ignored. Its files must have been
    /// added.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the conversation, the parent in it or a file is not there; a second
    /// message with the same id is a defect ([`Error::Database`]).
    pub async fn insert_after(
        &self,
        parent: Option<&MessageId>,
        message: &Message,
    ) -> Result<Message> {
        let session = &message.session_id;
        let mut transaction = self.0.begin().await?;
        let changed = sessions::touch(&mut transaction, session, None, None, message.created_at);
        if changed.await.map_err(|error| self.0.error(error))?.is_none() {
            return Err(sessions::not_found(session));
        }
        let inserted = add(self.0, &mut transaction, parent, message).await?;
        self.0.commit(transaction).await?;
        Ok(inserted)
    }
}

/// Adds a message with its files below its parent and shows its branch.
pub(crate) async fn add(
    store: &Store,
    connection: &mut SqliteConnection,
    parent: Option<&MessageId>,
    message: &Message,
) -> Result<Message> {
    let failed = |error| store.error(error);
    let position = match parent {
        None => 0,
        Some(parent) => sqlx::query_scalar::<_, u32>(
            "SELECT position + 1 FROM messages WHERE id = ? AND session_id = ?",
        )
        .bind(parent.as_str())
        .bind(message.session_id.as_str())
        .fetch_optional(&mut *connection)
        .await
        .map_err(failed)?
        .ok_or_else(|| not_found(parent))?,
    };
    row::insert(connection, message, parent, position).await.map_err(failed)?;
    for (place, file) in (0_u32..).zip(&message.attachments) {
        sqlx::query(
            "INSERT INTO message_attachments (message_id, place, attachment_id) VALUES (?, ?, ?)",
        )
        .bind(message.id.as_str())
        .bind(place)
        .bind(file.id.as_str())
        .execute(&mut *connection)
        .await
        .map_err(|error| store.missing(error, "attachment", file.id.as_str()))?;
    }
    sessions::set_leaf(connection, &message.session_id, &message.id).await.map_err(failed)?;
    row::fetch(connection, &message.id).await.map_err(failed)?.ok_or_else(|| not_found(&message.id))
}

/// The last message below this one, following the latest version at every step.
pub(crate) async fn deepest(
    connection: &mut SqliteConnection,
    id: &MessageId,
) -> sqlx::Result<Option<(SessionId, MessageId)>> {
    let found: Option<(String, String)> = sqlx::query_as(
        "WITH RECURSIVE down (id, session_id, depth) AS ( \
           SELECT id, session_id, 0 FROM messages WHERE id = ? \
           UNION ALL \
           SELECT (SELECT m.id FROM messages m \
                   WHERE m.parent_id = down.id AND m.session_id = down.session_id \
                   ORDER BY m.created_at DESC, m.number DESC LIMIT 1), session_id, depth + 1 \
           FROM down WHERE down.id IS NOT NULL) \
         SELECT session_id, id FROM down WHERE id IS NOT NULL ORDER BY depth DESC LIMIT 1",
    )
    .bind(id.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(found.map(|(session, leaf)| (SessionId(session), MessageId(leaf))))
}

/// Fills the versions of a whole tree from what it holds itself.
fn note_versions(messages: &mut [Message]) {
    let mut siblings: HashMap<Option<MessageId>, Vec<(u64, MessageId)>> = HashMap::new();
    for message in messages.iter() {
        let family = siblings.entry(message.parent_id.clone()).or_default();
        family.push((message.created_at, message.id.clone()));
    }
    for family in siblings.values_mut() {
        family.sort_by_key(|(created_at, _)| *created_at);
    }
    for message in messages {
        if let Some(family) = siblings.get(&message.parent_id)
            && family.len() > 1
        {
            message.versions = family.iter().map(|(_, id)| id.clone()).collect();
        }
    }
}

/// An error for a message that is there but not in the state asked for.
pub(crate) fn not_ended(id: &MessageId) -> Error {
    Error::NotFound { noun: "ended answer", id: id.to_string() }
}
