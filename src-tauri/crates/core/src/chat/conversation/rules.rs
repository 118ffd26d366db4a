//! The rules of a conversation between models: what a setup may be, who speaks next, when it ends.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use rand::Rng as _;
use slipway_protocol::{
    Conversation, ConversationSetup, Message, MessageState, SpeakingOrder, Text,
};

use crate::chat::validate;
use crate::fault::Fault;
use crate::settings::within;

/// How many take part.
pub(crate) const PARTICIPANTS: RangeInclusive<usize> = 2..=4;
/// Longest name of a participant, in characters.
const LONGEST_NAME: usize = 40;

/// The limit that a conversation has reached, as the refusal to run on.
pub(super) fn limit_reached(conversation: &Conversation) -> Option<Fault> {
    let setup = &conversation.setup;
    let (en, ru) = if conversation.turns_done >= setup.turns {
        ("All turns are done.", "Все ходы сделаны.")
    } else if setup.tokens.is_some_and(|most| conversation.tokens_used >= most) {
        ("All tokens are used.", "Все токены израсходованы.")
    } else {
        return None;
    };
    Some(Fault::invalid(
        Text::new(en, ru),
        Text::new("Raise the limit to go on.", "Поднимите предел, чтобы продолжить."),
    ))
}

/// What is said next in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The next speaker's turn.
    Turn,
    /// A summary by this participant.
    Summary(u32),
}

/// What is said after the last message. A summary that was cut off or failed comes first, whatever the rules
/// say by now.
///
/// # Errors
/// The limit that it has reached, where nothing more is to be said.
pub(super) fn next_part(conversation: &Conversation, last: &Message) -> Result<Part, Fault> {
    let begun = last.summary && last.state != MessageState::Complete;
    let there = |speaker: &u32| (*speaker as usize) < conversation.setup.participants.len();
    if let Some(speaker) = last.speaker.filter(there).filter(|_| begun) {
        return Ok(Part::Summary(speaker));
    }
    match (limit_reached(conversation), conversation.setup.summary_by) {
        (None, _) => Ok(Part::Turn),
        (Some(_), Some(speaker)) if !last.summary => Ok(Part::Summary(speaker)),
        (Some(limit), _) => Err(limit),
    }
}

/// Who speaks after the present speaker.
pub(super) fn next_speaker(conversation: &Conversation) -> u32 {
    let speakers = conversation.setup.participants.len() as u32;
    let step = match conversation.setup.order {
        SpeakingOrder::InTurn => 1,
        SpeakingOrder::Random => rand::rng().random_range(1..speakers),
    };
    (conversation.next_speaker + step) % speakers
}

/// Refuses a setup that cannot run.
pub(super) fn checked(mut setup: ConversationSetup) -> Result<ConversationSetup, Fault> {
    let refuse = |en: &str, ru: &str| {
        let fix = Text::new("Change it and try again.", "Исправьте и повторите.");
        Err(Fault::invalid(Text::new(en, ru), fix))
    };
    if !PARTICIPANTS.contains(&setup.participants.len()) {
        return refuse("Two to four take part.", "Участников от двух до четырёх.");
    }
    let mut names = HashSet::new();
    for participant in &mut setup.participants {
        participant.name = participant.name.trim().to_owned();
        if !(1..=LONGEST_NAME).contains(&participant.name.chars().count()) {
            return refuse("A name has 1 to 40 characters.", "Имя — от 1 до 40 знаков.");
        }
        if !names.insert(participant.name.to_lowercase()) {
            return refuse("Two have the same name.", "Два имени совпадают.");
        }
        validate::instructions(&participant.system_prompt)?;
        validate::sampling(&participant.sampling)?;
    }
    if setup.summary_by.is_some_and(|one| one as usize >= setup.participants.len()) {
        return refuse("Nobody is there to sum it up.", "Подвести итог некому.");
    }
    within("turns", setup.turns, 1, 1000)?;
    if let Some(tokens) = setup.tokens {
        within("tokens", tokens, 1, 100_000_000)?;
    }
    if setup.opening.trim().is_empty() {
        return refuse("Nobody says what it is about.", "Не сказано, о чём беседа.");
    }
    validate::text(&setup.opening)?;
    if setup.end_phrase.chars().count() > 200 {
        return refuse(
            "The phrase that ends it is too long.",
            "Завершающая фраза слишком длинная.",
        );
    }
    Ok(setup)
}

#[cfg(test)]
pub(in crate::chat) mod tests {
    use super::*;
    use slipway_protocol::{ConversationState, Participant, Role, Sampling};

    /// A setup with these participants, each told to be short.
    pub(in crate::chat) fn setup(names: &[&str]) -> ConversationSetup {
        let participant = |name: &&str| Participant {
            name: (*name).to_owned(),
            host_id: "h".into(),
            model: None,
            system_prompt: "Be short.".to_owned(),
            sampling: Sampling::default(),
        };
        ConversationSetup {
            participants: names.iter().map(participant).collect(),
            order: SpeakingOrder::InTurn,
            turns: 10,
            tokens: Some(100),
            end_phrase: String::new(),
            opening: "Talk.".to_owned(),
            summary_by: None,
        }
    }

    fn conversation(setup: ConversationSetup) -> Conversation {
        let state = ConversationState::Ready;
        Conversation { setup, state, turns_done: 0, tokens_used: 0, next_speaker: 0 }
    }

    #[test]
    fn a_setup_that_cannot_run_is_refused() {
        assert!(checked(setup(&["Ann", "Bob"])).is_ok());
        assert!(checked(setup(&["Ann"])).is_err());
        assert!(checked(setup(&["Ann", " ann "])).is_err());
        assert!(checked(setup(&["Ann", ""])).is_err());
        assert!(checked(setup(&["A", "B", "C", "D", "E"])).is_err());
        let by_nobody = ConversationSetup { summary_by: Some(2), ..setup(&["Ann", "Bob"]) };
        assert!(checked(by_nobody).is_err());
        let silent = ConversationSetup { opening: " ".to_owned(), ..setup(&["Ann", "Bob"]) };
        assert!(checked(silent).is_err());
    }

    #[test]
    fn speakers_take_turns_and_never_follow_themselves() {
        let mut all = conversation(setup(&["A", "B", "C"]));
        let order: Vec<_> = (0..4)
            .map(|_| {
                all.next_speaker = next_speaker(&all);
                all.next_speaker
            })
            .collect();
        assert_eq!(order, [1, 2, 0, 1]);
        all.setup.order = SpeakingOrder::Random;
        for _ in 0..100 {
            let next = next_speaker(&all);
            assert_ne!(next, all.next_speaker);
            all.next_speaker = next;
        }
    }

    #[test]
    fn a_summary_follows_the_last_turn_once() {
        let said = |summary, state| {
            let mut message = crate::chat::new_message(&"s".into(), Role::Assistant, state);
            (message.speaker, message.summary) = (Some(1), summary);
            message
        };
        let turn = said(false, MessageState::Complete);
        let mut all = conversation(setup(&["A", "B"]));
        all.setup.summary_by = Some(0);
        assert_eq!(next_part(&all, &turn).unwrap(), Part::Turn);
        all.turns_done = 10;
        assert_eq!(next_part(&all, &turn).unwrap(), Part::Summary(0));
        assert!(next_part(&all, &said(true, MessageState::Complete)).is_err());
        // One that did not end is gone on with by who began it.
        for state in [MessageState::Stopped, MessageState::Interrupted, MessageState::Failed] {
            assert_eq!(next_part(&all, &said(true, state)).unwrap(), Part::Summary(1));
        }
        all.setup.summary_by = None;
        assert!(next_part(&all, &turn).is_err());
    }

    #[test]
    fn limits_end_it() {
        let mut all = conversation(setup(&["A", "B"]));
        assert!(limit_reached(&all).is_none());
        all.turns_done = 10;
        assert!(limit_reached(&all).is_some());
        (all.turns_done, all.tokens_used) = (0, 100);
        assert!(limit_reached(&all).is_some());
    }
}
