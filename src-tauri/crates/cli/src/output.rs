//! Where words go: results to standard output, everything about the way there to standard error;
//! with `--json` only task messages, to standard output. Words for people may hold a server's, so all
//! of them pass [`printable`] here.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use slipway_protocol::{ErrorInfo, Language, TaskMessage, Text};

use crate::facts;
use crate::printable::printable;

/// The two streams and the language.
pub(crate) struct Output {
    pub(crate) json: bool,
    pub(crate) language: Language,
    /// Whether a person watches, so that bars may move.
    pub(crate) terminal: bool,
    /// Whether nobody reads standard output any more.
    closed: AtomicBool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let terminal = !json && std::io::stderr().is_terminal();
        Self { json, language: language(), terminal, closed: AtomicBool::new(false) }
    }

    /// For people on a terminal, in a language.
    #[cfg(test)]
    pub(crate) fn of(language: Language) -> Self {
        Self { json: false, language, terminal: true, closed: AtomicBool::new(false) }
    }

    /// The form for this run's language.
    pub(crate) fn say<'a>(&self, text: &'a Text) -> &'a str {
        text.get(self.language)
    }

    /// Chooses between two forms.
    pub(crate) fn pick<'a>(&self, en: &'a str, ru: &'a str) -> &'a str {
        match self.language {
            Language::En => en,
            Language::Ru => ru,
        }
    }

    /// A line of the result.
    pub(crate) fn line(&self, text: &str) {
        self.write(&format!("{text}\n"));
    }

    /// A piece of the result.
    pub(crate) fn write(&self, text: &str) {
        if !self.json {
            self.result(&printable(text));
        }
    }

    /// Whether the reader of the results has enough (`| head`).
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn result(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            self.closed.store(true, Ordering::Relaxed);
        }
    }

    /// A line about the way to the result.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            let _ = writeln!(std::io::stderr().lock(), "{}", printable(text));
        }
    }

    /// A message, in JSON mode.
    pub(crate) fn message(&self, message: &TaskMessage) {
        self.data(message);
    }

    /// Any value as a line of JSON, in JSON mode.
    pub(crate) fn data(&self, value: &impl Serialize) {
        if self.json
            && let Ok(line) = serde_json::to_string(value)
        {
            self.result(&format!("{line}\n"));
        }
    }

    /// An error: what happened, what to do, and its facts.
    pub(crate) fn error(&self, error: &ErrorInfo) {
        let mut err = std::io::stderr().lock();
        let (message, fix) = (self.say(&error.message), self.say(&error.fix));
        let where_to_look = self.pick("details: slipway logs", "подробности: slipway logs");
        let _ = writeln!(err, "{}\n{}", printable(message), printable(fix));
        for line in error.facts.iter().flat_map(|about| facts::lines(self, about)) {
            let _ = writeln!(err, "{line}");
        }
        let _ = writeln!(err, "({where_to_look}, {})", error.detail_id);
    }
}

/// After the usual variables; their order is POSIX's.
fn language() -> Language {
    let value = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match value {
        Some(value) if value.starts_with("ru") => Language::Ru,
        _ => Language::En,
    }
}
