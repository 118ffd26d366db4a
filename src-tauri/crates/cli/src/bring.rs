//! What a host lacks and this computer can upload: named before it is done.

use slipway_protocol::{BringQuestion, Brought, BroughtPart};

use crate::figures::size_or_unknown;
use crate::output::Output;
use crate::printable::one_line;

/// May it be brought? Whoever asks puts the choice behind it.
pub(crate) fn question(output: &Output, asked: &BringQuestion) -> String {
    format!("{}{}", parts(output, asked), output.pick("Bring it?", "Загрузить?"))
}

/// Where nobody can be asked: what it would have been, and how to allow it.
pub(crate) fn declined(output: &Output, asked: &BringQuestion) -> String {
    let allow = output.pick(
        "Nothing was brought. To allow it, deploy with --bring yes.",
        "Ничего не загружено. Чтобы разрешить это, разверните с --bring yes.",
    );
    format!("{}{allow}", parts(output, asked))
}

/// One part: what it is, its bytes, and why.
pub(crate) fn part(output: &Output, part: &Brought) -> String {
    let what = match part.what {
        BroughtPart::Python => "Python",
        BroughtPart::Engine => output.pick("the engine", "движок"),
        BroughtPart::Model => output.pick("the model", "модель"),
    };
    let bytes = size_or_unknown(output, part.bytes);
    format!("  {what:<18} {bytes:>9}  {}", one_line(output.say(&part.reason)))
}

/// All parts and where they go, a line each.
fn parts(output: &Output, asked: &BringQuestion) -> String {
    let mut words = output
        .pick(
            "The host has no way to what it needs; this computer can upload it:\n",
            "Серверу неоткуда взять нужное; этот компьютер может загрузить на него:\n",
        )
        .to_owned();
    for found in &asked.parts {
        words.push_str(&part(output, found));
        words.push('\n');
    }
    let below = output.pick("into", "в каталог");
    let only = output.pick("and nowhere else", "и больше никуда");
    words.push_str(&format!("  {below} {}, {only}\n", one_line(&asked.directory)));
    words
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{Language, Text};

    use super::*;

    fn asked() -> BringQuestion {
        BringQuestion {
            parts: vec![Brought {
                what: BroughtPart::Python,
                bytes: Some(31_000_000),
                reason: Text::new("no Python\n[y/N] y", "нет Python"),
            }],
            directory: "/data/slip\u{1b}[8mway".into(),
        }
    }

    #[test]
    fn what_is_brought_is_named_with_its_size_and_its_place() {
        let words = question(&Output::of(Language::En), &asked());
        assert!(words.contains("31.0 MB  no Python [y/N] y\n"), "{words}");
        assert!(words.contains("into /data/slip[8mway, and nowhere else\n"), "{words}");
        assert!(words.ends_with("\nBring it?"), "{words}");
    }

    #[test]
    fn what_was_declined_says_how_to_allow_it() {
        for language in [Language::En, Language::Ru] {
            let words = declined(&Output::of(language), &asked());
            assert!(words.contains("31.0") && words.contains("--bring yes"), "{words}");
        }
    }
}
