//! A session as the road to another server.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use russh::ChannelStream;
use russh::client::Msg;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{OPEN_TIMEOUT, Session, stalled_open};
use crate::error::Error;

impl Session {
    /// Opens a byte stream to a server as this one sees it (RFC 4254, 7.2). The stream keeps the
    /// session alive; `hop` names this server in errors.
    pub(crate) async fn open_jump(
        &self,
        hop: &str,
        host: &str,
        port: u16,
    ) -> Result<JumpStream, Error> {
        // There is no local connection that this would be the origin of.
        let opening =
            self.inner.handle.channel_open_direct_tcpip(host, port.into(), "127.0.0.1", 0);
        match tokio::time::timeout(OPEN_TIMEOUT, opening).await {
            Ok(Ok(channel)) => {
                Ok(JumpStream { stream: channel.into_stream(), _session: self.clone() })
            }
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => Err(Error::JumpRefused {
                hop: hop.to_owned(),
                host: host.to_owned(),
                port,
                forbidden: reason == russh::ChannelOpenFailure::AdministrativelyProhibited,
            }),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => Err(stalled_open()),
        }
    }
}

/// A stream through a session.
pub(crate) struct JumpStream {
    stream: ChannelStream<Msg>,
    /// Dropped after the stream: the session ends with the last one that needs it.
    _session: Session,
}

impl AsyncRead for JumpStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for JumpStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
