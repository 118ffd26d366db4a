//! What errors of connecting are about, in parts.

use std::path::PathBuf;

/// A host key that differs from the one on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedHostKey {
    /// The name as given.
    pub host: String,
    /// The SSH port.
    pub port: u16,
    /// The file that holds the key on record.
    pub file: PathBuf,
    /// Its line, counted from 1.
    pub line: usize,
    /// The key on record, `SHA256:…`.
    pub expected_fingerprint: String,
    /// The key that was shown, `SHA256:…`.
    pub actual_fingerprint: String,
    /// The command that removes what is on record.
    pub command: String,
}

impl std::fmt::Display for ChangedHostKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, port, line, expected_fingerprint, actual_fingerprint, .. } = self;
        let file = self.file.display();
        write!(
            f,
            "the key of {host}:{port} is not the one in {file}, line {line}: {actual_fingerprint} \
             instead of {expected_fingerprint}"
        )
    }
}

/// One way of logging in, and why it did not work. Displayed as `what: why`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginAttempt {
    /// The method and what it was tried with, for instance `key ~/.ssh/id_ed25519`.
    pub what: String,
    /// Why it did not work.
    pub why: String,
}

impl LoginAttempt {
    pub(crate) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }

    /// All of them in one line.
    #[must_use]
    pub fn list(attempts: &[Self]) -> String {
        attempts.iter().map(Self::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl std::fmt::Display for LoginAttempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// What a person was asked for when they cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// A decision on an unknown host key.
    HostKey,
    /// A password.
    Password,
    /// The server's own prompts.
    Interactive,
    /// The passphrase of a key file.
    Passphrase,
}

impl std::fmt::Display for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::HostKey => "host key",
            Self::Password => "password",
            Self::Interactive => "answers to the server's prompts",
            Self::Passphrase => "passphrase",
        })
    }
}
