//! Slipway's own form of exports and backups: JSON, with everything, one conversation to a line.
//!
//! ```json
//! {"format":"slipway-chats","version":1,"exported_at":1790000000000,"app_version":"0.1.0",
//! "hosts":[{"id":"local","name":"local"}],
//! "folders":[{"id":"…","name":"Work"}],
//! "presets":[{"id":"…","name":"Terse","settings":{…}}],
//! "snippets":[{"id":"…","name":"review","text":"Review {{file}}"}],
//! "sessions":[
//! {"session":{…},"settings":{…},"leaf":"…","messages":[…],
//!  "attachments":[{"attachment":{…},"data":"base64"}],
//!  "compactions":[…],"conversation":null,"columns":[…]},
//! …
//! ]}
//! ```
//!
//! (A conversation is on one line; it is broken here to be read.) `session`, `settings`, `messages`
//! and the others are the types of the crate `slipway-protocol`; `messages` is the whole tree, every
//! message after its parent, and `columns` are the columns of a comparison, in the same form. Hosts are
//! named, their addresses are not in the file, and no secret is.
//!
//! What a reader does not know it ignores; what is absent is taken as empty, except for `session`. A
//! change that an older reader would get wrong, a new variant of an enum included, raises `version`;
//! a reader refuses a later version.

use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Write;

use base64::Engine as _;
use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use slipway_protocol::{
    Attachment, ChatSettings, Compaction, Conversation, ConversationState, Folder, HostId, Message,
    MessageId, MessageState, Preset, Session, Snippet,
};
use slipway_store::StoredSession;

use super::tree;

/// The mark at the beginning of a file.
pub(crate) const FORMAT: &str = "slipway-chats";
/// The version that is written, and the latest that is read.
pub(crate) const VERSION: u64 = 1;

/// What stands before the conversations.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Header {
    pub exported_at: u64,
    pub app_version: String,
    pub hosts: Vec<NamedHost>,
    pub folders: Vec<Folder>,
    pub presets: Vec<Preset>,
    pub snippets: Vec<Snippet>,
}

/// A host without its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct NamedHost {
    pub id: HostId,
    pub name: String,
}

/// Writes everything before the conversations.
pub(crate) fn begin(out: &mut impl Write, header: &Header) -> std::io::Result<()> {
    write!(out, "{{\"format\":\"{FORMAT}\",\"version\":{VERSION},")?;
    write!(out, "\"exported_at\":{},\"app_version\":", header.exported_at)?;
    serde_json::to_writer(&mut *out, &header.app_version)?;
    list(out, "hosts", &header.hosts)?;
    list(out, "folders", &header.folders)?;
    list(out, "presets", &header.presets)?;
    list(out, "snippets", &header.snippets)?;
    out.write_all(b",\n\"sessions\":[")
}

/// Writes one conversation.
pub(crate) fn write(
    out: &mut impl Write,
    stored: &StoredSession,
    first: bool,
) -> std::io::Result<()> {
    out.write_all(if first { b"\n" } else { b",\n" })?;
    serde_json::to_writer(out, &Line::of(stored))?;
    Ok(())
}

/// Writes everything behind them.
pub(crate) fn end(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(b"\n]}\n")
}

fn list(out: &mut impl Write, name: &str, items: &[impl Serialize]) -> std::io::Result<()> {
    write!(out, ",\n\"{name}\":")?;
    serde_json::to_writer(out, items)?;
    Ok(())
}

/// A conversation as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    session: Cow<'a, Session>,
    #[serde(default)]
    settings: Cow<'a, ChatSettings>,
    #[serde(default)]
    leaf: Option<MessageId>,
    #[serde(default)]
    messages: Cow<'a, [Message]>,
    #[serde(default)]
    attachments: Vec<Carried<'a>>,
    #[serde(default)]
    compactions: Cow<'a, [Compaction]>,
    #[serde(default)]
    conversation: Option<Cow<'a, Conversation>>,
    #[serde(default)]
    columns: Vec<Line<'a>>,
}

/// A file that was sent, with its content.
#[derive(Serialize, Deserialize)]
struct Carried<'a> {
    attachment: Cow<'a, Attachment>,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    data: Cow<'a, [u8]>,
}

/// Written piece by piece: a large file is not held a second time as text.
fn to_base64<S: Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Base64Display::new(data, &STANDARD))
}

fn from_base64<'de, 'a, D: Deserializer<'de>>(from: D) -> Result<Cow<'a, [u8]>, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("base64")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
            STANDARD.decode(text).map_err(E::custom)
        }
    }
    from.deserialize_str(Text).map(Cow::Owned)
}

impl<'a> Line<'a> {
    fn of(stored: &'a StoredSession) -> Self {
        let carried = |(attachment, data): &'a (Attachment, Vec<u8>)| Carried {
            attachment: Cow::Borrowed(attachment),
            data: Cow::Borrowed(data),
        };
        Self {
            session: Cow::Borrowed(&stored.session),
            settings: Cow::Borrowed(&stored.settings),
            leaf: stored.leaf.clone(),
            messages: Cow::Borrowed(&stored.messages),
            attachments: stored.attachments.iter().map(carried).collect(),
            compactions: Cow::Borrowed(&stored.compactions),
            conversation: stored.conversation.as_ref().map(Cow::Borrowed),
            columns: stored.columns.iter().map(Line::of).collect(),
        }
    }

    fn into_stored(self) -> Result<StoredSession, serde_json::Error> {
        let columns = self.columns.into_iter().map(|column| {
            // Columns of columns do not exist.
            Line { columns: Vec::new(), ..column }.into_stored()
        });
        let mut session = self.session.into_owned();
        if session.id.as_str().is_empty() {
            return Err(serde_json::Error::custom("a conversation without an id"));
        }
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let messages = in_order(self.messages.into_owned(), &session);
        session.message_count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
        let conversation = self.conversation.map(|conversation| {
            let mut conversation = conversation.into_owned();
            if let ConversationState::Running | ConversationState::Pausing = conversation.state {
                conversation.state = ConversationState::Paused;
            }
            conversation
        });
        let attachments = self.attachments.into_iter();
        let carried = attachments.map(|one| (one.attachment.into_owned(), one.data.into_owned()));
        let carried: Vec<_> = carried.collect();
        let known: HashSet<_> = carried.iter().map(|(attachment, _)| &attachment.id).collect();
        let messages = messages.into_iter().map(|mut message| {
            message.attachments.retain(|attachment| known.contains(&attachment.id));
            message
        });
        let messages: Vec<_> = messages.collect();
        let leaf = self.leaf.filter(|leaf| messages.iter().any(|message| message.id == *leaf));
        session.last_state = leaf.as_ref().and_then(|leaf| {
            messages.iter().find(|message| message.id == *leaf).map(|message| message.state)
        });
        Ok(StoredSession {
            leaf: leaf.or_else(|| messages.last().map(|message| message.id.clone())),
            session,
            settings: self.settings.into_owned(),
            messages,
            attachments: carried,
            compactions: self.compactions.into_owned(),
            conversation,
            columns,
        })
    }
}

/// One conversation of a file; the error is the parser's sentence.
pub(crate) fn session(text: &[u8]) -> Result<StoredSession, serde_json::Error> {
    serde_json::from_slice::<Line<'_>>(text)?.into_stored()
}

/// The messages as a tree that holds: each id once, every message after its parent and as deep as it
/// lies. What was being written when the file was is interrupted.
fn in_order(messages: Vec<Message>, session: &Session) -> Vec<Message> {
    let mut seen = HashSet::new();
    let once = |message: &Message| seen.insert(message.id.clone());
    let messages: Vec<_> = messages.into_iter().filter(once).collect();
    let parents: Vec<_> = {
        let places = tree::places(messages.iter().map(|message| message.id.as_str()));
        let above = messages.iter().map(|message| message.parent_id.as_ref());
        above.map(|id| id.and_then(|id| places.get(id.as_str()).copied())).collect()
    };
    let (ordered, parents) = tree::order(&parents, |place| messages[place].created_at);
    let ids: Vec<_> = messages.iter().map(|message| message.id.clone()).collect();
    let mut depths = vec![0; messages.len()];
    let mut messages: Vec<_> = messages.into_iter().map(Some).collect();
    let mut tree = Vec::with_capacity(messages.len());
    for place in ordered {
        let Some(mut message) = messages[place].take() else { continue };
        depths[place] = parents[place].map_or(0, |parent| depths[parent] + 1);
        message.session_id = session.id.clone();
        message.parent_id = parents[place].map(|parent| ids[parent].clone());
        message.position = depths[place];
        if message.state == MessageState::Streaming {
            message.state = MessageState::Interrupted;
        }
        tree.push(message);
    }
    tree
}

#[cfg(test)]
#[path = "slipway_tests.rs"]
pub(crate) mod tests;
