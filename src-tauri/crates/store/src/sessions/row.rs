//! A conversation as the database holds it.

use slipway_protocol::{FolderId, HostId, Session, SessionId, SessionKind};
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor, Row, Sqlite};

use crate::column::{from_json, integer, json, named};
use crate::messages;

/// `SELECT` of conversations as `s`, for [`from_row`], followed by what is given. Without the long
/// texts that only single conversations are asked for.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.title, s.host_id, s.model, s.created_at, s.updated_at, s.pinned, \
             s.message_count, s.kind, s.folder_id, s.archived, s.titled, s.group_id, s.column_no, \
             (SELECT json_group_array(tag) FROM session_tags WHERE session_id = s.id) AS tags_json, \
             (SELECT state FROM messages WHERE id = s.leaf_id) AS last_state \
             FROM sessions s ",
            $rest
        )
    };
}
pub(crate) use select;

/// The conversation, unless it is deleted or missing.
pub(crate) async fn fetch(
    executor: impl Executor<'_, Database = Sqlite>,
    id: &SessionId,
) -> sqlx::Result<Option<Session>> {
    sqlx::query(select!("WHERE s.id = ? AND s.deleted_at IS NULL"))
        .bind(id.as_str())
        .try_map(|row| from_row(&row))
        .fetch_optional(executor)
        .await
}

/// Adds a conversation without its tags.
pub(crate) async fn insert(
    executor: impl Executor<'_, Database = Sqlite>,
    session: &Session,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO sessions (id, title, host_id, model, created_at, updated_at, pinned, kind, \
         folder_id, archived, titled, group_id, column_no) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.as_str())
    .bind(&session.title)
    .bind(session.host_id.as_ref().map(HostId::as_str))
    .bind(&session.model)
    .bind(integer(session.created_at)?)
    .bind(integer(session.updated_at)?)
    .bind(session.pinned)
    .bind(kind_name(session.kind))
    .bind(session.folder_id.as_ref().map(FolderId::as_str))
    .bind(session.archived)
    .bind(session.titled)
    .bind(session.group_id.as_ref().map(SessionId::as_str))
    .bind(session.column)
    .execute(executor)
    .await
    .map(|_| ())
}

/// Gives a conversation these tags and no others.
pub(crate) async fn set_tags(
    connection: &mut sqlx::SqliteConnection,
    id: &SessionId,
    tags: &[String],
) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM session_tags WHERE session_id = ?")
        .bind(id.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT OR IGNORE INTO session_tags (session_id, tag) SELECT ?, value FROM json_each(?)",
    )
    .bind(id.as_str())
    .bind(json(&tags)?)
    .execute(connection)
    .await
    .map(|_| ())
}

pub(crate) fn from_row(row: &SqliteRow) -> sqlx::Result<Session> {
    let mut tags: Vec<String> = from_json(row, "tags_json")?;
    tags.sort_unstable();
    let last_state: Option<&str> = row.try_get("last_state")?;
    Ok(Session {
        id: SessionId(row.try_get("id")?),
        title: row.try_get("title")?,
        host_id: row.try_get::<Option<String>, _>("host_id")?.map(HostId),
        model: row.try_get("model")?,
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
        pinned: row.try_get("pinned")?,
        message_count: row.try_get("message_count")?,
        kind: kind(row.try_get("kind")?)?,
        folder_id: row.try_get::<Option<String>, _>("folder_id")?.map(FolderId),
        archived: row.try_get("archived")?,
        tags,
        titled: row.try_get("titled")?,
        group_id: row.try_get::<Option<String>, _>("group_id")?.map(SessionId),
        column: row.try_get("column_no")?,
        last_state: last_state.map(messages::state).transpose()?,
    })
}

fn kind_name(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Chat => "chat",
        SessionKind::Compare => "compare",
        SessionKind::Conversation => "conversation",
    }
}

fn kind(name: &str) -> sqlx::Result<SessionKind> {
    let kinds = [SessionKind::Chat, SessionKind::Compare, SessionKind::Conversation];
    named("kind", name, kinds, kind_name)
}
