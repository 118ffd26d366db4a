//! Log lines as the log viewer shows them.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{HostId, RequestId};

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// For finding defects.
    Debug,
    /// What happens.
    Info,
    /// Worth a look.
    Warn,
    /// Went wrong.
    Error,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// Which part spoke: `ssh`, `deploy`, `host` (the script on the host), `engine`, `chat`, `store`…
    pub target: String,
    /// The words; secrets are redacted.
    pub text: String,
    /// The host it is about.
    pub host_id: Option<HostId>,
}

/// A line with its place in the stream, as `log_list` returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogRecord {
    /// Position in the program's stream of messages; 0 for lines of an earlier run.
    pub seq: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// The task that spoke, if one did.
    pub request_id: Option<RequestId>,
    /// The line.
    pub line: LogLine,
}
