//! What an export for reading says: who said what and when, on the branch that is shown.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use slipway_protocol::{Language, Message, MessageState, Role, Text};
use slipway_store::StoredSession;

/// What names and words an export is written with.
#[derive(Clone, Debug)]
pub(crate) struct Reader {
    /// Language of the words that are not the conversation's own.
    pub language: Language,
    /// The hosts' names by their ids.
    pub hosts: HashMap<String, String>,
    /// Where the clock stands that times are given by.
    pub zone: TimeZone,
}

/// The branch that is shown, and how many messages lie beside it.
pub(crate) fn branch(stored: &StoredSession) -> (Vec<&Message>, usize) {
    let by_id: HashMap<_, _> = stored.messages.iter().map(|m| (&m.id, m)).collect();
    let mut shown = Vec::new();
    let mut next = stored.leaf.as_ref();
    while let Some(message) = next.and_then(|id| by_id.get(id)) {
        shown.push(*message);
        // A tree ends; links in a circle would not.
        next = message.parent_id.as_ref().filter(|_| shown.len() < stored.messages.len());
    }
    shown.reverse();
    let beside = stored.messages.len() - shown.len();
    (shown, beside)
}

impl Reader {
    fn say<'a>(&self, en: &'a str, ru: &'a str) -> &'a str {
        match self.language {
            Language::En => en,
            Language::Ru => ru,
        }
    }

    /// Who speaks: a participant's name, the person and whom alone they speak to, or the model and its
    /// server.
    pub(crate) fn who(&self, stored: &StoredSession, message: &Message) -> String {
        let participants = stored.conversation.as_ref().map(|c| c.setup.participants.as_slice());
        let named = |at: Option<u32>| {
            let at = usize::try_from(at?).ok()?;
            participants?.get(at).map(|participant| line(&participant.name))
        };
        let who = self.speaker(message, named(message.speaker));
        if message.summary {
            return format!("{who}, {}", self.say("summary", "итог"));
        }
        named(message.audience).map_or(who.clone(), |audience| format!("{who} → {audience}"))
    }

    fn speaker(&self, message: &Message, name: Option<String>) -> String {
        let model = self.model(message);
        match (message.role, name) {
            (_, Some(name)) if model.is_empty() => name,
            (_, Some(name)) => format!("{name} ({model})"),
            (Role::System, None) => self.say("Instructions", "Инструкции").to_owned(),
            (Role::User, None) => self.say("You", "Вы").to_owned(),
            (Role::Assistant, None) if model.is_empty() => self.say("Model", "Модель").to_owned(),
            (Role::Assistant, None) => model,
        }
    }

    /// The model, and where it runs.
    fn model(&self, message: &Message) -> String {
        let host = message.host_id.as_ref().and_then(|id| self.hosts.get(id.as_str()));
        match (&message.model, host) {
            (Some(model), Some(host)) => {
                format!("{} {} {}", line(model), self.say("on", "на"), line(host))
            }
            (Some(model), None) => line(model),
            (None, Some(host)) => line(host),
            (None, None) => String::new(),
        }
    }

    /// A time on this computer's clock.
    pub(crate) fn time(&self, ms: u64) -> String {
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        let Ok(time) = Timestamp::from_millisecond(ms) else { return String::new() };
        time.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// How an answer ended, where that is worth a word.
    pub(crate) fn ending(&self, message: &Message) -> Option<String> {
        let said = match message.state {
            MessageState::Complete => return None,
            MessageState::Streaming => self.say("Still being written.", "Ещё пишется."),
            MessageState::Stopped => self.say("Stopped.", "Остановлено."),
            MessageState::Interrupted => {
                self.say("Interrupted when Slipway ended.", "Прервано завершением Slipway.")
            }
            MessageState::Failed => {
                let why = message.error.as_ref().map(|error| error.message.get(self.language));
                return Some(line(why.unwrap_or(self.say("Failed.", "Не удалось."))));
            }
        };
        Some(said.to_owned())
    }

    pub(crate) fn reasoning(&self) -> &'static str {
        self.say("Reasoning", "Рассуждение")
    }

    pub(crate) fn instructions(&self) -> &'static str {
        self.say("Instructions", "Инструкции")
    }

    pub(crate) fn attachments(&self) -> &'static str {
        self.say("Attachments", "Вложения")
    }

    pub(crate) fn conversations(&self) -> &'static str {
        self.say("Conversations", "Беседы")
    }

    /// The heading of a column of a comparison.
    pub(crate) fn column(&self, number: usize) -> String {
        format!("{} {number}", self.say("Column", "Столбец"))
    }

    /// That versions were left out, if any were.
    pub(crate) fn left_out(&self, count: usize) -> Option<String> {
        let said = left_out(count);
        (count > 0).then(|| said.get(self.language).to_owned())
    }
}

/// A sentence about messages on other branches.
fn left_out(count: usize) -> Text {
    let en = match count {
        1 => "1 message of other versions is left out.".to_owned(),
        _ => format!("{count} messages of other versions are left out."),
    };
    let ru = match (count % 10, count % 100) {
        (_, 11..=14) => format!("{count} сообщений других версий не показаны."),
        (1, _) => format!("{count} сообщение другой версии не показано."),
        (2..=4, _) => format!("{count} сообщения других версий не показаны."),
        _ => format!("{count} сообщений других версий не показаны."),
    };
    Text::new(en, ru)
}

/// The text on one line.
pub(crate) fn line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;
    use slipway_protocol::SessionId;

    use super::*;
    use crate::exchange::slipway::tests::Dice;

    #[test]
    fn it_is_said_whom_a_line_is_for_and_what_a_summary_is() {
        let mut dice = Dice(StdRng::seed_from_u64(4));
        let mut stored = dice.stored(None);
        stored.conversation = Some(dice.conversation());
        let reader = Reader { language: Language::En, hosts: HashMap::new(), zone: TimeZone::UTC };
        let session = SessionId::new();
        let mut said = crate::chat::new_message(&session, Role::User, MessageState::Complete);
        said.audience = Some(1);
        assert_eq!(reader.who(&stored, &said), "You → 1");
        let mut summary =
            crate::chat::new_message(&session, Role::Assistant, MessageState::Complete);
        (summary.speaker, summary.summary) = (Some(0), true);
        assert_eq!(reader.who(&stored, &summary), "0, summary");
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        let ru = |count| left_out(count).ru;
        assert_eq!(ru(1), "1 сообщение другой версии не показано.");
        assert_eq!(ru(3), "3 сообщения других версий не показаны.");
        assert_eq!(ru(12), "12 сообщений других версий не показаны.");
        assert_eq!(left_out(1).en, "1 message of other versions is left out.");
    }

    #[test]
    fn a_title_stays_on_its_line() {
        assert_eq!(line(" a\n# b\t\u{0}c "), "a # b c");
    }
}
