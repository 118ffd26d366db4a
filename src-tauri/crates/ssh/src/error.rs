//! What can go wrong, told apart so that no caller has to match on text.

mod details;

use std::io;
use std::path::PathBuf;

pub use self::details::{Asked, ChangedHostKey, LoginAttempt};

/// Every way in which this crate can fail.
///
/// A variant exists where a person has something different to do about it; the words here are for
/// the log, the sentence for the person is written by the caller.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name has no address, or the resolver could not be asked.
    #[error("no address is known for {host}")]
    NameNotFound {
        /// The name as given.
        host: String,
    },
    /// The machine answered, but nothing listens on the port.
    #[error("{host} refuses connections on port {port}")]
    PortRefused {
        /// The name as given.
        host: String,
        /// The SSH port.
        port: u16,
    },
    /// Nothing was heard within the connect timeout.
    #[error("{host}:{port} did not answer in time")]
    Timeout {
        /// The name as given.
        host: String,
        /// The SSH port.
        port: u16,
    },
    /// The network has no way to the machine.
    #[error("{host}:{port} cannot be reached: {source}")]
    Unreachable {
        /// The name as given.
        host: String,
        /// The SSH port.
        port: u16,
        /// What the operating system said.
        source: io::Error,
    },
    /// Something answers on the port, but it does not speak SSH.
    #[error("{host}:{port} does not speak SSH (it said {banner:?})")]
    NotSsh {
        /// The name as given.
        host: String,
        /// The port.
        port: u16,
        /// The first line it sent, cut to 100 characters.
        banner: String,
    },
    /// A proxy, or the command that stands for one, does not lead on.
    #[error("the proxy {proxy} does not lead on: {detail}")]
    ProxyFailed {
        /// `HOST:PORT`, or the command without its arguments.
        proxy: String,
        /// What it said.
        detail: String,
    },
    /// A jump host was reached, but does not connect to the next server.
    #[error("{hop} does not connect to {host}:{port} (forbidden: {forbidden})")]
    JumpRefused {
        /// The jump host's name as given.
        hop: String,
        /// The next server's name as given.
        host: String,
        /// The next server's port.
        port: u16,
        /// Whether the jump host forbids it; otherwise it could not reach the server.
        forbidden: bool,
    },
    /// The configuration file of OpenSSH cannot be used.
    #[error("the configuration of OpenSSH cannot be used: {detail}")]
    ConfigUnusable {
        /// Where and why.
        detail: String,
    },
    /// The two sides found no way to talk: no common algorithm, a broken packet, a wrong signature.
    #[error("the SSH handshake failed: {0}")]
    Protocol(#[source] russh::Error),

    /// The host is known and shows another key than the one on record. Never a question: either
    /// the machine was set up anew or somebody sits in between.
    #[error("{0}")]
    HostKeyChanged(Box<ChangedHostKey>),
    /// The host shows a certificate that its authority does not stand for, and its key is not on
    /// record by itself.
    #[error("the certificate of {host}:{port} is not acceptable: {detail}")]
    HostCertificateRefused {
        /// The name as given.
        host: String,
        /// The SSH port.
        port: u16,
        /// Why.
        detail: String,
    },
    /// The host shows a key that a `@revoked` line forbids.
    #[error("the key {fingerprint} of {host}:{port} is revoked by {}, line {line}", file.display())]
    HostKeyRevoked {
        /// The name as given.
        host: String,
        /// The SSH port.
        port: u16,
        /// The file with the `@revoked` line.
        file: PathBuf,
        /// Its line, counted from 1.
        line: usize,
        /// The revoked key, `SHA256:…`.
        fingerprint: String,
    },
    /// The person was shown the fingerprint of an unknown host and declined.
    #[error("the key {fingerprint} of {host}:{port} was not accepted")]
    HostKeyRejectedByUser {
        /// The name as given.
        host: String,
        /// The SSH port.
        port: u16,
        /// The declined key, `SHA256:…`.
        fingerprint: String,
    },
    /// A known_hosts file exists but cannot be read. Going on would treat known hosts as new ones.
    #[error("{} cannot be read: {source}", path.display())]
    KnownHostsUnreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An accepted key could not be recorded, so a later change would go unnoticed.
    #[error("{} cannot be written: {source}", path.display())]
    KnownHostsUnwritable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// The named key file does not exist.
    #[error("the key file {} does not exist", path.display())]
    KeyFileNotFound {
        /// The file.
        path: PathBuf,
    },
    /// The key file is readable by others: OpenSSH refuses such a file, and so do we.
    #[error("the key file {} is open to others (mode {mode:04o})", path.display())]
    KeyFilePermissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The key file cannot be read, or holds no private key that we understand.
    #[error("the key file {} cannot be used: {detail}", path.display())]
    KeyFileUnusable {
        /// The file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// The passphrase was wrong three times.
    #[error("the passphrase for {} is wrong", path.display())]
    WrongPassphrase {
        /// The key file.
        path: PathBuf,
    },
    /// The server accepted none of what we have.
    #[error("{user}@{host} was refused: {}", LoginAttempt::list(tried))]
    AuthenticationRefused {
        /// The login name.
        user: String,
        /// The name as given.
        host: String,
        /// What was tried and why it failed, in order.
        tried: Vec<LoginAttempt>,
    },
    /// The person closed a question without an answer.
    #[error("cancelled while asking for the {0}")]
    Cancelled(Asked),

    /// The connection ended, or had already ended, while this was under way.
    #[error("the SSH connection is lost")]
    ConnectionLost,
    /// The server does not let us open a session: commands and file transfer are not possible.
    #[error("the server refuses to open a session")]
    SessionRefused,
    /// The server has no SFTP subsystem.
    #[error("the server offers no SFTP")]
    SftpUnavailable,
    /// A step did not end in time although the connection is alive.
    #[error("{what} took longer than {seconds} s")]
    Stalled {
        /// What was being done.
        what: &'static str,
        /// The limit in seconds.
        seconds: u64,
    },
    /// A command wrote more than is kept in memory.
    #[error("the command wrote more than {limit} bytes")]
    OutputTooLarge {
        /// The limit in bytes, for both streams together.
        limit: usize,
    },

    /// The file system on the host has no room (or no inode) left.
    #[error("the disk that holds {path} is full")]
    RemoteDiskFull {
        /// The path on the host.
        path: String,
    },
    /// The host did not take what was written although its file system tells of room: a quota, a disk
    /// that was full at that moment, or one that is broken. SFTP does not say which.
    #[error("the host could not write {path}")]
    RemoteWriteFailed {
        /// The path on the host.
        path: String,
    },
    /// The login may not do this, or the file system is read-only.
    #[error("permission denied on the host: {path}")]
    RemotePermission {
        /// The path on the host.
        path: String,
    },
    /// The path does not exist on the host.
    #[error("not found on the host: {path}")]
    RemoteNotFound {
        /// The path on the host.
        path: String,
    },
    /// A directory was needed where something else is.
    #[error("not a directory on the host: {path}")]
    RemoteNotADirectory {
        /// The path on the host.
        path: String,
    },
    /// A file is larger than the caller wants to read.
    #[error("{path} on the host is larger than {limit} bytes")]
    RemoteFileTooLarge {
        /// The path on the host.
        path: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The host's file server failed without saying why (SFTP knows few reasons).
    #[error("the host failed on {path}: {detail}")]
    RemoteIo {
        /// The path on the host.
        path: String,
        /// What the server said.
        detail: String,
    },
    /// A file of a directory to upload would end up outside of it, is named twice, or has a name
    /// that not every program writes alike.
    #[error("{path:?} is no path for a file of a directory to upload")]
    UnsafePath {
        /// The path as given.
        path: String,
    },
    /// What arrived on the host is not what was sent.
    #[error("{path} arrived with sha256 {actual} instead of {expected}")]
    ChecksumMismatch {
        /// The path on the host.
        path: String,
        /// The sum of what was sent, hexadecimal.
        expected: String,
        /// The sum of what arrived, hexadecimal.
        actual: String,
    },
    /// A file of this computer cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    LocalFile {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// No local port could be bound.
    #[error("no local port can be bound: {0}")]
    LocalPort(#[source] io::Error),
}

impl From<russh::Error> for Error {
    /// Ends of the connection in all their forms become [`Error::ConnectionLost`]; the rest is a
    /// failure of the protocol.
    fn from(error: russh::Error) -> Self {
        use russh::Error as R;
        match error {
            R::Disconnect
            | R::HUP
            | R::SendError
            | R::RecvError
            | R::ConnectionTimeout
            | R::KeepaliveTimeout
            | R::InactivityTimeout
            | R::IO(_) => Self::ConnectionLost,
            other => Self::Protocol(other),
        }
    }
}
