//! A connection that heals: the link drops, the server goes and comes, the engine dies.

use std::time::{Duration, Instant};

use slipway_protocol::{
    ConnectionState, ErrorCode, HostRef, ModelSource, Settings, TaskBody, TaskMessage, TaskRef,
};

use crate::app::App;
use crate::engine;
use crate::http;
use crate::processes::signal;
use crate::sshd::{Sshd, keygen};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_sshd_shows_reconnecting_and_heals_on_the_same_port() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let before = app.connect(&host).await;
    let engine = engine::process(&machine.root());
    assert!(engine.is_some());

    let seq = app.program.bus().last_seq();
    let killed = Instant::now();
    machine.kill();
    let (seq, lost) = app.state(seq, &host, ConnectionState::Reconnecting).await;
    println!("reconnecting after {:?}", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(2), "at once, not after a keep-alive");
    assert!(lost.reason.is_some() && lost.attempt == Some(1) && lost.next_attempt_at.is_some());
    assert_eq!(lost.local_url, before.local_url);
    // It goes on trying while nothing listens.
    let mut later = (seq, lost.clone());
    while later.1.attempt == lost.attempt {
        later = app.state(later.0, &host, ConnectionState::Reconnecting).await;
    }
    assert!(later.1.attempt > lost.attempt);

    machine.resume();
    let (_, healed) = app.state(later.0, &host, ConnectionState::Connected).await;
    assert_eq!(healed.local_url, before.local_url);
    assert_eq!(healed.request_id, before.request_id);
    assert_eq!(healed.reconnects, 1);
    assert_eq!(engine::process(&machine.root()), engine, "the engine outlives the link");
    let started = app.send(&host, "Are you back?").await;
    let (_, answer) = app.answered(&started).await;
    assert!(!answer.content.is_empty());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_sent_while_the_link_is_down_waits_for_it() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    machine.kill();
    app.state(seq, &host, ConnectionState::Reconnecting).await;
    let started = app.send(&host, "Take your time.").await;
    machine.resume();
    let (_, answer) = app.answered(&started).await;
    assert!(!answer.content.is_empty());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_is_brought_back_and_the_connection_says_so() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let before = app.connect(&host).await;
    let first = engine::process(&machine.root()).unwrap();

    let seq = app.program.bus().last_seq();
    signal(first, "KILL");
    let host_ref = HostRef { host_id: host.clone() };
    app.program.connect_start(host_ref).await.unwrap();
    let (seq, ill) = app.state(seq, &host, ConnectionState::Degraded).await;
    assert!(ill.reason.is_some());
    let (_, well) = app.state(seq, &host, ConnectionState::Connected).await;
    assert_eq!((&well.local_url, well.reconnects), (&before.local_url, 0));
    let second = engine::process(&machine.root()).unwrap();
    assert_ne!(first, second);
    let started = app.send(&host, "Again?").await;
    app.answered(&started).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_nobody_supervises_any_more_is_started_again() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let before = app.connect(&host).await;
    let first = machine.supervisor().unwrap();
    signal(first, "KILL");
    assert!(crate::processes::eventually(5, || machine.engine_processes().is_empty()));
    let mut seq = app.program.bus().last_seq();
    let host_ref = HostRef { host_id: host.clone() };
    app.program.connect_start(host_ref).await.unwrap();
    // What was looked at before the kill may be told after it.
    let well = loop {
        let (told, status) = app.state(seq, &host, ConnectionState::Connected).await;
        if machine.supervisor().is_some_and(|pid| pid != first) {
            break status;
        }
        seq = told;
    };
    assert_eq!(well.local_url, before.local_url);
    assert!(http::busy_slots(&well.local_url.unwrap(), &machine.deployment()) == 0);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_again_cuts_no_answer() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let model = engine::endless_model().to_string_lossy().into_owned();
    app.deploy(&host, ModelSource::HostPath(model)).await;
    app.connect(&host).await;
    let started = app.send(&host, "Go on and on.").await;
    let seq = app.program.bus().last_seq();
    let chunk = |m: &TaskMessage| {
        m.request_id == started.request_id && matches!(m.body, TaskBody::Chunk(_))
    };
    app.next(seq, chunk).await;
    for _ in 0..3 {
        app.connect(&host).await;
        let seq = app.program.bus().last_seq();
        app.next(seq, chunk).await;
    }
    assert_eq!(app.terminals(&started.request_id), 0);
    let task = TaskRef { request_id: started.request_id.clone() };
    app.program.task_cancel(&task);
    assert!(app.answered(&started).await.0.stopped);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_falls_silent_is_noticed_by_the_keep_alive() {
    let machine = Sshd::start();
    let app = App::open().await;
    let settings = Settings { keepalive_timeout_s: 3, ..Settings::default() };
    app.program.settings_set(settings).await.unwrap();
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let before = app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    machine.freeze();
    let frozen = Instant::now();
    let (seq, _) = app.state(seq, &host, ConnectionState::Reconnecting).await;
    println!("noticed after {:?}", frozen.elapsed());
    assert!(frozen.elapsed() < Duration::from_secs(6), "{:?}", frozen.elapsed());
    machine.thaw();
    let (_, healed) = app.state(seq, &host, ConnectionState::Connected).await;
    assert_eq!(healed.local_url, before.local_url);
    let started = app.send(&host, "Awake?").await;
    app.answered(&started).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_comes_back_with_another_key_is_not_trusted() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let status = app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    machine.kill();
    for name in ["host_key", "host_key.pub"] {
        std::fs::remove_file(machine.path(name)).unwrap();
    }
    keygen(&machine.path("host_key"), "");
    machine.resume();
    let (_, ended) = app.state(seq, &host, ConnectionState::NeedsAttention).await;
    assert_eq!(ended.reason.map(|reason| reason.code), Some(ErrorCode::HostKeyChanged));
    assert_eq!(app.failure(&status.request_id).await.code, ErrorCode::HostKeyChanged);
    app.program.shutdown().await;
}
