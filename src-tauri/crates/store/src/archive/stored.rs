//! A conversation with all that belongs to it, outside of the database.

use slipway_protocol::{
    Attachment, ChatSettings, Compaction, Conversation, Message, MessageId, Session,
};

/// A conversation as it is taken out of the database and put into another one.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSession {
    /// The conversation.
    pub session: Session,
    /// How it is answered.
    pub settings: ChatSettings,
    /// The whole tree, every message after the one it hangs below.
    pub messages: Vec<Message>,
    /// The files that its messages name, each once, with what is sent of them: text or picture.
    pub attachments: Vec<(Attachment, Vec<u8>)>,
    /// What is not sent any more.
    pub compactions: Vec<Compaction>,
    /// Participants and rules, between models.
    pub conversation: Option<Conversation>,
    /// The last message of the branch that is shown.
    pub leaf: Option<MessageId>,
    /// The columns of a comparison, in order; they have no columns themselves.
    pub columns: Vec<StoredSession>,
}

impl StoredSession {
    /// A conversation without messages.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self {
            session,
            settings: ChatSettings::default(),
            messages: Vec::new(),
            attachments: Vec::new(),
            compactions: Vec::new(),
            conversation: None,
            leaf: None,
            columns: Vec::new(),
        }
    }
}
