//! What a look at a host found, before anything is written there.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::text::Text;

/// How a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Good to know.
    Warn,
    /// Stops the deploy.
    Error,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// How it weighs.
    pub severity: Severity,
    /// Stable name, for example `python_ok`.
    pub code: String,
    /// The sentence.
    pub message: Text,
    /// What to do, empty when nothing.
    pub fix: Text,
}

/// A graphics processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Gpu {
    /// Its name.
    pub name: String,
    /// Memory in MiB.
    pub memory_total_mb: Option<u64>,
    /// Free memory in MiB.
    pub memory_free_mb: Option<u64>,
    /// Driver version.
    pub driver: Option<String>,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreflightReport {
    /// For example `Debian GNU/Linux 12`.
    pub os: String,
    /// For example `x86_64`.
    pub arch: String,
    /// Processor name.
    pub cpu: String,
    /// Processor cores.
    pub cores: u32,
    /// Bytes of memory.
    pub memory_total_bytes: u64,
    /// Bytes of free memory.
    pub memory_available_bytes: u64,
    /// Bytes free where Slipway would write.
    pub disk_free_bytes: u64,
    /// The directory that Slipway would use.
    pub root: String,
    /// Python version found.
    pub python: Option<String>,
    /// Graphics processors.
    pub gpus: Vec<Gpu>,
    /// The lines, worst first.
    pub findings: Vec<Finding>,
}
