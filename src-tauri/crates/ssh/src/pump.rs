//! Carries bytes between a local connection and an SSH channel, both ways at once.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::atomic::Ordering;

use bytes::{Buf, Bytes, BytesMut};
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio_util::sync::CancellationToken;

use crate::forward::Counters;
use crate::queue::{self, Consumer, Producer, PushError};
use crate::session::SshChannel;

/// Read at once from the local side. Together with the cipher, the size of this buffer is nearly
/// all there is to throughput.
const READ_BUFFER: usize = 64 * 1024;
/// Pieces given to one write.
const BATCH: usize = 16;

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

/// What the queue towards the local side holds.
enum Piece {
    Data(Bytes),
    /// The host has finished sending. Without this mark the stream ends by force, so that a lost
    /// connection never looks like a complete answer.
    End,
}

/// Carries bytes until both sides are done, or one breaks off. Either side may finish sending
/// before the other (half-close).
pub(crate) async fn run(
    stream: &mut TcpStream,
    channel: SshChannel,
    counters: &Counters,
    detached: CancellationToken,
) -> Ending {
    let SshChannel { mut read, write, mut guard } = channel;
    let (from_local, to_local) = stream.split();
    let (producer, consumer) = queue::bounded();
    // A writer that waits for the window of a closed channel is not woken by russh.
    let closed = CancellationToken::new();
    let up = async {
        tokio::select! {
            result = upload(from_local, &write, counters) => result,
            () = closed.cancelled() => Ok(()),
        }
    };
    let down = async {
        let result = drain(&mut read, producer).await;
        closed.cancel();
        match result {
            Ok(()) => Ok(true),
            // What has arrived is still delivered.
            Err(Ending::Lost) => Ok(false),
            Err(ending) => Err(ending),
        }
    };
    let carrying = async {
        let (complete, (), ()) = tokio::try_join!(down, up, deliver(to_local, consumer, counters))?;
        Ok(complete)
    };
    let result = tokio::select! {
        result = carrying => result,
        () = detached.cancelled() => Err(Ending::Detached),
    };
    match result {
        Ok(true) => {
            guard.disarm();
            Ending::Complete
        }
        Ok(false) => Ending::Lost,
        Err(ending) => ending,
    }
}

/// Local to host, until the local side has finished sending.
async fn upload(
    mut local: ReadHalf<'_>,
    remote: &ChannelWriteHalf<Msg>,
    counters: &Counters,
) -> Result<(), Ending> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(READ_BUFFER);
        match local.read_buf(&mut buffer).await {
            Ok(0) => return remote.eof().await.map_err(|_| Ending::Lost),
            Ok(length) => {
                counters.up.fetch_add(length as u64, Ordering::Relaxed);
                let piece = buffer.split().freeze();
                remote.data_bytes(piece).await.map_err(|_| Ending::Lost)?;
            }
            Err(_) => return Err(Ending::Local),
        }
    }
}

/// Host to queue, as fast as it comes, until the host closes the channel.
async fn drain(remote: &mut ChannelReadHalf, queue: Producer<Piece>) -> Result<(), Ending> {
    while let Some(message) = remote.wait().await {
        let (pushed, last) = match message {
            ChannelMsg::Data { data } => (queue.push(data.len(), Piece::Data(data)), false),
            ChannelMsg::Eof => (queue.push(0, Piece::End), false),
            ChannelMsg::Close => (queue.push(0, Piece::End), true),
            _ => (Ok(()), false),
        };
        match pushed {
            Err(PushError::Full) => return Err(Ending::ReaderTooSlow),
            // After the first `End` nobody listens any more; the close is still to come.
            Ok(()) | Err(PushError::Gone) if last => return Ok(()),
            Ok(()) | Err(PushError::Gone) => {}
        }
    }
    Err(Ending::Lost)
}

/// Queue to local.
async fn deliver(
    mut local: WriteHalf<'_>,
    mut queue: Consumer<Piece>,
    counters: &Counters,
) -> Result<(), Ending> {
    let mut batch = VecDeque::with_capacity(BATCH);
    let mut ended = false;
    while !ended {
        let Some(first) = queue.pop().await else {
            return Ok(());
        };
        let mut next = Some(first);
        while let Some(piece) = next {
            match piece {
                Piece::Data(bytes) => batch.push_back(bytes),
                Piece::End => {
                    ended = true;
                    break;
                }
            }
            next = if batch.len() < BATCH { queue.try_pop() } else { None };
        }
        let written = write_all(&mut local, &mut batch).await.map_err(|_| Ending::Local)?;
        counters.down.fetch_add(written, Ordering::Relaxed);
    }
    local.shutdown().await.map_err(|_| Ending::Local)
}

/// Writes all pieces with as few system calls as possible, and empties the batch.
async fn write_all(local: &mut WriteHalf<'_>, batch: &mut VecDeque<Bytes>) -> io::Result<u64> {
    let mut total = 0;
    batch.retain(|piece| !piece.is_empty());
    while !batch.is_empty() {
        let slices: Vec<IoSlice<'_>> = batch.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut written = local.write_vectored(&slices).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        total += written as u64;
        while let Some(front) = batch.front_mut() {
            if written < front.len() {
                front.advance(written);
                break;
            }
            written -= front.len();
            batch.pop_front();
        }
    }
    Ok(total)
}
