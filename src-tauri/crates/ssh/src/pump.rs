//! Carries bytes between a local connection and an SSH channel, both ways at once.

use std::io::{self, IoSlice};
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::FutureExt;
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::backlog::{BATCH, Backlog, Full};
use crate::forward::Counters;
use crate::gateway_error;
use crate::session::SshChannel;

/// Read at once from the local side. Together with the cipher, the size of this buffer is nearly
/// all there is to throughput.
const READ_BUFFER: usize = 256 * 1024;
/// With less room than this a new buffer is taken, so that small messages share one.
const READ_ROOM: usize = 16 * 1024;
/// For delivering what had come before the connection went.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Both sides were done.
    Complete,
    /// The local side broke off.
    Local,
    /// The stream was cut from here.
    Detached,
    /// The SSH connection went.
    Lost,
    /// The local side took nothing while too much was waiting for it.
    ReaderTooSlow,
}

/// What is known of a stream when it breaks off.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    /// The first bytes that the local side sent, at most [`gateway_error::OPENING`].
    pub(crate) opening: Vec<u8>,
    /// Whether the local side was given anything.
    pub(crate) answered: bool,
}

impl From<Full> for Ending {
    fn from(_: Full) -> Self {
        Self::ReaderTooSlow
    }
}

/// Carries bytes until both sides are done, or one breaks off. Either side may finish sending
/// before the other (half-close).
pub(crate) async fn run(
    stream: &mut TcpStream,
    channel: SshChannel,
    counters: &Counters,
    detached: CancellationToken,
    exchange: &mut Exchange,
) -> Ending {
    let SshChannel { mut read, write, mut guard } = channel;
    let (from_local, to_local) = stream.split();
    let Exchange { opening, answered } = exchange;
    // A writer that waits for the window of a closed channel is not woken by russh.
    let closed = CancellationToken::new();
    let up = async {
        tokio::select! {
            result = upload(from_local, &write, counters, opening) => result,
            () = closed.cancelled() => Ok(()),
        }
    };
    let down = download(&mut read, to_local, counters, &closed, answered);
    let carrying = async { tokio::try_join!(down, up) };
    let result = tokio::select! {
        result = carrying => result,
        () = detached.cancelled() => Err(Ending::Detached),
    };
    match result {
        Ok(((), ())) => {
            guard.disarm();
            Ending::Complete
        }
        Err(ending) => ending,
    }
}

/// Local to host, until the local side has finished sending.
async fn upload(
    mut local: ReadHalf<'_>,
    remote: &ChannelWriteHalf<Msg>,
    counters: &Counters,
    opening: &mut Vec<u8>,
) -> Result<(), Ending> {
    let mut buffer = BytesMut::new();
    loop {
        if buffer.capacity() < READ_ROOM {
            buffer.reserve(READ_BUFFER);
        }
        match local.read_buf(&mut buffer).await {
            Ok(0) => return remote.eof().await.map_err(|_| Ending::Lost),
            Ok(length) => {
                counters.up.fetch_add(length as u64, Ordering::Relaxed);
                let piece = buffer.split().freeze();
                let wanted = gateway_error::OPENING.saturating_sub(opening.len());
                opening.extend(piece.iter().take(wanted));
                remote.data_bytes(piece).await.map_err(|_| Ending::Lost)?;
            }
            Err(_) => return Err(Ending::Local),
        }
    }
}

/// How far the host has come with sending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Sending,
    /// It has finished, and the local side may still be sending.
    Finished,
    /// The channel is closed in both directions.
    Closed,
    /// The connection went before any of that.
    Lost,
}

impl Progress {
    /// Takes in one message of the channel.
    fn on(self, message: Option<ChannelMsg>, backlog: &mut Backlog) -> Result<Self, Ending> {
        match message {
            Some(ChannelMsg::Data { data }) if self == Self::Sending => backlog.push(data)?,
            Some(ChannelMsg::Eof) => return Ok(Self::Finished),
            Some(ChannelMsg::Close) => return Ok(Self::Closed),
            Some(_) => {}
            None => return Ok(Self::Lost),
        }
        Ok(self)
    }
}

/// Host to local, until the host closes the channel. What it sends is taken as fast as it comes,
/// however slowly the local side reads.
async fn download(
    remote: &mut ChannelReadHalf,
    mut local: WriteHalf<'_>,
    counters: &Counters,
    closed: &CancellationToken,
    answered: &mut bool,
) -> Result<(), Ending> {
    let mut backlog = Backlog::new(counters.waiting.clone());
    let mut progress = Progress::Sending;
    let mut told = false;
    let mut last_words: Option<Instant> = None;
    loop {
        let open = |progress| matches!(progress, Progress::Sending | Progress::Finished);
        // Many pieces make one write. This polls without waiting.
        while open(progress) && !backlog.has_batch() {
            let Some(message) = remote.wait().now_or_never() else {
                break;
            };
            progress = progress.on(message, &mut backlog)?;
        }
        if !open(progress) {
            closed.cancel();
        }
        if backlog.is_empty() && progress != Progress::Sending {
            if progress == Progress::Lost {
                return Err(Ending::Lost);
            }
            if !told {
                told = true;
                local.shutdown().await.map_err(|_| Ending::Local)?;
            }
            if progress == Progress::Closed {
                return Ok(());
            }
        }
        if progress == Progress::Lost && last_words.is_none() {
            last_words = Some(Instant::now() + LAST_WORDS);
        }
        tokio::select! {
            biased;
            written = write(&mut local, &backlog), if !backlog.is_empty() => {
                let written = written.map_err(|_| Ending::Local)?;
                backlog.advance(written);
                *answered = true;
                counters.down.fetch_add(written as u64, Ordering::Relaxed);
            }
            message = remote.wait(), if open(progress) => {
                progress = progress.on(message, &mut backlog)?;
            }
            () = sleep_until(last_words.unwrap_or_else(Instant::now)), if last_words.is_some() => {
                return Err(Ending::Lost);
            }
        }
    }
}

/// Writes the first pieces with one system call.
async fn write(local: &mut WriteHalf<'_>, backlog: &Backlog) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); BATCH];
    let used = backlog.fill(&mut slices);
    match local.write_vectored(slices.get(..used).unwrap_or_default()).await {
        Ok(0) => Err(io::ErrorKind::WriteZero.into()),
        result => result,
    }
}
