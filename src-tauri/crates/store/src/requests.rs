//! The tables `requests` and `request_sources`: what every request to a model took.

mod csv;
mod metrics;

use slipway_protocol::{HostId, SessionId};

use crate::column::integer;
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

impl RequestOutcome {
    fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

impl Requests<'_> {
    /// Adds a request that is over.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn record(&self, request: &RequestRow) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        async {
            sqlx::query(
                "INSERT OR IGNORE INTO request_sources (host_id, host_name, model) VALUES (?, ?, ?)",
            )
            .bind(request.host_id.as_str())
            .bind(&request.host_name)
            .bind(&request.model)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "INSERT INTO requests (at, source, session_id, outcome, error_code, prompt_tokens, \
                 completion_tokens, cached_tokens, first_token_ms, total_ms, tokens_per_second, \
                 prompt_tokens_per_second, queue_ms) \
                 SELECT ?, number, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM request_sources \
                 WHERE host_id = ? AND host_name = ? AND model = ?",
            )
            .bind(integer(request.at)?)
            .bind(request.session_id.as_ref().map(SessionId::as_str))
            .bind(request.outcome.name())
            .bind(&request.error_code)
            .bind(request.prompt_tokens)
            .bind(request.completion_tokens)
            .bind(request.cached_tokens)
            .bind(request.first_token_ms.map(integer).transpose()?)
            .bind(request.total_ms.map(integer).transpose()?)
            .bind(request.tokens_per_second.filter(|speed| speed.is_finite()))
            .bind(request.prompt_tokens_per_second.filter(|speed| speed.is_finite()))
            .bind(request.queue_ms.map(integer).transpose()?)
            .bind(request.host_id.as_str())
            .bind(&request.host_name)
            .bind(&request.model)
            .execute(&mut *transaction)
            .await
        }
        .await
        .map_err(|error| self.0.error(error))?;
        self.0.commit(transaction).await
    }

    /// Forgets the requests made before `ms` (since the epoch); returns how many.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn purge_before(&self, ms: u64) -> Result<u64> {
        let mut transaction = self.0.begin().await?;
        let purged = async {
            let purged = sqlx::query("DELETE FROM requests WHERE at < ?")
                .bind(integer(ms)?)
                .execute(&mut *transaction)
                .await?;
            sqlx::query(
                "DELETE FROM request_sources WHERE NOT EXISTS \
                 (SELECT 1 FROM requests WHERE source = request_sources.number)",
            )
            .execute(&mut *transaction)
            .await?;
            Ok(purged.rows_affected())
        }
        .await
        .map_err(|error| self.0.error(error))?;
        self.0.commit(transaction).await?;
        Ok(purged)
    }
}
