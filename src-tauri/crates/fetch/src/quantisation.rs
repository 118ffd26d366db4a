//! What the name of a GGUF file tells: its quantisation, and which part of a model it is.

/// A part's name: `STEM-00001-of-00003.gguf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SplitName<'a> {
    pub(crate) stem: &'a str,
    /// How many there are, as written.
    pub(crate) count: &'a str,
}

impl<'a> SplitName<'a> {
    pub(crate) fn read(path: &'a str) -> Option<Self> {
        let name = without_ending(path)?;
        let (rest, count) = name.rsplit_once('-')?;
        let (rest, of) = rest.rsplit_once('-')?;
        let (stem, number) = rest.rsplit_once('-')?;
        let five = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        let right = of.eq_ignore_ascii_case("of") && five(number) && five(count);
        right.then_some(Self { stem, count })
    }
}

/// The quantisation of a GGUF file by its name, in capitals: `Q4_K_M`, `UD-IQ2_XXS`, `BF16`.
pub(crate) fn quantisation_of(path: &str) -> Option<String> {
    let stem = SplitName::read(path).map_or(path, |split| split.stem);
    let name = stem.rsplit('/').next().unwrap_or(stem);
    let name = without_ending(name).unwrap_or(name).to_ascii_uppercase();
    let is_start = |at: usize| {
        name.get(..at).is_some_and(|before| before.is_empty() || before.ends_with(SEPARATORS))
    };
    let starts = (0..name.len()).filter(|at| is_start(*at));
    starts.filter_map(|at| name.get(at..)).find_map(|rest| {
        let inner = rest.strip_prefix("UD-").unwrap_or(rest);
        let length = rest.len() - inner.len() + length(inner)?;
        rest.get(..length).map(str::to_owned)
    })
}

const SEPARATORS: [char; 3] = ['-', '_', '.'];

fn without_ending(path: &str) -> Option<&str> {
    let (stem, ending) = path.split_at_checked(path.len().checked_sub(5)?)?;
    ending.eq_ignore_ascii_case(".gguf").then_some(stem)
}

/// The length of the quantisation that a text in capitals begins with.
fn length(text: &str) -> Option<usize> {
    let ends_at = |at: usize| {
        text.get(at..).is_some_and(|rest| rest.is_empty() || rest.starts_with(SEPARATORS))
    };
    let digit_at = |at: usize| text.as_bytes().get(at).is_some_and(u8::is_ascii_digit);
    let fixed = ["MXFP4_MOE", "MXFP4", "BF16", "FP16", "F16", "F32"];
    if let Some(name) = fixed.iter().find(|name| text.starts_with(**name) && ends_at(name.len())) {
        return Some(name.len());
    }
    // TQ1_0, TQ2_0.
    if text.starts_with("TQ") && digit_at(2) && text.get(3..4) == Some("_") && digit_at(4) {
        return ends_at(5).then_some(5);
    }
    // Q8_0, Q4_K_M, IQ2_XXS: a digit, then words of letters and digits.
    let digit = if text.starts_with("IQ") { 2 } else { 1 };
    if !(text.starts_with("IQ") || text.starts_with('Q')) || !digit_at(digit) {
        return None;
    }
    let mut end = digit + 1;
    let mut longest = ends_at(end).then_some(end);
    while let Some(word) = text.get(end..).and_then(|rest| rest.strip_prefix('_')) {
        let word = word.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(word.len());
        if word == 0 {
            break;
        }
        end += 1 + word;
        longest = if ends_at(end) { Some(end) } else { longest };
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_people_give_them() {
        for (path, expected) in [
            ("model-Q4_K_M.gguf", Some("Q4_K_M")),
            ("sub/model.q8_0.GGUF", Some("Q8_0")),
            ("model-UD-IQ2_XXS-00001-of-00002.gguf", Some("UD-IQ2_XXS")),
            ("gpt-oss-20b-mxfp4_moe.gguf", Some("MXFP4_MOE")),
            ("model-MXFP4.gguf", Some("MXFP4")),
            ("model-bf16.gguf", Some("BF16")),
            ("model-TQ1_0.gguf", Some("TQ1_0")),
            ("Q4_K_M/model.gguf", None),
            ("model-Q4_K_M+x.gguf", Some("Q4_K")),
            ("model-Q4KM.gguf", None),
            ("qwen-q.gguf", None),
            ("", None),
        ] {
            assert_eq!(quantisation_of(path).as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn parts_are_told_by_their_numbers() {
        let split = SplitName::read("a/b-c-00002-of-00010.gguf");
        assert_eq!(split, Some(SplitName { stem: "a/b-c", count: "00010" }));
        for other in [
            "b-0002-of-0010.gguf",
            "b-00002-of-00010.bin",
            "b.gguf",
            "00002-of-00010.gguf",
            "щgguf",
        ] {
            assert_eq!(SplitName::read(other), None, "{other}");
        }
    }
}
