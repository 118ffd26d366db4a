//! What a connection says of itself, when it gives up, and when it does not wait.

use std::fs;
use std::time::{Duration, Instant};

use slipway_protocol::{
    ConnectionState, ErrorCode, HostKeep, HostRef, ModelSource, Progress, Settings, TaskBody,
};

use crate::app::App;
use crate::namespace::{add_address, alone_in_a_network};
use crate::sshd::Sshd;

/// Times that somebody came to the server and was not let in.
fn refusals(machine: &Sshd) -> usize {
    let log = fs::read_to_string(machine.path("sshd.log")).unwrap();
    log.lines().filter(|line| line.contains("authenticating user")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_no_longer_welcome_needs_attention_and_is_shown_once() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let before = app.connect(&host).await;
    fs::write(machine.path("authorized_keys"), "").unwrap();
    let seq = app.program.bus().last_seq();
    machine.kill();
    machine.resume();
    let (_, ended) = app.state(seq, &host, ConnectionState::NeedsAttention).await;
    let reason = ended.reason.unwrap();
    assert_eq!(reason.code, ErrorCode::AuthenticationRefused);
    assert!(ended.local_url.is_none() && ended.next_attempt_at.is_none());
    assert_eq!(ended.last_error.map(|error| error.code), Some(ErrorCode::AuthenticationRefused));
    assert_eq!(app.failure(&before.request_id).await.code, ErrorCode::AuthenticationRefused);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(refusals(&machine), 1, "no further tries");

    // Let in again, it connects when it is told to.
    fs::copy(machine.path("id.pub"), machine.path("authorized_keys")).unwrap();
    app.connect(&host).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_is_seen_within_ten_seconds_by_default() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let before = app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    machine.freeze();
    let frozen = Instant::now();
    let (seq, _) = app.state(seq, &host, ConnectionState::Reconnecting).await;
    println!("seen after {:?}", frozen.elapsed());
    assert!(frozen.elapsed() < Duration::from_secs(10), "{:?}", frozen.elapsed());
    machine.thaw();
    let (_, healed) = app.state(seq, &host, ConnectionState::Connected).await;
    assert_eq!((healed.local_url, healed.reconnects), (before.local_url, 1));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_hour_is_told_without_gaps() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let host_ref = HostRef { host_id: host.clone() };
    assert!(app.program.connection_history(&host_ref).spans.is_empty());
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    machine.kill();
    let (seq, _) = app.state(seq, &host, ConnectionState::Reconnecting).await;
    machine.resume();
    let (_, healed) = app.state(seq, &host, ConnectionState::Connected).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    app.program.connect_stop(&host_ref);
    app.state(seq, &host, ConnectionState::Disconnected).await;

    let history = app.program.connection_history(&host_ref);
    let spans = &history.spans;
    for pair in spans.windows(2) {
        assert_eq!(pair[0].until, Some(pair[1].from), "{spans:#?}");
    }
    let last = spans.last().unwrap();
    assert_eq!((last.state, last.until), (ConnectionState::Disconnected, None));
    let order: Vec<_> = spans.iter().map(|span| span.state).collect();
    let lost = order.iter().position(|state| *state == ConnectionState::Reconnecting).unwrap();
    assert_eq!(order[lost - 1], ConnectionState::Connected, "{order:?}");
    assert!(order[lost + 1..].contains(&ConnectionState::Connected), "{order:?}");
    let why = spans[lost].reason.as_ref().map(|reason| reason.code);
    assert_eq!(why, Some(ErrorCode::ConnectionLost));
    let since = history.samples.iter().filter(|sample| sample.at >= healed.since);
    assert!(since.count() >= 1, "a sample each five seconds: {:?}", history.samples);
    assert!(history.samples.iter().all(|sample| sample.round_trip_ms.is_some()));
    assert!(history.samples.last().unwrap().bytes_down > 0);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_tunnel_starts_with_the_window_and_waits_for_its_host() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let kept = app.program.host_keep(HostKeep { host_id: host.clone(), keep: true }).await.unwrap();
    assert!(kept.keep);
    let app = app.reopened().await;
    app.program.connect_kept().await.unwrap();
    app.state(0, &host, ConnectionState::Connected).await;

    // The next time the network comes later than the window.
    let app = app.reopened().await;
    machine.kill();
    app.program.connect_kept().await.unwrap();
    let (seq, waiting) = app.state(0, &host, ConnectionState::Reconnecting).await;
    assert_eq!(waiting.reason.map(|why| why.code), Some(ErrorCode::ConnectionRefused));
    let (seq, _) = app.state(seq, &host, ConnectionState::Reconnecting).await;
    machine.resume();
    app.state(seq, &host, ConnectionState::Connected).await;

    // What only a person can mend is not tried again and again.
    let app = app.reopened().await;
    fs::write(machine.path("authorized_keys"), "").unwrap();
    app.program.connect_kept().await.unwrap();
    app.state(0, &host, ConnectionState::NeedsAttention).await;

    // Nothing starts for a host that is not kept any more.
    app.program.host_keep(HostKeep { host_id: host.clone(), keep: false }).await.unwrap();
    let app = app.reopened().await;
    app.program.connect_kept().await.unwrap();
    assert!(app.program.task_list().is_empty());
    app.program.shutdown().await;
}

#[test]
fn another_network_is_noticed_and_probed_at_once() {
    if !alone_in_a_network("states::another_network_is_noticed_and_probed_at_once") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut machine = Sshd::start();
        let app = App::open().await;
        // The keep-alive would take two minutes.
        let settings = Settings { keepalive_timeout_s: 120, ..Settings::default() };
        app.program.settings_set(settings).await.unwrap();
        let host = app.add(&machine).await;
        app.deploy(&host, ModelSource::Practice).await;
        let before = app.connect(&host).await;

        // A link that survived is left alone.
        let seq = app.program.bus().last_seq();
        add_address("192.0.2.1/32");
        tokio::time::sleep(Duration::from_secs(4)).await;
        let after = app.program.bus().after(seq).messages;
        let lost = after.iter().any(|message| match &message.body {
            TaskBody::Progress(Progress::Connection(status)) => {
                status.state != ConnectionState::Connected
            }
            _ => false,
        });
        assert!(!lost, "{after:#?}");

        // One that did not is rebuilt now.
        let seq = app.program.bus().last_seq();
        machine.freeze();
        let moved = Instant::now();
        add_address("192.0.2.2/32");
        let (seq, _) = app.state(seq, &host, ConnectionState::Reconnecting).await;
        println!("lost link seen {:?} after the change", moved.elapsed());
        // A second until the change is seen, three for a sample that is under way, three to probe.
        assert!(moved.elapsed() < Duration::from_secs(8), "{:?}", moved.elapsed());
        machine.thaw();
        let (mut seq, healed) = app.state(seq, &host, ConnectionState::Connected).await;
        assert_eq!(healed.local_url, before.local_url);

        // And one that waits for a late try does not wait any longer.
        machine.kill();
        let next = loop {
            let (at, status) = app.state(seq, &host, ConnectionState::Reconnecting).await;
            seq = at;
            if status.attempt >= Some(7)
                && let Some(next) = status.next_attempt_at
            {
                break next;
            }
        };
        machine.resume();
        add_address("192.0.2.3/32");
        let (_, back) = app.state(seq, &host, ConnectionState::Connected).await;
        println!("back {} ms before the try that was due", next as i64 - back.since as i64);
        assert!(back.since < next, "{} {next}", back.since);
        app.program.shutdown().await;
    });
}
