//! Listening to a running script: its events, its log lines, and how it ended.

use serde_json::Value;
use slipway_protocol::LogLevel;

use super::events::{EventReader, Line, ScriptEvent};
use super::host_work::HostWork;
use super::script::Subcommand;
use crate::fault::Fault;
use crate::fault_text::script_fault;

/// What is known of a running script from its words.
pub(super) struct Following<'a, F> {
    pub(super) subcommand: Subcommand,
    reader: EventReader,
    errors: EventReader,
    on_event: F,
    /// The work on the host that speaks, if it outlives the link.
    work: Option<&'a mut HostWork>,
    pub(super) pid: Option<u32>,
    pub(super) outcome: Option<Result<Value, Fault>>,
    pub(super) last_words: String,
}

impl<'a, F: FnMut(&ScriptEvent)> Following<'a, F> {
    pub(super) fn new(
        subcommand: Subcommand,
        marker: &str,
        on_event: F,
        work: Option<&'a mut HostWork>,
    ) -> Self {
        Self {
            subcommand,
            reader: EventReader::new(marker),
            errors: EventReader::new(marker),
            on_event,
            work,
            pid: None,
            outcome: None,
            last_words: String::new(),
        }
    }

    pub(super) fn stdout(&mut self, bytes: &[u8]) {
        for line in self.reader.push(bytes) {
            self.note(line);
        }
    }

    pub(super) fn stderr(&mut self, bytes: &[u8]) {
        for line in self.errors.push(bytes) {
            self.note(line);
        }
    }

    /// Both streams have ended.
    pub(super) fn end(&mut self) {
        for line in self.reader.finish().into_iter().chain(self.errors.finish()) {
            self.note(line);
        }
    }

    /// Takes one line in: log lines to the log, terminal events to the outcome.
    fn note(&mut self, line: Line) {
        let event = match line {
            Line::Noise(text) => {
                tracing::info!(target: "host", "{text}");
                self.last_words = text;
                return;
            }
            Line::Event(event, at) => {
                if let (Some(work), Some(at)) = (&mut self.work, at) {
                    work.offset = at;
                    work.begun = true;
                }
                event
            }
        };
        match &event {
            ScriptEvent::Started { pid } => self.pid = Some(*pid),
            ScriptEvent::Run { id } => tracing::debug!(target: "host", "following the work {id}"),
            ScriptEvent::Log { level: LogLevel::Error, text } => {
                tracing::error!(target: "host", "{text}")
            }
            ScriptEvent::Log { level: LogLevel::Warn, text } => {
                tracing::warn!(target: "host", "{text}")
            }
            ScriptEvent::Log { text, .. } => tracing::info!(target: "host", "{text}"),
            ScriptEvent::Line { text } => tracing::info!(target: "engine", "{text}"),
            ScriptEvent::Progress { .. }
            | ScriptEvent::Gauges { .. }
            | ScriptEvent::Listening { .. } => {}
            ScriptEvent::Result { data } => {
                // The first terminal event counts.
                self.outcome.get_or_insert(Ok(data.clone()));
            }
            ScriptEvent::Error { code, message, params } => {
                self.outcome.get_or_insert_with(|| Err(script_fault(code, message, params)));
            }
        }
        (self.on_event)(&event);
    }
}
