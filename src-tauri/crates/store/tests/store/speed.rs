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

/// The median, the 95th percentile and the greatest.
fn percentiles(mut times: Vec<Duration>) -> [Duration; 3] {
    times.sort();
    [times[times.len() / 2], times[times.len() * 95 / 100], times[times.len() - 1]]
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
    for (kind, range) in
        [("common", 0..20), ("usual", 20..2000), ("rare", 2000..VOCABULARY), ("mixed", 0..0)]
    {
        for count in 1..=3 {
            let mut times = Vec::new();
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
                let begin = Instant::now();
                db.store.search(&query).await.unwrap();
                times.push(begin.elapsed());
            }
            let [median, most, worst] = percentiles(times);
            println!(
                "{kind:>7} {count} words: p50 {median:>10.2?}  p95 {most:>10.2?}  max {worst:>10.2?}"
            );
            if most > Duration::from_millis(50) {
                slow.push(format!("{kind} {count}"));
            }
        }
    }
    assert!(slow.is_empty(), "over 50 ms: {slow:?}");
}
