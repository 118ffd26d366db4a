//! What a connection is told that cannot be carried, and servers that allow little.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use slipway_ssh::{Error, ForwardError, Forwarder, RemoteTarget, UploadSource};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener};
use tokio::task::JoinSet;

use crate::forward::{echo, eventually, open, round};
use crate::questions::unasked;
use crate::sshd::{Sshd, free_port};

const LIMIT: Duration = Duration::from_secs(10);

/// Asks as an HTTP client would; the answer, or the error that it broke off with.
async fn ask(forwarder: &Forwarder, request: &str) -> std::io::Result<String> {
    let mut stream = open(forwarder).await;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

const REQUEST: &str =
    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";

fn assert_answer(answer: &str, status: &str, code: &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
    assert!(head.contains("\r\nContent-Type: application/json\r\n"), "{head}");
    assert!(head.contains("\r\nRetry-After: "), "{head}");
    assert!(body.starts_with(r#"{"error":{"message":""#), "{body}");
    assert!(body.contains(r#""type":"slipway_tunnel""#), "{body}");
    assert!(body.contains(&format!(r#""code":"{code}""#)), "{body}");
}

#[tokio::test]
async fn a_request_without_a_session_is_answered_with_503_after_the_set_time() {
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.set_patience(Duration::from_millis(700));
    let started = Instant::now();
    let answer = ask(&forwarder, REQUEST).await.unwrap();
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(700) && waited < Duration::from_secs(3), "{waited:?}");
    assert_answer(&answer, "503", "tunnel_down");
    forwarder.set_patience(Duration::ZERO);
    let answer = ask(&forwarder, "HEAD / HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn a_large_request_gets_its_answer_though_nobody_wants_its_body() {
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.set_patience(Duration::ZERO);
    let mut stream = open(&forwarder).await;
    let (mut read, mut write) = stream.split();
    let sending = async {
        let head = "POST / HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n";
        write.write_all(head.as_bytes()).await.unwrap();
        write.write_all(&vec![b'x'; 8 * 1024 * 1024]).await.unwrap();
    };
    let mut answer = String::new();
    let (_, read) = tokio::join!(sending, read.read_to_string(&mut answer));
    read.unwrap();
    assert_answer(&answer, "503", "tunnel_down");
}

#[tokio::test]
async fn what_is_not_http_is_reset() {
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.set_patience(Duration::ZERO);
    for words in ["SSH-2.0-x\r\n", "GETTING", "", "PO"] {
        let started = Instant::now();
        assert!(ask(&forwarder, words).await.is_err(), "{words:?}");
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_refused_port_and_forbidden_forwarding_are_answered_with_502() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", free_port()));
    assert_answer(&ask(&forwarder, REQUEST).await.unwrap(), "502", "engine_down");
    drop(sshd);

    let (port, _echo) = echo().await;
    for setting in ["AllowTcpForwarding no", "PermitOpen 127.0.0.1:1", "DisableForwarding yes"] {
        let sshd = Sshd::with(setting);
        let session = unasked(&sshd.options()).await.unwrap();
        forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
        let answer = ask(&forwarder, REQUEST).await.unwrap();
        assert_answer(&answer, "502", "forwarding_forbidden");
        assert_eq!(forwarder.last_error(), Some(ForwardError::ForwardingForbidden), "{setting}");
    }
}

#[tokio::test]
async fn a_unix_socket_of_the_host_is_reached() {
    let sshd = Sshd::start();
    let path = sshd.path("engine.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut words = Vec::new();
            stream.read_to_end(&mut words).await.unwrap();
            words.extend(b" end");
            stream.write_all(&words).await.unwrap();
        }
    });
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session.clone(), RemoteTarget::unix(path.to_str().unwrap()));
    assert_eq!(round(&forwarder, b"hello").await.unwrap(), b"hello end");

    let absent = RemoteTarget::unix(sshd.path("absent.sock").to_str().unwrap());
    forwarder.attach(session, absent.clone());
    assert_answer(&ask(&forwarder, REQUEST).await.unwrap(), "502", "engine_down");
    assert_eq!(forwarder.last_error(), Some(ForwardError::RemoteRefused(absent)));
}

#[tokio::test]
async fn both_loopback_addresses_lead_through_and_no_other() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let local = forwarder.local_port();
    // Where the machine has IPv6 at all.
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        let mut stream = TcpStream::connect((Ipv6Addr::LOCALHOST, local)).await.unwrap();
        stream.write_all(b"six").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"six end");
    }
    // All of 127/8 is this machine, but only one address of it was bound.
    if cfg!(target_os = "linux") {
        assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), local)).await.is_err());
    }
}

#[tokio::test]
async fn one_session_is_enough_for_commands_uploads_and_streams() {
    let sshd = Sshd::with("MaxSessions 1");
    let (port, _echo) = echo().await;
    let forwarder = Forwarder::bind(None).await.unwrap();
    // Each time at once, when the connection itself may still hold the one session.
    for _ in 0..5 {
        let session = unasked(&sshd.options()).await.unwrap();
        let output = session.run("echo here", Vec::new(), LIMIT).await.unwrap();
        assert_eq!(output.stdout, b"here\n");
        forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
        assert_eq!(round(&forwarder, b"a").await.unwrap(), b"a end");
    }
    let session = unasked(&sshd.options()).await.unwrap();
    let content = session.read_file(sshd.path("host_key.pub").to_str().unwrap(), 4096).await;
    assert!(content.unwrap().starts_with(b"ssh-ed25519 "));
}

#[tokio::test]
async fn a_server_without_sessions_still_forwards() {
    let sshd = Sshd::with("MaxSessions 0");
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
    assert_eq!(round(&forwarder, b"a").await.unwrap(), b"a end");
    let error = session.run("true", Vec::new(), LIMIT).await.unwrap_err();
    assert!(matches!(error, Error::SessionRefused), "{error:?}");
}

#[tokio::test]
async fn a_forced_command_that_never_ends_holds_nothing_up() {
    let sshd = Sshd::with("ForceCommand sleep 60\nMaxSessions 2");
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
    assert_eq!(round(&forwarder, b"a").await.unwrap(), b"a end");
    let source = UploadSource::Bytes([1].into());
    let uploading = session.upload(source, "/nowhere/file", 0o600, |_, _| {});
    assert!(tokio::time::timeout(Duration::from_secs(30), uploading).await.unwrap().is_err());
    assert_eq!(round(&forwarder, b"a").await.unwrap(), b"a end");
    eventually("nothing leaks", || forwarder.stats().open == 0).await;
}
