//! A message as the database holds it, and what belongs to it in other tables.

use std::collections::HashMap;

use slipway_protocol::{
    Attachment, HostId, Message, MessageId, MessageState, RequestId, Role, SessionId,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::attachments;
use crate::column::{error_info, from_json, integer, json, named};

/// Adds a row; the message's own position, versions and files are ignored.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    message: &Message,
    parent: Option<&MessageId>,
    position: u32,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO messages (id, session_id, parent_id, position, role, speaker, audience, summary, \
         state, host_id, model, created_at, request_id, stats_json, error_json, content, reasoning) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(message.id.as_str())
    .bind(message.session_id.as_str())
    .bind(parent.map(MessageId::as_str))
    .bind(position)
    .bind(role_name(message.role))
    .bind(message.speaker)
    .bind(message.audience)
    .bind(message.summary)
    .bind(state_name(message.state))
    .bind(message.host_id.as_ref().map(HostId::as_str))
    .bind(&message.model)
    .bind(integer(message.created_at)?)
    .bind(message.request_id.as_ref().map(RequestId::as_str))
    .bind(json(&message.stats)?)
    .bind(message.error.as_ref().map(json).transpose()?)
    .bind(&message.content)
    .bind(&message.reasoning)
    .execute(connection)
    .await
    .map(|_| ())
}

/// One message, whole.
pub(crate) async fn fetch(
    connection: &mut SqliteConnection,
    id: &MessageId,
) -> sqlx::Result<Option<Message>> {
    let found = sqlx::query("SELECT * FROM messages WHERE id = ?")
        .bind(id.as_str())
        .try_map(|row| from_row(&row))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(message) = found else {
        return Ok(None);
    };
    let mut messages = [message];
    fill_versions(connection, &mut messages).await?;
    fill_attachments(connection, &mut messages).await?;
    let [message] = messages;
    Ok(Some(message))
}

/// Looks up which versions there are of each of these.
pub(crate) async fn fill_versions(
    connection: &mut SqliteConnection,
    messages: &mut [Message],
) -> sqlx::Result<()> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT m.id, s.id FROM json_each(?) j CROSS JOIN messages m ON m.id = j.value \
         JOIN messages s ON s.parent_id IS m.parent_id AND s.session_id = m.session_id \
         WHERE (SELECT count(*) FROM messages o \
                WHERE o.parent_id IS m.parent_id AND o.session_id = m.session_id) > 1 \
         ORDER BY s.created_at, s.number",
    )
    .bind(ids(messages)?)
    .fetch_all(connection)
    .await?;
    let mut found = collect(rows.into_iter().map(|(id, version)| (id, MessageId(version))));
    for message in messages {
        message.versions = found.remove(message.id.as_str()).unwrap_or_default();
    }
    Ok(())
}

/// Looks up the files of each of these.
pub(crate) async fn fill_attachments(
    connection: &mut SqliteConnection,
    messages: &mut [Message],
) -> sqlx::Result<()> {
    let rows: Vec<(String, Attachment)> = sqlx::query(
        "SELECT u.message_id, a.* FROM json_each(?) j \
         CROSS JOIN message_attachments u ON u.message_id = j.value \
         JOIN attachments a ON a.id = u.attachment_id ORDER BY u.place",
    )
    .bind(ids(messages)?)
    .try_map(|row: SqliteRow| Ok((row.try_get("message_id")?, attachments::from_row(&row)?)))
    .fetch_all(connection)
    .await?;
    let mut found = collect(rows.into_iter());
    for message in messages {
        message.attachments = found.remove(message.id.as_str()).unwrap_or_default();
    }
    Ok(())
}

fn ids(messages: &[Message]) -> sqlx::Result<String> {
    json(&messages.iter().map(|message| message.id.as_str()).collect::<Vec<_>>())
}

fn collect<T>(pairs: impl Iterator<Item = (String, T)>) -> HashMap<String, Vec<T>> {
    let mut map: HashMap<_, Vec<_>> = HashMap::new();
    for (key, value) in pairs {
        map.entry(key).or_default().push(value);
    }
    map
}

/// The message in a row, without versions and files.
pub(crate) fn from_row(row: &SqliteRow) -> sqlx::Result<Message> {
    Ok(Message {
        id: MessageId(row.try_get("id")?),
        session_id: SessionId(row.try_get("session_id")?),
        parent_id: row.try_get::<Option<String>, _>("parent_id")?.map(MessageId),
        position: row.try_get("position")?,
        versions: Vec::new(),
        role: role(row.try_get("role")?)?,
        speaker: row.try_get("speaker")?,
        audience: row.try_get("audience")?,
        summary: row.try_get("summary")?,
        attachments: Vec::new(),
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
    named("role", name, [Role::System, Role::User, Role::Assistant], role_name)
}

pub(crate) fn state_name(state: MessageState) -> &'static str {
    match state {
        MessageState::Streaming => "streaming",
        MessageState::Complete => "complete",
        MessageState::Stopped => "stopped",
        MessageState::Failed => "failed",
        MessageState::Interrupted => "interrupted",
    }
}

pub(crate) fn state(name: &str) -> sqlx::Result<MessageState> {
    let states = [
        MessageState::Streaming,
        MessageState::Complete,
        MessageState::Stopped,
        MessageState::Failed,
        MessageState::Interrupted,
    ];
    named("state", name, states, state_name)
}
