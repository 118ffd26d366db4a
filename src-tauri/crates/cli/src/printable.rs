//! Words of a server on their way to a terminal.

/// The text without control characters, which could move the cursor or rewrite what stands there;
/// line ends and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}]0;title\u{7}\r\nб\tc\u{9b}1m"), "a]0;title\nб\tc1m");
    }
}
