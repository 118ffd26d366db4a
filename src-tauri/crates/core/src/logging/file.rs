//! The log files: JSON lines, the current one and some older ones, bounded in size.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use file_rotate::compression::Compression;
use file_rotate::suffix::AppendCount;
use file_rotate::{ContentLimit, FileRotate};
use serde::{Deserialize, Serialize};
use slipway_protocol::{HostId, LogLine, LogRecord, RequestId};

use crate::fault::Fault;

/// Older files kept beside the current one.
const OLDER: usize = 4;
/// Bytes of all files together until the settings say otherwise.
const DEFAULT_MEGABYTES: u32 = 50;

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) timestamp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<RequestId>,
    #[serde(flatten)]
    pub(super) line: LogLine,
}

type Shared = Arc<Mutex<FileRotate<AppendCount>>>;

/// Holds the log files open. Each line is written as it comes, so that a crash loses none.
#[derive(Clone)]
pub struct LogControl {
    path: PathBuf,
    file: Shared,
}

/// Writes entries.
#[derive(Clone)]
pub(super) struct LogWriter(Shared);

impl LogControl {
    pub(super) fn open(dir: &Path) -> Result<Self, Fault> {
        std::fs::create_dir_all(dir).map_err(|error| {
            let (path, detail) = (dir.to_owned(), error.to_string());
            Fault::from(slipway_store::Error::Disk { path, detail })
        })?;
        let path = dir.join("slipway.jsonl");
        let file = Arc::new(Mutex::new(rotated(&path, DEFAULT_MEGABYTES)));
        Ok(Self { path, file })
    }

    /// Bounds the files' size together, from the next line on.
    pub fn set_megabytes(&self, megabytes: u32) {
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = rotated(&self.path, megabytes);
    }

    pub(super) fn writer(&self) -> LogWriter {
        LogWriter(self.file.clone())
    }
}

impl LogWriter {
    pub(super) fn write(&self, entry: &Entry) {
        let Ok(mut line) = serde_json::to_vec(entry) else {
            return;
        };
        line.push(b'\n');
        // A full disk must not stop the program; the lines still reach the log viewer.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
    }
}

fn rotated(path: &Path, megabytes: u32) -> FileRotate<AppendCount> {
    let total = usize::try_from(megabytes).unwrap_or(1).max(1) * 1024 * 1024;
    let limit = ContentLimit::BytesSurpassed(total / (OLDER + 1));
    FileRotate::new(path, AppendCount::new(OLDER), limit, Compression::None, None)
}

/// The last `count` lines older than `before` (ms since the epoch), oldest first.
pub(super) fn read_back(dir: &Path, count: usize, before: u64) -> Vec<LogRecord> {
    let mut found = Vec::new();
    let names = std::iter::once("slipway.jsonl".to_owned())
        .chain((1..=OLDER).map(|number| format!("slipway.jsonl.{number}")));
    for name in names {
        if found.len() >= count {
            break;
        }
        let Ok(text) = std::fs::read(dir.join(name)) else {
            continue;
        };
        let lines = String::from_utf8_lossy(&text);
        // A line cut by a crash, or by somebody's editor, is passed over.
        let entries =
            lines.lines().rev().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
        let older = entries.filter(|entry| entry.timestamp < before);
        found.extend(older.take(count - found.len()).map(|entry| LogRecord {
            seq: 0,
            timestamp: entry.timestamp,
            request_id: entry.request_id,
            line: entry.line,
        }));
    }
    found.reverse();
    found
}

/// A line's host, read from a span's field.
pub(super) fn host_id(text: &str) -> Option<HostId> {
    (!text.is_empty()).then(|| HostId::from(text))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::LogLevel;

    use super::*;

    fn entry(timestamp: u64, text: &str) -> Entry {
        let line =
            LogLine { level: LogLevel::Info, target: "t".into(), text: text.into(), host_id: None };
        Entry { timestamp, request_id: None, line }
    }

    #[test]
    fn rotated_bounded_and_read_back_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let control = LogControl::open(dir.path()).unwrap();
        control.set_megabytes(1);
        let text = "x".repeat(1000);
        for number in 0..3000 {
            control.writer().write(&entry(number, &text));
        }
        let total: u64 = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|f| f.unwrap().metadata().unwrap().len())
            .sum();
        assert!(total < 1_200_000, "{total}");
        let back = read_back(dir.path(), 500, u64::MAX);
        assert_eq!(
            back.iter().map(|r| r.timestamp).collect::<Vec<_>>(),
            (2500..3000).collect::<Vec<_>>()
        );
        assert_eq!(read_back(dir.path(), 2, 2900).last().unwrap().timestamp, 2899);
    }

    #[test]
    fn half_lines_are_passed_over() {
        let dir = tempfile::tempdir().unwrap();
        let control = LogControl::open(dir.path()).unwrap();
        control.writer().write(&entry(1, "whole"));
        let path = dir.path().join("slipway.jsonl");
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(b"{\"timestamp\":2,\"lev");
        std::fs::write(&path, text).unwrap();
        assert_eq!(read_back(dir.path(), 10, u64::MAX).len(), 1);
    }
}
