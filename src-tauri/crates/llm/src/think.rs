//! Telling apart what a model thinks and what it says, where both come as one text.
//!
//! Models that reason begin with `<think>`; an engine that does not know the model leaves that in.

/// Both names that models use, with the ends that belong to them.
const TAGS: [(&str, &str); 2] = [("<think>", "</think>"), ("<thinking>", "</thinking>")];
/// So much white space before a tag is waited for; more is text.
const MOST_SPACE: usize = 256;

/// A piece of an answer; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Reasoning(String),
}

/// Takes a text in pieces, cut anywhere. A tag counts only where the text begins, after white space;
/// what is never closed is all reasoning.
#[derive(Debug)]
pub(crate) struct ThinkSplitter {
    state: State,
    /// What may become a tag; bounded.
    held: String,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Nothing but white space has come.
    Start,
    /// Inside; nothing but white space has come.
    Opened { end: &'static str },
    /// Inside.
    Thinking { end: &'static str },
    /// Behind; nothing but white space has come.
    Closed,
    /// What comes is text.
    Text,
}

impl ThinkSplitter {
    /// For a text that goes on after `prefix`.
    pub(crate) fn after(prefix: &str) -> Self {
        let mut splitter = Self { state: State::Start, held: String::new() };
        splitter.feed(prefix);
        if !splitter.held.trim_start().is_empty() {
            splitter.state = match splitter.state {
                State::Start => State::Text,
                state => state,
            };
        }
        splitter.held.clear();
        splitter
    }

    /// Takes the next piece.
    pub(crate) fn feed(&mut self, text: &str) -> Vec<Piece> {
        if matches!(self.state, State::Text) {
            return text_piece(text.to_owned()).into_iter().collect();
        }
        let mut rest = std::mem::take(&mut self.held);
        rest.push_str(text);
        let mut pieces = Vec::new();
        while !rest.is_empty() {
            rest = self.step(rest, &mut pieces);
        }
        pieces
    }

    /// What was held back, at the end of the text or where the engine turns out to tell reasoning
    /// apart itself. All that follows is text.
    pub(crate) fn finish(&mut self) -> Option<Piece> {
        let held = std::mem::take(&mut self.held);
        match std::mem::replace(&mut self.state, State::Text) {
            State::Opened { .. } | State::Thinking { .. } => reasoning_piece(held),
            State::Start | State::Closed | State::Text => text_piece(held),
        }
    }

    /// Takes as much of `rest` as belongs to one state, and gives back what is left for the next.
    fn step(&mut self, rest: String, pieces: &mut Vec<Piece>) -> String {
        match self.state {
            State::Start => {
                let begun = rest.trim_start();
                let space = rest.len() - begun.len();
                if let Some((tag, end)) = TAGS.iter().find(|(tag, _)| begun.starts_with(tag)) {
                    self.state = State::Opened { end };
                    return begun[tag.len()..].to_owned();
                }
                if space <= MOST_SPACE && TAGS.iter().any(|(tag, _)| tag.starts_with(begun)) {
                    self.held = rest;
                    return String::new();
                }
                self.state = State::Text;
                rest
            }
            State::Opened { end } => {
                let begun = rest.trim_start().to_owned();
                if !begun.is_empty() {
                    self.state = State::Thinking { end };
                }
                begun
            }
            State::Thinking { end } => {
                if let Some((thought, after)) = rest.split_once(end) {
                    pieces.extend(reasoning_piece(thought.to_owned()));
                    self.state = State::Closed;
                    return after.to_owned();
                }
                let held = overlap(&rest, end);
                let mut thought = rest;
                self.held = thought.split_off(thought.len() - held);
                pieces.extend(reasoning_piece(thought));
                String::new()
            }
            State::Closed => {
                let begun = rest.trim_start().to_owned();
                if !begun.is_empty() {
                    self.state = State::Text;
                }
                begun
            }
            State::Text => {
                pieces.extend(text_piece(rest));
                String::new()
            }
        }
    }
}

/// How many bytes at the end of `text` are a beginning of `tag`.
fn overlap(text: &str, tag: &str) -> usize {
    (1..tag.len()).rev().find(|length| text.ends_with(&tag[..*length])).unwrap_or(0)
}

fn text_piece(text: String) -> Option<Piece> {
    (!text.is_empty()).then_some(Piece::Text(text))
}

fn reasoning_piece(text: String) -> Option<Piece> {
    (!text.is_empty()).then_some(Piece::Reasoning(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reasoning and text of `pieces`, put together.
    fn split(splitter: &mut ThinkSplitter, pieces: &[&str]) -> (String, String) {
        let (mut reasoning, mut said) = (String::new(), String::new());
        let mut all: Vec<Piece> = pieces.iter().flat_map(|piece| splitter.feed(piece)).collect();
        all.extend(splitter.finish());
        for piece in all {
            match piece {
                Piece::Reasoning(text) => {
                    assert!(!text.is_empty());
                    assert!(said.is_empty(), "reasoning comes first");
                    reasoning.push_str(&text);
                }
                Piece::Text(text) => {
                    assert!(!text.is_empty());
                    said.push_str(&text);
                }
            }
        }
        (reasoning, said)
    }

    fn cuts(text: &str) -> impl Iterator<Item = usize> + Clone {
        (0..=text.len()).filter(|at| text.is_char_boundary(*at))
    }

    #[test]
    fn every_cut_of_every_text_gives_the_same() {
        for (text, reasoning, said) in [
            ("Plain щ 👋", "", "Plain щ 👋"),
            ("", "", ""),
            (" \n ", "", " \n "),
            ("<think>hm 👋</think>Yes", "hm 👋", "Yes"),
            ("\n <think>\nhm\n</think>\n\nYes </think>", "hm\n", "Yes </think>"),
            ("<thinking>hm</think></thinking>Yes", "hm</think>", "Yes"),
            ("<think>a</thinking></think>b", "a</thinking>", "b"),
            ("<think>\n\n</think>\n\nYes", "", "Yes"),
            ("<think></think>", "", ""),
            ("<think>never closed</thin", "never closed</thin", ""),
            ("<think>a<</</th</think>b", "a<</</th", "b"),
            ("<think>a</think><think>b</think>", "a", "<think>b</think>"),
            ("Yes <think>no</think>", "", "Yes <think>no</think>"),
            ("<thin", "", "<thin"),
            ("  <thinker>x", "", "  <thinker>x"),
            ("<Think>x</Think>", "", "<Think>x</Think>"),
        ] {
            let expected = (reasoning.to_owned(), said.to_owned());
            let fresh = || ThinkSplitter::after("");
            let single: Vec<&str> =
                text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]).collect();
            assert_eq!(split(&mut fresh(), &single), expected, "{text:?} by character");
            for first in cuts(text) {
                for second in cuts(text).filter(|second| *second >= first) {
                    let pieces = [&text[..first], &text[first..second], &text[second..]];
                    assert_eq!(split(&mut fresh(), &pieces), expected, "{pieces:?}");
                }
            }
        }
    }

    #[test]
    fn text_is_never_held_back_longer_than_a_tag() {
        let mut splitter = ThinkSplitter::after("");
        assert_eq!(splitter.feed("<thi"), []);
        assert_eq!(splitter.feed("s is"), [Piece::Text("<this is".to_owned())]);
        assert_eq!(splitter.feed("<think>"), [Piece::Text("<think>".to_owned())]);

        let mut splitter = ThinkSplitter::after("");
        splitter.feed("<think>");
        assert_eq!(splitter.feed("a</th"), [Piece::Reasoning("a".to_owned())]);
        assert_eq!(splitter.feed("e"), [Piece::Reasoning("</the".to_owned())]);

        let mut splitter = ThinkSplitter::after("");
        let space = " ".repeat(MOST_SPACE + 1);
        assert_eq!(splitter.feed(&space), [Piece::Text(space.clone())]);
    }

    #[test]
    fn a_text_that_goes_on_is_where_its_beginning_left_it() {
        for (prefix, text, reasoning, said) in [
            ("One, ", "<think>two", "", "<think>two"),
            ("<think>hm", "m</think> Yes", "m", "Yes"),
            ("<think>hm</think>Y", "es", "", "es"),
            ("<think>hm</think>", "\nYes", "", "Yes"),
            ("<th", "ink>", "", "ink>"),
            (" \n", "<think>a</think>b", "a", "b"),
        ] {
            let got = split(&mut ThinkSplitter::after(prefix), &[text]);
            assert_eq!(got, (reasoning.to_owned(), said.to_owned()), "{prefix:?} {text:?}");
        }
    }
}
