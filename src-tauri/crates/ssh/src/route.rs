//! The ways to a server: straight, through other servers, through a proxy, through a command.

mod dial;
mod http;
mod program;

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_socks::tcp::Socks5Stream;

use crate::deadline::Deadline;
use crate::error::Error;
use crate::options::ConnectOptions;
use crate::session::Session;

pub(crate) use self::program::Complaint;
pub use self::program::ProxyCommand;

/// How a server is reached.
#[derive(Debug, Clone, Default)]
pub enum Route {
    /// By TCP, to the first address that answers.
    #[default]
    Direct,
    /// Through a session with another server (`ProxyJump`), which has a route, a host key check
    /// and a login of its own.
    Jump(Box<ConnectOptions>),
    /// Through a proxy.
    Proxy(Proxy),
    /// Through the standard streams of a command (`ProxyCommand`) that the user's shell runs.
    Command(ProxyCommand),
}

/// A proxy.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// Its protocol.
    pub kind: ProxyKind,
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What it wants to know.
    pub login: Option<ProxyLogin>,
}

/// The protocol of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyKind {
    /// RFC 1928, with names resolved by the proxy.
    Socks5,
    /// The method CONNECT of HTTP (RFC 9110, 9.3.6).
    Http,
}

/// A login at a proxy.
#[derive(Debug, Clone)]
pub struct ProxyLogin {
    /// The name.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

impl Proxy {
    fn failed(&self, detail: impl Into<String>) -> Error {
        let proxy = format!("{}:{}", self.host, self.port);
        Error::ProxyFailed { proxy, detail: detail.into() }
    }
}

/// A byte stream to a server.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An open way to a server.
pub(crate) struct Way {
    pub(crate) stream: Box<dyn Stream>,
    /// What the command in between said, to explain a failure.
    pub(crate) complaint: Option<Complaint>,
}

impl Way {
    fn new(stream: impl Stream + 'static) -> Self {
        Self { stream: Box::new(stream), complaint: None }
    }
}

/// Opens the way to the server of some options; `via` is the session of the jump before it.
pub(crate) async fn open(
    options: &ConnectOptions,
    via: Option<&Session>,
    deadline: &Deadline,
) -> Result<Way, Error> {
    let (host, port) = (options.host.as_str(), options.port);
    let limited = || Error::Timeout { host: host.to_owned(), port };
    match (&options.route, via) {
        (Route::Jump(hop), Some(session)) => {
            let opening = deadline.run(session.open_jump(&hop.host, host, port));
            Ok(Way::new(opening.await.map_err(|_| limited())??))
        }
        // Never around the jump.
        (Route::Jump(_), None) => Err(Error::ConnectionLost),
        (Route::Direct, _) => Ok(Way::new(dial::dial(host, port, deadline).await?)),
        (Route::Proxy(proxy), _) => through_proxy(proxy, host, port, deadline).await,
        (Route::Command(command), _) => {
            let (stream, complaint) = program::run(command)?;
            Ok(Way { stream: Box::new(stream), complaint: Some(complaint) })
        }
    }
}

async fn through_proxy(
    proxy: &Proxy,
    host: &str,
    port: u16,
    deadline: &Deadline,
) -> Result<Way, Error> {
    // That the proxy cannot be reached is the proxy's failure, not the server's.
    let stream = dial::dial(&proxy.host, proxy.port, deadline)
        .await
        .map_err(|error| proxy.failed(error.to_string()))?;
    let asking = async {
        match proxy.kind {
            ProxyKind::Socks5 => Ok(Way::new(socks5(proxy, stream, host, port).await?)),
            ProxyKind::Http => {
                let login = proxy.login.as_ref();
                let stream = http::connect(stream, host, port, login).await;
                Ok(Way::new(stream.map_err(|detail| proxy.failed(detail))?))
            }
        }
    };
    deadline.run(asking).await.map_err(|_| proxy.failed("it did not answer in time"))?
}

async fn socks5(
    proxy: &Proxy,
    stream: tokio::net::TcpStream,
    host: &str,
    port: u16,
) -> Result<Socks5Stream<tokio::net::TcpStream>, Error> {
    // An address goes as one; the proxy need not resolve it.
    let target: tokio_socks::TargetAddr<'_> = match host.parse::<IpAddr>() {
        Ok(address) => tokio_socks::TargetAddr::Ip((address, port).into()),
        Err(_) => tokio_socks::TargetAddr::Domain(host.into(), port),
    };
    let opened = match &proxy.login {
        Some(login) => {
            let password = login.password.expose_secret();
            Socks5Stream::connect_with_password_and_socket(stream, target, &login.user, password)
                .await
        }
        None => Socks5Stream::connect_with_socket(stream, target).await,
    };
    opened.map_err(|error| proxy.failed(error.to_string()))
}
