//! Putting a conversation in beside what there is: nothing is overwritten, nothing is deleted.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};
use slipway_protocol::{
    Attachment, AttachmentId, Compaction, Message, MessageId, MessageState, SessionId,
};
use sqlx::SqliteConnection;

use super::{Archive, StoredSession};
use crate::attachments;
use crate::column::{integer, json};
use crate::error::Result;
use crate::messages;
use crate::sessions::{self, row};

/// What putting a conversation in did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// It is new here, or was deleted, with so many messages that were not here.
    Added(u32),
    /// It was here and got so many messages, or columns without any.
    Extended(u32),
    /// All of it was here.
    Unchanged,
}

/// What merging one conversation changed.
#[derive(Default)]
struct Changes {
    session_added: bool,
    messages: u32,
    columns: bool,
}

impl Archive<'_> {
    /// Puts a conversation in, all of it or, on an error, nothing. What is here stays as it is: a
    /// message that is not here is added below the one it hangs below in the file; one that is here
    /// with another text gets an id of its own and becomes a version beside the one that is here.
    /// The title, the folder and everything else of a conversation that is here stay, also what it
    /// shows. A deleted one is restored. Putting the same in again changes nothing.
    ///
    /// A folder that does not exist is none. Each message of `stored` comes after its parent.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn merge(&self, stored: &StoredSession) -> Result<Merge> {
        let mut transaction = self.0.begin().await?;
        let changes = async {
            let mut changes = one(&mut transaction, stored, None).await?;
            for (number, column) in (0_u32..).zip(&stored.columns) {
                let group = Some((&stored.session.id, column.session.column.unwrap_or(number)));
                let added = one(&mut transaction, column, group).await?;
                changes.messages += added.messages;
                changes.columns |= added.session_added;
            }
            Ok(changes)
        }
        .await
        .map_err(|error| self.0.error(error))?;
        self.0.commit(transaction).await?;
        Ok(match changes {
            Changes { session_added: true, messages, .. } => Merge::Added(messages),
            Changes { messages: 0, columns: false, .. } => Merge::Unchanged,
            Changes { messages, .. } => Merge::Extended(messages),
        })
    }
}

/// Puts one conversation in, as a column of another if so.
async fn one(
    connection: &mut SqliteConnection,
    stored: &StoredSession,
    group: Option<(&SessionId, u32)>,
) -> sqlx::Result<Changes> {
    let id = &stored.session.id;
    let (known, deleted): (bool, bool) =
        sqlx::query_as("SELECT count(*) > 0, count(deleted_at) > 0 FROM sessions WHERE id = ?")
            .bind(id.as_str())
            .fetch_one(&mut *connection)
            .await?;
    if !known {
        insert_session(connection, stored, group).await?;
    } else if deleted {
        sqlx::query("UPDATE sessions SET deleted_at = NULL WHERE id = ?")
            .bind(id.as_str())
            .execute(&mut *connection)
            .await?;
    }
    let mut tree = Tree { session: id, files: HashMap::new(), became: HashMap::new(), added: 0 };
    for (attachment, data) in &stored.attachments {
        tree.file(connection, attachment, data, stored.session.created_at).await?;
    }
    for message in &stored.messages {
        tree.message(connection, message).await?;
    }
    // What a conversation that is here leaves out is its own matter.
    for compaction in stored.compactions.iter().filter(|_| !known) {
        if let Some((until, _)) = tree.became.get(&compaction.until) {
            insert_compaction(connection, id, until, compaction).await?;
        }
    }
    let leaf = stored.leaf.as_ref().and_then(|leaf| tree.became.get(leaf)).map(|(id, _)| id);
    let shows: Option<String> = sqlx::query_scalar("SELECT leaf_id FROM sessions WHERE id = ?")
        .bind(id.as_str())
        .fetch_one(&mut *connection)
        .await?;
    if let (None, Some(leaf)) = (shows, leaf) {
        sessions::set_leaf(connection, id, leaf).await?;
    }
    Ok(Changes { session_added: !known || deleted, messages: tree.added, columns: false })
}

async fn insert_session(
    connection: &mut SqliteConnection,
    stored: &StoredSession,
    group: Option<(&SessionId, u32)>,
) -> sqlx::Result<()> {
    let mut session = stored.session.clone();
    session.group_id = group.map(|(id, _)| id.clone());
    session.column = group.map(|(_, number)| number);
    if let Some(folder) = &session.folder_id {
        let sql = "SELECT count(*) FROM folders WHERE id = ?";
        if !exists(connection, sql, folder.as_str()).await? {
            session.folder_id = None;
        }
    }
    row::insert(&mut *connection, &session).await?;
    row::set_tags(connection, &session.id, &session.tags).await?;
    sqlx::query("UPDATE sessions SET settings_json = ?, conversation_json = ? WHERE id = ?")
        .bind(json(&stored.settings)?)
        .bind(stored.conversation.as_ref().map(json).transpose()?)
        .bind(session.id.as_str())
        .execute(connection)
        .await
        .map(|_| ())
}

async fn insert_compaction(
    connection: &mut SqliteConnection,
    session: &SessionId,
    until: &MessageId,
    compaction: &Compaction,
) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT OR IGNORE INTO compactions \
         (id, session_id, until_id, summary, tokens_before, tokens_after, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(compaction.id.as_str())
    .bind(session.as_str())
    .bind(until.as_str())
    .bind(&compaction.summary)
    .bind(compaction.tokens_before)
    .bind(compaction.tokens_after)
    .bind(integer(compaction.created_at)?)
    .execute(connection)
    .await
    .map(|_| ())
}

/// The messages of a file on their way in.
struct Tree<'a> {
    session: &'a SessionId,
    /// What the files of the file are called here.
    files: HashMap<AttachmentId, AttachmentId>,
    /// What its messages are called here, and how deep they lie.
    became: HashMap<MessageId, (MessageId, u32)>,
    added: u32,
}

impl Tree<'_> {
    /// Keeps a file's content, under another id where something else has its own.
    async fn file(
        &mut self,
        connection: &mut SqliteConnection,
        attachment: &Attachment,
        data: &[u8],
        now: u64,
    ) -> sqlx::Result<()> {
        let sum = Sha256::digest(data);
        let mut kept = attachment.clone();
        let here = content_of(connection, &kept.id).await?;
        if here.is_some_and(|here| here != sum.as_slice()) {
            kept.id = AttachmentId(derived(&[attachment.id.as_str(), self.session.as_str()], data));
        }
        if content_of(connection, &kept.id).await?.is_none() {
            attachments::insert(connection, &kept, data, now).await?;
        }
        self.files.insert(attachment.id.clone(), kept.id);
        Ok(())
    }

    /// Finds a message here or adds it.
    async fn message(
        &mut self,
        connection: &mut SqliteConnection,
        message: &Message,
    ) -> sqlx::Result<()> {
        let mut kept = message.clone();
        kept.session_id = self.session.clone();
        if let Some(here) = found(connection, &kept).await? {
            match here {
                Here::Same(position) => {
                    self.became.insert(message.id.clone(), (kept.id, position));
                    return Ok(());
                }
                Here::Other => {
                    let said = [&message.content, "\0", &message.reasoning].concat();
                    let names = [message.id.as_str(), self.session.as_str()];
                    kept.id = MessageId(derived(&names, said.as_bytes()));
                    if let Some(Here::Same(position)) = found(connection, &kept).await? {
                        self.became.insert(message.id.clone(), (kept.id, position));
                        return Ok(());
                    }
                }
            }
        }
        if kept.state == MessageState::Streaming {
            kept.state = MessageState::Interrupted;
        }
        let parent = message.parent_id.as_ref().and_then(|parent| self.became.get(parent));
        let position = parent.map_or(0, |(_, position)| position + 1);
        messages::insert(connection, &kept, parent.map(|(id, _)| id), position).await?;
        for (place, file) in (0_u32..).zip(&message.attachments) {
            let Some(file) = self.files.get(&file.id) else { continue };
            sqlx::query(
                "INSERT OR IGNORE INTO message_attachments (message_id, place, attachment_id) \
                 VALUES (?, ?, ?)",
            )
            .bind(kept.id.as_str())
            .bind(place)
            .bind(file.as_str())
            .execute(&mut *connection)
            .await?;
        }
        self.became.insert(message.id.clone(), (kept.id, position));
        self.added += 1;
        Ok(())
    }
}

/// What has the id of a message here.
enum Here {
    /// The message itself, at this depth.
    Same(u32),
    /// Another conversation's message, or one with another text.
    Other,
}

async fn found(connection: &mut SqliteConnection, message: &Message) -> sqlx::Result<Option<Here>> {
    // One that is being written here has more to say than the file.
    let row: Option<(bool, u32)> = sqlx::query_as(
        "SELECT session_id = ?2 AND (state = 'streaming' OR (content = ?3 AND reasoning = ?4)), \
         position FROM messages WHERE id = ?1",
    )
    .bind(message.id.as_str())
    .bind(message.session_id.as_str())
    .bind(&message.content)
    .bind(&message.reasoning)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(same, position)| if same { Here::Same(position) } else { Here::Other }))
}

/// The sum of the content that this file has here.
async fn content_of(
    connection: &mut SqliteConnection,
    id: &AttachmentId,
) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar("SELECT sha256 FROM attachments WHERE id = ?")
        .bind(id.as_str())
        .fetch_optional(connection)
        .await
}

async fn exists(
    connection: &mut SqliteConnection,
    sql: &'static str,
    id: &str,
) -> sqlx::Result<bool> {
    sqlx::query_scalar::<_, i64>(sql).bind(id).fetch_one(connection).await.map(|count| count > 0)
}

/// An id for what cannot have its own here: the same one each time.
fn derived(names: &[&str], content: &[u8]) -> String {
    let mut sum = Sha256::new();
    for part in names.iter().map(|name| name.as_bytes()).chain([content]) {
        sum.update((part.len() as u64).to_le_bytes());
        sum.update(part);
    }
    let hex: String = sum.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
