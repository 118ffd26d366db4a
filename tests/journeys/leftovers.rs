//! Rounds of connecting leave nothing behind: no process, no open file, no port.

use std::fs;

use slipway_protocol::{ConnectionState, HostRef, ModelSource, TaskOutcome};

use crate::app::App;
use crate::http;
use crate::namespace::alone;
use crate::processes::{descendants, eventually};
use crate::sshd::Sshd;

/// What this process has open, as /proc names it, but the database: its pool has up to five
/// connections, as many as are needed at once.
pub fn open_files() -> Vec<String> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| fs::read_link(entry.path()).ok());
    names.map(|name| format!("{name:?}")).filter(|name| !name.contains("slipway.db")).collect()
}

#[test]
fn two_hundred_rounds_of_connecting_leave_no_process_file_or_port() {
    if !alone("leftovers::two_hundred_rounds_of_connecting_leave_no_process_file_or_port") {
        return;
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let machine = Sshd::start();
        let app = App::open().await;
        let host = app.add(&machine).await;
        app.deploy(&host, ModelSource::Practice).await;
        app.connect(&host).await;
        round(&app, &host, &machine).await;
        let files = open_files();
        let tasks = alive_tasks();
        for _ in 0..200 {
            app.connect(&host).await;
            round(&app, &host, &machine).await;
        }
        let now = open_files();
        println!("files {} then {}, tasks {tasks} then {}", files.len(), now.len(), alive_tasks());
        assert!(now.len() <= files.len() + 2, "{files:#?}\n{now:#?}");
        assert!(eventually(5, || alive_tasks() <= tasks), "{} of {tasks}", alive_tasks());
        assert_eq!(machine.engine_processes().len(), 2);
        assert!(descendants(std::process::id()).len() <= 2, "sshd and its listener only");
        app.program.shutdown().await;
    });
}

/// Spawned work of this runtime that has not ended.
pub fn alive_tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Ends a connection; its port is free, and the host has no session of it any more.
async fn round(app: &App, host: &slipway_protocol::HostId, machine: &Sshd) {
    let seq = app.program.bus().last_seq();
    let snapshot = app.program.snapshot().await.unwrap();
    let status = snapshot.connections.into_iter().find(|c| c.host_id == *host).unwrap();
    let port = status.local_url.unwrap().rsplit(':').next().unwrap().parse().unwrap();
    assert!(http::listens(port));
    app.program.connect_stop(&HostRef { host_id: host.clone() });
    let (_, ended) = app.state(seq, host, ConnectionState::Disconnected).await;
    assert!(ended.reason.is_none() && ended.local_url.is_none());
    let outcome = app.outcome(&status.request_id).await;
    assert!(matches!(outcome, TaskOutcome::Complete(_)), "{outcome:?}");
    assert!(!http::listens(port));
    assert!(eventually(5, || machine.sessions().is_empty()), "{:?}", machine.sessions());
}
