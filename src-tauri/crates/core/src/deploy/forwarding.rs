//! What an SSH server lets through, found out by trying: the script listens on a port and a unix
//! socket of the host, and each is reached through the session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use slipway_protocol::ForwardingFound;
use slipway_ssh::{Forwarder, RemoteTarget, Session};
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;

use super::events::ScriptEvent;
use super::script::{ScriptRun, Subcommand};
use crate::fault::Fault;

/// For the whole test on the host's side.
const TEST_LIMIT_S: u32 = 10;
/// For one try.
const TRY_LIMIT: Duration = Duration::from_secs(4);

/// Where the script listens.
struct Listening {
    port: u16,
    socket: Option<String>,
    nonce: String,
}

/// Tries both.
pub(super) async fn test(run: &ScriptRun<'_>, session: &Session) -> Result<ForwardingFound, Fault> {
    let told = Arc::new((Mutex::new(None), Notify::new()));
    let teller = told.clone();
    let on_event = move |event: &ScriptEvent| {
        if let ScriptEvent::Listening { port, socket, nonce } = event {
            let listening = Listening { port: *port, socket: socket.clone(), nonce: nonce.clone() };
            *teller.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(listening);
            teller.1.notify_one();
        }
    };
    let params = json!({ "timeout_s": TEST_LIMIT_S });
    let listening = run.over_stdin(Subcommand::Listen, params, on_event);
    let trying = async {
        told.1.notified().await;
        let taken = told.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(place) = taken else { return Ok(ForwardingFound { tcp: false, socket: false }) };
        let tcp =
            reaches(session, RemoteTarget::tcp("127.0.0.1", place.port), &place.nonce).await?;
        let socket = match &place.socket {
            Some(path) => reaches(session, RemoteTarget::unix(path), &place.nonce).await?,
            None => false,
        };
        Ok(ForwardingFound { tcp, socket })
    };
    tokio::pin!(listening, trying);
    tokio::select! {
        // Dropping the other side ends the script: its output is closed.
        found = &mut trying => found,
        ended = &mut listening => match ended {
            // Both were asked, so the answer is on its way.
            Ok(_) => trying.await,
            Err(fault) => Err(fault),
        },
    }
}

/// Whether the nonce comes through.
async fn reaches(session: &Session, target: RemoteTarget, nonce: &str) -> Result<bool, Fault> {
    let forwarder = Forwarder::bind(None).await?;
    forwarder.attach(session.clone(), target);
    let reading = async {
        let mut stream =
            tokio::net::TcpStream::connect(("127.0.0.1", forwarder.local_port())).await?;
        let mut read = vec![0; nonce.len()];
        stream.read_exact(&mut read).await?;
        Ok::<_, std::io::Error>(read == nonce.as_bytes())
    };
    let reached = tokio::time::timeout(TRY_LIMIT, reading).await;
    forwarder.close().await;
    Ok(matches!(reached, Ok(Ok(true))))
}
