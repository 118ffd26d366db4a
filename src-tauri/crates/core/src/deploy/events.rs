//! The script's output taken apart: events stand between markers, everything else is noise for the
//! log (login banners, shell start files, a package installer's words).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use slipway_protocol::LogLevel;

/// Longest line without an end that is kept; more is cut into lines of this size.
const LONGEST: usize = 4 * 1024 * 1024;

/// What the script says. See deploy_llm_server.py, "Output".
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum ScriptEvent {
    /// The process id of the script, said by the shell that becomes it.
    Started { pid: u32 },
    /// What follows comes from work of this id on the host.
    Run { id: String },
    /// A line worth reading.
    Log { level: LogLevel, text: String },
    /// A part of the work moved on.
    Progress { stage: String, text: String, done: u64, total: Option<u64> },
    /// A line of the engine's own log.
    Line { text: String },
    /// What the host is busy with.
    Gauges { data: Value },
    /// Where it listens for a test of forwarding; who connects reads the nonce.
    Listening { port: u16, socket: Option<String>, nonce: String },
    /// Terminal: it worked.
    Result { data: Value },
    /// Terminal: it did not.
    Error {
        code: String,
        #[serde(default)]
        message: String,
        #[serde(default)]
        params: BTreeMap<String, String>,
    },
}

/// One line of output.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// An event, and how far the work's own record reaches behind it, if it has one.
    Event(ScriptEvent, Option<u64>),
    /// Anything else that is not empty.
    Noise(String),
}

/// Cuts a stream of bytes into lines and finds the events in them.
pub(super) struct EventReader {
    marker: String,
    buffer: Vec<u8>,
}

impl EventReader {
    pub(super) fn new(marker: &str) -> Self {
        Self { marker: marker.to_owned(), buffer: Vec::new() }
    }

    /// Takes bytes as they come, in pieces of any size.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte == b'\n' || self.buffer.len() >= LONGEST {
                self.take_line(&mut lines);
            }
            if *byte != b'\n' {
                self.buffer.push(*byte);
            }
        }
        lines
    }

    /// The line that the stream ended in.
    pub(super) fn finish(&mut self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.take_line(&mut lines);
        lines
    }

    fn take_line(&mut self, lines: &mut Vec<Line>) {
        let bytes = std::mem::take(&mut self.buffer);
        let text = String::from_utf8_lossy(&bytes);
        let mut rest = text.trim_end_matches('\r');
        // Noise without a line end may stand before an event, and a prompt behind it.
        while let Some((before, after)) = rest.split_once(&self.marker) {
            let Some((json, behind)) = after.split_once(&self.marker) else {
                break;
            };
            let Ok(Marked { event, at }) = serde_json::from_str(json) else {
                break;
            };
            noise(before, lines);
            lines.push(Line::Event(event, at));
            rest = behind;
        }
        noise(rest, lines);
    }
}

/// An event as it stands between the markers.
#[derive(Deserialize)]
struct Marked {
    #[serde(flatten)]
    event: ScriptEvent,
    at: Option<u64>,
}

fn noise(text: &str, lines: &mut Vec<Line>) {
    if !text.trim().is_empty() {
        lines.push(Line::Noise(text.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"event":"log","level":"info","text":"при"}"#;

    fn log() -> Line {
        Line::Event(ScriptEvent::Log { level: LogLevel::Info, text: "при".into() }, None)
    }

    #[test]
    fn events_among_noise_in_pieces_of_any_size() {
        let text = format!("Welcome!\r\n\nMM{LOG}MM\nno newline MM{LOG}MM$ \nMM{{broken MM\n");
        for size in [1, 2, 3, 7, 1000] {
            let mut reader = EventReader::new("MM");
            let mut lines = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                lines.extend(reader.push(piece));
            }
            lines.extend(reader.finish());
            assert_eq!(
                lines,
                [
                    Line::Noise("Welcome!".into()),
                    log(),
                    Line::Noise("no newline ".into()),
                    log(),
                    Line::Noise("$ ".into()),
                    Line::Noise("MM{broken MM".into()),
                ],
                "pieces of {size}"
            );
        }
    }

    #[test]
    fn an_endless_line_is_bounded() {
        let mut reader = EventReader::new("MM");
        let lines = reader.push(&vec![b'x'; LONGEST * 2 + 5]);
        assert_eq!(lines.len(), 2);
        assert!(reader.buffer.len() <= LONGEST);
    }

    #[test]
    fn the_place_of_an_event_is_told_beside_it() {
        let mut reader = EventReader::new("MM");
        let text = r#"MM{"event":"run","id":"r1","resumed":true,"at":0}MM
MM{"event":"progress","stage":"model","text":"","done":1,"total":null,"at":71}MM
"#;
        let run = Line::Event(ScriptEvent::Run { id: "r1".into() }, Some(0));
        let (stage, text_of) = ("model".to_owned(), String::new());
        let moved = ScriptEvent::Progress { stage, text: text_of, done: 1, total: None };
        assert_eq!(reader.push(text.as_bytes()), [run, Line::Event(moved, Some(71))]);
    }

    #[test]
    fn an_event_in_the_last_half_line_counts() {
        let mut reader = EventReader::new("MM");
        assert!(reader.push(format!("MM{LOG}MM").as_bytes()).is_empty());
        assert_eq!(reader.finish(), [log()]);
    }
}
