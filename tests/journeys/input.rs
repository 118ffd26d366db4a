//! Bad input of a chat and a database that cannot be used.

use std::fs;
use std::process::{Command, Stdio};

use slipway_protocol::{
    ChatSend, ErrorCode, HostId, MessageState, ModelSource, SessionRead, Settings,
};

use crate::app::{App, chat, open};
use crate::processes::signal;
use crate::sshd::Sshd;

#[tokio::test(flavor = "multi_thread")]
async fn what_no_engine_can_answer_is_refused_before_it_is_saved() {
    let app = App::open().await;
    let local = HostId::local();
    let hot = |temperature| {
        let mut send = chat(&local, "Hello!");
        send.settings.sampling.temperature = Some(temperature);
        send
    };
    let cases = [
        (chat(&local, ""), ErrorCode::EmptyMessage),
        (chat(&local, " \n\t "), ErrorCode::EmptyMessage),
        (hot(2.5), ErrorCode::InvalidInput),
        (hot(-1.0), ErrorCode::InvalidInput),
        (hot(f64::NAN), ErrorCode::InvalidInput),
        (chat(&"no such host".into(), "Hello!"), ErrorCode::NotFound),
        (ChatSend { session_id: Some("none".into()), ..chat(&local, "Hi") }, ErrorCode::NotFound),
    ];
    for (send, code) in cases {
        let shown = format!("{send:?}");
        let fault = app.program.chat_send(send).await.unwrap_err();
        assert_eq!(fault.code, code, "{shown}");
    }
    assert!(app.program.session_list().await.unwrap().is_empty(), "nothing is saved");
    for settings in [
        Settings { chat_limit: 0, ..Settings::default() },
        Settings { temperature: Some(9.0), ..Settings::default() },
        Settings { keepalive_timeout_s: 1, ..Settings::default() },
    ] {
        let fault = app.program.settings_set(settings).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::InvalidInput);
    }
    assert_eq!(app.program.settings(), Settings::default());

    // Nothing is connected: the message is kept, and its answer says why there is none.
    let started = app.send(&local, "Is anybody there?").await;
    assert_eq!(app.failure(&started.request_id).await.code, ErrorCode::NotConnected);
    let session = SessionRead::whole(started.session.id.clone());
    let view = app.program.session_get(&session).await.unwrap();
    assert_eq!(view.messages[0].content, "Is anybody there?");
    assert_eq!(view.messages[1].state, MessageState::Failed);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_context_window_says_both_sizes() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let status = app.connect(&host).await;
    let started = app.send(&host, &"so many words ".repeat(4000)).await;
    let error = app.failure(&started.request_id).await;
    assert_eq!(error.code, ErrorCode::ContextExceeded);
    let size = status.context_size.unwrap().to_string();
    assert!(error.message.en.contains(&size) && error.message.ru.contains(&size), "{error:?}");
    let answer = app.message(&started).await;
    assert_eq!(answer.error.map(|error| error.code), Some(ErrorCode::ContextExceeded));
    // Text of every kind survives the way there and back.
    let said = "naïve — 日本語 👩‍👩‍👧‍👦 \u{200f}عربي";
    let mut send = chat(&host, said);
    send.settings.sampling.grammar = Some(format!("root ::= \"{said}\""));
    let started = app.program.chat_send(send).await.unwrap();
    let (_, answer) = app.answered(&started).await;
    assert_eq!((answer.content.as_str(), app.streamed(&started).as_str()), (said, said));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_named_and_left_alone() {
    let code = |opened: Result<slipway_core::Program, slipway_core::Fault>| match opened {
        Ok(_) => panic!("opened"),
        Err(fault) => (fault.code, fault.fix.en.clone(), fault.fix.ru.clone()),
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("slipway.db");
    fs::write(&path, b"This is a letter, not a database. ".repeat(200)).unwrap();
    let before = fs::read(&path).unwrap();
    let (found, en, ru) = code(open(dir.path()).await);
    assert_eq!(found, ErrorCode::DatabaseCorrupt);
    assert!(!en.is_empty() && !ru.is_empty());
    assert_eq!(fs::read(&path).unwrap(), before);

    // Half of a real one.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("slipway.db");
    open(dir.path()).await.unwrap().shutdown().await;
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(code(open(dir.path()).await).0, ErrorCode::DatabaseCorrupt);
    fs::write(&path, &whole).unwrap();

    if !sqlite(&path, "INSERT INTO _sqlx_migrations VALUES (9999, 'later', 0, 1, x'00', 0)") {
        return;
    }
    assert_eq!(code(open(dir.path()).await).0, ErrorCode::DatabaseNewer);
    assert!(sqlite(&path, "DELETE FROM _sqlx_migrations WHERE version = 9999"));
    open(dir.path()).await.unwrap().shutdown().await;

    let mut holder = Command::new("python3")
        .args(["-c", LOCK])
        .arg(&path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 1];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    let found = code(open(dir.path()).await).0;
    signal(holder.id(), "KILL");
    holder.wait().unwrap();
    assert_eq!(found, ErrorCode::DatabaseLocked);
    open(dir.path()).await.unwrap().shutdown().await;
}

const LOCK: &str = "import sqlite3, sys, time\n\
    db = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
    db.execute('PRAGMA locking_mode = EXCLUSIVE')\n\
    db.execute('BEGIN EXCLUSIVE')\n\
    print('x', flush=True)\n\
    time.sleep(60)";

/// Runs a statement; false, with the reason printed, where Python lacks SQLite.
fn sqlite(path: &std::path::Path, statement: &str) -> bool {
    let script = "import sqlite3, sys\n\
        db = sqlite3.connect(sys.argv[1])\n\
        db.execute(sys.argv[2])\n\
        db.commit()";
    let ran =
        Command::new("python3").args(["-c", script]).arg(path).arg(statement).output().unwrap();
    let error = String::from_utf8_lossy(&ran.stderr);
    let missing = error.contains("ModuleNotFoundError");
    if missing {
        println!("skipped: this Python has no sqlite3");
    }
    assert!(ran.status.success() || missing, "{error}");
    !missing
}
