//! What every request to a model took.

use slipway_protocol::{
    AnswerStats, ErrorCode, Exported, MessageState, Metrics, MetricsExport, MetricsQuery,
};
use slipway_store::RequestRow;

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;
use crate::settings::within;

/// A request that is over.
pub(crate) struct MeasuredRequest<'a> {
    pub(crate) host_id: &'a slipway_protocol::HostId,
    pub(crate) session_id: &'a slipway_protocol::SessionId,
    pub(crate) model: String,
    pub(crate) state: MessageState,
    pub(crate) stats: &'a AnswerStats,
    pub(crate) error: Option<ErrorCode>,
}

impl Program {
    /// The figures of a range of time.
    pub async fn metrics_query(&self, query: MetricsQuery) -> Result<Metrics, Fault> {
        within("buckets", query.buckets, 1, 500)?;
        within("from", query.from, 0, query.until)?;
        Ok(self.store().requests().query(&query).await?)
    }

    /// Writes every request of a range into a file.
    pub async fn metrics_export(&self, export: MetricsExport) -> Result<Exported, Fault> {
        let csv = self.store().requests().csv(&export.query).await?;
        let bytes = csv.len() as u64;
        crate::files::write_whole(std::path::Path::new(&export.path), csv.into_bytes()).await?;
        Ok(Exported { sessions: 0, bytes })
    }

    /// Keeps the figures of a request.
    pub(crate) async fn record(&self, request: MeasuredRequest<'_>) -> Result<(), Fault> {
        let MeasuredRequest { host_id, session_id, model, state, stats, error } = request;
        let host = self.store().hosts().get(host_id).await?;
        let row = RequestRow {
            at: now_ms(),
            host_id: host_id.clone(),
            host_name: host.name,
            model,
            session_id: Some(session_id.clone()),
            outcome: state,
            error_code: error,
            prompt_tokens: stats.prompt_tokens,
            completion_tokens: stats.completion_tokens,
            cached_tokens: stats.cached_tokens,
            first_token_ms: stats.first_token_ms,
            total_ms: stats.total_ms,
            tokens_per_second: stats.tokens_per_second,
            prompt_tokens_per_second: stats.prompt_tokens_per_second,
            queue_ms: stats.queue_ms,
        };
        Ok(self.store().requests().record(&row).await?)
    }
}
