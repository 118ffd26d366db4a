//! One turn as a pure state machine: events in, effects out, no input or output of its own.
//! [`super::answer`] drives it and does what the effects say.

use std::time::Duration;

use slipway_protocol::{AnswerStats, ChunkPart, MessageState};

use crate::fault::Fault;

/// Text is written down at the latest this long after it came. The promise is one second; the rest
/// is for the disk.
const FLUSH_AFTER: Duration = Duration::from_millis(500);

/// What happens to a turn. Times are measured from its start.
#[derive(Debug)]
pub(super) enum Event {
    /// A piece of the answer.
    Text { part: ChunkPart, text: String, at: Duration },
    /// The engine's figures.
    Figures(AnswerStats),
    /// Time has passed.
    Tick { at: Duration },
    /// The stream ended as it should.
    Done { at: Duration },
    /// It did not.
    Failed { fault: Fault, at: Duration },
    /// The user stopped it.
    Stop { at: Duration },
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Effect {
    /// Show a piece. `offset` counts UTF-16 code units.
    Show { part: ChunkPart, offset: u32, text: String },
    /// Append to what is on disk.
    Flush { content: String, reasoning: String },
    /// Write the whole answer down and end.
    Finish(Box<Finished>),
}

/// The answer at its end.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) state: MessageState,
    pub(super) content: String,
    pub(super) reasoning: String,
    pub(super) stats: AnswerStats,
    pub(super) fault: Option<Fault>,
}

/// A turn under way.
#[derive(Debug, Default)]
pub(super) struct Turn {
    content: Part,
    reasoning: Part,
    stats: AnswerStats,
    last_flush: Duration,
    thinking_since: Option<Duration>,
    over: bool,
}

/// One of the two texts of an answer.
#[derive(Debug, Default)]
struct Part {
    text: String,
    utf16: u32,
    /// Bytes that are on disk.
    flushed: usize,
}

impl Part {
    /// A text that is on disk already and goes on.
    fn begun(text: String) -> Self {
        let utf16 = u32::try_from(text.encode_utf16().count()).unwrap_or(0);
        Self { flushed: text.len(), text, utf16 }
    }

    fn push(&mut self, text: &str) -> u32 {
        let offset = self.utf16;
        self.text.push_str(text);
        self.utf16 += u32::try_from(text.encode_utf16().count()).unwrap_or(0);
        offset
    }

    fn take_unflushed(&mut self) -> String {
        let rest = self.text[self.flushed..].to_owned();
        self.flushed = self.text.len();
        rest
    }
}

impl Turn {
    /// Goes on with an answer whose texts and figures so far are on disk.
    pub(super) fn resumed(content: String, reasoning: String, stats: AnswerStats) -> Self {
        let (content, reasoning) = (Part::begun(content), Part::begun(reasoning));
        Self { content, reasoning, stats, ..Self::default() }
    }

    /// Takes an event in. After [`Effect::Finish`] nothing has an effect any more.
    pub(super) fn on(&mut self, event: Event) -> Vec<Effect> {
        if self.over {
            return Vec::new();
        }
        match event {
            Event::Text { part, text, at } => {
                self.stats.first_token_ms.get_or_insert(crate::clock::millis(at));
                let offset = match part {
                    ChunkPart::Content => {
                        if let Some(since) = self.thinking_since.take() {
                            let thought = crate::clock::millis(at.saturating_sub(since));
                            *self.stats.reasoning_ms.get_or_insert(0) += thought;
                        }
                        self.content.push(&text)
                    }
                    ChunkPart::Reasoning => {
                        self.thinking_since.get_or_insert(at);
                        self.reasoning.push(&text)
                    }
                };
                let mut effects = vec![Effect::Show { part, offset, text }];
                effects.extend(self.flush_if_due(at));
                effects
            }
            Event::Figures(figures) => {
                let known = std::mem::take(&mut self.stats);
                self.stats = AnswerStats {
                    first_token_ms: known.first_token_ms.or(figures.first_token_ms),
                    finish_reason: figures.finish_reason.or(known.finish_reason),
                    prompt_tokens: figures.prompt_tokens.or(known.prompt_tokens),
                    completion_tokens: figures.completion_tokens.or(known.completion_tokens),
                    tokens_per_second: figures.tokens_per_second.or(known.tokens_per_second),
                    prompt_tokens_per_second: figures
                        .prompt_tokens_per_second
                        .or(known.prompt_tokens_per_second),
                    total_ms: figures.total_ms.or(known.total_ms),
                    cached_tokens: figures.cached_tokens.or(known.cached_tokens),
                    queue_ms: figures.queue_ms.or(known.queue_ms),
                    reasoning_ms: known.reasoning_ms,
                    context_size: figures.context_size.or(known.context_size),
                    continued: figures.continued.or(known.continued),
                };
                Vec::new()
            }
            Event::Tick { at } => self.flush_if_due(at).into_iter().collect(),
            Event::Done { at } => self.finish(MessageState::Complete, None, at),
            Event::Failed { fault, at } => self.finish(MessageState::Failed, Some(fault), at),
            Event::Stop { at } => self.finish(MessageState::Stopped, None, at),
        }
    }

    fn flush_if_due(&mut self, at: Duration) -> Option<Effect> {
        let nothing_new = self.content.flushed == self.content.text.len()
            && self.reasoning.flushed == self.reasoning.text.len();
        if nothing_new || at < self.last_flush + FLUSH_AFTER {
            return None;
        }
        self.last_flush = at;
        let (content, reasoning) = (self.content.take_unflushed(), self.reasoning.take_unflushed());
        Some(Effect::Flush { content, reasoning })
    }

    fn finish(&mut self, state: MessageState, fault: Option<Fault>, at: Duration) -> Vec<Effect> {
        self.over = true;
        if let Some(since) = self.thinking_since.take() {
            let thought = crate::clock::millis(at.saturating_sub(since));
            *self.stats.reasoning_ms.get_or_insert(0) += thought;
        }
        self.stats.total_ms = Some(crate::clock::millis(at));
        vec![Effect::Finish(Box::new(Finished {
            state,
            content: std::mem::take(&mut self.content.text),
            reasoning: std::mem::take(&mut self.reasoning.text),
            stats: std::mem::take(&mut self.stats),
            fault,
        }))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn text(text: &str, at: u64) -> Event {
        Event::Text { part: ChunkPart::Content, text: text.into(), at: ms(at) }
    }

    #[test]
    fn offsets_count_as_javascript_does() {
        let mut turn = Turn::default();
        let mut offsets = Vec::new();
        for piece in ["a", "щ", "👋", "é", "x"] {
            for effect in turn.on(text(piece, 0)) {
                if let Effect::Show { offset, .. } = effect {
                    offsets.push(offset);
                }
            }
        }
        assert_eq!(offsets, [0, 1, 2, 4, 5]);
    }

    #[test]
    fn text_is_flushed_in_time_and_only_once() {
        let mut turn = Turn::default();
        assert_eq!(turn.on(text("a", 10)).len(), 1, "not yet");
        let effects = turn.on(Event::Tick { at: ms(600) });
        assert!(matches!(&effects[..], [Effect::Flush { content, .. }] if content == "a"));
        assert!(turn.on(Event::Tick { at: ms(5000) }).is_empty(), "nothing new");
        let effects = turn.on(text("b", 6000));
        assert!(matches!(&effects[1], Effect::Flush { content, .. } if content == "b"));
    }

    #[test]
    fn a_stop_keeps_all_text_and_ends_it() {
        let mut turn = Turn::default();
        turn.on(text("abc", 10));
        turn.on(Event::Tick { at: ms(600) });
        turn.on(text("def", 700));
        let effects = turn.on(Event::Stop { at: ms(710) });
        let [Effect::Finish(finished)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!((finished.content.as_str(), finished.state), ("abcdef", MessageState::Stopped));
        assert_eq!(finished.stats.first_token_ms, Some(10));
        assert!(turn.on(text("late", 800)).is_empty());
        assert!(turn.on(Event::Done { at: ms(900) }).is_empty());
    }

    #[test]
    fn a_failure_keeps_the_text_and_says_why() {
        let mut turn = Turn::default();
        turn.on(text("half", 1));
        let effects = turn.on(Event::Failed { fault: Fault::internal("x"), at: ms(2) });
        let [Effect::Finish(finished)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(finished.content, "half");
        assert!(finished.fault.is_some());
    }

    #[test]
    fn a_resumed_answer_goes_on_behind_what_is_on_disk() {
        let mut turn = Turn::resumed("щab".to_owned(), String::new(), AnswerStats::default());
        let effects = turn.on(text("c", 600));
        assert!(matches!(&effects[0], Effect::Show { offset: 3, .. }), "{effects:?}");
        assert!(matches!(&effects[1], Effect::Flush { content, .. } if content == "c"));
        let effects = turn.on(Event::Done { at: ms(700) });
        let [Effect::Finish(finished)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(finished.content, "щabc");
    }

    #[test]
    fn thinking_is_timed_until_the_first_word() {
        let mut turn = Turn::default();
        let part = ChunkPart::Reasoning;
        turn.on(Event::Text { part, text: "hm".into(), at: ms(100) });
        turn.on(Event::Text { part, text: "hm".into(), at: ms(900) });
        turn.on(text("yes", 1100));
        let effects = turn.on(Event::Done { at: ms(1200) });
        let [Effect::Finish(finished)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(finished.stats.reasoning_ms, Some(1000));
    }

    #[test]
    fn reasoning_is_a_text_of_its_own() {
        let mut turn = Turn::default();
        let part = ChunkPart::Reasoning;
        turn.on(Event::Text { part, text: "hm".into(), at: ms(1) });
        let effects = turn.on(text("yes", 2));
        assert!(matches!(&effects[0], Effect::Show { offset: 0, .. }));
        let effects = turn.on(Event::Done { at: ms(3) });
        let [Effect::Finish(finished)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!((finished.content.as_str(), finished.reasoning.as_str()), ("yes", "hm"));
    }
}
