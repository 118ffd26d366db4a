//! Taking out the beginning of an answer that an engine repeats when it goes on from it.

/// In a stream, a shorter beginning is never taken for a repetition: the model may have said the same
/// again.
const SHORTEST: usize = 32;

/// Drops the text that an answer is to go on from where the stream begins with it, as builds of
/// llama.cpp did for some months.
#[derive(Debug)]
pub(crate) struct EchoFilter {
    /// What is left of the repetition; empty once it is over or was none.
    awaited: String,
    /// What has come of it.
    held: String,
}

impl EchoFilter {
    /// For an answer that goes on after `prefix`.
    pub(crate) fn new(prefix: &str) -> Self {
        let is_clear = prefix.chars().count() >= SHORTEST;
        let awaited = if is_clear { prefix.to_owned() } else { String::new() };
        Self { awaited, held: String::new() }
    }

    /// Takes the next piece of text, and gives back what is new.
    pub(crate) fn feed(&mut self, text: String) -> String {
        if self.awaited.is_empty() {
            return text;
        }
        if let Some(rest) = self.awaited.strip_prefix(text.as_str()) {
            self.awaited = rest.to_owned();
            self.held.push_str(&text);
            if self.awaited.is_empty() {
                self.held.clear();
            }
            return String::new();
        }
        let awaited = std::mem::take(&mut self.awaited);
        let held = std::mem::take(&mut self.held);
        match text.strip_prefix(awaited.as_str()) {
            Some(new) => new.to_owned(),
            None => held + &text,
        }
    }

    /// What was held back, at the end of the text.
    pub(crate) fn finish(&mut self) -> String {
        self.awaited.clear();
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "Раз, два, три, четыре, пять: вышел зайчик";

    fn filtered(prefix: &str, pieces: &[&str]) -> String {
        let mut filter = EchoFilter::new(prefix);
        let mut out: String = pieces.iter().map(|piece| filter.feed((*piece).to_owned())).collect();
        out.push_str(&filter.finish());
        out
    }

    #[test]
    fn a_repetition_goes_however_it_is_cut() {
        let text = format!("{PREFIX} погулять");
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (head, tail) = text.split_at(at);
            assert_eq!(filtered(PREFIX, &[head, tail]), " погулять", "{at}");
        }
    }

    #[test]
    fn anything_else_stays() {
        assert_eq!(filtered(PREFIX, &[" погулять"]), " погулять");
        assert_eq!(filtered(PREFIX, &["Раз, ", "два", ". Конец"]), "Раз, два. Конец");
        assert_eq!(filtered(PREFIX, &["Раз, ", "два"]), "Раз, два");
        assert_eq!(filtered("ha ", &["ha ", "ha"]), "ha ha");
        assert_eq!(filtered("", &["a"]), "a");
    }
}
