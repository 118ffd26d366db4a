//! What a person types, as a query of FTS5. Nothing of it is syntax but double quotes.

/// At most so many words of a query count: more only cost time.
const WORDS: usize = 32;

/// At most so many spellings of a word are tried.
const SPELLINGS: usize = 8;

/// What is looked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// Nothing: all there is.
    None,
    /// Something, but no word: there is no such place.
    Unfindable,
    /// This, in the language of FTS5.
    Match(String),
}

impl Words {
    /// Words outside of quotes must begin a word of the text, those inside stand as they are. A quote
    /// that is still open is a phrase that is still being typed.
    pub(super) fn parse(text: &str) -> Self {
        let mut left = WORDS;
        let mut terms = Vec::new();
        let parts: Vec<&str> = text.split('"').collect();
        for (n, part) in parts.iter().enumerate() {
            let quoted = n % 2 == 1;
            let words = part
                .split(|c: char| c.is_whitespace() || c.is_control())
                .filter(|word| word.chars().any(char::is_alphanumeric))
                .take(left);
            let words: Vec<&str> = words.collect();
            left -= words.len();
            if !quoted {
                terms.extend(words.iter().map(|word| term(word)));
            } else if !words.is_empty() {
                let open = if n + 1 == parts.len() { "*" } else { "" };
                terms.push(format!("\"{}\"{open}", words.join(" ")));
            }
        }
        if !terms.is_empty() {
            Self::Match(terms.join(" AND "))
        } else if text.trim().is_empty() {
            Self::None
        } else {
            Self::Unfindable
        }
    }
}

/// A word that begins a word. Russians write ё or е as they like, and a word has one ё at most.
fn term(word: &str) -> String {
    let plain = word.replace('ё', "е").replace('Ё', "Е");
    let mut spellings = vec![format!("\"{plain}\"*")];
    for (at, letter) in plain.char_indices().filter(|(_, c)| matches!(c, 'е' | 'Е')) {
        let (before, behind) = (&plain[..at], &plain[at + letter.len_utf8()..]);
        spellings.push(format!("\"{before}ё{behind}\"*"));
    }
    spellings.truncate(SPELLINGS);
    if spellings.len() == 1 { spellings.remove(0) } else { format!("({})", spellings.join(" OR ")) }
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn parsed(text: &str) -> String {
        match Words::parse(text) {
            Words::Match(query) => query,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_syntax_but_quotes() {
        let cases = [
            ("", "None"),
            (" \t\n ", "None"),
            ("* - ? 👍 \"\"", "Unfindable"),
            ("\"", "Unfindable"),
            ("hello wor", "\"hello\"* AND \"wor\"*"),
            ("Ёлка", "(\"Елка\"* OR \"ёлка\"*)"),
            ("все лес", "(\"все\"* OR \"всё\"*) AND (\"лес\"* OR \"лёс\"*)"),
            (
                "a NEAR(b) OR -c* ^d:e",
                "\"a\"* AND \"NEAR(b)\"* AND \"OR\"* AND \"-c*\"* AND \"^d:e\"*",
            ),
            ("\"two words\" three", "\"two words\" AND \"three\"*"),
            ("x \"still open", "\"x\"* AND \"still open\"*"),
            ("a\"b\"c", "\"a\"* AND \"b\" AND \"c\"*"),
            ("nul\0inside", "\"nul\"* AND \"inside\"*"),
        ];
        for (text, expected) in cases {
            assert_eq!(parsed(text), expected, "{text:?}");
        }
    }

    #[test]
    fn long_queries_are_cut() {
        assert_eq!(parsed(&"слово ".repeat(2000)).matches('*').count(), 32);
        assert_eq!(parsed(&format!("\"{}\"", "a ".repeat(5000))).matches('a').count(), 32);
        assert_eq!(parsed(&"x".repeat(10_000)).len(), 10_003);
    }
}
