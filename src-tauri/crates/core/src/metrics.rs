//! What every request to a model took.

use slipway_protocol::{
    AnswerStats, ErrorCode, Exported, MessageState, Metrics, MetricsExport, MetricsQuery,
};
use slipway_store::{RequestOutcome, RequestRow};

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::files::write_beside;
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
        let path = std::path::Path::new(&export.path);
        let mut bytes = 0;
        let written = write_beside(path, async |file| {
            self.store().requests().csv(&export.query, file).await?;
            bytes = file.metadata().await.map_or(0, |meta| meta.len());
            Ok(())
        });
        written.await?;
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
            outcome: match state {
                MessageState::Stopped => RequestOutcome::Stopped,
                MessageState::Failed => RequestOutcome::Failed,
                _ => RequestOutcome::Complete,
            },
            error_code: error.and_then(code_name),
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

/// An error's code as the protocol spells it.
fn code_name(code: ErrorCode) -> Option<String> {
    serde_json::to_value(code).ok()?.as_str().map(str::to_owned)
}
