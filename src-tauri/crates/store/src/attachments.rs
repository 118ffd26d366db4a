//! The tables `attachments` and `contents`: files that are sent with messages. Each content is kept
//! once, and goes when the last message that it was sent with goes.

use sha2::{Digest, Sha256};
use slipway_protocol::{Attachment, AttachmentId, AttachmentKind};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::column::{integer, named};
use crate::error::{Error, Result};
use crate::store::Store;

/// `DELETE` of files that neither a message nor the queue names, of those that pass the conditions.
macro_rules! delete_unsent {
    ($condition:literal) => {
        concat!(
            "DELETE FROM attachments WHERE ",
            $condition,
            " AND NOT EXISTS (SELECT 1 FROM message_attachments WHERE attachment_id = attachments.id) \
             AND id NOT IN (SELECT value FROM queue, json_each(send_json, '$.attachments'))"
        )
    };
}

/// Files that are sent with messages, see [`Store::attachments`].
#[derive(Clone, Copy, Debug)]
pub struct Attachments<'a>(pub(crate) &'a Store);

impl Attachments<'_> {
    /// Keeps a file at `now` (ms since the epoch), to be sent with a message.
    ///
    /// # Errors
    /// One with an id that exists is a defect ([`Error::Database`]).
    pub async fn add(&self, attachment: &Attachment, data: &[u8], now: u64) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        insert(&mut transaction, attachment, data, now)
            .await
            .map_err(|error| self.0.error(error))?;
        self.0.commit(transaction).await
    }

    /// A file with its content.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: &AttachmentId) -> Result<(Attachment, Vec<u8>)> {
        sqlx::query(
            "SELECT a.*, c.data FROM attachments a JOIN contents c USING (sha256) WHERE a.id = ?",
        )
        .bind(id.as_str())
        .try_map(|row| Ok((from_row(&row)?, row.try_get("data")?)))
        .fetch_optional(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))?
        .ok_or_else(|| Error::NotFound { noun: "attachment", id: id.to_string() })
    }

    /// Removes a file that was not sent; says whether it did. One that a message or the queue names
    /// stays.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn drop_unsent(&self, id: &AttachmentId) -> Result<bool> {
        sqlx::query(delete_unsent!("id = ?"))
            .bind(id.as_str())
            .execute(self.0.pool())
            .await
            .map(|done| done.rows_affected() > 0)
            .map_err(|error| self.0.error(error))
    }

    /// Removes what was added before `ms` (since the epoch), never sent, and is not beside a draft;
    /// returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn purge_unsent_before(&self, ms: u64) -> Result<u64> {
        let ms = integer(ms).map_err(|error| self.0.error(error))?;
        sqlx::query(delete_unsent!(
            "created_at < ? AND id NOT IN (SELECT value FROM drafts, json_each(attachments_json))"
        ))
        .bind(ms)
        .execute(self.0.pool())
        .await
        .map(|done| done.rows_affected())
        .map_err(|error| self.0.error(error))
    }
}

/// Keeps a file, its content once.
pub(crate) async fn insert(
    connection: &mut SqliteConnection,
    attachment: &Attachment,
    data: &[u8],
    now: u64,
) -> sqlx::Result<()> {
    let sha256 = Sha256::digest(data);
    sqlx::query("INSERT OR IGNORE INTO contents (sha256, data) VALUES (?, ?)")
        .bind(sha256.as_slice())
        .bind(data)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO attachments (id, name, mime, kind, bytes, tokens, created_at, sha256) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(attachment.id.as_str())
    .bind(&attachment.name)
    .bind(&attachment.mime)
    .bind(kind_name(attachment.kind))
    .bind(integer(attachment.bytes)?)
    .bind(attachment.tokens)
    .bind(integer(now)?)
    .bind(sha256.as_slice())
    .execute(connection)
    .await
    .map(|_| ())
}

pub(crate) fn from_row(row: &SqliteRow) -> sqlx::Result<Attachment> {
    Ok(Attachment {
        id: AttachmentId(row.try_get("id")?),
        name: row.try_get("name")?,
        mime: row.try_get("mime")?,
        kind: named("kind", row.try_get("kind")?, KINDS, kind_name)?,
        bytes: row.try_get("bytes")?,
        tokens: row.try_get("tokens")?,
    })
}

const KINDS: [AttachmentKind; 2] = [AttachmentKind::Text, AttachmentKind::Image];

fn kind_name(kind: AttachmentKind) -> &'static str {
    match kind {
        AttachmentKind::Text => "text",
        AttachmentKind::Image => "image",
    }
}
