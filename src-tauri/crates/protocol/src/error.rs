//! Errors as a person meets them: a stable code, a sentence, what to do, and where the detail is.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::preflight::Finding;
use crate::text::Text;

/// What kind of failure it is. A code exists because the window or a script acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    // Input and the program itself.
    /// A value from the user is not acceptable; `field` in the detail names it.
    InvalidInput,
    /// The thing named does not exist (any more).
    NotFound,
    /// Another task of the same kind runs for this host.
    Busy,
    /// The user cancelled.
    Cancelled,
    /// Too many tasks wait already.
    QueueFull,
    /// A defect of Slipway; the detail is in the log.
    Internal,
    // The database.
    /// Another program holds the database.
    DatabaseLocked,
    /// The file is not a database or is damaged.
    DatabaseCorrupt,
    /// A newer Slipway wrote this database.
    DatabaseNewer,
    /// No space or no permission on this computer.
    LocalDisk,
    // SSH.
    /// The host's name has no address.
    HostNotFound,
    /// Nothing listens on the port.
    ConnectionRefused,
    /// The host did not answer in time, or no route leads to it.
    HostUnreachable,
    /// What answered does not speak SSH, or speaks it wrongly.
    SshProtocol,
    /// The host's key differs from the known one.
    HostKeyChanged,
    /// The user did not accept the host's key.
    HostKeyRejected,
    /// known_hosts exists but cannot be read.
    KnownHostsUnreadable,
    /// No method was accepted.
    AuthenticationRefused,
    /// A key file cannot be used: missing, not a key, permissions, passphrase.
    KeyFileUnusable,
    /// This computer has no network.
    NoNetwork,
    /// A SOCKS, HTTP or command proxy, or a jump host, does not lead on.
    ProxyFailed,
    /// `~/.ssh/config` cannot be used: a loop, an unreadable file, a value that makes no sense.
    SshConfigUnusable,
    /// The server forbids port forwarding.
    ForwardingForbidden,
    /// Another program answers on the engine's port.
    ForeignPort,
    /// The SSH connection ended.
    ConnectionLost,
    // The host.
    /// No Python 3.8 or newer.
    PythonMissing,
    /// Python's venv module is missing.
    VenvMissing,
    /// A system library is missing.
    LibraryMissing,
    /// The processor, system or C library is not supported.
    PlatformUnsupported,
    /// Not enough disk on the host.
    HostDiskFull,
    /// The directory on the host cannot be written.
    HostPermission,
    /// Another deploy holds the lock on the host.
    HostLocked,
    /// The package index cannot be reached from the host.
    IndexUnreachable,
    /// Installing the engine failed.
    EngineInstallFailed,
    /// A checksum differs.
    HashMismatch,
    /// The work on the host was ended from outside: killed, or the host was restarted.
    HostWorkLost,
    /// The deploy script failed in an unforeseen way.
    ScriptFailed,
    // The model.
    /// The file does not exist.
    ModelNotFound,
    /// The file is not a GGUF.
    ModelNotGguf,
    /// The file is cut.
    ModelTruncated,
    /// The address cannot be loaded.
    ModelUnreachable,
    /// The model's owner has to let one in, or the hub wants a token.
    ModelGated,
    /// The hub does not take the token.
    HubTokenRefused,
    /// The engine cannot serve a model of this kind.
    ModelUnsupported,
    /// The model needs more memory than is free.
    ModelTooBig,
    // The engine.
    /// Nothing is deployed on the host.
    NotDeployed,
    /// There is no such version to go back to, or it is not complete any more.
    VersionUnusable,
    /// What the engine needs of the host is not there: a container tool, a GPU's driver, Ollama.
    EngineUnavailable,
    /// The plan was to compute on the graphics processor, and the engine does not.
    GpuNotUsed,
    /// No connection to the host's engine.
    NotConnected,
    /// The engine ended.
    EngineCrashed,
    /// The engine runs out of memory.
    EngineOutOfMemory,
    /// The engine did not become ready in time.
    EngineNotHealthy,
    /// The engine still loads the model.
    EngineLoading,
    /// The engine refused the key.
    EngineUnauthorized,
    /// The engine answered with an error.
    EngineError,
    // Chat.
    /// The message is empty.
    EmptyMessage,
    /// The conversation does not fit into the model's context window.
    ContextExceeded,
    /// The stream ended before the answer did; what came is kept.
    StreamBroken,
    /// No token came in time.
    StreamTimeout,
}

/// An error as it crosses to the front end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ErrorInfo {
    /// What the front end may branch on.
    pub code: ErrorCode,
    /// What happened, in a sentence.
    pub message: Text,
    /// What to do, in a sentence or a command.
    pub fix: Text,
    /// Finds the technical detail in the log.
    pub detail_id: String,
    /// Facts that a table shows better than a sentence.
    pub facts: Option<ErrorFacts>,
}

/// What an error is about, in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ErrorFacts {
    /// Of `host_key_changed`.
    HostKeyChanged(ChangedHostKey),
    /// Of `authentication_refused`: what was tried, in order.
    Login(Vec<LoginAttempt>),
    /// Of a deploy that the look at the host stopped: the findings that stop it.
    Preflight(Vec<Finding>),
    /// Of an answer that broke: where on its way.
    Hop(Hop),
}

/// A part of the way from this window to the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Hop {
    /// Slipway on this computer.
    ThisApp,
    /// The SSH connection.
    Tunnel,
    /// The server: its system, or the port that the engine had.
    Server,
    /// The engine and its model.
    Engine,
}

/// A host key that differs from the one on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ChangedHostKey {
    /// The key on record, `SHA256:…`.
    pub expected: String,
    /// The key that was shown, `SHA256:…`.
    pub actual: String,
    /// The file that holds the key on record.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// The command that removes exactly what is on record.
    pub command: String,
}

/// One way of logging in that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LoginAttempt {
    /// The method and what it was tried with, for example `key ~/.ssh/id_ed25519`.
    pub what: String,
    /// Why it did not work.
    pub why: String,
}

impl std::fmt::Display for ErrorInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.message.en, self.fix.en)
    }
}

impl std::error::Error for ErrorInfo {}
