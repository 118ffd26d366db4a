//! Requests as CSV (RFC 4180).

use slipway_protocol::{HostId, MetricsQuery};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::Requests;
use crate::column::integer;
use crate::error::{Error, Result};

/// The columns, in order; `time` is that of `at`, in UTC.
const COLUMNS: [&str; 16] = [
    "time",
    "at",
    "host_id",
    "host_name",
    "model",
    "session_id",
    "outcome",
    "error_code",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "first_token_ms",
    "total_ms",
    "tokens_per_second",
    "prompt_tokens_per_second",
    "queue_ms",
];

/// How many rows are read at once.
const PAGE: i64 = 5000;

impl Requests<'_> {
    /// Writes the requests from `from` up to, without it, `until` as CSV with a header, the oldest
    /// first; returns how many.
    ///
    /// # Errors
    /// [`Error::Output`] when the writer fails; what was written stays.
    pub async fn csv<W: AsyncWrite + Unpin>(
        &self,
        query: &MetricsQuery,
        writer: &mut W,
    ) -> Result<u64> {
        let mut written = 0;
        let mut last = (0_i64, -1_i64);
        let mut text = record(COLUMNS.into_iter().map(Some));
        loop {
            writer.write_all(text.as_bytes()).await.map_err(Error::Output)?;
            let page = self.page(query, last).await.map_err(|error| self.0.error(error))?;
            let Some((at, number, _)) = page.last() else {
                break;
            };
            last = (*at, *number);
            written += page.len() as u64;
            text = page.into_iter().map(|(_, _, record)| record).collect();
        }
        writer.flush().await.map_err(Error::Output)?;
        Ok(written)
    }

    /// The rows behind the last one written: when, which, and the record.
    async fn page(
        &self,
        query: &MetricsQuery,
        last: (i64, i64),
    ) -> sqlx::Result<Vec<(i64, i64, String)>> {
        sqlx::query(
            "SELECT r.number, r.at, s.host_id, s.host_name, s.model, r.session_id, r.outcome, \
             r.error_code, r.prompt_tokens, r.completion_tokens, r.cached_tokens, r.first_token_ms, \
             r.total_ms, r.tokens_per_second, r.prompt_tokens_per_second, r.queue_ms, \
             strftime('%Y-%m-%dT%H:%M:%S', r.at / 1000, 'unixepoch') \
             || printf('.%03dZ', r.at % 1000) AS time \
             FROM requests r JOIN request_sources s ON s.number = r.source \
             WHERE r.at >= ?1 AND r.at < ?2 AND (r.at, r.number) > (?3, ?4) \
             AND (?5 IS NULL OR s.host_id = ?5) AND (?6 IS NULL OR s.model = ?6) \
             ORDER BY r.at, r.number LIMIT ?7",
        )
        .bind(integer(query.from)?)
        .bind(integer(query.until.min(i64::MAX as u64))?)
        .bind(last.0)
        .bind(last.1)
        .bind(query.host_id.as_ref().map(HostId::as_str))
        .bind(&query.model)
        .bind(PAGE)
        .try_map(|row: SqliteRow| {
            let mut fields = Vec::with_capacity(COLUMNS.len());
            for column in COLUMNS {
                fields.push(field(&row, column)?);
            }
            let record = record(fields.iter().map(Option::as_deref));
            Ok((row.try_get("at")?, row.try_get("number")?, record))
        })
        .fetch_all(self.0.pool())
        .await
    }
}

/// A value of whatever type as text.
fn field(row: &SqliteRow, column: &str) -> sqlx::Result<Option<String>> {
    if let Ok(text) = row.try_get::<Option<String>, _>(column) {
        return Ok(text);
    }
    if let Ok(number) = row.try_get::<Option<i64>, _>(column) {
        return Ok(number.map(|number| number.to_string()));
    }
    Ok(row.try_get::<Option<f64>, _>(column)?.map(|number| number.to_string()))
}

/// A line; what is absent is an empty field.
fn record<'a>(fields: impl Iterator<Item = Option<&'a str>>) -> String {
    let quoted = |field: &str| {
        if field.contains(['"', ',', '\r', '\n']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    let fields: Vec<String> = fields.map(|field| field.map(quoted).unwrap_or_default()).collect();
    fields.join(",") + "\r\n"
}
