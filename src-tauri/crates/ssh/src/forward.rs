//! A local port that leads to a port on the host, and outlives the connections beneath it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use russh::ChannelOpenFailure;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::pump::{self, Ending};
use crate::session::{OpenForwardError, Session};

/// How long a connection waits while no session is attached.
const ATTACH_PATIENCE: Duration = Duration::from_secs(10);
/// Ports tried before the system is asked for any.
const PORT_TRIES: usize = 20;
/// Pause after a failure that a busy loop would only make worse.
const BREATHER: Duration = Duration::from_millis(100);

/// Listens on a port of 127.0.0.1 and carries each connection to a port on the host.
///
/// The port stays open while sessions come and go, so whoever uses it keeps their address.
/// Dropping it ends the listener and all streams at once.
pub struct Forwarder {
    port: u16,
    shared: Arc<Shared>,
    /// The listener and all that it accepted; ends when dropped.
    accepting: JoinSet<()>,
}

/// What went through a [`Forwarder`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ForwardStats {
    /// Connections that are open now.
    pub open: u64,
    /// Connections accepted so far.
    pub total: u64,
    /// Bytes from this computer to the host.
    pub bytes_up: u64,
    /// Bytes from the host to this computer.
    pub bytes_down: u64,
}

/// Why the last stream failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// The server's settings forbid it (`AllowTcpForwarding`, `PermitOpen`, or the key's options).
    #[error("the server forbids port forwarding")]
    ForwardingForbidden,
    /// Forwarding works, but nothing listens on the port of the host.
    #[error("nothing listens on {host}:{port} of the host")]
    RemotePortRefused {
        /// The name as the server resolves it.
        host: String,
        /// The port there.
        port: u16,
    },
    /// The server refused for another reason.
    #[error("the server refuses the stream: {detail}")]
    Refused {
        /// The reason that it gave.
        detail: String,
    },
    /// No session was attached within 10 s.
    #[error("there is no connection to the host")]
    NotAttached,
    /// The connection to the host went while streams were open.
    #[error("the connection to the host is lost")]
    ConnectionLost,
    /// The host did not answer in time.
    #[error("the host does not answer")]
    Timeout,
    /// A local program took nothing while 64 MiB were waiting for it.
    #[error("the local program does not read")]
    ReaderTooSlow,
}

struct Shared {
    target: watch::Sender<Option<Target>>,
    counters: Counters,
    last_error: Mutex<Option<ForwardError>>,
}

/// Counters that streams write and [`Forwarder::stats`] reads.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    open: AtomicU64,
    total: AtomicU64,
    pub(crate) up: AtomicU64,
    pub(crate) down: AtomicU64,
}

/// Where streams lead at the moment.
#[derive(Clone)]
struct Target {
    session: Session,
    host: Arc<str>,
    port: u16,
    detached: CancellationToken,
}

impl Forwarder {
    /// Opens the local port: the preferred one, or a free one when that is taken or not given.
    ///
    /// # Errors
    /// [`Error::LocalPort`] when none can be bound.
    pub async fn bind(preferred: Option<u16>) -> Result<Self, Error> {
        let listener = listen(preferred).await.map_err(Error::LocalPort)?;
        let port = listener.local_addr().map_err(Error::LocalPort)?.port();
        let shared = Arc::new(Shared {
            target: watch::Sender::new(None),
            counters: Counters::default(),
            last_error: Mutex::new(None),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, shared.clone()));
        Ok(Self { port, shared, accepting })
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.port
    }

    /// Leads streams to a port as the host sees it, from now on. Streams of an earlier session are
    /// cut; waiting connections go through. The forwarder keeps the session alive. Leading to the
    /// same port over the same session again cuts nothing.
    pub fn attach(&self, session: Session, remote_host: &str, remote_port: u16) {
        let same = self.shared.target.borrow().as_ref().is_some_and(|target| {
            Arc::ptr_eq(&target.session.inner, &session.inner)
                && (&*target.host, target.port) == (remote_host, remote_port)
        });
        if same {
            self.shared.note(None);
            return;
        }
        let target = Target {
            session,
            host: remote_host.into(),
            port: remote_port,
            detached: CancellationToken::new(),
        };
        self.shared.note(None);
        self.lead_to(Some(target));
    }

    /// Lets go of the session and cuts its streams. New connections wait up to 10 s for the next.
    pub fn detach(&self) {
        self.lead_to(None);
    }

    fn lead_to(&self, target: Option<Target>) {
        if let Some(old) = self.shared.target.send_replace(target) {
            old.detached.cancel();
        }
    }

    /// What went through so far.
    #[must_use]
    pub fn stats(&self) -> ForwardStats {
        let counters = &self.shared.counters;
        ForwardStats {
            open: counters.open.load(Ordering::Relaxed),
            total: counters.total.load(Ordering::Relaxed),
            bytes_up: counters.up.load(Ordering::Relaxed),
            bytes_down: counters.down.load(Ordering::Relaxed),
        }
    }

    /// Why the last stream failed; `None` once one has opened since, or a session was attached.
    #[must_use]
    pub fn last_error(&self) -> Option<ForwardError> {
        self.shared.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the listener and all streams, and returns once the port is free again.
    pub async fn close(mut self) {
        self.detach();
        self.accepting.shutdown().await;
    }
}

/// Binds a port of the loopback address.
async fn listen(preferred: Option<u16>) -> std::io::Result<TcpListener> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    if let Some(port) = preferred {
        match bind(port).await {
            Ok(listener) => return Ok(listener),
            Err(error) => tracing::info!(port, %error, "the preferred port is not free"),
        }
    }
    for _ in 0..PORT_TRIES {
        // Somebody may take it between the look and the bind.
        let Some(port) = portpicker::pick_unused_port() else {
            break;
        };
        if let Ok(listener) = bind(port).await {
            return Ok(listener);
        }
    }
    // It looks at IPv6 too, and finds nothing where that is switched off.
    bind(0).await
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    streams.spawn(serve(shared.clone(), stream, from));
                }
                Err(error) => {
                    // Out of descriptors, as a rule: those in use must end first.
                    tracing::warn!(%error, "a connection was not accepted");
                    sleep(BREATHER).await;
                }
            },
            Some(_) = streams.join_next() => {}
        }
    }
}

/// Carries one connection.
async fn serve(shared: Arc<Shared>, mut stream: TcpStream, from: SocketAddr) {
    shared.counters.total.fetch_add(1, Ordering::Relaxed);
    shared.counters.open.fetch_add(1, Ordering::Relaxed);
    let _open = OpenStream(&shared.counters);
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
    let result = Box::pin(carry(&shared, &mut stream, from)).await;
    if let Err(error) = result {
        // A plain end would look like a complete answer to whoever reads.
        let _ = stream.set_zero_linger();
        if let Some(error) = error {
            tracing::debug!(%error, "a forwarded stream failed");
            shared.note(Some(error));
        }
    }
}

/// `Err(None)` when the stream was cut on purpose or by its local end.
async fn carry(
    shared: &Shared,
    stream: &mut TcpStream,
    from: SocketAddr,
) -> Result<(), Option<ForwardError>> {
    let mut targets = shared.target.subscribe();
    let patience = Instant::now() + ATTACH_PATIENCE;
    loop {
        let usable = |target: &Option<Target>| {
            target.as_ref().is_some_and(|target| !target.session.is_closed())
        };
        let target = match timeout_at(patience, targets.wait_for(usable)).await {
            Ok(Ok(target)) => target.clone(),
            _ => None,
        };
        let Some(target) = target else {
            return Err(Some(ForwardError::NotAttached));
        };
        let opening = target.session.open_forward(&target.host, target.port, from);
        let opened = tokio::select! {
            opened = opening => opened,
            () = target.detached.cancelled() => continue,
        };
        let error = match opened {
            Ok(channel) => {
                shared.note(None);
                // The stream must not keep the session alive: whoever drops that means it.
                let detached = target.detached.clone();
                drop(target);
                return match pump::run(stream, channel, &shared.counters, detached).await {
                    Ending::Complete => Ok(()),
                    Ending::Local => Err(None),
                    Ending::Detached => Err(None),
                    Ending::Lost => Err(Some(ForwardError::ConnectionLost)),
                    Ending::ReaderTooSlow => Err(Some(ForwardError::ReaderTooSlow)),
                };
            }
            Err(OpenForwardError::Failed(Error::ConnectionLost)) => {
                // The owner has not noticed yet; the next session may come in time.
                shared.note(Some(ForwardError::ConnectionLost));
                sleep(BREATHER).await;
                continue;
            }
            Err(OpenForwardError::Failed(Error::Stalled { .. })) => ForwardError::Timeout,
            Err(OpenForwardError::Failed(error)) => {
                ForwardError::Refused { detail: error.to_string() }
            }
            Err(OpenForwardError::Refused(reason)) => refusal(&reason, &target),
        };
        return Err(Some(error));
    }
}

fn refusal(reason: &ChannelOpenFailure, target: &Target) -> ForwardError {
    match reason {
        ChannelOpenFailure::AdministrativelyProhibited => ForwardError::ForwardingForbidden,
        ChannelOpenFailure::ConnectFailed => ForwardError::RemotePortRefused {
            host: target.host.as_ref().to_owned(),
            port: target.port,
        },
        other => ForwardError::Refused { detail: other.description().to_owned() },
    }
}

impl Shared {
    fn note(&self, error: Option<ForwardError>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}

/// Counts an open stream until it is dropped.
struct OpenStream<'a>(&'a Counters);

impl Drop for OpenStream<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
