//! From options to a logged-in session.

use std::borrow::Cow;
use std::pin::Pin;
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
use crate::options::ConnectOptions;
use crate::question::{Question, Stage};
use crate::route::{self, Complaint, Route};
use crate::session::Session;
use crate::transport::{Opening, Transport};

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

/// Connects, checks the host key and logs in; through jumps, if there are any, the same for each.
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
    let stage = watch::Sender::new(Stage::Connecting { host: options.host.clone() });
    connect_in_stages(options, questions, &stage).await
}

/// The same, telling how far it has come.
///
/// # Errors
/// As [`connect`].
pub async fn connect_in_stages(
    options: &ConnectOptions,
    questions: mpsc::Sender<Question>,
    stage: &watch::Sender<Stage>,
) -> Result<Session, Error> {
    let (options, stage) = (options.clone(), stage.clone());
    // There the socket and the session loop stay.
    let connecting = network::run(async move { open(&options, &questions, &stage).await });
    connecting.await.unwrap_or(Err(Error::ConnectionLost))
}

fn open<'a>(
    options: &'a ConnectOptions,
    questions: &'a mpsc::Sender<Question>,
    stage: &'a watch::Sender<Stage>,
) -> Pin<Box<dyn Future<Output = Result<Session, Error>> + Send + 'a>> {
    Box::pin(async move {
        // Faults of this computer are told before the other one is bothered.
        let identities = Identities::load(options).await?;
        let via = match &options.route {
            Route::Jump(hop) => Some(open(hop, questions, stage).await?),
            Route::Direct | Route::Proxy(_) | Route::Command(_) => None,
        };
        let asked = Arc::new(AtomicBool::new(false));
        let login = Attempt { options, identities, questions, stage, asked, via };
        match login.run().await {
            // sshd gives a login two minutes. Whoever needs longer to compare a fingerprint is not
            // made to start again: the key is on record by now, so the second try does not ask.
            Err(Error::ConnectionLost) if login.asked.load(Ordering::Relaxed) => login.run().await,
            result => result,
        }
    })
}

/// One server: what is needed to try it, more than once if need be.
struct Attempt<'a> {
    options: &'a ConnectOptions,
    identities: Identities,
    questions: &'a mpsc::Sender<Question>,
    stage: &'a watch::Sender<Stage>,
    asked: Arc<AtomicBool>,
    /// The session of the jump before.
    via: Option<Session>,
}

impl Attempt<'_> {
    async fn run(&self) -> Result<Session, Error> {
        let options = self.options;
        self.stage.send_replace(Stage::Connecting { host: options.host.clone() });
        let record = HostRecord::read(&options.known_hosts, options).await?;
        let deadline = Deadline::new(options.connect_timeout);
        let began = Instant::now();
        let way = route::open(options, self.via.as_ref(), &deadline).await?;
        let window = window(&options.route, began.elapsed());
        let severed = CancellationToken::new();
        // Ends the session loop with this future, until a session owns it.
        let sever_guard = severed.clone().drop_guard();
        let transport = Transport::new(way.stream, stall_limit(options), severed.clone());
        let opening = transport.opening();
        let config = Arc::new(config(options, &record, window));
        let (ended_sender, ended) = watch::channel(None);
        let handler = ClientHandler {
            options: options.clone(),
            record,
            questions: Some(self.questions.clone()),
            deadline: deadline.clone(),
            ended: ended_sender,
            accepted: None,
            asked: self.asked.clone(),
            abandoned: severed.clone(),
        };
        let handshake = deadline.run(client::connect_stream(config, transport, handler)).await;
        let failed = |error: Error| self.explained(error, &opening, way.complaint.as_ref());
        let mut handle = match handshake {
            Ok(Ok(handle)) => handle,
            Ok(Err(HandlerError::Ours(error))) => return Err(error),
            Ok(Err(HandlerError::Russh(error))) => return Err(failed(error.into()).await),
            Err(Elapsed) => {
                let (host, port) = (options.host.clone(), options.port);
                return Err(failed(Error::Timeout { host, port }).await);
            }
        };
        self.stage.send_replace(Stage::Authenticating { host: options.host.clone() });
        let mut login = Login::new(
            &mut handle,
            options,
            &self.identities,
            self.questions,
            &deadline,
            ended.clone(),
        );
        let welcome = login.greet().await?;
        self.asked.store(false, Ordering::Relaxed);
        if !welcome {
            login.run().await?;
        }
        Ok(Session::new(handle, ended, sever_guard.disarm()))
    }

    /// Why a handshake failed, where more is known than russh knows.
    async fn explained(
        &self,
        error: Error,
        opening: &Opening,
        complaint: Option<&Complaint>,
    ) -> Error {
        let (host, port) = (self.options.host.clone(), self.options.port);
        if let Some(banner) = opening.foreign() {
            return Error::NotSsh { host, port, banner };
        }
        match (&self.options.route, complaint) {
            // It ended before the server had said a word.
            (Route::Command(command), Some(complaint)) if opening.is_empty() => {
                let said = complaint.last_line().await;
                let detail = said.unwrap_or_else(|| error.to_string());
                Error::ProxyFailed { proxy: command.program().to_owned(), detail }
            }
            _ => error,
        }
    }
}

fn stall_limit(options: &ConnectOptions) -> Duration {
    let patience = u32::try_from(options.keepalive_max).unwrap_or(u32::MAX).saturating_mul(2);
    options.keepalive_interval.saturating_mul(patience).max(MIN_STALL)
}

/// What suits a host that was reached in this time, which is at least one round trip; the start of
/// a command tells nothing.
fn window(route: &Route, reached_in: Duration) -> u32 {
    let near = reached_in < NEAR && !matches!(route, Route::Command(_));
    if near { NEAR_WINDOW } else { WINDOW }
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
            host_key_certificates: Cow::Owned(record.certificate_algorithms()),
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
