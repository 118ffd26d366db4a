//! What takes how long with a lot of everything. Not run with the others:
//! `cargo nextest run -p slipway-store --release --run-ignored only --success-output immediate`

use std::time::{Duration, Instant};

use slipway_protocol::{SessionId, SessionQuery};
use slipway_store::Store;
use sqlx::Connection;

use crate::sample::{connect, database};

const SESSIONS: usize = 2000;
const MESSAGES: usize = 50;
const VOCABULARY: usize = 20_000;

/// Numbers that look random, the same at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.roll() * limit as f64) as usize
    }

    /// A place in the vocabulary, as often as words are in a language: the n-th one 1/n times as often.
    fn word(&mut self) -> usize {
        ((VOCABULARY as f64).powf(self.roll()) as usize).min(VOCABULARY) - 1
    }
}

fn vocabulary(dice: &mut Dice, syllables: &[&str]) -> Vec<String> {
    let mut words = Vec::new();
    let mut known = std::collections::HashSet::new();
    while words.len() < VOCABULARY {
        let length = 1 + dice.below(4);
        let word: String = (0..length).map(|_| syllables[dice.below(syllables.len())]).collect();
        if known.insert(word.clone()) {
            words.push(word);
        }
    }
    words
}

/// 100,000 messages of 80 words, half of them Russian; returns the vocabularies.
async fn fill(store: &Store) -> [Vec<String>; 2] {
    let dice = &mut Dice(1);
    let russian = "ка ло ми ре ту на со ви ле по де ги ра ко ши жу ет ов ин ая";
    let english = "an be co de er fi go hi in ju ka lo me no or pi qu re st th un ve wa xi yo";
    let words = [russian, english]
        .map(|syllables| vocabulary(dice, &syllables.split(' ').collect::<Vec<_>>()));
    let mut connection = connect(store.path()).await;
    let mut transaction = connection.begin().await.unwrap();
    for session in 0..SESSIONS {
        let id = SessionId::new();
        let title = (0..5).map(|_| words[0][dice.word()].as_str()).collect::<Vec<_>>().join(" ");
        let at = i64::try_from(session).unwrap();
        sqlx::query(
            "INSERT INTO sessions (id, title, created_at, updated_at, pinned) VALUES (?, ?, ?, ?, 0)",
        )
        .bind(id.as_str())
        .bind(title)
        .bind(at)
        .bind(at)
        .execute(&mut *transaction)
        .await
        .unwrap();
        let mut parent: Option<String> = None;
        for position in 0..MESSAGES {
            let vocabulary = &words[position / 2 % 2];
            let text =
                (0..80).map(|_| vocabulary[dice.word()].as_str()).collect::<Vec<_>>().join(" ");
            let message = slipway_protocol::MessageId::new().0;
            sqlx::query(
                "INSERT INTO messages (id, session_id, parent_id, position, role, state, created_at, \
                 stats_json, content, reasoning) VALUES (?, ?, ?, ?, 'user', 'complete', ?, '{}', ?, '')",
            )
            .bind(&message)
            .bind(id.as_str())
            .bind(&parent)
            .bind(i64::try_from(position).unwrap())
            .bind(at)
            .bind(text)
            .execute(&mut *transaction)
            .await
            .unwrap();
            parent = Some(message);
        }
        sqlx::query("UPDATE sessions SET leaf_id = ? WHERE id = ?")
            .bind(parent)
            .bind(id.as_str())
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    connection.close().await.unwrap();
    words
}

/// Processor time that this program has used. Elsewhere than on Linux, none is known.
fn processor() -> Duration {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
        let told = std::fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
        nanoseconds += told.split(' ').next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
    }
    Duration::from_nanos(nanoseconds)
}

/// What something took.
#[derive(Clone, Copy)]
struct Took {
    time: Duration,
    processor: Duration,
}

async fn took<T>(future: impl Future<Output = T>) -> (Took, T) {
    let (begin, before) = (Instant::now(), processor());
    let done = future.await;
    (Took { time: begin.elapsed(), processor: processor().saturating_sub(before) }, done)
}

/// The median and the 95th percentile.
fn percentiles(all: &[Took], of: fn(&Took) -> Duration) -> (Duration, Duration) {
    let mut times: Vec<Duration> = all.iter().map(of).collect();
    times.sort();
    (times[times.len() / 2], times[times.len() * 95 / 100])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes, and figures of an unoptimised program say nothing"]
async fn a_hundred_thousand_messages_are_searched_in_50_ms() {
    let db = database().await;
    let begin = Instant::now();
    let words = fill(&db.store).await;
    let size = std::fs::metadata(&db.path).unwrap().len() >> 20;
    println!("filled in {:?}, {size} MiB", begin.elapsed());
    let dice = &mut Dice(2);
    let mut slow = Vec::new();
    let kinds =
        [("common", 0..20), ("usual", 20..2000), ("rare", 2000..VOCABULARY), ("mixed", 0..0)];
    for (kind, range) in kinds {
        for count in 1..=3 {
            let mut all = Vec::new();
            for round in 0..60 {
                let vocabulary = &words[round % 2];
                let mut chosen = Vec::new();
                for n in 0..count {
                    let range = match (range.is_empty(), n) {
                        (false, _) => range.clone(),
                        (true, 0) => 0..20,
                        (true, _) => 20..VOCABULARY,
                    };
                    chosen.push(vocabulary[range.start + dice.below(range.len())].as_str());
                }
                let text = chosen.join(" ");
                let query = SessionQuery { text, limit: 50, ..SessionQuery::default() };
                let (took, found) = took(db.store.search(&query)).await;
                found.unwrap();
                all.push(took);
            }
            let (median, most) = percentiles(&all, |took| took.time);
            let (busy, busiest) = percentiles(&all, |took| took.processor);
            println!(
                "{kind:>7} {count} words: p50 {median:>9.2?}, p95 {most:>9.2?}; \
                 processor p50 {busy:>9.2?}, p95 {busiest:>9.2?}"
            );
            if most > Duration::from_millis(50) {
                slow.push(format!("{kind} {count}"));
            }
        }
    }
    assert!(slow.is_empty(), "over 50 ms: {slow:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes, and figures of an unoptimised program say nothing"]
async fn a_million_requests_are_counted_in_a_second() {
    let db = database().await;
    crate::sample::execute(
        &db.path,
        "INSERT INTO request_sources (host_id, host_name, model) \
         VALUES ('a', 'A', 'm'), ('b', 'B', 'm'), ('b', 'B', 'n'); \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000000) \
         INSERT INTO requests (at, source, outcome, prompt_tokens, completion_tokens, \
         first_token_ms, total_ms, tokens_per_second, queue_ms) \
         SELECT 1700000000000 + n * 7000, 1 + n % 3, 'complete', n % 4000, n % 900, n % 1700, \
         n % 60000, (n % 977) / 7.0, n % 11 FROM n",
    )
    .await;
    let query = slipway_protocol::MetricsQuery {
        from: 1_700_000_000_000,
        until: 1_707_100_000_000,
        buckets: 90,
        ..Default::default()
    };
    let (took, metrics) = took(db.store.requests().query(&query)).await;
    println!("a million requests: {:?}, processor {:?}", took.time, took.processor);
    assert_eq!(metrics.unwrap().total.requests, 1_000_000);
    assert!(took.time < Duration::from_secs(2), "{:?}", took.time);
}
