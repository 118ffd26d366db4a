//! The program itself: what a window needs when it opens.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::connect::ConnectionStatus;
use crate::host::HostView;
use crate::library::Folder;
use crate::session::{Draft, Session};
use crate::settings::Settings;
use crate::task::TaskInfo;
use crate::text::Language;

/// Facts about this program and this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct AppInfo {
    /// Slipway's version.
    pub version: String,
    /// `linux`, `macos` or `windows`.
    pub platform: String,
    /// The system's language.
    pub system_language: Language,
    /// Where the database is.
    pub data_dir: String,
    /// Where the log files are.
    pub log_dir: String,
    /// Processor name of this computer.
    pub cpu: String,
    /// Bytes of memory of this computer.
    pub memory_total_bytes: Option<u64>,
    /// Bytes free on the disk of the data directory.
    pub disk_free_bytes: Option<u64>,
    /// Whether a token for the model hub is kept.
    pub hub_token: bool,
}

/// Everything a window needs to paint, taken at one moment. Messages after `seq` come by the
/// channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Snapshot {
    /// The last message that this already contains.
    pub seq: u64,
    /// The program.
    pub app: AppInfo,
    /// The settings.
    pub settings: Settings,
    /// All hosts.
    pub hosts: Vec<HostView>,
    /// All connections.
    pub connections: Vec<ConnectionStatus>,
    /// Tasks that are not over, and the last of each kind and host that are.
    pub tasks: Vec<TaskInfo>,
    /// All conversations but the columns of comparisons, archived ones too, latest first.
    pub sessions: Vec<Session>,
    /// All folders by name.
    pub folders: Vec<Folder>,
    /// The new conversation that is being written.
    pub draft: Draft,
}
