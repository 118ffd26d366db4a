//! Through SOCKS5 and HTTP proxies, each as small as can be.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slipway_ssh::{ConnectOptions, Error, Proxy, ProxyKind, ProxyLogin, Route};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::questions::unasked;
use crate::sshd::{Sshd, free_port};

struct SmallProxy {
    port: u16,
    /// What was asked for, `user:password@host:port`.
    asked: Arc<Mutex<Vec<String>>>,
    _serving: JoinSet<()>,
}

impl SmallProxy {
    async fn start(kind: ProxyKind) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let heard = heard.clone();
                streams.spawn(async move {
                    match kind {
                        ProxyKind::Socks5 => socks(stream, &heard).await,
                        ProxyKind::Http => http(stream, &heard).await,
                    }
                });
            }
        });
        Self { port, asked, _serving: serving }
    }

    fn options(&self, sshd: &Sshd, kind: ProxyKind, login: Option<ProxyLogin>) -> ConnectOptions {
        let proxy = Proxy { kind, host: "127.0.0.1".to_owned(), port: self.port, login };
        ConnectOptions { route: Route::Proxy(proxy), ..sshd.options() }
    }
}

/// RFC 1928, with the password of RFC 1929 if the client offers it.
async fn socks(mut stream: TcpStream, heard: &Mutex<Vec<String>>) {
    let mut head = [0; 2];
    stream.read_exact(&mut head).await.unwrap();
    let mut methods = vec![0; head[1].into()];
    stream.read_exact(&mut methods).await.unwrap();
    let mut login = String::new();
    if methods.contains(&2) {
        stream.write_all(&[5, 2]).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 1);
        let user = counted(&mut stream).await;
        let password = counted(&mut stream).await;
        login = format!("{user}:{password}@");
        stream.write_all(&[1, u8::from(password != "right")]).await.unwrap();
    } else {
        stream.write_all(&[5, 0]).await.unwrap();
    }
    let mut request = [0; 4];
    if stream.read_exact(&mut request).await.is_err() {
        return;
    }
    let host = match request[3] {
        1 => Ipv4Addr::from(stream.read_u32().await.unwrap()).to_string(),
        3 => counted(&mut stream).await,
        other => panic!("address type {other}"),
    };
    let port = stream.read_u16().await.unwrap();
    heard.lock().unwrap().push(format!("{login}{host}:{port}"));
    let server = TcpStream::connect((host.as_str(), port)).await;
    let code = if server.is_ok() { 0 } else { 5 };
    stream.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0]).await.unwrap();
    if let Ok(mut server) = server {
        let _ = copy_bidirectional(&mut stream, &mut server).await;
    }
}

async fn counted(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; stream.read_u8().await.unwrap().into()];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn http(mut stream: TcpStream, heard: &Mutex<Vec<String>>) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.unwrap());
    }
    let text = String::from_utf8(request).unwrap();
    let target = text.split_whitespace().nth(1).unwrap().to_owned();
    let basic = text.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: Basic "));
    heard.lock().unwrap().push(format!("{}@{target}", basic.unwrap_or_default()));
    if basic == Some("YWRhOndyb25n") {
        let denial = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(denial).await.unwrap();
        return;
    }
    let mut server = TcpStream::connect(&target).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut stream, &mut server).await;
}

fn login(password: &str) -> Option<ProxyLogin> {
    Some(ProxyLogin { user: "ada".to_owned(), password: password.into() })
}

#[tokio::test]
async fn socks5_with_and_without_a_login() {
    let sshd = Sshd::start();
    let kind = ProxyKind::Socks5;
    let proxy = SmallProxy::start(kind).await;
    unasked(&proxy.options(&sshd, kind, None)).await.unwrap();
    unasked(&proxy.options(&sshd, kind, login("right"))).await.unwrap();
    // Names are left to the proxy: this computer may not know them.
    let named = ConnectOptions { host: "localhost".to_owned(), ..proxy.options(&sshd, kind, None) };
    unasked(&named).await.unwrap();
    let port = sshd.port;
    let expected = [
        format!("127.0.0.1:{port}"),
        format!("ada:right@127.0.0.1:{port}"),
        format!("localhost:{port}"),
    ];
    assert_eq!(*proxy.asked.lock().unwrap(), expected);
}

#[tokio::test]
async fn http_connect_with_and_without_a_login() {
    let sshd = Sshd::start();
    let kind = ProxyKind::Http;
    let proxy = SmallProxy::start(kind).await;
    unasked(&proxy.options(&sshd, kind, None)).await.unwrap();
    unasked(&proxy.options(&sshd, kind, login("right"))).await.unwrap();
    let port = sshd.port;
    let expected = [format!("@127.0.0.1:{port}"), format!("YWRhOnJpZ2h0@127.0.0.1:{port}")];
    assert_eq!(*proxy.asked.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_proxy_that_does_not_lead_on() {
    let sshd = Sshd::start();
    for kind in [ProxyKind::Socks5, ProxyKind::Http] {
        let proxy = SmallProxy::start(kind).await;
        let error = unasked(&proxy.options(&sshd, kind, login("wrong"))).await.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::ProxyFailed { .. }), "{text}");
        assert!(!text.contains("wrong"), "{text}");
    }
    let socks = SmallProxy::start(ProxyKind::Socks5).await;
    let nowhere =
        ConnectOptions { port: free_port(), ..socks.options(&sshd, ProxyKind::Socks5, None) };
    let error = unasked(&nowhere).await.unwrap_err();
    assert!(matches!(error, Error::ProxyFailed { .. }), "{error:?}");
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_says_nothing() {
    let sshd = Sshd::start();
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    for (port, says) in [(free_port(), "refuses"), (mute.local_addr().unwrap().port(), "in time")] {
        for kind in [ProxyKind::Socks5, ProxyKind::Http] {
            let proxy = Proxy { kind, host: "127.0.0.1".to_owned(), port, login: None };
            let options = ConnectOptions {
                route: Route::Proxy(proxy),
                connect_timeout: Duration::from_secs(1),
                ..sshd.options()
            };
            match unasked(&options).await.unwrap_err() {
                Error::ProxyFailed { detail, .. } => assert!(detail.contains(says), "{detail}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
