//! The versions of a deployment that a host keeps.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::HostId;

/// The command `versions_list` reports this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct VersionList {
    /// Newest first.
    pub versions: Vec<DeployedVersion>,
    /// Bytes of everything that Slipway keeps on the host.
    pub total_bytes: u64,
    /// Bytes that `clean_start` would free.
    pub unused_bytes: u64,
    /// Bytes free on that disk.
    pub disk_free_bytes: Option<u64>,
    /// Where it is.
    pub directory: String,
}

/// What a version is to its deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum VersionRole {
    /// Installed and not verified yet.
    Candidate,
    /// What is served.
    Current,
    /// What a rollback goes back to.
    Previous,
    /// Older: removed by the next clean-up.
    Old,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct DeployedVersion {
    /// Its name on the host.
    pub version: String,
    /// What it is.
    pub role: VersionRole,
    /// Whether it runs now.
    pub running: bool,
    /// Whether its engine and model are still there and its record is readable.
    pub usable: bool,
    /// When it was installed, ms since the epoch.
    pub created_at: Option<u64>,
    /// For example `llama.cpp 2026.10.11549`.
    pub engine: Option<String>,
    /// The model's label.
    pub model: Option<String>,
    /// Tokens that one conversation may use.
    pub context_size: Option<u32>,
    /// Bytes of its model.
    pub model_bytes: Option<u64>,
}

/// The command `rollback_start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RollbackRequest {
    /// Where.
    pub host_id: HostId,
    /// The version to go back to; the previous one when absent.
    pub version: Option<String>,
}

/// A rollback that worked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct RolledBack {
    /// What is served now.
    pub version: String,
    /// What was served before.
    pub left: Option<String>,
    /// The model served now.
    pub model: String,
    /// Milliseconds from the command to an engine that answers.
    pub total_ms: u64,
}

/// The command `clean_start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CleanRequest {
    /// Where.
    pub host_id: HostId,
    /// Only tell what would go.
    pub dry_run: bool,
}

/// What a clean-up removed, or would.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Cleaned {
    /// Paths on the host, with their bytes.
    pub removed: Vec<CleanedPath>,
    /// Bytes in all.
    pub removed_bytes: u64,
    /// Whether nothing was removed yet.
    pub dry_run: bool,
}

/// One thing that a clean-up removes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CleanedPath {
    /// The path on the host.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
}

/// The command `uninstall_start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct UninstallRequest {
    /// Where.
    pub host_id: HostId,
    /// Leave the model files for the next deploy.
    pub keep_models: bool,
}
