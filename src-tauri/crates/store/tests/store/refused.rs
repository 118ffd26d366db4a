//! Databases that are locked, damaged, newer or not ours: refused, and left as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use slipway_protocol::Role;
use slipway_store::{Error, Store};
use sqlx::{Connection, Executor};

use crate::sample::{answer, connect, database, execute, host, impatient, message, session};

/// Every file of a directory: its name, time of change and content.
fn contents(directory: &Path) -> BTreeMap<String, (SystemTime, Vec<u8>)> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let changed = entry.metadata().unwrap().modified().unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, (changed, fs::read(entry.path()).unwrap()))
        })
        .collect()
}

/// Opens the database and returns the refusal, after checking that no file changed or appeared.
async fn refusal(path: &Path) -> Error {
    let directory = path.parent().unwrap();
    let before = contents(directory);
    let error = Store::open_with(path, &impatient()).await.unwrap_err();
    let after = contents(directory);
    assert!(before == after, "changed: {:?}, {:?}", before.keys(), after.keys());
    error
}

#[tokio::test]
async fn a_locked_database_is_waited_for_and_then_refused() {
    let db = database().await;
    let store = Store::open_with(&db.path, &impatient()).await.unwrap();
    let answer = answer(&store).await;
    let mut other = connect(&db.path).await;
    other.execute("BEGIN EXCLUSIVE").await.unwrap();

    let begin = Instant::now();
    let second = Store::open_with(&db.path, &impatient()).await;
    assert!(matches!(second, Err(Error::Locked)), "{second:?}");
    assert!(begin.elapsed() >= Duration::from_millis(200));
    assert!(begin.elapsed() < Duration::from_secs(3));
    let written = store.messages().append(&answer.id, "x", "").await;
    assert!(matches!(written, Err(Error::Locked)), "{written:?}");
    let begun = store.sessions().pin(&answer.session_id, true).await;
    assert!(matches!(begun, Err(Error::Locked)), "{begun:?}");
    assert_eq!(store.messages().get(&answer.id).await.unwrap(), answer);

    other.execute("ROLLBACK").await.unwrap();
    store.messages().append(&answer.id, "x", "").await.unwrap();
    Store::open_with(&db.path, &impatient()).await.unwrap();
}

#[tokio::test]
async fn what_is_not_a_database_is_refused() {
    let noise: Vec<u8> =
        (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut magic_only = b"SQLite format 3\0".to_vec();
    magic_only.extend(&noise);
    for bytes in [b"x".to_vec(), b"hello".repeat(500), noise, magic_only] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slipway.db");
        fs::write(&path, bytes).unwrap();
        let error = refusal(&path).await;
        assert!(matches!(&error, Error::Corrupt { path: p, .. } if *p == path), "{error:?}");
    }
}

#[tokio::test]
async fn a_cut_database_is_refused() {
    let db = database().await;
    db.store.close().await;
    let whole = fs::read(&db.path).unwrap();
    for length in [50, 512, 4096, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        fs::write(&db.path, &whole[..length]).unwrap();
        let error = refusal(&db.path).await;
        assert!(matches!(error, Error::Corrupt { .. }), "{length}: {error:?}");
    }
    fs::write(&db.path, &whole).unwrap();
    Store::open(&db.path).await.unwrap();
}

#[tokio::test]
async fn damage_found_later_is_named() {
    let db = database().await;
    let session = session();
    db.store.sessions().insert(&session).await.unwrap();
    let mut parent = None;
    for _ in 0..50 {
        let message = message(&session.id, Role::User, &"text ".repeat(1000));
        let said = db.store.messages().insert_after(parent.as_ref(), &message).await.unwrap();
        parent = Some(said.id);
    }
    db.store.close().await;
    let mut bytes = fs::read(&db.path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0x5a);
    fs::write(&db.path, bytes).unwrap();
    let store = Store::open(&db.path).await.unwrap();
    let read = store.messages().branch(&session.id).await;
    assert!(matches!(read, Err(Error::Corrupt { .. })), "{read:?}");
}

#[tokio::test]
async fn the_database_of_another_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slipway.db");
    execute(&path, "CREATE TABLE bookmarks (url TEXT); INSERT INTO bookmarks VALUES ('x')").await;
    let error = refusal(&path).await;
    assert!(matches!(&error, Error::Corrupt { detail, .. } if detail.contains("another program")));
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    for sql in [
        "PRAGMA user_version = 9999",
        "INSERT INTO _sqlx_migrations VALUES (9999, 'later', CURRENT_TIMESTAMP, 1, x'00', 1)",
    ] {
        let db = database().await;
        db.store.close().await;
        execute(&db.path, sql).await;
        let error = refusal(&db.path).await;
        assert!(matches!(error, Error::Newer { found: 9999, known: 6, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_newer_version_that_is_only_in_the_log_is_seen() {
    let db = database().await;
    db.store.close().await;
    let mut newer = connect(&db.path).await;
    newer.execute("PRAGMA wal_autocheckpoint = 0").await.unwrap();
    newer.execute("PRAGMA user_version = 9999").await.unwrap();
    let read = |suffix: &str| fs::read(db.path.with_extension(format!("db{suffix}"))).unwrap();
    let before = (read(""), read("-wal"));
    let error = Store::open_with(&db.path, &impatient()).await.unwrap_err();
    assert!(matches!(error, Error::Newer { found: 9999, .. }), "{error:?}");
    assert!(before == (read(""), read("-wal")));
    newer.close().await.unwrap();
}

#[tokio::test]
async fn an_error_names_what_it_concerns() {
    let db = database().await;
    let missing = db.store.hosts().by_name("no such box").await.unwrap_err();
    assert!(missing.to_string().contains("no such box"), "{missing}");
    let taken = db.store.hosts().insert(&host("local")).await.unwrap_err();
    assert!(taken.to_string().contains("\"local\""), "{taken}");
}
