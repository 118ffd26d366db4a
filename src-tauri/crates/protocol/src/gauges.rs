//! What a connected host and its engine are busy with.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A host at one moment. What it does not tell is absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct HostGauges {
    /// When, ms since the epoch.
    pub at: u64,
    /// Its graphics processors.
    pub gpus: Vec<GpuGauge>,
    /// Bytes of memory.
    pub memory_total_bytes: Option<u64>,
    /// Bytes of memory in use.
    pub memory_used_bytes: Option<u64>,
    /// Bytes of the disk that Slipway's directory is on.
    pub disk_total_bytes: Option<u64>,
    /// Bytes free there.
    pub disk_free_bytes: Option<u64>,
    /// Bytes of memory that the engine holds.
    pub engine_memory_bytes: Option<u64>,
    /// Answers at once that the engine can give.
    pub slots_total: Option<u32>,
    /// Answers that it gives now.
    pub slots_busy: Option<u32>,
    /// Requests that wait for a slot.
    pub queue: Option<u32>,
    /// Part of the context memory in use, 0 to 1.
    pub kv_cache_used: Option<f64>,
}

/// A graphics processor at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct GpuGauge {
    /// Its name.
    pub name: String,
    /// Part of the time that it computes, 0 to 1.
    pub used: Option<f64>,
    /// Memory in use, MiB.
    pub memory_used_mb: Option<u64>,
    /// Memory in all, MiB.
    pub memory_total_mb: Option<u64>,
}
