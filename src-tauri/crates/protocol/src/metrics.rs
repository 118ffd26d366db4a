//! What every request to a model took, over time.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::HostId;

/// The command `metrics_query`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct MetricsQuery {
    /// From, ms since the epoch.
    pub from: u64,
    /// Until, ms since the epoch.
    pub until: u64,
    /// Only this host.
    pub host_id: Option<HostId>,
    /// Only this model.
    pub model: Option<String>,
    /// In how many stretches of time the range is cut, 1 to 500.
    pub buckets: u32,
}

/// What `metrics_query` returns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Metrics {
    /// All requests of the range.
    pub total: MetricsFigures,
    /// One for each stretch of time, in order, empty ones too.
    pub buckets: Vec<MetricsBucket>,
    /// One for each model on each host, the one with most requests first.
    pub models: Vec<MetricsOfModel>,
    /// Tokens of each day of the range (local time), in order.
    pub days: Vec<MetricsDay>,
    /// When the oldest request that is kept was made, ms since the epoch.
    pub oldest: Option<u64>,
}

/// Figures of a number of requests. Percentiles are absent where nothing was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricsFigures {
    /// How many.
    pub requests: u64,
    /// How many failed.
    pub errors: u64,
    /// How many the person stopped.
    pub stopped: u64,
    /// Tokens of prompts.
    pub prompt_tokens: u64,
    /// Tokens of answers.
    pub completion_tokens: u64,
    /// Time to the first token, ms.
    pub first_token_ms: Percentiles,
    /// Duration of the whole, ms.
    pub total_ms: Percentiles,
    /// Speed of generation, tokens per second.
    pub tokens_per_second: Percentiles,
    /// Wait in the engine's queue, ms.
    pub queue_ms: Percentiles,
}

/// Percentiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Percentiles {
    /// The median.
    pub p50: Option<f64>,
    /// The 95th.
    pub p95: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
}

/// A stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricsBucket {
    /// Its beginning, ms since the epoch.
    pub from: u64,
    /// Its figures.
    pub figures: MetricsFigures,
}

/// A model on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct MetricsOfModel {
    /// The host.
    pub host_id: HostId,
    /// Its name when the request was made, for hosts that are gone.
    pub host_name: String,
    /// The model; empty where it was never known.
    pub model: String,
    /// Figures.
    pub figures: MetricsFigures,
    /// The code of the most frequent error, and how often it came.
    pub frequent_error: Option<(String, u64)>,
    /// Median speed in each stretch of time, as `buckets` are cut.
    pub speed: Vec<Option<f64>>,
}

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MetricsDay {
    /// Its beginning, ms since the epoch.
    pub from: u64,
    /// Tokens of prompts.
    pub prompt_tokens: u64,
    /// Tokens of answers.
    pub completion_tokens: u64,
}

/// The command `metrics_export`: every request of a range as CSV.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MetricsExport {
    /// Which.
    pub query: MetricsQuery,
    /// Where to, chosen by the user in a dialog.
    pub path: String,
}
