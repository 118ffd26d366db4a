//! What other programs' conversations have in common, and how it becomes one of Slipway's.

use std::collections::{HashMap, HashSet};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use slipway_protocol::{
    AnswerStats, Attachment, ChatSettings, ErrorInfo, Message, MessageId, MessageState, Role,
    Session, SessionId, SessionKind,
};
use slipway_store::StoredSession;

use super::ids::derived;
use super::tree;

/// Longest title in characters.
pub(crate) const LONGEST_TITLE: usize = 200;
/// The last millisecond that dates in the interface can show: the end of the year 9999.
const LAST_MS: f64 = 253_402_300_799_999.0;

/// A conversation of another program.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    /// Names the program in ids.
    pub source: &'static str,
    pub id: String,
    pub title: String,
    pub created_at: Option<u64>,
    pub updated_at: Option<u64>,
    pub pinned: bool,
    pub archived: bool,
    pub tags: Vec<String>,
    pub system_prompt: String,
    pub nodes: Vec<Node>,
    /// The id of the node that it shows.
    pub current: Option<String>,
    /// Whether answers that follow each other are one: the program cuts them where tools were used.
    pub joins_answers: bool,
}

/// A node of its tree.
#[derive(Debug)]
pub(crate) struct Node {
    pub id: String,
    pub parent: Option<String>,
    /// Absent where there is nothing to show: what hangs below it hangs below the one above then.
    pub said: Option<Said>,
}

/// What was said there.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub role: Role,
    pub content: String,
    pub reasoning: String,
    pub model: Option<String>,
    pub at: Option<u64>,
    pub state: MessageState,
    pub stats: AnswerStats,
    pub error: Option<ErrorInfo>,
    pub attachments: Vec<(Attachment, Vec<u8>)>,
}

impl Foreign {
    /// The conversation as Slipway keeps it; none where nothing was said.
    pub(crate) fn into_stored(self) -> Option<StoredSession> {
        let session_id = SessionId(derived(&[self.source, &self.id]));
        let (said, parents) = self.without_silence();
        let began = self.created_at.or_else(|| said.iter().find_map(|(_, said)| said.at));
        let began = began.or(self.updated_at).unwrap_or(0);
        let (ordered, parents) = tree::order(&parents, |place| said[place].1.at.unwrap_or(began));
        let mut only_child = vec![0_u32; said.len()];
        for parent in parents.iter().flatten() {
            only_child[*parent] += 1;
        }

        let mut messages: Vec<Message> = Vec::new();
        let mut attachments = Vec::new();
        // For each node the message that it became, or became a part of.
        let mut became = vec![usize::MAX; said.len()];
        for place in ordered {
            let (node, said) = &said[place];
            let above = parents[place].map(|parent| became[parent]);
            if let Some(above) = above
                && self.joins_answers
                && said.role == Role::Assistant
                && messages[above].role == Role::Assistant
                && parents[place].is_some_and(|parent| only_child[parent] == 1)
            {
                join(&mut messages[above], said);
                became[place] = above;
                continue;
            }
            let parent = above.map(|above| &messages[above]);
            let message = Message {
                id: MessageId(derived(&[self.source, &self.id, node])),
                session_id: session_id.clone(),
                parent_id: parent.map(|parent| parent.id.clone()),
                position: parent.map_or(0, |parent| parent.position + 1),
                versions: Vec::new(),
                role: said.role,
                speaker: None,
                audience: None,
                summary: false,
                attachments: said.attachments.iter().map(|(file, _)| file.clone()).collect(),
                content: said.content.clone(),
                reasoning: said.reasoning.clone(),
                state: said.state,
                host_id: None,
                model: said.model.clone(),
                created_at: said.at.unwrap_or_else(|| parent.map_or(began, |p| p.created_at)),
                request_id: None,
                stats: said.stats.clone(),
                error: said.error.clone(),
            };
            attachments.extend(said.attachments.iter().cloned());
            became[place] = messages.len();
            messages.push(message);
        }
        attachments.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
        attachments.dedup_by(|(one, _), (other, _)| one.id == other.id);

        let last = messages.last()?;
        let kept = tree::places(said.iter().map(|(id, _)| *id));
        let current = self.current.as_ref().and_then(|current| self.nearest(current, &kept));
        let shown = current.and_then(|place| messages.get(became[place]));
        let shown = shown.unwrap_or(last);
        let updated = messages.iter().map(|message| message.created_at).max().unwrap_or(began);
        let session = Session {
            id: session_id,
            title: title(&self.title, &messages),
            host_id: None,
            model: shown.model.clone().or_else(|| last.model.clone()),
            created_at: began,
            updated_at: self.updated_at.unwrap_or(updated).max(began),
            pinned: self.pinned,
            message_count: u32::try_from(messages.len()).unwrap_or(u32::MAX),
            kind: SessionKind::Chat,
            folder_id: None,
            archived: self.archived,
            tags: tags(&self.tags),
            titled: !self.title.trim().is_empty(),
            group_id: None,
            column: None,
            last_state: Some(shown.state),
        };
        let system_prompt = self.system_prompt.clone();
        let settings = ChatSettings { system_prompt, ..ChatSettings::default() };
        let leaf = Some(shown.id.clone());
        Some(StoredSession { settings, leaf, attachments, messages, ..StoredSession::new(session) })
    }

    /// The nodes at which something was said, each with the one above it at which something was.
    fn without_silence(&self) -> (Vec<(&str, &Said)>, Vec<Option<usize>>) {
        let mut seen = HashSet::new();
        let mut spoken = Vec::new();
        for node in &self.nodes {
            if let Some(said) = node.said.as_ref().filter(|_| seen.insert(&node.id)) {
                spoken.push((node.id.as_str(), said));
            }
        }
        let kept = tree::places(spoken.iter().map(|(id, _)| *id));
        let all = tree::places(self.nodes.iter().map(|node| node.id.as_str()));
        // What each silent node leads to, so that a long chain of them is walked once.
        let mut known: Vec<Option<Option<usize>>> = vec![None; self.nodes.len()];
        let parents = spoken.iter().map(|(id, _)| {
            let mut walked = Vec::new();
            let mut next = all.get(id).and_then(|place| self.nodes[*place].parent.as_deref());
            let found = loop {
                let Some(id) = next else { break None };
                if let Some(place) = kept.get(id) {
                    break Some(*place);
                }
                let Some(place) = all.get(id).copied() else { break None };
                if let Some(found) = known[place] {
                    break found;
                }
                // A circle of silent nodes leads back here, to nothing.
                known[place] = Some(None);
                walked.push(place);
                next = self.nodes[place].parent.as_deref();
            };
            for place in walked {
                known[place] = Some(found);
            }
            found
        });
        let parents = parents.collect();
        (spoken, parents)
    }

    /// The first of these on the way up from a node.
    fn nearest(&self, id: &str, kept: &HashMap<&str, usize>) -> Option<usize> {
        let all = tree::places(self.nodes.iter().map(|node| node.id.as_str()));
        let mut next = Some(id);
        for _ in 0..=self.nodes.len() {
            let id = next?;
            if let Some(found) = kept.get(id) {
                return Some(*found);
            }
            next = self.nodes[*all.get(id)?].parent.as_deref();
        }
        None
    }
}

/// Adds the next part of an answer.
fn join(message: &mut Message, said: &Said) {
    for (text, more) in
        [(&mut message.content, &said.content), (&mut message.reasoning, &said.reasoning)]
    {
        if !text.is_empty() && !more.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(more);
    }
    message.state = said.state;
    message.model = said.model.clone().or_else(|| message.model.take());
}

/// The title, or the first words.
fn title(given: &str, messages: &[Message]) -> String {
    let first = messages.iter().map(|message| message.content.as_str());
    let mut candidates = std::iter::once(given).chain(first).map(|text| {
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let mut title = String::new();
        for word in words.filter(|word| !word.is_empty()).take(60) {
            title.extend((!title.is_empty()).then_some(' ').into_iter().chain(word.chars()));
        }
        title.chars().take(if text == given { LONGEST_TITLE } else { 60 }).collect::<String>()
    });
    candidates.find(|title| !title.is_empty()).unwrap_or_else(|| "…".to_owned())
}

/// Tags as Slipway takes them: at most 20, each of at most 40 characters, sorted.
pub(crate) fn tags(given: &[String]) -> Vec<String> {
    let cut = |tag: &String| tag.trim().chars().take(40).collect::<String>();
    let mut tags: Vec<_> = given.iter().map(cut).filter(|tag| !tag.is_empty()).collect();
    tags.sort();
    tags.dedup();
    tags.truncate(20);
    tags
}

/// A text without characters that a database or a window stumbles over.
pub(crate) fn clean(text: String) -> String {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}"),
        false => text,
    }
}

/// A time in seconds or milliseconds since the epoch as milliseconds, if it can be one.
pub(crate) fn milliseconds(time: Option<f64>) -> Option<u64> {
    let time = time.filter(|time| time.is_finite() && *time > 0.0)?;
    // In seconds, this is the year 5138.
    let ms = if time < 1e11 { time * 1000.0 } else { time };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the range")]
    (ms <= LAST_MS).then_some(ms.round() as u64)
}

/// A value where it has the type that is usual, else nothing: for what an import can do without.
pub(crate) fn loose<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Loose<T> {
        Usual(T),
        Other(IgnoredAny),
    }
    Ok(match Loose::deserialize(deserializer)? {
        Loose::Usual(value) => Some(value),
        Loose::Other(_) => None,
    })
}

/// The members of an object in their order.
#[derive(Debug)]
pub(crate) struct Members<T>(pub Vec<(String, T)>);

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for InOrder<T> {
            type Value = Members<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder(std::marker::PhantomData))
    }
}
