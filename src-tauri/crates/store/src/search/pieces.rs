//! The text around a hit, cut where SQLite put marks into it.

use slipway_protocol::{MessageId, SnippetPiece};

/// Characters of one piece at most: a text may be one word of megabytes.
const LONGEST: usize = 160;

/// The marks around what was found: private characters around a random text, which no text that is
/// searched can hold by chance or on purpose.
pub(super) struct Marks {
    pub(super) begin: String,
    pub(super) end: String,
}

impl Marks {
    pub(super) fn new() -> Self {
        let random = MessageId::new();
        Self {
            begin: format!("\u{e000}{random}\u{e001}"),
            end: format!("\u{e002}{random}\u{e003}"),
        }
    }

    /// The pieces of a marked text.
    pub(super) fn pieces(&self, marked: &str) -> Vec<SnippetPiece> {
        let mut pieces = Vec::new();
        let mut rest = marked;
        while let Some((before, after)) = rest.split_once(&self.begin) {
            let (found, behind) = after.split_once(&self.end).unwrap_or((after, ""));
            let before = if pieces.is_empty() { tail(before) } else { head(before) };
            push(&mut pieces, before, false);
            push(&mut pieces, head(found), true);
            rest = behind;
        }
        push(&mut pieces, head(rest), false);
        pieces
    }
}

fn push(pieces: &mut Vec<SnippetPiece>, text: String, hit: bool) {
    if !text.is_empty() {
        pieces.push(SnippetPiece { text, hit });
    }
}

/// The beginning of a text.
fn head(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The end of a text.
fn tail(text: &str) -> String {
    match text.char_indices().rev().nth(LONGEST) {
        Some((before, c)) => format!("…{}", &text[before + c.len_utf8()..]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Marks};

    #[test]
    fn marked_texts_are_cut_into_pieces() {
        let marks = Marks::new();
        let told = |marked: &str| -> Vec<(String, bool)> {
            let text = marked.replace('[', &marks.begin).replace(']', &marks.end);
            marks.pieces(&text).into_iter().map(|piece| (piece.text, piece.hit)).collect()
        };
        let piece = |text: &str, hit| (text.to_owned(), hit);
        assert_eq!(told("plain"), [piece("plain", false)]);
        assert_eq!(told("a [b] c"), [piece("a ", false), piece("b", true), piece(" c", false)]);
        assert_eq!(told("[a][b]"), [piece("a", true), piece("b", true)]);
        assert_eq!(told("[cut"), [piece("cut", true)]);
        assert!(told("").is_empty());
        let long = "ж".repeat(1_000_000);
        for (text, hit) in told(&format!("{long}[{long}]{long}")) {
            assert_eq!(text.chars().count(), LONGEST + 1, "{hit}");
        }
        assert!(marks.pieces("\u{e000}x\u{e001}").iter().all(|piece| !piece.hit));
    }
}
