//! A local port that leads to a port or socket on the host, and outlives the connections beneath it.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::listener::Loopback;
use crate::network;
use crate::session::Session;

/// How long a connection waits for a session unless [`Forwarder::set_patience`] says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens on a port of 127.0.0.1 (and of `::1`, where the machine has IPv6) and carries each
/// connection to a port or socket on the host.
///
/// The port stays open while sessions come and go, so whoever uses it keeps their address.
/// Dropping it ends the listener and all streams at once.
///
/// A connection that cannot be carried gets an answer: an HTTP request a status with OpenAI's error
/// object (503 `tunnel_down` when no session came in time, 502 `forwarding_forbidden`,
/// `engine_down` or `stream_refused` when the host refused, 504 `host_silent` when it did not
/// answer), anything else a reset. A request that is on its way when the connection goes gets its 503 as long as
/// nothing of an answer has come; after that the stream is reset, so that a part never looks like a
/// whole answer.
pub struct Forwarder {
    port: u16,
    shared: Arc<Shared>,
    /// The listener and all that it accepted; ends when dropped.
    accepting: JoinSet<()>,
}

/// Where the streams of a [`Forwarder`] lead, as the host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RemoteTarget {
    /// A TCP port (`direct-tcpip`, RFC 4254, 7.2).
    Tcp {
        /// The name or address as the host resolves it.
        host: String,
        /// The port there.
        port: u16,
    },
    /// A Unix socket (`direct-streamlocal@openssh.com`, OpenSSH's PROTOCOL, 2.4).
    Unix {
        /// Its absolute path on the host.
        path: String,
    },
}

impl RemoteTarget {
    /// A TCP port as the host sees it.
    pub fn tcp(host: impl Into<String>, port: u16) -> Self {
        Self::Tcp { host: host.into(), port }
    }

    /// A Unix socket by its absolute path.
    pub fn unix(path: impl Into<String>) -> Self {
        Self::Unix { path: path.into() }
    }
}

impl fmt::Display for RemoteTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix { path } => f.write_str(path),
        }
    }
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
    /// Bytes that have come and wait for local programs to take them.
    pub waiting: u64,
}

/// Why the last stream failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForwardError {
    /// The server's settings forbid it (`AllowTcpForwarding`, `PermitOpen`, or the key's options).
    #[error("the server forbids port forwarding")]
    ForwardingForbidden,
    /// Forwarding works, but nothing listens there. For a Unix socket OpenSSH says the same when
    /// `AllowStreamLocalForwarding` forbids it.
    #[error("nothing listens on {0} of the host")]
    RemoteRefused(RemoteTarget),
    /// The server refused for another reason.
    #[error("the server refuses the stream: {detail}")]
    Refused {
        /// The reason that it gave.
        detail: String,
    },
    /// No session was attached in time.
    #[error("there is no connection to the host")]
    NotAttached,
    /// The connection to the host went while streams were open.
    #[error("the connection to the host is lost")]
    ConnectionLost,
    /// The host did not answer in time.
    #[error("the host does not answer")]
    Timeout,
    /// A local program took nothing while 64 MiB were waiting for it, or while 256 MiB were
    /// waiting for all of them.
    #[error("the local program does not read")]
    ReaderTooSlow,
}

/// What the listener, the streams and their owner know together.
pub(crate) struct Shared {
    pub(crate) target: watch::Sender<Option<Attached>>,
    pub(crate) counters: Counters,
    patience_ms: AtomicU64,
    last_error: Mutex<Option<ForwardError>>,
}

/// Counters that streams write and [`Forwarder::stats`] reads.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) open: AtomicU64,
    pub(crate) total: AtomicU64,
    pub(crate) up: AtomicU64,
    pub(crate) down: AtomicU64,
    /// Bytes in the queues of all streams.
    pub(crate) waiting: Arc<AtomicUsize>,
}

/// Where streams lead at the moment.
#[derive(Clone)]
pub(crate) struct Attached {
    pub(crate) session: Session,
    pub(crate) target: Arc<RemoteTarget>,
    pub(crate) detached: CancellationToken,
}

impl Forwarder {
    /// Opens the local port: the preferred one, or a free one when that is taken or not given.
    ///
    /// # Errors
    /// [`Error::LocalPort`] when none can be bound.
    pub async fn bind(preferred: Option<u16>) -> Result<Self, Error> {
        let bound = network::run(Loopback::bind(preferred)).await;
        let stopped = || Err(std::io::ErrorKind::Interrupted.into());
        let listener = bound.unwrap_or_else(stopped).map_err(Error::LocalPort)?;
        let port = listener.port();
        let shared = Arc::new(Shared {
            target: watch::Sender::new(None),
            counters: Counters::default(),
            patience_ms: AtomicU64::new(millis(PATIENCE)),
            last_error: Mutex::new(None),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn_on(listener.serve(shared.clone()), &network::runtime());
        Ok(Self { port, shared, accepting })
    }

    /// The port, the same for both address families.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.port
    }

    /// How long a connection may wait for a session, from now on: 10 s at first. With nothing left
    /// to hope for, zero answers at once.
    pub fn set_patience(&self, patience: Duration) {
        self.shared.patience_ms.store(millis(patience), Ordering::Relaxed);
    }

    /// Leads streams to a place on the host, from now on. Streams of an earlier session are cut;
    /// waiting connections go through. The forwarder keeps the session alive. Leading to the same
    /// place over the same session again cuts nothing.
    pub fn attach(&self, session: Session, target: RemoteTarget) {
        self.shared.note(None);
        let same = self.shared.target.borrow().as_ref().is_some_and(|attached| {
            Arc::ptr_eq(&attached.session.inner, &session.inner) && *attached.target == target
        });
        if !same {
            let (target, detached) = (Arc::new(target), CancellationToken::new());
            self.lead_to(Some(Attached { session, target, detached }));
        }
    }

    /// Lets go of the session and cuts its streams. New connections wait for the next one.
    pub fn detach(&self) {
        self.lead_to(None);
    }

    fn lead_to(&self, attached: Option<Attached>) {
        if let Some(old) = self.shared.target.send_replace(attached) {
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
            waiting: counters.waiting.load(Ordering::Relaxed) as u64,
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

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Shared {
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms.load(Ordering::Relaxed))
    }

    pub(crate) fn note(&self, error: Option<ForwardError>) {
        *self.last_error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }
}
