//! Files may say anything: what the database and the windows rely on is made to hold.

use slipway_protocol::Conversation;
use slipway_store::StoredSession;

use super::foreign::{LONGEST_TITLE, tags};
use crate::chat::PARTICIPANTS;

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
    stored.conversation = stored.conversation.filter(can_speak);
    if let Some(conversation) = &mut stored.conversation {
        let count = conversation.setup.participants.len() as u32;
        conversation.next_speaker %= count;
        conversation.setup.summary_by = conversation.setup.summary_by.filter(|one| *one < count);
    }
    stored.columns = stored.columns.into_iter().map(self::session).collect();
    stored
}

fn can_speak(conversation: &Conversation) -> bool {
    PARTICIPANTS.contains(&conversation.setup.participants.len())
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::exchange::slipway::tests::Dice;

    #[test]
    fn nobody_speaks_who_does_not_take_part() {
        let mut dice = Dice(StdRng::seed_from_u64(3));
        let mut stored = dice.stored(None);
        let mut conversation = dice.conversation();
        (conversation.next_speaker, conversation.setup.summary_by) = (7, Some(3));
        stored.conversation = Some(conversation.clone());
        let sane = session(stored.clone()).conversation.unwrap();
        assert_eq!((sane.next_speaker, sane.setup.summary_by), (1, None));
        conversation.setup.participants.truncate(1);
        stored.conversation = Some(conversation);
        assert_eq!(session(stored).conversation, None);
    }
}
