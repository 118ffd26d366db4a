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
    /// Stops the deploy, unless the user overrides it by its code.
    Error,
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Finding {
    /// How it weighs.
    pub severity: Severity,
    /// Stable name, for example `python_ok`; what an override names.
    pub code: String,
    /// What it is about, in one or two words.
    pub subject: Text,
    /// The sentence.
    pub message: Text,
    /// What to do, empty when nothing.
    pub fix: Text,
    /// The command that does it on the host, if there is one.
    pub command: Option<String>,
    /// Whether the user may go on in spite of it.
    pub can_override: bool,
}

/// A graphics processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Gpu {
    /// `nvidia`, `amd` or `apple`.
    pub vendor: String,
    /// Its name.
    pub name: String,
    /// Memory in MiB.
    pub memory_total_mb: Option<u64>,
    /// Free memory in MiB.
    pub memory_free_mb: Option<u64>,
    /// Driver version.
    pub driver: Option<String>,
    /// For example `8.9`.
    pub compute_capability: Option<String>,
    /// Whether its memory is the computer's.
    #[serde(default)]
    pub unified: bool,
}

/// A process that holds memory of a graphics processor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct GpuProcess {
    /// Its id on the host.
    pub pid: u32,
    /// Its name.
    pub name: String,
    /// MiB that it holds.
    pub memory_mb: Option<u64>,
}

/// A Python of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PythonFound {
    /// Where.
    pub path: String,
    /// Which.
    pub version: String,
    /// Whether it can make environments of its own.
    pub venv_works: bool,
    /// Whether Slipway brought it.
    pub brought: bool,
}

/// A place for Slipway's directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DirectoryFound {
    /// The directory that would be used, absolute.
    pub path: String,
    /// Bytes free there.
    pub free_bytes: u64,
    /// Bytes in all there.
    pub total_bytes: Option<u64>,
}

/// What the SSH server lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ForwardingFound {
    /// To TCP ports.
    pub tcp: bool,
    /// To unix sockets.
    pub socket: bool,
}

/// The report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PreflightReport {
    /// For example `Debian GNU/Linux 12`.
    pub os: String,
    /// For example `x86_64`.
    pub arch: String,
    /// For example `glibc 2.36`; absent if unknown.
    pub libc: Option<String>,
    /// Processor name.
    pub cpu: String,
    /// Processor cores.
    pub cores: u32,
    /// What the processor can do that engines ask for, for example `avx2`.
    pub cpu_features: Vec<String>,
    /// Bytes of memory.
    pub memory_total_bytes: u64,
    /// Bytes of free memory.
    pub memory_available_bytes: u64,
    /// Bytes free where Slipway would write.
    pub disk_free_bytes: u64,
    /// Files that may still be made there; absent where the file system has no such limit.
    pub inodes_free: Option<u64>,
    /// The directory that Slipway would use.
    pub root: String,
    /// Other places with room, most first.
    pub directories: Vec<DirectoryFound>,
    /// The Python that would be used.
    pub python: Option<String>,
    /// All that were found.
    pub pythons: Vec<PythonFound>,
    /// Graphics processors.
    pub gpus: Vec<Gpu>,
    /// The newest CUDA that the driver serves.
    pub cuda: Option<String>,
    /// What else holds memory of the graphics processors.
    pub gpu_processes: Vec<GpuProcess>,
    /// `docker` and `podman`, as far as they can be used.
    pub containers: Vec<String>,
    /// The version of the host's Ollama.
    pub ollama: Option<String>,
    /// A `llama-server` of the host.
    pub llama_server: Option<String>,
    /// Whether the package index answers; absent when that was not tried.
    pub index_reachable: Option<bool>,
    /// What the SSH server lets through; absent for this computer, or when it was not tried.
    pub forwarding: Option<ForwardingFound>,
    /// How far the host's clock is ahead of this one's, seconds.
    pub clock_skew_s: Option<i64>,
    /// The lines, worst first.
    pub findings: Vec<Finding>,
}
