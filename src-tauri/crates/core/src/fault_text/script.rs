//! Failures that the deploy script reports: its stable codes, given sentences here and in the files
//! beside, by what they are about.

use std::collections::BTreeMap;

use slipway_protocol::{ErrorCode, Text};

use super::{script_engine, script_host, script_model};
use crate::fault::Fault;

/// A code with its sentences.
pub(super) type Said = (ErrorCode, Text, Text);

/// A failure or finding of the deploy script as a fault. `words` are the script's own, for the log
/// and for codes that this version does not know.
pub(crate) fn script_fault(code: &str, words: &str, params: &BTreeMap<String, String>) -> Fault {
    if code == "cancelled" {
        return Fault::cancelled();
    }
    let told = Told { words, params };
    let (code, message, fix) = script_host::said(code, &told)
        .or_else(|| script_model::said(code, &told))
        .or_else(|| script_engine::said(code, &told))
        .unwrap_or_else(|| unknown(words));
    Fault::new(code, message, fix, format!("{words} {params:?}"))
}

fn unknown(words: &str) -> Said {
    (
        ErrorCode::ScriptFailed,
        Text::new(
            format!("The deploy script failed: {words}"),
            format!("Скрипт развёртывания завершился с ошибкой: {words}"),
        ),
        Text::new("Try again; the log says more.", "Повторите; подробности в журнале."),
    )
}

/// What the script told beside a code.
pub(super) struct Told<'a> {
    pub(super) words: &'a str,
    params: &'a BTreeMap<String, String>,
}

impl Told<'_> {
    /// A parameter; a question mark for one that is missing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.params.get(name).map_or("?", String::as_str)
    }

    /// A parameter that is there and not empty.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A parameter, or else the script's own words.
    pub(super) fn detail(&self) -> &str {
        self.given("detail").unwrap_or(self.words)
    }

    /// A number of bytes as people write it.
    pub(super) fn size(&self, name: &str) -> Text {
        match self.params.get(name).and_then(|value| value.parse::<f64>().ok()) {
            Some(bytes) if bytes >= 1e9 => {
                Text::new(format!("{:.1} GB", bytes / 1e9), format!("{:.1} ГБ", bytes / 1e9))
            }
            Some(bytes) => {
                Text::new(format!("{:.0} MB", bytes / 1e6), format!("{:.0} МБ", bytes / 1e6))
            }
            None => Text::verbatim("?"),
        }
    }

    /// The fix as a command, the script's own if it gave one.
    pub(super) fn run_there(&self, command: &str) -> Text {
        let command = self.given("fix").unwrap_or(command);
        Text::new(format!("Run on the host: {command}"), format!("Выполните на сервере: {command}"))
    }
}
