//! Many writers at once, and a program that is killed while it writes.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use slipway_protocol::{MessageId, MessageState, Role};
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

const DATABASE: &str = "SLIPWAY_STORE_TEST_DATABASE";

/// Not a test by itself: the program that the next test kills. It tells on stderr what is written.
#[tokio::test]
async fn writes_until_killed() {
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else {
        return;
    };
    let store = Store::open(&path).await.unwrap();
    let answer = answer(&store).await;
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
        assert_eq!(store.messages().mark_interrupted().await.unwrap(), 1);
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
