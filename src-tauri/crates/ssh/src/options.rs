//! What a caller says about a connection.

use std::path::PathBuf;
use std::time::Duration;

use crate::route::Route;

/// How to reach a host and what may be used to log in.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Name or address (an IPv6 address without brackets).
    pub host: String,
    /// SSH port.
    pub port: u16,
    /// Login name.
    pub user: String,
    /// How the server is reached.
    pub route: Route,
    /// Private key files of the user's choice, tried first and in order; one that cannot be used
    /// is an error. A public key file stands for the same key in the agent.
    pub identities: Vec<PathBuf>,
    /// Further key files, as `IdentityFile` names them: one that cannot be used is a note in
    /// [`Error::AuthenticationRefused`](crate::Error::AuthenticationRefused).
    pub config_identities: Vec<PathBuf>,
    /// User certificates (`CertificateFile`), beside the `KEY-cert.pub` of each key file.
    pub certificates: Vec<PathBuf>,
    /// Whether the agent's keys are tried only where a key file or certificate names them
    /// (`IdentitiesOnly`).
    pub identities_only: bool,
    /// Whether the keys of a running agent (`SSH_AUTH_SOCK`, on Windows the OpenSSH pipe or
    /// Pageant) are tried.
    pub use_agent: bool,
    /// The agent's socket, or pipe on Windows, when it is not the usual one (`IdentityAgent`).
    pub agent_socket: Option<PathBuf>,
    /// Whether `~/.ssh/id_ed25519`, `id_ecdsa`, `id_rsa` and their `_sk` kin are tried when no key
    /// file is named.
    pub default_identities: bool,
    /// Where known host keys are read and accepted ones are recorded.
    pub known_hosts: KnownHosts,
    /// The name under which the host key is on record instead of host and port (`HostKeyAlias`).
    pub host_key_alias: Option<String>,
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
            route: Route::Direct,
            identities: Vec::new(),
            config_identities: Vec::new(),
            certificates: Vec::new(),
            identities_only: false,
            use_agent: true,
            agent_socket: None,
            default_identities: true,
            known_hosts,
            host_key_alias: None,
            accepted_fingerprint: None,
            connect_timeout: Duration::from_secs(15),
            keepalive_interval: Duration::from_secs(3),
            keepalive_max: 3,
        }
    }

    /// The name and port that this computer itself dials: those of the first jump or the proxy, if
    /// there is one. `None` when a command does it.
    #[must_use]
    pub fn first_stop(&self) -> Option<(&str, u16)> {
        match &self.route {
            Route::Direct => Some((&self.host, self.port)),
            Route::Jump(hop) => hop.first_stop(),
            Route::Proxy(proxy) => Some((&proxy.host, proxy.port)),
            Route::Command(_) => None,
        }
    }

    /// The jumps before this host, in the order in which they are made.
    #[must_use]
    pub fn jumps(&self) -> Vec<&Self> {
        let mut jumps = Vec::new();
        let mut at = self;
        while let Route::Jump(hop) = &at.route {
            jumps.push(&**hop);
            at = hop;
        }
        jumps.reverse();
        jumps
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
