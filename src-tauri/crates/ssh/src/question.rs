//! What a connection asks back, and how far it has come.

use std::path::PathBuf;

use secrecy::SecretString;
use tokio::sync::oneshot;

/// How far a connection has come. With jumps, each of them passes through both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// On the way to the server: name, TCP or proxy, the key exchange.
    Connecting {
        /// The name as given in the options.
        host: String,
    },
    /// The server has shown its key and checks who we are.
    Authenticating {
        /// The name as given in the options.
        host: String,
    },
}

/// A place in a known_hosts file. Displayed as `FILE:LINE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAt {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
}

impl std::fmt::Display for RecordedAt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// One prompt of a server (RFC 4256, 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InteractiveField {
    /// In the server's words, without control characters, at most 200 characters.
    pub label: String,
    /// Whether the answer may be shown while it is typed.
    pub echo: bool,
}

/// Something only a person can answer while a connection is being made.
///
/// Dropping the sender, or answering a secret with `None`, cancels the connection.
#[derive(Debug)]
pub enum Question {
    /// The host is unknown. `true` records its key and goes on.
    HostKey {
        /// The name as given in the options.
        host: String,
        /// The SSH port.
        port: u16,
        /// Key type, for instance `ssh-ed25519`.
        algorithm: String,
        /// `SHA256:…`, as `ssh-keygen -l` prints it.
        fingerprint: String,
        /// The picture of the key that `ssh-keygen -lv` draws: 11 lines.
        randomart: String,
        /// Set when the host is on record with keys of other types only: where the first stands.
        known_by_other_key: Option<RecordedAt>,
        /// Takes the decision.
        answer: oneshot::Sender<bool>,
    },
    /// The server wants the login's password.
    Password {
        /// Login name.
        user: String,
        /// The name as given in the options.
        host: String,
        /// The SSH port.
        port: u16,
        /// 1 for the first try, at most 3.
        attempt: u32,
        /// Takes the password.
        answer: oneshot::Sender<Option<SecretString>>,
    },
    /// The server asks for itself (keyboard-interactive, RFC 4256): a one-time code, a new password.
    Interactive {
        /// Login name.
        user: String,
        /// The name as given in the options.
        host: String,
        /// The server's title, often empty.
        title: String,
        /// The server's instructions, often empty.
        instructions: String,
        /// Its prompts, at least one.
        fields: Vec<InteractiveField>,
        /// Takes one answer for each prompt.
        answer: oneshot::Sender<Option<Vec<SecretString>>>,
    },
    /// A key file that the server would accept is encrypted.
    Passphrase {
        /// The key file.
        path: PathBuf,
        /// 1 for the first try, at most 3.
        attempt: u32,
        /// Takes the passphrase.
        answer: oneshot::Sender<Option<SecretString>>,
    },
}
