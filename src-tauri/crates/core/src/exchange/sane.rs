//! Files may say anything: what the database and the windows rely on is made to hold.

use slipway_store::StoredSession;

use super::foreign::{LONGEST_TITLE, tags};

/// The end of the year 9999: the last time that can be shown.
const LAST_MS: u64 = 253_402_300_799_999;

/// The conversation within the limits of its parts.
pub(super) fn session(mut stored: StoredSession) -> StoredSession {
    let session = &mut stored.session;
    session.created_at = session.created_at.min(LAST_MS);
    session.updated_at = session.updated_at.min(LAST_MS);
    if session.title.chars().count() > LONGEST_TITLE {
        session.title = session.title.chars().take(LONGEST_TITLE).collect();
    }
    if session.title.trim().is_empty() {
        session.title = "…".to_owned();
    }
    session.tags = tags(&session.tags);
    for message in &mut stored.messages {
        message.created_at = message.created_at.min(LAST_MS);
    }
    for (attachment, data) in &mut stored.attachments {
        attachment.bytes = data.len() as u64;
    }
    for compaction in &mut stored.compactions {
        compaction.created_at = compaction.created_at.min(LAST_MS);
    }
    stored.columns = stored.columns.into_iter().map(self::session).collect();
    stored
}
