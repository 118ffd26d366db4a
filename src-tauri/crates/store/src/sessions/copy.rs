//! A conversation again, beside itself.

use std::collections::BTreeMap;

use slipway_protocol::{MessageId, Session, SessionId};
use sqlx::SqliteConnection;

use super::{Sessions, not_found, row};
use crate::column::{integer, json};
use crate::error::Result;
use crate::messages;

impl Sessions<'_> {
    /// Copies a conversation at `now` (ms since the epoch) under another id and title: down to the
    /// message `until` without other versions, or all of it, a comparison with its columns. The copy
    /// lies where the original lies and is answered as it is; it is neither pinned nor archived, and
    /// has no draft and no queue. An answer that is being written is cut off in the copy.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) for the conversation or the message in it.
    pub async fn duplicate(
        &self,
        id: &SessionId,
        until: Option<&MessageId>,
        new_id: &SessionId,
        title: &str,
        now: u64,
    ) -> Result<Session> {
        let failed = |error| self.0.error(error);
        let mut transaction = self.0.begin().await?;
        let Some(original) = row::fetch(&mut *transaction, id).await.map_err(failed)? else {
            return Err(not_found(id));
        };
        let kept = kept_messages(&mut transaction, id, until).await.map_err(failed)?;
        if let Some(until) = until.filter(|_| kept.is_empty()) {
            return Err(messages::not_found(until));
        }
        let head = (original.group_id.as_ref(), original.column);
        copy(&mut transaction, id, new_id, Some(title), head, &kept, now).await.map_err(failed)?;
        for column in columns(&mut transaction, id).await.map_err(failed)? {
            let (column_id, number) = (SessionId(column.0), column.1);
            let kept = kept_messages(&mut transaction, &column_id, None).await.map_err(failed)?;
            let (copy_id, head) = (SessionId::new(), (Some(new_id), number));
            copy(&mut transaction, &column_id, &copy_id, None, head, &kept, now)
                .await
                .map_err(failed)?;
        }
        let copied = row::fetch(&mut *transaction, new_id).await.map_err(failed)?;
        let copied = copied.ok_or_else(|| not_found(new_id))?;
        self.0.commit(transaction).await?;
        Ok(copied)
    }
}

/// The messages to copy, parents before children.
async fn kept_messages(
    connection: &mut SqliteConnection,
    session: &SessionId,
    until: Option<&MessageId>,
) -> sqlx::Result<Vec<String>> {
    match until {
        None => {
            sqlx::query_scalar("SELECT id FROM messages WHERE session_id = ? ORDER BY number")
                .bind(session.as_str())
                .fetch_all(connection)
                .await
        }
        Some(until) => {
            sqlx::query_scalar(
                "WITH RECURSIVE path (id, parent_id, position) AS ( \
                   SELECT id, parent_id, position FROM messages WHERE id = ? AND session_id = ? \
                   UNION ALL SELECT m.id, m.parent_id, m.position \
                   FROM path JOIN messages m ON m.id = path.parent_id) \
                 SELECT id FROM path ORDER BY position",
            )
            .bind(until.as_str())
            .bind(session.as_str())
            .fetch_all(connection)
            .await
        }
    }
}

async fn columns(
    connection: &mut SqliteConnection,
    id: &SessionId,
) -> sqlx::Result<Vec<(String, Option<u32>)>> {
    sqlx::query_as(
        "SELECT id, column_no FROM sessions WHERE group_id = ? AND deleted_at IS NULL \
         ORDER BY column_no, id",
    )
    .bind(id.as_str())
    .fetch_all(connection)
    .await
}

/// Copies the rows of one conversation. What refers to a message refers to its copy then.
async fn copy(
    connection: &mut SqliteConnection,
    id: &SessionId,
    new_id: &SessionId,
    title: Option<&str>,
    (group, column): (Option<&SessionId>, Option<u32>),
    kept: &[String],
    now: u64,
) -> sqlx::Result<()> {
    let ids: BTreeMap<&str, MessageId> =
        kept.iter().map(|id| (id.as_str(), MessageId::new())).collect();
    let ids = json(&ids)?;
    sqlx::query(
        "INSERT INTO sessions (id, title, host_id, model, created_at, updated_at, pinned, kind, \
         folder_id, archived, titled, group_id, column_no, settings_json, conversation_json) \
         SELECT ?1, coalesce(?2, title), host_id, model, ?3, ?3, 0, kind, folder_id, 0, 1, ?4, ?5, \
         settings_json, conversation_json FROM sessions WHERE id = ?6",
    )
    .bind(new_id.as_str())
    .bind(title)
    .bind(integer(now)?)
    .bind(group.map(SessionId::as_str))
    .bind(column)
    .bind(id.as_str())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "WITH copies AS MATERIALIZED (SELECT key AS id, value AS new_id FROM json_each(?1)) \
         INSERT INTO messages (id, session_id, parent_id, position, role, speaker, audience, summary, \
         state, host_id, model, created_at, request_id, stats_json, error_json, content, reasoning) \
         SELECT c.new_id, ?2, p.new_id, position, role, speaker, audience, summary, \
         CASE state WHEN 'streaming' THEN 'interrupted' ELSE state END, host_id, model, created_at, \
         request_id, stats_json, error_json, content, reasoning \
         FROM messages m JOIN copies c ON c.id = m.id LEFT JOIN copies p ON p.id = m.parent_id \
         WHERE m.session_id = ?3 ORDER BY m.number",
    )
    .bind(&ids)
    .bind(new_id.as_str())
    .bind(id.as_str())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO message_attachments (message_id, place, attachment_id) \
         SELECT c.value, u.place, u.attachment_id \
         FROM json_each(?) c CROSS JOIN message_attachments u ON u.message_id = c.key",
    )
    .bind(&ids)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "WITH copies AS MATERIALIZED (SELECT key AS id, value AS new_id FROM json_each(?1)) \
         INSERT INTO compactions \
         (id, session_id, until_id, summary, tokens_before, tokens_after, created_at) \
         SELECT lower(hex(randomblob(16))), ?2, c.new_id, summary, tokens_before, tokens_after, \
         created_at FROM compactions k JOIN copies c ON c.id = k.until_id WHERE k.session_id = ?3",
    )
    .bind(&ids)
    .bind(new_id.as_str())
    .bind(id.as_str())
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO session_tags (session_id, tag) SELECT ?, tag FROM session_tags \
         WHERE session_id = ?",
    )
    .bind(new_id.as_str())
    .bind(id.as_str())
    .execute(&mut *connection)
    .await?;
    // The last one kept, where the branch shown goes on behind it.
    sqlx::query(
        "UPDATE sessions SET leaf_id = coalesce( \
           (SELECT c.value FROM json_each(?1) c JOIN sessions s ON s.leaf_id = c.key WHERE s.id = ?2), \
           (SELECT c.value FROM json_each(?1) c WHERE c.key = ?3)) \
         WHERE id = ?4",
    )
    .bind(&ids)
    .bind(id.as_str())
    .bind(kept.last())
    .bind(new_id.as_str())
    .execute(connection)
    .await
    .map(|_| ())
}
