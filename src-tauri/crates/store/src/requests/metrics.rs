//! Figures of many requests: totals, over time, by model, by day.

mod figures;

use std::collections::BTreeMap;

use serde::Deserialize;
use slipway_protocol::{HostId, Metrics, MetricsBucket, MetricsDay, MetricsOfModel, MetricsQuery};
use sqlx::{Row, SqliteConnection};

use super::Requests;
use crate::column::{integer, undecodable};
use crate::error::Result;
use figures::{figures, median_speed};

/// Requests are read so many at once, each lot as one text: a row of its own for every request of a
/// long range would take seconds.
const PAGE: i64 = 50_000;

/// Days at most; a range that is longer has its last ones.
const DAYS: i64 = 4000;

/// A request as it is counted, in the order in which [`lot`] selects.
#[derive(Deserialize)]
struct Sample {
    at: u64,
    number: i64,
    source: i64,
    failed: u8,
    stopped: u8,
    error: Option<String>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    first_token_ms: Option<f64>,
    total_ms: Option<f64>,
    tokens_per_second: Option<f64>,
    queue_ms: Option<f64>,
}

/// Who answered, as a row of `request_sources`.
struct Source {
    host_id: String,
    host_name: String,
    model: String,
}

impl Requests<'_> {
    /// Figures of the requests from `from` up to, without it, `until`. Percentiles are exact: each is
    /// a value that was measured. Days begin no earlier than with the oldest request of the range, and
    /// end with today.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn query(&self, query: &MetricsQuery) -> Result<Metrics> {
        async {
            let mut transaction = self.0.pool().begin().await?;
            let until = query.until.min(i64::MAX as u64);
            let sources = sources(&mut transaction).await?;
            let samples = samples(&mut transaction, query, until).await?;
            let days = days(&mut transaction, query.from, until, &samples).await?;
            let oldest = sqlx::query_scalar("SELECT min(at) FROM requests")
                .fetch_one(&mut *transaction)
                .await?;
            let stretches = Stretches { from: query.from, until, count: query.buckets.max(1) };
            Ok(Metrics {
                total: figures(samples.iter()),
                buckets: stretches.cut(&samples),
                models: models(&samples, &sources, &stretches),
                days,
                oldest,
            })
        }
        .await
        .map_err(|error| self.0.error(error))
    }
}

async fn sources(connection: &mut SqliteConnection) -> sqlx::Result<BTreeMap<i64, Source>> {
    sqlx::query("SELECT number, host_id, host_name, model FROM request_sources")
        .try_map(|row: sqlx::sqlite::SqliteRow| {
            let (host_id, host_name) = (row.try_get("host_id")?, row.try_get("host_name")?);
            Ok((
                row.try_get("number")?,
                Source { host_id, host_name, model: row.try_get("model")? },
            ))
        })
        .fetch_all(connection)
        .await
        .map(|rows| rows.into_iter().collect())
}

/// All requests of the range, the oldest first.
async fn samples(
    connection: &mut SqliteConnection,
    query: &MetricsQuery,
    until: u64,
) -> sqlx::Result<Vec<Sample>> {
    let mut samples: Vec<Sample> = Vec::new();
    loop {
        let last = samples.last().map_or((0, -1), |last| (last.at, last.number));
        let text = lot(connection, query, until, last).await?;
        let lot: Vec<Sample> =
            serde_json::from_str(&text).map_err(|error| undecodable("requests", error))?;
        if lot.is_empty() {
            return Ok(samples);
        }
        samples.extend(lot);
    }
}

/// The next requests behind the last one read, as JSON.
async fn lot(
    connection: &mut SqliteConnection,
    query: &MetricsQuery,
    until: u64,
    (at, number): (u64, i64),
) -> sqlx::Result<String> {
    sqlx::query_scalar(
        "SELECT json_group_array(json_array( \
           at, number, source, outcome = 'failed', outcome = 'stopped', error_code, prompt_tokens, \
           completion_tokens, first_token_ms, total_ms, tokens_per_second, queue_ms)) \
         FROM (SELECT * FROM requests WHERE at >= ?1 AND at < ?2 AND (at, number) > (?3, ?4) \
           AND ((?5 IS NULL AND ?6 IS NULL) OR source IN (SELECT number FROM request_sources \
                WHERE (?5 IS NULL OR host_id = ?5) AND (?6 IS NULL OR model = ?6))) \
           ORDER BY at, number LIMIT ?7)",
    )
    .bind(integer(query.from)?)
    .bind(integer(until)?)
    .bind(integer(at)?)
    .bind(number)
    .bind(query.host_id.as_ref().map(HostId::as_str))
    .bind(&query.model)
    .bind(PAGE)
    .fetch_one(connection)
    .await
}

/// A range cut in stretches of the same length.
struct Stretches {
    from: u64,
    until: u64,
    count: u32,
}

impl Stretches {
    /// Where a stretch begins.
    fn begin(&self, stretch: u32) -> u64 {
        let length = u128::from(self.until.saturating_sub(self.from));
        let offset = length * u128::from(stretch) / u128::from(self.count);
        self.from.saturating_add(u64::try_from(offset).unwrap_or(u64::MAX))
    }

    /// What lies in each stretch of what is in the order of time.
    fn split<'s, T>(&self, samples: &'s [T], at: fn(&T) -> u64) -> Vec<&'s [T]> {
        let mut rest = samples;
        let mut parts = Vec::new();
        for stretch in 1..=self.count {
            let end = self.begin(stretch);
            let (part, behind) = rest.split_at(rest.partition_point(|sample| at(sample) < end));
            parts.push(part);
            rest = behind;
        }
        parts
    }

    fn cut(&self, samples: &[Sample]) -> Vec<MetricsBucket> {
        let parts = self.split(samples, |sample| sample.at);
        let bucket = |(stretch, part): (u32, &[Sample])| MetricsBucket {
            from: self.begin(stretch),
            figures: figures(part.iter()),
        };
        (0..).zip(parts).map(bucket).collect()
    }
}

/// The figures of each model on each host, the one with most requests first. A host that changed its
/// name has its last one.
fn models(
    samples: &[Sample],
    sources: &BTreeMap<i64, Source>,
    stretches: &Stretches,
) -> Vec<MetricsOfModel> {
    let mut groups: BTreeMap<(&str, &str), (&str, Vec<&Sample>)> = BTreeMap::new();
    for sample in samples {
        if let Some(source) = sources.get(&sample.source) {
            let group = groups.entry((&source.host_id, &source.model)).or_default();
            group.0 = &source.host_name;
            group.1.push(sample);
        }
    }
    let of_model = |((host, model), (name, samples)): ((&str, &str), (&str, Vec<&Sample>))| {
        let parts = stretches.split(&samples, |sample| sample.at);
        MetricsOfModel {
            host_id: HostId::from(host),
            host_name: name.to_owned(),
            model: model.to_owned(),
            figures: figures(samples.iter().copied()),
            frequent_error: frequent_error(&samples),
            speed: parts.iter().map(|part| median_speed(part)).collect(),
        }
    };
    let mut models: Vec<MetricsOfModel> = groups.into_iter().map(of_model).collect();
    models.sort_by_key(|model| std::cmp::Reverse(model.figures.requests));
    models
}

fn frequent_error(samples: &[&Sample]) -> Option<(String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for code in samples.iter().filter_map(|sample| sample.error.as_deref()) {
        *counts.entry(code).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(code, n)| (code.to_owned(), n))
}

/// The tokens of each local day.
async fn days(
    connection: &mut SqliteConnection,
    from: u64,
    until: u64,
    samples: &[Sample],
) -> sqlx::Result<Vec<MetricsDay>> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Ok(Vec::new());
    };
    // Midnight and noon: a day may have 23 hours, or no midnight.
    let begins: Vec<i64> = sqlx::query_scalar(
        "WITH RECURSIVE days (day, n) AS ( \
           SELECT date(?1 / 1000, 'unixepoch', 'localtime'), 1 \
           UNION ALL SELECT date(day, '+1 day'), n + 1 FROM days \
           WHERE day < date(?2 / 1000, 'unixepoch', 'localtime')) \
         SELECT unixepoch(day, 'utc') * 1000 FROM days ORDER BY n DESC LIMIT ?3",
    )
    .bind(integer(from.max(first.at))?)
    .bind(integer(until.saturating_sub(1))?.min(now(last.at)?))
    .bind(DAYS)
    .fetch_all(connection)
    .await?;
    let day = |begin: i64| MetricsDay {
        from: u64::try_from(begin).unwrap_or(0),
        prompt_tokens: 0,
        completion_tokens: 0,
    };
    let mut days: Vec<MetricsDay> = begins.into_iter().rev().map(day).collect();
    for sample in samples {
        let place = days.partition_point(|day| day.from <= sample.at);
        if let Some(day) = place.checked_sub(1).and_then(|place| days.get_mut(place)) {
            day.prompt_tokens += sample.prompt_tokens.unwrap_or(0);
            day.completion_tokens += sample.completion_tokens.unwrap_or(0);
        }
    }
    Ok(days)
}

/// Now, or the last request where the clock was ahead when it was made.
fn now(last: u64) -> sqlx::Result<i64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.ok().and_then(|now| u64::try_from(now.as_millis()).ok()).unwrap_or(0);
    integer(now.max(last))
}
