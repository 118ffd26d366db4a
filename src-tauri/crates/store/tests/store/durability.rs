//! Many writers at once, and a program that is killed while it writes.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use slipway_protocol::{AnswerStats, MessageId, MessageState, Role, SessionQuery};
use slipway_store::Store;
use tokio::task::JoinSet;

use crate::sample::{answer, database, line, message, verify};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_answers_grow_at_once() {
    let db = database().await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let store = db.store.clone();
        tasks.spawn(async move {
            let answer = answer(&store).await;
            for n in 0..50 {
                let piece = format!("{n} ё👍 ");
                store.messages().append(&answer.id, &piece, "r").await.unwrap();
            }
            let expected: String = (0..50).map(|n| format!("{n} ё👍 ")).collect();
            let read = store.messages().get(&answer.id).await.unwrap();
            assert_eq!(read.content, expected);
            assert_eq!(read.reasoning, "r".repeat(50));
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_tasks_append_to_one_answer_of_100_000_characters() {
    let db = database().await;
    let answer = answer(&db.store).await;
    let text = "ж".repeat(100_000);
    db.store.messages().append(&answer.id, &text, "").await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (store, id) = (db.store.clone(), answer.id.clone());
        tasks.spawn(async move {
            for _ in 0..10 {
                store.messages().append(&id, "🙂", "").await.unwrap();
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    let read = db.store.messages().get(&answer.id).await.unwrap();
    assert_eq!(read.content, text + &"🙂".repeat(200));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn versions_that_two_programs_add_at_once_are_all_there() {
    let db = database().await;
    let other = Store::open(&db.path).await.unwrap();
    let (session, said) = line(&db.store, &["first"]).await;
    let mut tasks = JoinSet::new();
    for n in 0..40 {
        let store = if n % 2 == 0 { &db.store } else { &other }.clone();
        let (message, parent) = (message(&session.id, Role::User, "x"), said[0].id.clone());
        tasks.spawn(async move { store.messages().insert_after(Some(&parent), &message).await });
    }
    for added in tasks.join_all().await {
        assert_eq!(added.unwrap().position, 1);
    }
    let branch = db.store.messages().branch(&session.id).await.unwrap();
    assert_eq!((branch.len(), branch[1].versions.len()), (2, 40));
    assert_eq!(db.store.sessions().get(&session.id).await.unwrap().message_count, 41);
}

/// A power cut leaves the file and its log as they were at some moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_file_and_log_at_any_moment_is_whole() {
    for round in 0..5_u64 {
        let db = database().await;
        let (session, said) = line(&db.store, &["hello"]).await;
        let (store, written) = (db.store.clone(), Arc::new(AtomicUsize::new(0)));
        let (counter, parent) = (Arc::clone(&written), said[0].id.clone());
        let mut writer = JoinSet::new();
        // Few enough that the log is not moved into the file meanwhile.
        writer.spawn(async move {
            for n in 0.. {
                let answer = message(&session.id, Role::Assistant, "");
                let begun = store.sessions().begin_answer(&session.id, &parent, &answer).await;
                let id = begun.unwrap().1.id;
                for m in 0..10 {
                    store.messages().append(&id, &format!("{m} "), "").await.unwrap();
                    counter.store(n * 10 + m + 1, Ordering::SeqCst);
                }
                let (text, stats) = ("0 1 2 3 4 5 6 7 8 9 ", AnswerStats::default());
                let state = MessageState::Complete;
                store.messages().finish(&id, state, text, "", &stats, None).await.unwrap();
                if n == 10 {
                    break;
                }
            }
        });
        while written.load(Ordering::SeqCst) < 1 + 19 * round as usize {
            tokio::time::sleep(std::time::Duration::from_micros(200)).await;
        }
        let told = written.load(Ordering::SeqCst);
        let copy = tempfile::tempdir().unwrap();
        // Another program: if this one closed the file, SQLite's locks on it would be dropped.
        let mut copied = Command::new("cp");
        copied.arg(&db.path).arg(db.path.with_extension("db-wal")).arg(copy.path());
        assert!(copied.status().unwrap().success());

        let path = copy.path().join("slipway.db");
        let store = Store::open(&path).await.unwrap();
        let interrupted = store.messages().mark_interrupted().await.unwrap();
        assert!(interrupted <= 1);
        let all = store.messages().all(&said[0].session_id).await.unwrap();
        let pieces: usize =
            all[1..].iter().map(|answer| answer.content.split_whitespace().count()).sum();
        assert!(pieces >= told, "{pieces} pieces, {told} were told");
        let query = SessionQuery { text: "hello".into(), limit: 9, ..SessionQuery::default() };
        assert_eq!(store.search(&query).await.unwrap().hits.len(), 1);
        store.close().await;
        verify(&path).await;
        writer.join_all().await;
    }
}

const DATABASE: &str = "SLIPWAY_STORE_TEST_DATABASE";

/// Not a test by itself: the program that the next test kills. It tells on stderr what is written.
#[tokio::test]
async fn writes_until_killed() {
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else {
        return;
    };
    let store = Store::open(&path).await.unwrap();
    let answer = answer(&store).await;
    // Half of the time something is being moved into the index, too.
    let ended = crate::sample::answer(&store).await;
    let mut indexing = JoinSet::new();
    let other = store.clone();
    indexing.spawn(async move {
        for n in 0_u32.. {
            let (text, stats) = (format!("word{n} ").repeat(50), AnswerStats::default());
            let state = MessageState::Complete;
            other.messages().finish(&ended.id, state, &text, "", &stats, None).await.unwrap();
        }
    });
    eprintln!("answer {}", answer.id);
    for n in 0_u32.. {
        store.messages().append(&answer.id, &format!("{n} "), "").await.unwrap();
        eprintln!("wrote {n}");
    }
}

#[tokio::test]
async fn a_killed_program_loses_nothing_that_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slipway.db");
    for round in 1..=3_u32 {
        let mut program = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "durability::writes_until_killed", "--nocapture"])
            .env(DATABASE, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut id = None;
        let mut last = None;
        for line in BufReader::new(program.stderr.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(text) = line.strip_prefix("answer ") {
                id = Some(MessageId::from(text));
            } else if let Some(n) = line.strip_prefix("wrote ") {
                last = n.parse::<u32>().ok();
            }
            // SIGKILL; what it wrote to the pipe before is still read.
            if last == Some(100 * round) {
                program.kill().unwrap();
            }
        }
        program.wait().unwrap();
        let (id, last) = (id.unwrap(), last.unwrap());

        let store = Store::open(&path).await.unwrap();
        assert!((1..=2).contains(&store.messages().mark_interrupted().await.unwrap()));
        assert_eq!(store.messages().mark_interrupted().await.unwrap(), 0);
        let answer = store.messages().get(&id).await.unwrap();
        assert_eq!(answer.state, MessageState::Interrupted);
        let numbers: Vec<u32> =
            answer.content.split_whitespace().map(|n| n.parse().unwrap()).collect();
        let count = u32::try_from(numbers.len()).unwrap();
        assert_eq!(numbers, (0..count).collect::<Vec<_>>());
        assert!(count > last, "{count} pieces, {last} was the last one told");
        store.close().await;
        verify(&path).await;
    }
}
