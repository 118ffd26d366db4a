//! A logged-in connection: its life, its end, and the channels on it.

mod jump;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use russh::client::{Handle, Msg};
use russh::{Channel, ChannelOpenFailure, ChannelReadHalf, ChannelWriteHalf, Disconnect, Sig};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::error::Error;
use crate::forward::RemoteTarget;
use crate::handler::ClientHandler;
use crate::network;

/// For opening a channel: one round trip and, for a session, the start of a process.
const OPEN_TIMEOUT: Duration = Duration::from_secs(15);
/// For one round trip of a keep-alive.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// For the clean-up that may go on after its owner is gone.
pub(crate) const CLEANUP_TIMEOUT: Duration = Duration::from_secs(10);
/// For the command that warms a connection up, which does nothing.
const WARM_UP_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a session is asked for that the warm-up has just given up, and how soon again.
const FREED_TRIES: usize = 10;
const FREED_PAUSE: Duration = Duration::from_millis(50);
/// For telling the server good-bye.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisconnectReason {
    /// [`Session::disconnect`] was called.
    Requested,
    /// Keep-alives went unanswered: the network or the machine is gone.
    KeepAliveTimeout,
    /// The TCP connection broke or was closed without a word.
    Lost,
    /// The server said good-bye.
    ByServer {
        /// In its own words.
        message: String,
    },
    /// The protocol failed.
    Failed {
        /// What russh reported.
        detail: String,
    },
}

/// The end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// Why it ended.
    pub reason: DisconnectReason,
}

/// A logged-in SSH connection. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Session {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    handle: Handle<ClientHandler>,
    ended: watch::Receiver<Option<DisconnectReason>>,
    requested: AtomicBool,
    /// Work that belongs to the connection and ends with it.
    tasks: Mutex<JoinSet<()>>,
    /// Those of them that a good-bye waits for.
    cleanups: TaskTracker,
    runtime: tokio::runtime::Handle,
    /// Whether the warm-up is over, with success or without.
    warmed_up: watch::Sender<bool>,
    /// Ends the TCP connection, whatever state the session loop is in.
    severed: DropGuard,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(
        handle: Handle<ClientHandler>,
        ended: watch::Receiver<Option<DisconnectReason>>,
        severed: CancellationToken,
    ) -> Self {
        let session = Self {
            inner: Arc::new(Inner {
                handle,
                ended,
                requested: AtomicBool::new(false),
                tasks: Mutex::new(JoinSet::new()),
                cleanups: TaskTracker::new(),
                runtime: network::runtime(),
                warmed_up: watch::Sender::new(false),
                severed: severed.drop_guard(),
            }),
        };
        session.warm_up();
        session
    }

    /// sshd leaves Nagle's algorithm on until a session runs something: without this each small
    /// message of a forwarded stream can wait for a delayed acknowledgement (40 ms). One command
    /// turns it off for the whole connection; where the server runs another one instead, that does
    /// too, so it is given no longer than [`WARM_UP_TIMEOUT`].
    fn warm_up(&self) {
        let weak = Arc::downgrade(&self.inner);
        self.inner.spawn(async move {
            let Some(inner) = weak.upgrade() else { return };
            let session = Self { inner };
            let opened = session.try_open_session().await;
            // The connection may end meanwhile.
            drop(session);
            match opened {
                Ok(mut channel) => {
                    if channel.write.exec(false, "true").await.is_ok() {
                        let _ = channel.write.eof().await;
                        let drained = async { while channel.read.wait().await.is_some() {} };
                        if tokio::time::timeout(WARM_UP_TIMEOUT, drained).await.is_err() {
                            let _ = channel.write.signal(Sig::TERM).await;
                        }
                    }
                    let _ = channel.write.close().await;
                }
                Err(error) => tracing::debug!(%error, "no session channel to warm up with"),
            }
            if let Some(inner) = weak.upgrade() {
                inner.warmed_up.send_replace(true);
            }
        });
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.inner.handle.is_closed() || self.inner.ended.borrow().is_some()
    }

    /// Resolves when the connection has ended, and says why. A vanished peer is noticed after
    /// about `keepalive_interval` times `keepalive_max`, a closed connection at once.
    ///
    /// The future does not keep the connection alive.
    pub fn closed(&self) -> impl Future<Output = Disconnected> + Send + 'static {
        let weak = Arc::downgrade(&self.inner);
        let mut ended = self.inner.ended.clone();
        async move {
            let reason = match ended.wait_for(Option::is_some).await {
                Ok(reason) => reason.clone().unwrap_or(DisconnectReason::Lost),
                // The session loop ended without a last word.
                Err(_) => DisconnectReason::Lost,
            };
            let requested =
                weak.upgrade().is_none_or(|inner| inner.requested.load(Ordering::Relaxed));
            Disconnected { reason: if requested { DisconnectReason::Requested } else { reason } }
        }
    }

    /// Measures one round trip to the server.
    ///
    /// # Errors
    /// [`Error::ConnectionLost`], or [`Error::Stalled`] after 10 s without an answer.
    pub async fn ping(&self) -> Result<Duration, Error> {
        let started = Instant::now();
        match tokio::time::timeout(PING_TIMEOUT, self.inner.handle.send_ping()).await {
            // The reply also "comes" when the connection goes.
            Ok(Ok(())) if !self.is_closed() => Ok(started.elapsed()),
            Ok(_) => Err(Error::ConnectionLost),
            Err(_) => Err(Error::Stalled { what: "a ping", seconds: PING_TIMEOUT.as_secs() }),
        }
    }

    /// Ends the connection: lets clean-up finish, says good-bye, closes. Each of the three takes at
    /// most a second; all clones are ended by it.
    pub async fn disconnect(&self) {
        self.inner.requested.store(true, Ordering::Relaxed);
        if !self.is_closed() {
            self.inner.cleanups.close();
            let _ = tokio::time::timeout(DISCONNECT_TIMEOUT, self.inner.cleanups.wait()).await;
            let handle = &self.inner.handle;
            let parting = async {
                let said = handle.disconnect(Disconnect::ByApplication, "", "en").await;
                if said.is_ok() {
                    self.closed().await;
                }
            };
            let _ = tokio::time::timeout(DISCONNECT_TIMEOUT, parting).await;
        }
        self.inner.sever();
        let _ = tokio::time::timeout(DISCONNECT_TIMEOUT, self.closed()).await;
    }

    pub(crate) async fn open_session_channel(&self) -> Result<SshChannel, Error> {
        Ok(SshChannel::new(&self.inner, self.open_session_stream().await?))
    }

    /// A session channel without a guard: for use as a stream, which closes it when dropped.
    pub(crate) async fn open_session_stream(&self) -> Result<Channel<Msg>, Error> {
        let mut warmed_up = self.inner.warmed_up.subscribe();
        let was_warm = *warmed_up.borrow_and_update();
        match self.try_open_session_stream().await {
            // With `MaxSessions 1` the warm-up may have the only one. The server frees it a moment
            // after its end.
            Err(Error::SessionRefused) if !was_warm => {
                let warm = warmed_up.wait_for(|warm| *warm);
                let _ = tokio::time::timeout(WARM_UP_TIMEOUT * 2, warm).await;
                let mut result = self.try_open_session_stream().await;
                for _ in 0..FREED_TRIES {
                    if !matches!(result, Err(Error::SessionRefused)) {
                        break;
                    }
                    tokio::time::sleep(FREED_PAUSE).await;
                    result = self.try_open_session_stream().await;
                }
                result
            }
            result => result,
        }
    }

    async fn try_open_session(&self) -> Result<SshChannel, Error> {
        Ok(SshChannel::new(&self.inner, self.try_open_session_stream().await?))
    }

    async fn try_open_session_stream(&self) -> Result<Channel<Msg>, Error> {
        let opening = self.inner.handle.channel_open_session();
        match tokio::time::timeout(OPEN_TIMEOUT, opening).await {
            Ok(Ok(channel)) => Ok(channel),
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => {
                tracing::debug!(?reason, "session channel refused");
                Err(Error::SessionRefused)
            }
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(stalled_open()),
        }
    }

    /// Opens a stream to a port or socket as the server sees it.
    pub(crate) async fn open_forward(
        &self,
        target: &RemoteTarget,
        from: std::net::SocketAddr,
    ) -> Result<SshChannel, OpenForwardError> {
        let handle = &self.inner.handle;
        let opening = async {
            match target {
                RemoteTarget::Tcp { host, port } => {
                    let (origin, origin_port) = (from.ip().to_string(), from.port().into());
                    let port = (*port).into();
                    handle.channel_open_direct_tcpip(host, port, origin, origin_port).await
                }
                RemoteTarget::Unix { path } => {
                    handle.channel_open_direct_streamlocal(path.as_str()).await
                }
            }
        };
        match tokio::time::timeout(OPEN_TIMEOUT, opening).await {
            Ok(Ok(channel)) => Ok(SshChannel::new(&self.inner, channel)),
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => {
                Err(OpenForwardError::Refused(reason))
            }
            Ok(Err(error)) => Err(OpenForwardError::Failed(error.into())),
            Err(_) => Err(OpenForwardError::Failed(stalled_open())),
        }
    }
}

fn stalled_open() -> Error {
    Error::Stalled { what: "opening a channel", seconds: OPEN_TIMEOUT.as_secs() }
}

/// Why a forwarded stream did not open.
#[derive(Debug)]
pub(crate) enum OpenForwardError {
    Refused(ChannelOpenFailure),
    Failed(Error),
}

impl Inner {
    /// Runs something that ends with the connection at the latest.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        // On the runtime of the connection: a drop can happen outside of any.
        tasks.spawn_on(work, &self.runtime);
    }

    /// Runs something that [`Session::disconnect`] waits for.
    pub(crate) fn spawn_cleanup(&self, work: impl Future<Output = ()> + Send + 'static) {
        let work = self.cleanups.track_future(work);
        self.spawn(async move {
            let _ = tokio::time::timeout(CLEANUP_TIMEOUT, work).await;
        });
    }

    fn sever(&self) {
        self.severed.token().cancel();
    }
}

/// A channel that is closed on the server when it is dropped here (russh alone would leave it).
pub(crate) struct SshChannel {
    pub(crate) read: ChannelReadHalf,
    pub(crate) write: Arc<ChannelWriteHalf<Msg>>,
    pub(crate) guard: CloseGuard,
}

/// See [`SshChannel`].
pub(crate) struct CloseGuard {
    connection: Weak<Inner>,
    write: Arc<ChannelWriteHalf<Msg>>,
    closed: bool,
}

impl SshChannel {
    fn new(connection: &Arc<Inner>, channel: Channel<Msg>) -> Self {
        let (read, write) = channel.split();
        let write = Arc::new(write);
        let guard = CloseGuard {
            connection: Arc::downgrade(connection),
            write: write.clone(),
            closed: false,
        };
        Self { read, write, guard }
    }
}

impl CloseGuard {
    /// The other side has closed: there is nothing left to close.
    pub(crate) fn disarm(&mut self) {
        self.closed = true;
    }
}

impl Drop for CloseGuard {
    fn drop(&mut self) {
        if self.closed {
            return;
        }
        let Some(connection) = self.connection.upgrade() else {
            return;
        };
        let write = self.write.clone();
        connection.spawn_cleanup(async move {
            let _ = write.close().await;
        });
    }
}
