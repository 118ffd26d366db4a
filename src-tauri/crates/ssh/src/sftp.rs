//! One SFTP channel (protocol version 3, draft-ietf-secsh-filexfer-02, as OpenSSH speaks it), and
//! the small file operations that use one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use russh::{Channel, ChannelStream, client::Msg};
use russh_sftp::client::rawsession::Limits;
use russh_sftp::client::{Config, RawSftpSession, error::Error as SftpError};
use russh_sftp::extensions;
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

use crate::error::Error;
use crate::session::Session;
use crate::source::hex;

/// For starting the subsystem, which runs through the login's shell.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// For one small request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// What one read or write carries unless the server allows less: its packets hold 256 KiB.
pub(crate) const LONGEST_WRITE: u64 = 255 * 1024;
/// Both sides must agree on a name; this one is OpenSSH's (PROTOCOL, 4.3).
const POSIX_RENAME: &str = "posix-rename@openssh.com";

/// An open SFTP channel. Dropping it ends it at once, with all that is still queued.
pub(crate) struct Sftp {
    pub(crate) raw: RawSftpSession,
    pub(crate) can_replace: bool,
    can_statvfs: bool,
    write_limit: u64,
    read_limit: u64,
    _severed: DropGuard,
}

impl Sftp {
    pub(crate) async fn open(session: &Session) -> Result<Self, Error> {
        let starting = Self::start(session.open_session_stream().await?);
        match tokio::time::timeout(START_TIMEOUT, starting).await {
            Ok(result) => result,
            Err(_) if session.is_closed() => Err(Error::ConnectionLost),
            Err(_) => Err(Error::Stalled { what: "SFTP", seconds: START_TIMEOUT.as_secs() }),
        }
    }

    async fn start(channel: Channel<Msg>) -> Result<Self, Error> {
        channel.request_subsystem(false, "sftp").await?;
        let token = CancellationToken::new();
        let stream = Severable {
            stream: channel.into_stream(),
            severed: Box::pin(token.clone().cancelled_owned()),
        };
        // Requests are timed by their callers, who know whether there is progress: with many
        // writes queued on a slow line, the last one waits long and nothing is wrong.
        let config = Config { request_timeout_secs: 24 * 3600, ..Config::default() };
        let mut raw = RawSftpSession::new_with_config(stream, config);
        let version = raw.init().await.map_err(|error| {
            tracing::debug!(%error, "SFTP does not start");
            Error::SftpUnavailable
        })?;
        let has = |name: &str| version.extensions.contains_key(name);
        let mut limits = Limits::default();
        if has(extensions::LIMITS)
            && let Ok(announced) = raw.limits().await
        {
            limits = Limits::from(announced);
            raw.set_limits(limits);
        }
        // A server that announces nothing is only sure to take 32 KiB (the draft, part 3).
        let bounded = |limit: Option<u64>| limit.unwrap_or(32 * 1024).clamp(1, LONGEST_WRITE);
        Ok(Self {
            raw,
            can_replace: has(POSIX_RENAME),
            can_statvfs: has(extensions::STATVFS),
            write_limit: bounded(limits.write_len),
            read_limit: bounded(limits.read_len),
            _severed: token.drop_guard(),
        })
    }

    /// The most bytes that one write may carry.
    pub(crate) fn write_chunk(&self) -> usize {
        usize::try_from(self.write_limit).unwrap_or(32 * 1024)
    }

    /// The most bytes that one read may ask for.
    pub(crate) fn read_chunk(&self) -> u32 {
        u32::try_from(self.read_limit).unwrap_or(32 * 1024)
    }

    /// Renames over whatever is there, in one step.
    pub(crate) async fn replace(&self, from: &str, to: &str) -> Result<(), Error> {
        let mut data = Vec::new();
        for path in [from, to] {
            data.extend(u32::try_from(path.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend(path.as_bytes());
        }
        let answer = timed(self.raw.extended(POSIX_RENAME, data)).await;
        match answer {
            Ok(Packet::Status(status)) if status.status_code == StatusCode::Ok => Ok(()),
            Ok(Packet::Status(status)) => Err(self.explain(to, status.into(), 0).await),
            Ok(_) => Err(Error::RemoteIo { path: to.to_owned(), detail: "rename".to_owned() }),
            Err(error) => Err(self.explain(to, error, 0).await),
        }
    }

    /// Turns a failure into what a person can act on. SFTP says "failure" for a full disk as for
    /// anything else, so the file system is asked; `wanted` is how many bytes were to be written.
    pub(crate) async fn explain(&self, path: &str, error: SftpError, wanted: u64) -> Error {
        let path = path.to_owned();
        let status = match error {
            SftpError::Status(status) => status,
            // Ours, see `timed`.
            SftpError::Timeout => {
                return Error::Stalled { what: "SFTP", seconds: REQUEST_TIMEOUT.as_secs() };
            }
            // The channel ended, which it does only with the server's process or the connection.
            SftpError::IO(_) | SftpError::UnexpectedBehavior(_) => return Error::ConnectionLost,
            other => {
                return Error::RemoteIo { path, detail: other.to_string() };
            }
        };
        match status.status_code {
            StatusCode::PermissionDenied => Error::RemotePermission { path },
            StatusCode::NoSuchFile => Error::RemoteNotFound { path },
            StatusCode::Failure => match self.room(&path).await {
                Some(Room { read_only: true, .. }) => Error::RemotePermission { path },
                Some(room) if room.inodes == Some(0) || room.bytes < wanted.max(1) => {
                    Error::RemoteDiskFull { path }
                }
                // A quota leaves room that is not ours, and a disk that was full may have room again.
                _ if wanted > 0 => Error::RemoteWriteFailed { path },
                _ => Error::RemoteIo { path, detail: status.error_message },
            },
            code => Error::RemoteIo { path, detail: code.to_string() },
        }
    }

    /// What is left on the file system that holds a path, or its directory.
    async fn room(&self, path: &str) -> Option<Room> {
        if !self.can_statvfs {
            return None;
        }
        let parent = path.rsplit_once('/').map(|(parent, _)| parent).filter(|p| !p.is_empty());
        for place in [path, parent.unwrap_or("/")] {
            if let Ok(found) = timed(self.raw.statvfs(place)).await {
                return Some(Room {
                    bytes: found.blocks_avail.saturating_mul(found.fragment_size),
                    // File systems without a fixed number of inodes report none at all.
                    inodes: (found.inodes > 0).then_some(found.inodes_avail),
                    read_only: found.flags & 1 != 0,
                });
            }
        }
        None
    }
}

struct Room {
    bytes: u64,
    inodes: Option<u64>,
    read_only: bool,
}

/// Limits one small request.
pub(crate) async fn timed<T>(
    request: impl Future<Output = Result<T, SftpError>>,
) -> Result<T, SftpError> {
    tokio::time::timeout(REQUEST_TIMEOUT, request).await.unwrap_or(Err(SftpError::Timeout))
}

/// Attributes that set nothing but the permission bits.
pub(crate) fn permissions(mode: u32) -> FileAttributes {
    FileAttributes { permissions: Some(mode & 0o7777), ..FileAttributes::default() }
}

impl Session {
    /// Makes a directory and those above it. Existing ones are left as they are; new ones get
    /// exactly the permission bits of `mode`.
    ///
    /// # Errors
    /// [`Error::RemoteNotADirectory`], [`Error::RemotePermission`], [`Error::RemoteDiskFull`] and
    /// those of opening a channel.
    pub async fn make_dir_all(&self, path: &str, mode: u32) -> Result<(), Error> {
        let sftp = Sftp::open(self).await?;
        let mut missing = Vec::new();
        let mut place = path.trim_end_matches('/');
        while !place.is_empty() {
            match timed(sftp.raw.stat(place)).await {
                Ok(found) if found.attrs.is_dir() => break,
                Ok(_) => {
                    return Err(Error::RemoteNotADirectory { path: place.to_owned() });
                }
                Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                    missing.push(place);
                }
                Err(error) => return Err(sftp.explain(place, error, 0).await),
            }
            place = place.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        for place in missing.into_iter().rev() {
            if let Err(error) = timed(sftp.raw.mkdir(place, permissions(mode))).await {
                // Somebody else may have made it meanwhile.
                match timed(sftp.raw.stat(place)).await {
                    Ok(found) if found.attrs.is_dir() => continue,
                    _ => return Err(sftp.explain(place, error, 1).await),
                }
            }
            // The server's umask has had its say on the first mode.
            if let Err(error) = timed(sftp.raw.setstat(place, permissions(mode))).await {
                return Err(sftp.explain(place, error, 0).await);
            }
        }
        Ok(())
    }

    /// Removes a file (not a directory).
    ///
    /// # Errors
    /// [`Error::RemoteNotFound`], [`Error::RemotePermission`] and those of opening a channel.
    pub async fn remove_file(&self, path: &str) -> Result<(), Error> {
        let sftp = Sftp::open(self).await?;
        match timed(sftp.raw.remove(path)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(sftp.explain(path, error, 0).await),
        }
    }

    /// Reads a file of at most `max_bytes`.
    ///
    /// # Errors
    /// [`Error::RemoteFileTooLarge`], [`Error::RemoteNotFound`], [`Error::RemotePermission`] and
    /// those of opening a channel.
    pub async fn read_file(&self, path: &str, max_bytes: u64) -> Result<Vec<u8>, Error> {
        let sftp = Sftp::open(self).await?;
        let mut bytes = Vec::new();
        sftp.read(path, u64::MAX, |chunk| {
            bytes.extend_from_slice(chunk);
            if bytes.len() as u64 > max_bytes {
                return Err(Error::RemoteFileTooLarge { path: path.to_owned(), limit: max_bytes });
            }
            Ok(())
        })
        .await?;
        Ok(bytes)
    }
}

impl Sftp {
    /// The SHA-256 of a file up to a length, hexadecimal, by reading it back.
    pub(crate) async fn sum(&self, path: &str, length: u64) -> Result<String, Error> {
        let mut hash = Sha256::new();
        self.read(path, length, |piece| {
            hash.update(piece);
            Ok(())
        })
        .await?;
        Ok(hex(hash))
    }

    /// Reads a file from the start to its end, or up to a length, piece by piece.
    pub(crate) async fn read(
        &self,
        path: &str,
        length: u64,
        mut take: impl FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let opened = timed(self.raw.open(path, OpenFlags::READ, FileAttributes::default())).await;
        let handle = match opened {
            Ok(opened) => opened.handle,
            Err(error) => return Err(self.explain(path, error, 0).await),
        };
        let mut offset = 0;
        while offset < length {
            let wanted = self.read_chunk().min(u32::try_from(length - offset).unwrap_or(u32::MAX));
            match timed(self.raw.read(handle.as_str(), offset, wanted)).await {
                Ok(piece) => {
                    take(&piece.data)?;
                    offset += piece.data.len() as u64;
                }
                Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(error) => return Err(self.explain(path, error, 0).await),
            }
        }
        // It was only read: a failing close loses nothing.
        let _ = timed(self.raw.close(handle)).await;
        Ok(())
    }
}

/// The channel as a stream that can be cut. russh-sftp writes from a task of its own, which would
/// otherwise go on sending what a cancelled upload had queued.
struct Severable {
    stream: ChannelStream<Msg>,
    severed: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Severable {
    fn check(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        ready!(self.severed.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::ConnectionAborted.into())
    }
}

impl AsyncRead for Severable {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.check(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Severable {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(error) = self.check(cx) {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
