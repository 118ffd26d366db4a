//! Many streams, big streams, stuck streams.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use slipway_ssh::{ForwardError, Forwarder, RemoteTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::forward::{echo, eventually, open, round};
use crate::questions::unasked;
use crate::sshd::Sshd;

const MIB: usize = 1024 * 1024;

/// Sends bytes without end to whoever connects.
async fn flood() -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut streams = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            streams.spawn(async move {
                let water = vec![7; 64 * 1024];
                while stream.write_all(&water).await.is_ok() {}
            });
        }
    });
    (port, serving)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_streams_at_once() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let rounds = (0..50u8).map(|n| {
        let forwarder = &forwarder;
        async move {
            let words = vec![n; 200_000];
            let answer = round(forwarder, &words).await.unwrap();
            assert_eq!(answer.len(), words.len() + 4);
            assert!(answer.starts_with(&words));
        }
    });
    join_all(rounds).await;
    eventually("all streams are closed", || forwarder.stats().open == 0).await;
    assert_eq!(forwarder.stats().total, 50);
    assert_eq!(forwarder.stats().bytes_up, 50 * 200_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_big_stream_both_ways_is_not_changed() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let words: Vec<u8> = (0..16 * MIB).map(|n| (n * 7 % 251) as u8).collect();
    let mut stream = open(&forwarder).await;
    let (mut read, mut write) = stream.split();
    let sending = async {
        write.write_all(&words).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let mut answer = Vec::new();
    let (_, length) = tokio::join!(sending, read.read_to_end(&mut answer));
    assert_eq!(length.unwrap(), words.len() + 4);
    assert!(answer.starts_with(&words));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_reader_holds_nobody_up_and_is_cut_in_the_end() {
    let sshd = Sshd::start();
    let (echo_port, _echo) = echo().await;
    let (flood_port, _flood) = flood().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let chat = Forwarder::bind(None).await.unwrap();
    chat.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", echo_port));
    let bulk = Forwarder::bind(None).await.unwrap();
    bulk.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", flood_port));
    // Connected, and never reads.
    let mut stuck = open(&bulk).await;
    eventually("the stuck stream is open", || bulk.stats().bytes_down > 0).await;
    for _ in 0..20 {
        let started = Instant::now();
        assert_eq!(round(&chat, b"token").await.unwrap(), b"token end");
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    let expected = Some(ForwardError::ReaderTooSlow);
    eventually("the stuck stream is cut", || bulk.last_error() == expected).await;
    let mut rest = Vec::new();
    assert!(stuck.read_to_end(&mut rest).await.is_err());
    assert_eq!(round(&chat, b"token").await.unwrap(), b"token end");
    assert!(!session.is_closed());
}

#[tokio::test]
async fn a_remote_end_that_closes_first_ends_a_blocked_upload() {
    let sshd = Sshd::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let closing = async {
        let (stream, _) = listener.accept().await.unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        drop(stream);
    };
    let sending = async {
        let mut stream = open(&forwarder).await;
        let words = vec![1; 64 * MIB];
        stream.write_all(&words).await
    };
    let both = async { tokio::join!(closing, sending).1 };
    let result = tokio::time::timeout(Duration::from_secs(10), both).await;
    assert!(result.expect("the writer hangs").is_err());
    eventually("nothing leaks", || forwarder.stats().open == 0).await;
}

#[tokio::test]
async fn a_local_end_that_goes_frees_the_remote_one() {
    let sshd = Sshd::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let stream = open(&forwarder).await;
    let (mut remote, _) = listener.accept().await.unwrap();
    drop(stream);
    // As an engine sees a stopped answer: first the end of input, then writes that fail.
    let mut byte = [0; 1];
    assert_eq!(remote.read(&mut byte).await.unwrap(), 0);
    let writing = async { while remote.write_all(b"token").await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(10), writing).await.expect("writes still succeed");
    eventually("nothing leaks", || forwarder.stats().open == 0).await;
}
