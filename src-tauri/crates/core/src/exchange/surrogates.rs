//! Text that is almost JSON: half a character written as an escape, and bytes that are not UTF-8. Both
//! stand in real exports, where a message was cut, and would cost the whole conversation.

/// The same text, every such half and byte replaced by U+FFFD.
pub(crate) fn mend(mut text: Vec<u8>) -> Vec<u8> {
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        match unit(&text, at) {
            Some(0xD800..=0xDBFF) => match unit(&text, at + 6) {
                Some(0xDC00..=0xDFFF) => at += 12,
                _ => {
                    text[at + 2..at + 6].copy_from_slice(b"fffd");
                    at += 6;
                }
            },
            Some(0xDC00..=0xDFFF) => {
                text[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
            Some(_) => at += 6,
            // Another escape: what follows the backslash belongs to it.
            None => at = (at + 2).min(text.len()),
        }
    }
    match std::str::from_utf8(&text) {
        Ok(_) => text,
        Err(_) => String::from_utf8_lossy(&text).into_owned().into_bytes(),
    }
}

/// The value of a `\uXXXX` at this place.
fn unit(text: &[u8], at: usize) -> Option<u32> {
    let digits = text.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::mend;

    fn mended(text: &str) -> String {
        serde_json::from_slice(&mend(text.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn halves_are_replaced_and_pairs_kept() {
        assert_eq!(mended(r#""a\ud83d b""#), "a\u{fffd} b");
        assert_eq!(mended(r#""\ude00""#), "\u{fffd}");
        assert_eq!(mended(r#""\ud83d\ude00""#), "😀");
        assert_eq!(mended(r#""\ud83d\ud83d\ude00""#), "\u{fffd}😀");
        assert_eq!(mended(r#""\\ud83d \u0041\n""#), "\\ud83d A\n");
        assert_eq!(mended(r#""\ud83d""#), "\u{fffd}");
    }

    #[test]
    fn other_bytes_are_replaced() {
        let mended = mend(b"\"\xff\xfe\"".to_vec());
        assert_eq!(serde_json::from_slice::<String>(&mended).unwrap(), "\u{fffd}\u{fffd}");
    }
}
