//! How a connection lives and ends.

use std::time::{Duration, Instant};

use slipway_ssh::{ConnectOptions, DisconnectReason, Error};

use crate::questions::unasked;
use crate::sshd::Sshd;

#[tokio::test]
async fn ping_measures_a_round_trip() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    assert!(session.ping().await.unwrap() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_killed_server_is_noticed_at_once() {
    let mut sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let mut exec = session.exec("sleep 60", Vec::new()).await.unwrap();
    let closed = session.closed();
    sshd.kill();
    let started = Instant::now();
    let end = tokio::time::timeout(Duration::from_secs(5), closed).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(end.reason, DisconnectReason::Lost);
    assert!(session.is_closed());
    assert_eq!(exec.next().await, None);
    assert!(exec.was_cut_off());
    assert!(matches!(session.ping().await, Err(Error::ConnectionLost)));
    let error = session.run("true", Vec::new(), Duration::from_secs(5)).await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost), "{error:?}");
}

#[tokio::test]
async fn a_vanished_server_is_noticed_by_its_silence() {
    let sshd = Sshd::start();
    let options =
        ConnectOptions { keepalive_interval: Duration::from_millis(500), ..sshd.options() };
    let session = unasked(&options).await.unwrap();
    session.ping().await.unwrap();
    sshd.freeze();
    let started = Instant::now();
    let end = tokio::time::timeout(Duration::from_secs(10), session.closed()).await;
    sshd.thaw();
    assert_eq!(end.unwrap().reason, DisconnectReason::KeepAliveTimeout);
    let silence = started.elapsed();
    assert!(silence > Duration::from_secs(1) && silence < Duration::from_secs(4), "{silence:?}");
}

#[tokio::test]
async fn silence_alone_does_not_end_a_live_connection() {
    let sshd = Sshd::start();
    let options =
        ConnectOptions { keepalive_interval: Duration::from_millis(200), ..sshd.options() };
    let session = unasked(&options).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!session.is_closed());
}

#[tokio::test]
async fn disconnect_ends_all_clones_and_says_so() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let clone = session.clone();
    let closed = clone.closed();
    let started = Instant::now();
    session.disconnect().await;
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!(closed.await.reason, DisconnectReason::Requested);
    assert!(clone.is_closed());
}

#[tokio::test]
async fn the_last_handle_ends_the_connection() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let closed = session.closed();
    drop(session);
    tokio::time::timeout(Duration::from_secs(5), closed).await.unwrap();
}
