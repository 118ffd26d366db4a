//! Running commands.

use std::fs;
use std::time::{Duration, Instant};

use slipway_ssh::{Error, ExecEvent};

use crate::questions::unasked;
use crate::sshd::Sshd;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn streams_and_status_are_kept_apart() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let output = session.run("echo out; echo err >&2; exit 7", Vec::new(), PATIENCE).await.unwrap();
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(output.stderr, b"err\n");
    assert_eq!(output.exit, Some(7));
}

#[tokio::test]
async fn a_signal_is_told_from_a_status() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let mut exec = session.exec("kill -TERM $$", Vec::new()).await.unwrap();
    let mut events = Vec::new();
    while let Some(event) = exec.next().await {
        events.push(event);
    }
    assert_eq!(events, [ExecEvent::Signal("TERM".to_owned())]);
    assert!(!exec.was_cut_off());
}

#[tokio::test]
async fn a_banner_is_not_output() {
    let dir = tempfile::tempdir().unwrap();
    let banner = dir.path().join("banner");
    fs::write(&banner, "AUTHORIZED USE ONLY\n".repeat(100)).unwrap();
    let sshd = Sshd::with(&format!("Banner {}", banner.display()));
    let session = unasked(&sshd.options()).await.unwrap();
    let output = session.run("echo quiet", Vec::new(), PATIENCE).await.unwrap();
    assert_eq!(output.stdout, b"quiet\n");
    assert_eq!(output.stderr, b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_mebibytes_through_standard_input_and_back() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let input: Vec<u8> = (0..10 * 1024 * 1024u32).map(|n| (n % 251) as u8).collect();
    let output = session.run("cat", input.clone(), PATIENCE).await.unwrap();
    assert_eq!(output.exit, Some(0));
    assert!(output.stdout == input);
}

#[tokio::test]
async fn input_that_nobody_reads_does_not_hang() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let output = session.run("exit 3", vec![0; 10 * 1024 * 1024], PATIENCE).await.unwrap();
    assert_eq!(output.exit, Some(3));
}

#[tokio::test]
async fn a_dropped_command_ends() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let mark = sshd.path("mark");
    let command = format!("cat; echo ended > {}", mark.display());
    let mut exec = session.exec(&format!("echo started; {command}"), vec![]).await.unwrap();
    assert_eq!(exec.next().await, Some(ExecEvent::Stdout("started\n".into())));
    drop(exec);
    let patience = Instant::now() + Duration::from_secs(10);
    while !mark.exists() {
        assert!(Instant::now() < patience, "the command still runs");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // sshd allows ten sessions per connection, and counts a command as long as it runs. It passes
    // signals on for plain users only; root's command has to notice that nobody listens.
    let command = match sshd.user.as_str() {
        "root" => "echo started; while echo on; do sleep 0.01; done",
        _ => "echo started; sleep 60",
    };
    for _ in 0..25 {
        let mut exec = session.exec(command, Vec::new()).await.unwrap();
        assert!(matches!(exec.next().await, Some(ExecEvent::Stdout(_))));
        drop(exec);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    session.run("true", Vec::new(), PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_command_can_time_out() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let limit = Duration::from_millis(300);
    let error = session.run("sleep 30", Vec::new(), limit).await.unwrap_err();
    assert!(matches!(error, Error::Stalled { .. }), "{error:?}");
    session.run("true", Vec::new(), PATIENCE).await.unwrap();
}

#[tokio::test]
async fn a_command_outlives_the_other_handles() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let mut exec = session.exec("sleep 0.3; echo done", Vec::new()).await.unwrap();
    drop(session);
    assert_eq!(exec.next().await, Some(ExecEvent::Stdout("done\n".into())));
}

#[tokio::test]
async fn no_sessions_allowed() {
    let sshd = Sshd::with("MaxSessions 0");
    let session = unasked(&sshd.options()).await.unwrap();
    let error = session.run("true", Vec::new(), PATIENCE).await.unwrap_err();
    assert!(matches!(error, Error::SessionRefused), "{error:?}");
}
