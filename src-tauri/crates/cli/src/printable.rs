//! Words of a server on their way to a terminal.

/// The text without characters that could move the cursor, rewrite what stands there or turn the
/// order of what follows; line ends and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .filter(|c| !(c.is_control() || turns_order(*c)) || matches!(c, '\n' | '\t'))
        .collect()
}

/// The same for a name or a figure, which must not look like lines of their own.
pub(crate) fn one_line(text: &str) -> String {
    printable(text).replace(['\n', '\t'], " ").trim().to_owned()
}

/// Unicode's embeddings, overrides and isolates: what stands behind them is read in another order.
fn turns_order(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}]0;title\u{7}\r\nб\tc\u{9b}1m"), "a]0;title\nб\tc1m");
        assert_eq!(printable("safe\u{202e}gpj.exe\u{2066}"), "safegpj.exe");
    }

    #[test]
    fn a_name_stays_on_its_line() {
        assert_eq!(one_line("RTX\n✓ all is well\u{1b}[2K\r\n"), "RTX ✓ all is well[2K");
    }
}
