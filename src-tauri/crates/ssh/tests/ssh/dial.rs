//! Reaching something, or nothing, on a port.

use std::net::Ipv4Addr;
use std::time::Duration;

use slipway_ssh::{ConnectOptions, Error, KnownHosts};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::questions::unasked;
use crate::sshd::free_port;
use tempfile::TempDir;

fn options(dir: &TempDir, host: &str, port: u16) -> ConnectOptions {
    let own = dir.path().join("known_hosts");
    ConnectOptions {
        use_agent: false,
        default_identities: false,
        connect_timeout: Duration::from_secs(2),
        ..ConnectOptions::new(host, port, "nobody", KnownHosts { read: Vec::new(), own })
    }
}

#[tokio::test]
async fn nothing_listens() {
    let dir = tempfile::tempdir().unwrap();
    let port = free_port();
    let error = unasked(&options(&dir, "127.0.0.1", port)).await.unwrap_err();
    assert!(matches!(error, Error::PortRefused { port: p, .. } if p == port), "{error:?}");
}

#[tokio::test]
async fn a_name_without_address() {
    let dir = tempfile::tempdir().unwrap();
    let error = unasked(&options(&dir, "no-such-host.invalid", 22)).await.unwrap_err();
    assert!(
        matches!(&error, Error::NameNotFound { host } if host == "no-such-host.invalid"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_web_server_is_not_an_ssh_server() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.unwrap();
        stream.shutdown().await.unwrap();
        stream
    };
    let options = options(&dir, "127.0.0.1", port);
    let (_stream, result) = tokio::join!(serving, unasked(&options));
    match result.unwrap_err() {
        Error::NotSsh { banner, .. } => assert_eq!(banner, "HTTP/1.1 400 Bad Request"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let error = unasked(&options(&dir, "127.0.0.1", port)).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }), "{error:?}");
}
