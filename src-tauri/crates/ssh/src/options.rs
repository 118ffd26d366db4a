//! What a caller says about a connection, and what a connection asks back.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::oneshot;

/// How to reach a host and what may be used to log in.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Name or address (an IPv6 address without brackets).
    pub host: String,
    /// SSH port.
    pub port: u16,
    /// Login name.
    pub user: String,
    /// Private key files to try, in order. A public key file stands for the same key in the agent.
    pub identities: Vec<PathBuf>,
    /// Whether the keys of a running agent (`SSH_AUTH_SOCK`, on Windows the OpenSSH pipe or
    /// Pageant) are tried.
    pub use_agent: bool,
    /// The agent's socket, or pipe on Windows, when it is not the usual one (`IdentityAgent`).
    pub agent_socket: Option<PathBuf>,
    /// Whether `~/.ssh/id_ed25519`, `id_ecdsa` and `id_rsa` are tried when `identities` is empty.
    pub default_identities: bool,
    /// Where known host keys are read and accepted ones are recorded.
    pub known_hosts: KnownHosts,
    /// A fingerprint (`SHA256:…`) that is accepted without a question when the host is unknown.
    /// It never overrides a key on record.
    pub accepted_fingerprint: Option<String>,
    /// Limit for each step that waits for the machine (connecting, the handshake, one login try).
    /// The time a person needs for an answer does not count.
    pub connect_timeout: Duration,
    /// Silence after which a keep-alive is sent.
    pub keepalive_interval: Duration,
    /// The connection is given up after about this many intervals without a sign of life.
    pub keepalive_max: usize,
}

impl ConnectOptions {
    /// Options with the usual values: agent and default key files, 15 s to connect, a keep-alive
    /// each 3 s and the connection given up after about 9 s of silence.
    pub fn new(
        host: impl Into<String>,
        port: u16,
        user: impl Into<String>,
        known_hosts: KnownHosts,
    ) -> Self {
        Self {
            host: host.into(),
            port,
            user: user.into(),
            identities: Vec::new(),
            use_agent: true,
            agent_socket: None,
            default_identities: true,
            known_hosts,
            accepted_fingerprint: None,
            connect_timeout: Duration::from_secs(15),
            keepalive_interval: Duration::from_secs(3),
            keepalive_max: 3,
        }
    }
}

/// The known_hosts files of a connection.
#[derive(Debug, Clone)]
pub struct KnownHosts {
    /// Files of the user and the system, only read. A missing file holds no keys.
    pub read: Vec<PathBuf>,
    /// The program's own file: read too, and accepted keys are appended to it.
    pub own: PathBuf,
}

impl KnownHosts {
    /// `~/.ssh/known_hosts` and the system's file beside the program's own.
    pub fn with_own(own: impl Into<PathBuf>) -> Self {
        let mut read = Vec::new();
        if let Some(home) = std::env::home_dir() {
            read.push(home.join(".ssh").join("known_hosts"));
        }
        if cfg!(unix) {
            read.push(PathBuf::from("/etc/ssh/ssh_known_hosts"));
        }
        Self { read, own: own.into() }
    }
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
        /// Takes the decision.
        answer: oneshot::Sender<bool>,
    },
    /// The server wants a password or another answer (a one-time code).
    Password {
        /// Login name.
        user: String,
        /// The name as given in the options.
        host: String,
        /// The server's own words, when it sent any (keyboard-interactive).
        prompt: Option<String>,
        /// 1 for the first try, at most 3.
        attempt: u32,
        /// Takes the password.
        answer: oneshot::Sender<Option<SecretString>>,
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
