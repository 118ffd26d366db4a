//! One connection to a forwarder's port, from its acceptance to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use russh::ChannelOpenFailure;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::Error;
use crate::forward::{Attached, Counters, ForwardError, RemoteTarget, Shared};
use crate::gateway_error;
use crate::pump::{self, Ending, Exchange};
use crate::session::OpenForwardError;

/// Pause before a session that has just gone is asked again.
const BREATHER: Duration = Duration::from_millis(50);

/// How a connection failed.
enum Failure {
    /// Before anything was carried: whoever asked can be told.
    Unopened(ForwardError),
    /// After a request, and before anything of its answer: likewise. Holds the request's first bytes.
    Unanswered(ForwardError, Vec<u8>),
    /// In the middle.
    Broken(ForwardError),
    /// It was cut on purpose or by its local end.
    Cut,
}

/// Carries one connection.
pub(crate) async fn serve(shared: Arc<Shared>, mut stream: TcpStream, from: SocketAddr) {
    let _open = OpenStream::count(&shared.counters);
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
    let error = match Box::pin(carry(&shared, &mut stream, from)).await {
        Ok(()) => return,
        Err(Failure::Unopened(error)) => {
            // The reason is known before the answer is out: whoever has that may ask at once.
            shared.note(Some(error.clone()));
            if gateway_error::answer(&mut stream, &error).await {
                tracing::debug!(%error, "a request was refused");
                return;
            }
            Some(error)
        }
        Err(Failure::Unanswered(error, opening)) => {
            shared.note(Some(error.clone()));
            if gateway_error::answer_to(&mut stream, &opening, &error).await {
                tracing::debug!(%error, "a request was lost");
                return;
            }
            Some(error)
        }
        Err(Failure::Broken(error)) => Some(error),
        Err(Failure::Cut) => None,
    };
    // A plain end would look like a complete answer to whoever reads.
    let _ = stream.set_zero_linger();
    if let Some(error) = error {
        tracing::debug!(%error, "a forwarded stream failed");
        shared.note(Some(error));
    }
}

async fn carry(shared: &Shared, stream: &mut TcpStream, from: SocketAddr) -> Result<(), Failure> {
    let mut targets = shared.target.subscribe();
    let arrived = Instant::now();
    loop {
        let usable = |attached: &Option<Attached>| {
            attached.as_ref().is_some_and(|attached| !attached.session.is_closed())
        };
        let waiting = timeout_at(arrived + shared.patience(), targets.wait_for(usable));
        let attached = match waiting.await {
            Ok(Ok(attached)) => attached.clone(),
            _ => None,
        };
        let Some(attached) = attached else {
            return Err(Failure::Unopened(ForwardError::NotAttached));
        };
        let opening = attached.session.open_forward(&attached.target, from);
        let opened = tokio::select! {
            opened = opening => opened,
            () = attached.detached.cancelled() => continue,
        };
        let error = match opened {
            Ok(channel) => {
                shared.note(None);
                // The stream must not keep the session alive: whoever drops that means it.
                let detached = attached.detached.clone();
                drop(attached);
                let mut exchange = Exchange::default();
                let carrying =
                    pump::run(stream, channel, &shared.counters, detached, &mut exchange);
                return match carrying.await {
                    Ending::Complete => Ok(()),
                    Ending::Lost | Ending::Detached if !exchange.answered => {
                        Err(Failure::Unanswered(ForwardError::ConnectionLost, exchange.opening))
                    }
                    Ending::Local | Ending::Detached => Err(Failure::Cut),
                    Ending::Lost => Err(Failure::Broken(ForwardError::ConnectionLost)),
                    Ending::ReaderTooSlow => Err(Failure::Broken(ForwardError::ReaderTooSlow)),
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
            Err(OpenForwardError::Refused(reason)) => refusal(&reason, &attached.target),
        };
        return Err(Failure::Unopened(error));
    }
}

fn refusal(reason: &ChannelOpenFailure, target: &RemoteTarget) -> ForwardError {
    match reason {
        ChannelOpenFailure::AdministrativelyProhibited => ForwardError::ForwardingForbidden,
        ChannelOpenFailure::ConnectFailed => ForwardError::RemoteRefused(target.clone()),
        other => ForwardError::Refused { detail: other.description().to_owned() },
    }
}

/// Counts an open stream until it is dropped.
struct OpenStream<'a>(&'a Counters);

impl<'a> OpenStream<'a> {
    fn count(counters: &'a Counters) -> Self {
        counters.total.fetch_add(1, Ordering::Relaxed);
        counters.open.fetch_add(1, Ordering::Relaxed);
        Self(counters)
    }
}

impl Drop for OpenStream<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}
