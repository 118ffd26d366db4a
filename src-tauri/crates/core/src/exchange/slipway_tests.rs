use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use slipway_protocol::{
    AnswerStats, AttachmentId, AttachmentKind, CompactionId, Continued, ConversationSetup,
    ErrorCode, ErrorFacts, ErrorInfo, FolderId, Hop, Overflow, Participant, PresetId, RequestId,
    Role, Sampling, SessionId, SessionKind, SnippetId, SpeakingOrder, Text,
};

use super::*;
use crate::exchange::reading::{Item, Shape, read};

/// Values of every kind, other ones each time.
pub(crate) struct Dice(pub StdRng);

impl Dice {
    fn under(&mut self, most: u32) -> u32 {
        self.0.random_range(0..most)
    }

    fn maybe<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.under(2) == 0).then(|| value(self))
    }

    fn number(&mut self) -> u64 {
        self.0.random_range(0..1 << 53)
    }

    fn figure(&mut self) -> f64 {
        self.0.random_range(0.0..1e5)
    }

    fn text(&mut self) -> String {
        let some =
            ["a", "Ж", "😀", "\"", "\\", "\n", "\0", "\u{2028}", "</script>", "{[", " ", "é"];
        (0..self.under(20)).map(|_| some[self.under(12) as usize]).collect()
    }

    fn sampling(&mut self) -> Sampling {
        Sampling {
            temperature: self.maybe(Self::figure),
            top_p: self.maybe(Self::figure),
            top_k: self.maybe(|dice| dice.under(100)),
            min_p: self.maybe(Self::figure),
            repeat_penalty: self.maybe(Self::figure),
            max_tokens: self.maybe(|dice| dice.under(100)),
            seed: self.maybe(|dice| dice.0.random()),
            stop: (0..self.under(4)).map(|_| self.text()).collect(),
            json_schema: self.maybe(Self::text),
            grammar: self.maybe(Self::text),
        }
    }

    fn settings(&mut self) -> ChatSettings {
        let overflow = [Overflow::Ask, Overflow::DropOldest, Overflow::Summarise];
        ChatSettings {
            system_prompt: self.text(),
            sampling: self.sampling(),
            overflow: overflow[self.under(3) as usize],
        }
    }

    fn stats(&mut self) -> AnswerStats {
        AnswerStats {
            prompt_tokens: self.maybe(|dice| dice.0.random()),
            completion_tokens: self.maybe(|dice| dice.0.random()),
            first_token_ms: self.maybe(Self::number),
            total_ms: self.maybe(Self::number),
            tokens_per_second: self.maybe(Self::figure),
            prompt_tokens_per_second: self.maybe(Self::figure),
            finish_reason: self.maybe(Self::text),
            cached_tokens: self.maybe(|dice| dice.0.random()),
            queue_ms: self.maybe(Self::number),
            reasoning_ms: self.maybe(Self::number),
            context_size: self.maybe(|dice| dice.0.random()),
            continued: self.maybe(|dice| match dice.under(2) {
                0 => Continued::Prefill,
                _ => Continued::NewTurn,
            }),
        }
    }

    fn error(&mut self) -> ErrorInfo {
        ErrorInfo {
            code: ErrorCode::StreamBroken,
            message: Text::new(self.text(), self.text()),
            fix: Text::new(self.text(), self.text()),
            detail_id: self.text(),
            facts: self.maybe(|_| ErrorFacts::Hop(Hop::Tunnel)),
        }
    }

    pub(crate) fn conversation(&mut self) -> Conversation {
        let participants = (0..3).map(|number| Participant {
            name: format!("{number}"),
            host_id: HostId::new(),
            model: self.maybe(Self::text),
            system_prompt: self.text(),
            sampling: self.sampling(),
        });
        Conversation {
            setup: ConversationSetup {
                participants: participants.collect(),
                order: SpeakingOrder::Random,
                turns: self.under(1000),
                tokens: self.maybe(|dice| dice.0.random()),
                end_phrase: self.text(),
                summary_by: self.maybe(|dice| dice.under(2)),
                opening: self.text(),
            },
            state: ConversationState::Finished,
            turns_done: self.under(10),
            tokens_used: self.0.random(),
            next_speaker: self.under(3),
        }
    }

    /// A conversation as the database would give it: parents before children.
    pub(crate) fn stored(&mut self, group: Option<&SessionId>) -> StoredSession {
        let id = SessionId::new();
        let mut messages: Vec<Message> = Vec::new();
        let mut attachments = Vec::new();
        for _ in 0..self.under(30) {
            let parent = match messages.len() {
                0 => None,
                count => self.maybe(|dice| dice.under(u32::try_from(count).unwrap()) as usize),
            };
            let parent = parent.map(|place| &messages[place]);
            let (parent_id, position) =
                (parent.map(|p| p.id.clone()), parent.map_or(0, |p| p.position + 1));
            let file = self.maybe(|dice| Attachment {
                id: AttachmentId::new(),
                name: dice.text(),
                mime: "text/plain".to_owned(),
                kind: AttachmentKind::Text,
                bytes: 3,
                tokens: dice.maybe(|dice| dice.0.random()),
            });
            attachments
                .extend(file.clone().map(|file| (file, self.0.random::<[u8; 7]>().to_vec())));
            let states = [
                MessageState::Complete,
                MessageState::Stopped,
                MessageState::Failed,
                MessageState::Interrupted,
            ];
            let roles = [Role::System, Role::User, Role::Assistant];
            messages.push(Message {
                id: MessageId::new(),
                session_id: id.clone(),
                parent_id,
                position,
                versions: Vec::new(),
                role: roles[self.under(3) as usize],
                speaker: self.maybe(|dice| dice.under(3)),
                audience: self.maybe(|dice| dice.under(3)),
                summary: self.0.random(),
                attachments: file.into_iter().collect(),
                content: self.text(),
                reasoning: self.text(),
                state: states[self.under(4) as usize],
                host_id: self.maybe(|_| HostId::new()),
                model: self.maybe(Self::text),
                created_at: u64::try_from(messages.len()).unwrap() / 2,
                request_id: self.maybe(|_| RequestId::new()),
                stats: self.stats(),
                error: self.maybe(Self::error),
            });
        }
        let leaf = messages.last().map(|message| message.id.clone());
        let compactions = messages.first().into_iter().map(|message| Compaction {
            id: CompactionId::new(),
            until: message.id.clone(),
            summary: self.maybe(Self::text),
            tokens_before: self.0.random(),
            tokens_after: self.0.random(),
            created_at: self.number(),
        });
        let compactions = compactions.collect();
        let columns = match group {
            None => (0..self.under(3)).map(|_| self.stored(Some(&id))).collect(),
            Some(_) => Vec::new(),
        };
        StoredSession {
            session: Session {
                title: self.text(),
                host_id: self.maybe(|_| HostId::new()),
                model: self.maybe(Self::text),
                created_at: self.number(),
                updated_at: self.number(),
                pinned: self.0.random(),
                message_count: u32::try_from(messages.len()).unwrap(),
                kind: [SessionKind::Chat, SessionKind::Compare][usize::from(!columns.is_empty())],
                folder_id: self.maybe(|_| FolderId::new()),
                archived: self.0.random(),
                tags: vec!["a".to_owned(), "ж".to_owned()],
                titled: self.0.random(),
                group_id: group.cloned(),
                column: group.map(|_| 1),
                last_state: messages.last().map(|message| message.state),
                id,
            },
            settings: self.settings(),
            messages,
            attachments,
            compactions,
            conversation: self.maybe(Self::conversation),
            leaf,
            columns,
        }
    }
}

fn written(header: &Header, sessions: &[StoredSession]) -> Vec<u8> {
    let mut text = Vec::new();
    begin(&mut text, header).unwrap();
    for (place, session) in sessions.iter().enumerate() {
        write(&mut text, session, place == 0).unwrap();
    }
    end(&mut text).unwrap();
    text
}

fn found(text: &[u8]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut sink = |item| {
        items.push(item);
        true
    };
    read(text, Shape::Slipway, &mut sink).unwrap();
    items
}

fn sessions(text: &[u8]) -> Vec<StoredSession> {
    let sessions = found(text).into_iter().map(|item| match item {
        Item::Session(session) => *session,
        other => panic!("{other:?}"),
    });
    sessions.collect()
}

/// The order of siblings is theirs by time; the file's own order is not kept beyond that.
fn sorted(mut stored: StoredSession) -> StoredSession {
    stored.messages.sort_by(|one, other| one.id.cmp(&other.id));
    stored.columns = stored.columns.into_iter().map(sorted).collect();
    stored
}

#[test]
fn everything_comes_back() {
    for seed in 0..20 {
        let mut dice = Dice(StdRng::seed_from_u64(seed));
        let all: Vec<_> = (0..4).map(|_| dice.stored(None)).collect();
        let text = written(&Header::default(), &all);
        let back: Vec<_> = sessions(&text).into_iter().map(sorted).collect();
        assert_eq!(back, all.into_iter().map(sorted).collect::<Vec<_>>(), "seed {seed}");
        // Written again, it is the same to the letter from then on.
        let again = written(&Header::default(), &sessions(&text));
        assert_eq!(written(&Header::default(), &sessions(&again)), again);
    }
}

#[test]
fn the_form_is_pinned() {
    let header = Header {
        exported_at: 1,
        app_version: "0.1.0".to_owned(),
        hosts: vec![NamedHost { id: HostId::local(), name: "local".to_owned() }],
        folders: vec![Folder { id: FolderId::from("f"), name: "Work".to_owned() }],
        presets: vec![Preset {
            id: PresetId::from("p"),
            name: "Terse".to_owned(),
            settings: ChatSettings::default(),
        }],
        snippets: vec![Snippet {
            id: SnippetId::from("s"),
            name: "review".to_owned(),
            text: "Review {{file}}".to_owned(),
        }],
    };
    let text = written(&header, &[Dice(StdRng::seed_from_u64(1)).stored(None)]);
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        &lines[..2],
        [
            "{\"format\":\"slipway-chats\",\"version\":1,\"exported_at\":1,\"app_version\":\"0.1.0\",",
            "\"hosts\":[{\"id\":\"local\",\"name\":\"local\"}],"
        ]
    );
    assert_eq!(lines[2], "\"folders\":[{\"id\":\"f\",\"name\":\"Work\"}],");
    assert_eq!(lines[5], "\"sessions\":[");
    assert!(lines[6].starts_with("{\"session\":{\"id\":\""));
    assert_eq!(lines[7], "]}");
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    let session = whole["sessions"][0].as_object().unwrap();
    let names: Vec<_> = session.keys().map(String::as_str).collect();
    let expected = [
        "attachments",
        "columns",
        "compactions",
        "conversation",
        "leaf",
        "messages",
        "session",
        "settings",
    ];
    assert_eq!(names.len(), expected.len());
    assert!(expected.iter().all(|name| session.contains_key(*name)));
    let items = found(text.as_bytes());
    assert!(matches!(
        &items[..],
        [Item::Folder(_), Item::Preset(_), Item::Snippet(_), Item::Session(_)]
    ));
}

#[test]
fn what_is_unknown_is_ignored_and_what_is_absent_is_empty() {
    let stored = Dice(StdRng::seed_from_u64(2)).stored(None);
    let session = serde_json::to_string(&stored.session).unwrap();
    let text = format!(
        "{{\"format\":\"slipway-chats\",\"version\":1,\"later\":[{{}}],\"sessions\":[\
         {{\"session\":{session},\"also\":{{\"a\":[1]}}}}]}}"
    );
    let [back] = &sessions(text.as_bytes())[..] else { panic!() };
    assert_eq!(back.session.title, stored.session.title);
    assert!(back.messages.is_empty() && back.leaf.is_none());
}

#[test]
fn a_cut_file_gives_its_whole_lines() {
    let mut dice = Dice(StdRng::seed_from_u64(3));
    let all: Vec<_> = (0..3).map(|_| dice.stored(None)).collect();
    let text = written(&Header::default(), &all);
    for length in (text.len() / 3..text.len() - 4).step_by(997) {
        let items = found(&text[..length]);
        assert!(matches!(items.last(), Some(Item::Skipped(_))), "{length}");
        assert!(items.len() <= 4);
    }
}

#[test]
fn links_that_lead_nowhere_or_in_circles_are_mended() {
    let mut stored = Dice(StdRng::seed_from_u64(5)).stored(None);
    while stored.messages.len() < 5 {
        stored = Dice(StdRng::seed_from_u64(rand::random())).stored(None);
    }
    stored.columns.clear();
    let ids: Vec<_> = stored.messages.iter().map(|message| message.id.clone()).collect();
    stored.messages[0].parent_id = Some(ids[1].clone());
    stored.messages[1].parent_id = Some(ids[0].clone());
    stored.messages[2].parent_id = Some("nowhere".into());
    stored.messages[3].id = ids[2].clone();
    stored.messages[4].state = MessageState::Streaming;
    stored.messages[4].session_id = "another".into();
    let count = stored.messages.len();
    let [back] = &sessions(&written(&Header::default(), &[stored]))[..] else { panic!() };
    assert_eq!(back.messages.len(), count - 1);
    let mut depth = std::collections::HashMap::new();
    for message in &back.messages {
        let above = message.parent_id.as_ref().map_or(0, |parent| depth[parent] + 1);
        assert_eq!(message.position, above);
        depth.insert(message.id.clone(), above);
        assert_eq!(message.session_id, back.session.id);
        assert_ne!(message.state, MessageState::Streaming);
    }
}
