//! The local port: where it leads, when it is refused, and that it stays.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use slipway_ssh::{ForwardError, Forwarder, RemoteTarget};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::questions::unasked;
use crate::sshd::{Sshd, free_port};

/// Sends back what it gets; after the end of the input, adds `" end"` and closes.
pub async fn echo() -> (u16, JoinSet<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        let mut streams = JoinSet::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            streams.spawn(async move {
                let (mut read, mut write) = stream.split();
                if tokio::io::copy(&mut read, &mut write).await.is_ok() {
                    let _ = write.write_all(b" end").await;
                }
            });
        }
    });
    (port, serving)
}

pub async fn open(forwarder: &Forwarder) -> TcpStream {
    TcpStream::connect((Ipv4Addr::LOCALHOST, forwarder.local_port())).await.unwrap()
}

/// One round through a forwarded echo server.
pub async fn round(forwarder: &Forwarder, words: &[u8]) -> std::io::Result<Vec<u8>> {
    // A stream that is accepted and reset at once can fail in connect already.
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, forwarder.local_port())).await?;
    stream.write_all(words).await?;
    stream.shutdown().await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Waits until something holds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < patience, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn half_close_and_statistics() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    // The answer's last part only comes after our side has finished sending.
    assert_eq!(round(&forwarder, b"hello").await.unwrap(), b"hello end");
    eventually("the stream is counted as closed", || forwarder.stats().open == 0).await;
    let stats = forwarder.stats();
    assert_eq!((stats.total, stats.bytes_up, stats.bytes_down), (1, 5, 9));
    assert_eq!(forwarder.last_error(), None);
}

#[tokio::test]
async fn http_over_the_tunnel() {
    let sshd = Sshd::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let mut length = 0;
        while !request[..length].windows(4).any(|end| end == b"\r\n\r\n") {
            length += stream.read(&mut request[length..]).await.unwrap();
        }
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
        stream.write_all(answer.as_bytes()).await.unwrap();
        request.truncate(length);
        request
    };
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    let asking = async {
        let mut stream = open(&forwarder).await;
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (request, answer) = tokio::join!(serving, asking);
    assert!(request.starts_with(b"GET /health"));
    assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
}

#[tokio::test]
async fn a_refused_remote_port_is_told() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    let port = free_port();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    assert!(round(&forwarder, b"hello").await.is_err());
    let expected = ForwardError::RemoteRefused(RemoteTarget::tcp("127.0.0.1", port));
    eventually("the reason is known", || forwarder.last_error() == Some(expected.clone())).await;
}

#[tokio::test]
async fn forbidden_forwarding_is_told() {
    let sshd = Sshd::with("AllowTcpForwarding no");
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    assert!(round(&forwarder, b"hello").await.is_err());
    let expected = Some(ForwardError::ForwardingForbidden);
    eventually("the reason is known", || forwarder.last_error() == expected).await;
}

#[tokio::test]
async fn the_port_stays_while_the_server_comes_back() {
    let mut sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    let local = forwarder.local_port();
    forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
    let mut cut = open(&forwarder).await;
    cut.write_all(b"held open").await.unwrap();
    let mut some = [0; 9];
    cut.read_exact(&mut some).await.unwrap();

    sshd.kill();
    tokio::time::timeout(Duration::from_secs(5), session.closed()).await.unwrap();
    // An answer cut short must not look like a whole one.
    assert!(cut.read(&mut some).await.is_err());
    forwarder.detach();

    // Comes while nothing is attached, and is served once something is.
    let waiting = round(&forwarder, b"patient");
    let healing = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        sshd.restart();
        let session = unasked(&sshd.options()).await.unwrap();
        forwarder.attach(session, RemoteTarget::tcp("127.0.0.1", port));
    };
    let (answer, ()) = tokio::join!(waiting, healing);
    assert_eq!(answer.unwrap(), b"patient end");
    assert_eq!(forwarder.local_port(), local);
}

#[tokio::test]
async fn nobody_attached_means_no_endless_wait() {
    let forwarder = Forwarder::bind(None).await.unwrap();
    let started = Instant::now();
    assert!(round(&forwarder, b"hello").await.is_err());
    let waited = started.elapsed();
    assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(15), "{waited:?}");
    assert_eq!(forwarder.last_error(), Some(ForwardError::NotAttached));
}

#[tokio::test]
async fn the_preferred_port_or_another() {
    let port = free_port();
    let first = Forwarder::bind(Some(port)).await.unwrap();
    assert_eq!(first.local_port(), port);
    let second = Forwarder::bind(Some(port)).await.unwrap();
    assert_ne!(second.local_port(), port);
    first.close().await;
    let third = Forwarder::bind(Some(port)).await.unwrap();
    assert_eq!(third.local_port(), port);
}

#[tokio::test]
async fn closing_and_detaching_cut_streams_at_once() {
    let sshd = Sshd::start();
    let (port, _echo) = echo().await;
    let session = unasked(&sshd.options()).await.unwrap();
    let forwarder = Forwarder::bind(None).await.unwrap();
    forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
    let limit = Duration::from_secs(2);
    let mut byte = [0; 1];
    for end in [Forwarder::detach as fn(&Forwarder), |_| {}] {
        forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", port));
        let mut stream = open(&forwarder).await;
        stream.write_all(b"x").await.unwrap();
        stream.read_exact(&mut byte).await.unwrap();
        end(&forwarder);
        if forwarder.stats().total == 2 {
            forwarder.close().await;
            assert!(!matches!(
                tokio::time::timeout(limit, stream.read(&mut byte)).await,
                Ok(Ok(1..))
            ));
            break;
        }
        assert!(tokio::time::timeout(limit, stream.read(&mut byte)).await.unwrap().is_err());
    }
    assert!(!session.is_closed());
}
