//! A link that comes and goes every second.

use std::time::{Duration, Instant};

use slipway_protocol::{
    ConnectionState, ConnectionStatus, HostId, ModelSource, Progress, TaskBody,
};

use crate::app::App;
use crate::cutter::{Cutter, Way};
use crate::sshd::Sshd;

const SECOND: Duration = Duration::from_secs(1);

/// What a connection said since a message.
fn said(app: &App, host: &HostId, seq: u64) -> Vec<ConnectionStatus> {
    let messages = app.program.bus().after(seq).messages.into_iter();
    messages
        .filter_map(|message| match message.body {
            TaskBody::Progress(Progress::Connection(status)) if status.host_id == *host => {
                Some(*status)
            }
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_mute_each_other_second_lives_on() {
    let machine = Sshd::start();
    let cutter = Cutter::before(machine.port);
    let app = App::open().await;
    let host = app.program.host_add(cutter.host_add(&machine)).await.unwrap().id;
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    for _ in 0..6 {
        cutter.set(Way::Mute);
        tokio::time::sleep(SECOND).await;
        cutter.set(Way::Open);
        tokio::time::sleep(SECOND).await;
    }
    let said = said(&app, &host, seq);
    let lost = said.iter().any(|status| status.state == ConnectionState::Reconnecting);
    assert!(!lost, "{said:#?}");
    let started = app.send(&host, "Still there?").await;
    app.answered(&started).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_breaks_every_second_heals_without_hammering_the_server() {
    let machine = Sshd::start();
    let cutter = Cutter::before(machine.port);
    let app = App::open().await;
    let host = app.program.host_add(cutter.host_add(&machine)).await.unwrap().id;
    app.deploy(&host, ModelSource::Practice).await;
    let before = app.connect(&host).await;
    let seq = app.program.bus().last_seq();
    let began = Instant::now();
    while began.elapsed() < 20 * SECOND {
        cutter.set(Way::Closed);
        tokio::time::sleep(SECOND / 2).await;
        cutter.set(Way::Open);
        tokio::time::sleep(SECOND / 2).await;
    }
    let flapping = said(&app, &host, seq);
    let waits = flapping.iter().filter(|status| status.next_attempt_at.is_some()).count();
    println!("{waits} waits before a try in 20 s, {} messages", flapping.len());
    assert!((5..80).contains(&waits), "a quarter of a second or more before each: {waits}");
    assert!(flapping.iter().all(|status| status.local_url == before.local_url));

    // Then it is good again, for good.
    let healed = async {
        loop {
            let snapshot = app.program.snapshot().await.unwrap();
            let now = snapshot.connections.into_iter().find(|now| now.host_id == host).unwrap();
            if now.state == ConnectionState::Connected {
                return now;
            }
            tokio::time::sleep(SECOND / 10).await;
        }
    };
    let healed = tokio::time::timeout(40 * SECOND, healed).await.unwrap();
    println!("{} times rebuilt", healed.reconnects);
    assert!(healed.reconnects >= 1 && healed.request_id == before.request_id);
    let started = app.send(&host, "For good?").await;
    app.answered(&started).await;
    app.program.shutdown().await;
}
