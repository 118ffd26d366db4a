//! From options to a logged-in session.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use russh::client::{self, Config};
use russh::{Limits, Preferred, cipher, compression};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::auth::{Identities, Login};
use crate::deadline::{Deadline, Elapsed};
use crate::error::Error;
use crate::handler::{ClientHandler, HandlerError};
use crate::known_hosts::HostRecord;
use crate::network;
use crate::options::{ConnectOptions, Question};
use crate::session::Session;
use crate::transport::{self, Transport};

/// AES-GCM costs half the time of ChaCha20 where the processor has AES, which is nearly everywhere;
/// 128 bits are measurably cheaper than 256 and as safe here.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_128_GCM,
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

/// russh moves about half a window per round trip. Eight MiB is where TCP's own buffers become the
/// limit; more only makes the server buffer.
const WINDOW: u32 = 8 * 1024 * 1024;
/// For a host on the same machine or network: OpenSSH's own. The round trip leaves more than
/// enough, and sshd is measurably quicker when it has less to buffer.
const NEAR_WINDOW: u32 = 2 * 1024 * 1024;
/// A host is near when it was reached in this time.
const NEAR: Duration = Duration::from_millis(5);
/// The largest packet that russh takes without complaint.
const PACKET: u32 = 65535;
/// A rekey that begins here can end the session while much is in flight (russh allows two windows
/// while it waits; one that the server begins has no such limit), so it is made rare. AES-GCM
/// allows 2^32 blocks of 16 bytes under one key, 64 GiB.
const REKEY_BYTES: usize = 48 << 30;
/// The limit for ciphers and machines where less is advised or representable.
const REKEY_BYTES_32_BIT: usize = 1 << 30;
/// A write that makes no progress for this long means a dead link, however slow the line.
const MIN_STALL: Duration = Duration::from_secs(15);

/// Connects, checks the host key and logs in.
///
/// What only a person can answer is sent to `questions`; see [`Question`]. Dropping the future
/// ends the connection and closes open questions.
///
/// # Errors
/// Any of the first three groups of [`Error`]: reaching the host, its key, logging in.
pub async fn connect(
    options: &ConnectOptions,
    questions: mpsc::Sender<Question>,
) -> Result<Session, Error> {
    let options = options.clone();
    // There the socket and the session loop stay.
    let connecting = network::run(async move { Box::pin(open(&options, questions)).await });
    connecting.await.unwrap_or(Err(Error::ConnectionLost))
}

async fn open(
    options: &ConnectOptions,
    questions: mpsc::Sender<Question>,
) -> Result<Session, Error> {
    // Faults of this computer are told before the other one is bothered.
    let identities = Identities::load(options).await?;
    let asked = Arc::new(AtomicBool::new(false));
    match Box::pin(attempt(options, &identities, &questions, &asked)).await {
        // sshd gives a login two minutes. Whoever needs longer to compare a fingerprint is not
        // made to start again: the key is on record by now, so the second try does not ask.
        Err(Error::ConnectionLost) if asked.load(Ordering::Relaxed) => {
            Box::pin(attempt(options, &identities, &questions, &asked)).await
        }
        result => result,
    }
}

async fn attempt(
    options: &ConnectOptions,
    identities: &Identities,
    questions: &mpsc::Sender<Question>,
    asked: &Arc<AtomicBool>,
) -> Result<Session, Error> {
    let (host, port) = (options.host.as_str(), options.port);
    let record = HostRecord::read(&options.known_hosts, host, port).await?;
    let deadline = Deadline::new(options.connect_timeout);
    let began = Instant::now();
    let stream = transport::dial(host, port, &deadline).await?;
    let window = window(began.elapsed());
    // Without this each opening of a channel waits for a delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::warn!(%error, "TCP_NODELAY cannot be set");
    }
    let severed = CancellationToken::new();
    // Ends the session loop with this future, until a session owns it.
    let sever_guard = severed.clone().drop_guard();
    let transport = Transport::new(stream, stall_limit(options), severed.clone());
    let opening = transport.opening();
    let config = Arc::new(config(options, &record, window));
    let (ended_sender, ended) = watch::channel(None);
    let handler = ClientHandler {
        options: options.clone(),
        record,
        questions: Some(questions.clone()),
        deadline: deadline.clone(),
        ended: ended_sender,
        accepted: None,
        asked: asked.clone(),
        abandoned: severed.clone(),
    };
    let handshake = deadline.run(client::connect_stream(config, transport, handler)).await;
    let foreign = |banner: String| Error::NotSsh { host: host.to_owned(), port, banner };
    let mut handle = match handshake {
        Ok(Ok(handle)) => handle,
        Ok(Err(HandlerError::Ours(error))) => return Err(error),
        Ok(Err(HandlerError::Russh(error))) => {
            return Err(opening.foreign().map_or_else(|| error.into(), foreign));
        }
        Err(Elapsed) => {
            let timeout = || Error::Timeout { host: host.to_owned(), port };
            return Err(opening.foreign().map_or_else(timeout, foreign));
        }
    };
    let mut login =
        Login::new(&mut handle, options, identities, questions, &deadline, ended.clone());
    let welcome = login.greet().await?;
    asked.store(false, Ordering::Relaxed);
    if !welcome {
        login.run().await?;
    }
    Ok(Session::new(handle, ended, sever_guard.disarm()))
}

fn stall_limit(options: &ConnectOptions) -> Duration {
    let patience = u32::try_from(options.keepalive_max).unwrap_or(u32::MAX).saturating_mul(2);
    options.keepalive_interval.saturating_mul(patience).max(MIN_STALL)
}

/// What suits a host that was reached in this time, which is at least one round trip.
fn window(reached_in: Duration) -> u32 {
    if reached_in < NEAR { NEAR_WINDOW } else { WINDOW }
}

fn config(options: &ConnectOptions, record: &HostRecord, window: u32) -> Config {
    let rekey = if cfg!(target_pointer_width = "64") { REKEY_BYTES } else { REKEY_BYTES_32_BIT };
    Config {
        limits: Limits {
            rekey_write_limit: rekey,
            rekey_read_limit: rekey,
            rekey_time_limit: Duration::from_secs(24 * 3600),
        },
        window_size: window,
        maximum_packet_size: PACKET,
        preferred: Preferred {
            key: Cow::Owned(record.preferred_algorithms()),
            cipher: Cow::Borrowed(CIPHERS),
            compression: Cow::Borrowed(&[compression::NONE]),
            ..Preferred::DEFAULT
        },
        keepalive_interval: Some(options.keepalive_interval),
        // russh counts the unanswered ones and gives up one interval after the last; 0 would
        // mean never.
        keepalive_max: options.keepalive_max.saturating_sub(1).max(1),
        nodelay: true,
        ..Config::default()
    }
}
