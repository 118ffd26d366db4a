//! JSON as servers write it, which is not always JSON.
//!
//! Python's `json` writes `NaN`; JavaScript and C++ write the halves of a character that a token
//! ended in the middle of (`\ud83d`); some write control characters as they are. For serde_json each
//! makes the whole text unreadable, and a piece of the answer would be lost.

use serde::de::DeserializeOwned;

/// Reads `text`, if need be after replacing what JSON does not allow.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
        .or_else(|error| serde_json::from_str(&repaired(text)).map_err(|_| error))
}

/// SQLite's own functions end a text at U+0000, so none gets further than here.
pub(crate) fn without_nul(mut text: String) -> String {
    if text.contains('\0') {
        text.retain(|character| character != '\0');
    }
    text
}

/// Lone surrogates become U+FFFD, control characters their escapes, numbers that are none `null`.
fn repaired(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(start) = rest.find('"') {
        let (between, string) = rest.split_at(start);
        repair_numbers(between, &mut out);
        rest = repair_string(string, &mut out);
    }
    repair_numbers(rest, &mut out);
    out
}

/// Copies what stands outside strings.
fn repair_numbers(text: &str, out: &mut String) {
    let is_separator =
        |character: char| character.is_ascii_whitespace() || "{}[]:,\0".contains(character);
    for piece in text.split_inclusive(is_separator) {
        let word = piece.trim_end_matches(is_separator);
        let is_number = word.parse::<f64>().is_ok_and(f64::is_finite);
        let looks_like_one = word.parse::<f64>().is_ok();
        out.push_str(if looks_like_one && !is_number { "null" } else { word });
        out.extend(piece[word.len()..].chars().filter(|character| *character != '\0'));
    }
}

/// Copies one string, which `text` begins with, and gives back what follows it.
fn repair_string<'a>(text: &'a str, out: &mut String) -> &'a str {
    out.push('"');
    let mut rest = &text[1..];
    loop {
        let special = |character: char| matches!(character, '"' | '\\') || character < ' ';
        let Some(at) = rest.find(special) else {
            out.push_str(rest);
            return "";
        };
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (copied, after) = match rest.as_bytes() {
            [b'"', ..] => {
                out.push('"');
                return &rest[1..];
            }
            [b'\\', b'u', ..] => match unit(rest) {
                Some(0xd800..=0xdbff) if matches!(unit(&rest[6..]), Some(0xdc00..=0xdfff)) => {
                    (&rest[..12], 12)
                }
                Some(0xd800..=0xdfff) => ("\\ufffd", 6),
                Some(_) => (&rest[..6], 6),
                None => (&rest[..2], 2),
            },
            [b'\\', next, ..] if next.is_ascii() => (&rest[..2], 2),
            [b'\\', ..] => (&rest[..1], 1),
            [b'\n', ..] => ("\\n", 1),
            [b'\r', ..] => ("\\r", 1),
            [b'\t', ..] => ("\\t", 1),
            // Other control characters say nothing.
            _ => ("", 1),
        };
        out.push_str(copied);
        rest = &rest[after..];
    }
}

/// The code unit of an escape like `\ud83d` at the beginning of `text`.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        parse(text).unwrap()
    }

    #[test]
    fn halves_of_characters_become_replacement_characters() {
        assert_eq!(read(r#"["\ud83d\udc4b"]"#), json!(["👋"]));
        for (text, expected) in [
            (r#"["a\ud83d"]"#, "a\u{fffd}"),
            (r#"["\udc4bb"]"#, "\u{fffd}b"),
            (r#"["\ud83d\ud83d\udc4b"]"#, "\u{fffd}👋"),
            (r#"["\udc4b\ud83d"]"#, "\u{fffd}\u{fffd}"),
            (r#"["\ud83d\n"]"#, "\u{fffd}\n"),
            (r#"["\ud83d\\udc4b"]"#, "\u{fffd}\\udc4b"),
            (r#"["\\ud83d \uD83D"]"#, "\\ud83d \u{fffd}"),
            ("[\"щ\\ud83dщ\"]", "щ\u{fffd}щ"),
        ] {
            assert_eq!(read(text), json!([expected]), "{text}");
        }
    }

    #[test]
    fn control_characters_as_they_are_and_numbers_that_are_none() {
        assert_eq!(read("[\"a\u{0}\u{1}b\nc\td\"\u{0}]"), json!(["ab\nc\td"]));
        assert_eq!(
            read(r#"{"a":NaN,"b":-Infinity,"c":[1e999,Infinity],"d":1.5,"NaN":"NaN"}"#),
            json!({ "a": null, "b": null, "c": [null, null], "d": 1.5, "NaN": "NaN" })
        );
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for text in [
            "",
            "<html>",
            "[\"",
            "[\"\\",
            "[\"\\u",
            "[\"\\u12",
            "[\"\\ud83d",
            "[\"\\щ\"]",
            "{\"a\"",
        ] {
            if let Ok(value) = parse::<Value>(text) {
                panic!("{text} is {value}");
            }
        }
    }

    #[test]
    fn every_cut_of_a_text_is_survived() {
        let text = r#"{"щ":"\ud83d\udc4b\\\"👋\u00e9","b":[NaN,1e999,true],"c":"\ud800"}"#;
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (head, tail) = text.split_at(at);
            let _ = parse::<Value>(head);
            let _ = parse::<Value>(tail);
            for hostile in ["\"", "\\", "\\u", "\\ud83d", "\0", "\u{7f}щ", "NaN", "1e999", "-"] {
                let _ = parse::<Value>(&format!("{head}{hostile}{tail}"));
            }
        }
        assert!(read(text).is_object());
    }

    #[test]
    fn nul_is_taken_out() {
        assert_eq!(without_nul("a\0b\0".to_owned()), "ab");
        assert_eq!(without_nul("щ".to_owned()), "щ");
    }
}
