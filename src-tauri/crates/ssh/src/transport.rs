//! The byte stream under SSH, which notices a dead or a foreign peer.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::time::{Instant, Sleep};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::route::Stream;

/// Each SSH packet costs two reads; a buffer makes that one system call for many packets.
const READ_BUFFER: usize = 256 * 1024;
/// How much of the first bytes is kept to tell what a foreign server said.
const OPENING: usize = 256;

/// What the other side said first, shared with the one who has to explain a failed handshake.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening(Arc<Mutex<Vec<u8>>>);

impl Opening {
    fn note(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = OPENING.saturating_sub(kept.len()).min(bytes.len());
        kept.extend(bytes.iter().take(room));
    }

    /// Whether nothing was said.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// The first line of a server that is not an SSH server; `None` for one that is, or that has
    /// said nothing.
    pub(crate) fn foreign(&self) -> Option<String> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept);
        // RFC 4253, 4.2: other lines may come before the identification.
        if text.is_empty() || text.lines().any(|line| line.starts_with("SSH-")) {
            return None;
        }
        let line = text.lines().next().unwrap_or_default();
        Some(line.chars().filter(|c| !c.is_control()).take(100).collect())
    }
}

/// The stream given to russh.
///
/// russh sends its keep-alives from the same loop that writes, so a write that never ends (a dead
/// link with a full send buffer) would silence them and last until TCP gives up, which takes many
/// minutes. Here such a write fails by itself. Likewise that loop is deaf to the end of its owner
/// during a key exchange, or while a channel waits for window: `severed` ends it in any state.
pub(crate) struct Transport {
    inner: BufReader<Box<dyn Stream>>,
    opening: Opening,
    opening_left: usize,
    stall_limit: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
    severed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Transport {
    pub(crate) fn new(
        stream: Box<dyn Stream>,
        stall_limit: Duration,
        severed: CancellationToken,
    ) -> Self {
        Self {
            inner: BufReader::with_capacity(READ_BUFFER, stream),
            opening: Opening::default(),
            opening_left: OPENING,
            stall_limit,
            stalled: None,
            severed: Box::pin(severed.cancelled_owned()),
        }
    }

    pub(crate) fn opening(&self) -> Opening {
        self.opening.clone()
    }

    /// Lets a pending write pass on for as long as the limit allows.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        result: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stalled = None;
            return result;
        }
        if self.severed.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let until = Instant::now() + self.stall_limit;
        let timer = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        if Pin::new(&mut self.inner).poll_read(cx, buf)?.is_pending() {
            ready!(self.severed.as_mut().poll(cx));
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        if self.opening_left > 0 {
            let new = buf.filled().get(before..).unwrap_or_default();
            self.opening.note(new);
            self.opening_left = self.opening_left.saturating_sub(new.len());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.watch(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.watch(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.inner).poll_flush(cx);
        self.watch(cx, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
