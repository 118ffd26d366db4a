//! Rounds of connecting leave nothing behind: no process, no open file, no port.

use std::fs;
use std::process::Command;

use slipway_protocol::{ConnectionState, HostRef, ModelSource, TaskOutcome};

use crate::app::App;
use crate::http;
use crate::processes::{descendants, eventually};
use crate::sshd::Sshd;

/// Set in the process that runs a test alone, where files can be counted.
const ALONE: &str = "SLIPWAY_JOURNEY_ALONE";

/// Runs a test of this binary in a process of its own; true in that process.
fn alone(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let ran = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&ran.stdout);
    print!("{out}");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(out.contains("1 passed"), "{name} is not the test's name");
    false
}

fn open_files() -> Vec<String> {
    let entries = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    entries.filter_map(|entry| fs::read_link(entry.path()).ok()).map(|p| format!("{p:?}")).collect()
}

#[test]
fn twenty_rounds_of_connecting_leave_no_process_file_or_port() {
    if !alone("leftovers::twenty_rounds_of_connecting_leave_no_process_file_or_port") {
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
        let threads = fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        for _ in 0..20 {
            app.connect(&host).await;
            round(&app, &host, &machine).await;
        }
        let now = open_files();
        println!("files {} then {}, threads {threads}", files.len(), now.len());
        assert!(now.len() <= files.len() + 2, "{files:#?}\n{now:#?}");
        assert_eq!(machine.engine_processes().len(), 2);
        assert!(descendants(std::process::id()).len() <= 2, "sshd and its listener only");
        app.program.shutdown().await;
    });
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
