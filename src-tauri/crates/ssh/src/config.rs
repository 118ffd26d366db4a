//! What OpenSSH's configuration says about a host (ssh_config(5)).
//!
//! OpenSSH itself is asked (`ssh -G`), so that `Include`, `Match`, patterns and defaults mean what
//! they mean there. Where it is not installed a parser reads the user's file, without `Match`.

mod aliases;
mod builtin;
mod destination;
mod openssh;
mod parser;
mod resolve;
mod tokens;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::destination::Destination;
pub use self::resolve::ConnectDefaults;
use crate::error::Error;
use crate::route::ProxyCommand;

/// The configuration of OpenSSH.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file instead of the user's and the system's (`ssh -F`).
    file: Option<PathBuf>,
    /// OpenSSH's client.
    program: OsString,
}

impl Default for Config {
    fn default() -> Self {
        Self { file: None, program: "ssh".into() }
    }
}

/// What the configuration says about one host; unset values are left to the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostConfig {
    /// `HostName`, or the name as typed.
    pub hostname: String,
    /// `User`, or the local one.
    pub user: Option<String>,
    /// `Port`.
    pub port: u16,
    /// `IdentityFile`s; empty when none is configured.
    pub identity_files: Vec<PathBuf>,
    /// `IdentitiesOnly`.
    pub identities_only: bool,
    /// `CertificateFile`s.
    pub certificate_files: Vec<PathBuf>,
    /// `IdentityAgent`.
    pub agent: IdentityAgent,
    /// `ProxyJump`, in the order of the jumps.
    pub proxy_jump: Vec<Destination>,
    /// `ProxyCommand`, its tokens not replaced yet.
    pub proxy_command: Option<ProxyCommand>,
    /// `UserKnownHostsFile` and `GlobalKnownHostsFile`; `None` when nothing is known of them.
    pub known_hosts: Option<Vec<PathBuf>>,
    /// `HostKeyAlias`.
    pub host_key_alias: Option<String>,
    /// `ServerAliveInterval`, when it is on.
    pub keepalive_interval: Option<Duration>,
    /// `ConnectTimeout`.
    pub connect_timeout: Option<Duration>,
}

/// Which agent is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum IdentityAgent {
    /// The usual one.
    #[default]
    Usual,
    /// None.
    None,
    /// The one on this socket or pipe.
    Socket(PathBuf),
}

impl Config {
    /// Another file instead of the user's and the system's.
    pub fn with_file(file: impl Into<PathBuf>) -> Self {
        Self { file: Some(file.into()), ..Self::default() }
    }

    /// Another client than the `ssh` of the search path; where it does not exist, the parser reads
    /// the file.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<OsString>) -> Self {
        self.program = program.into();
        self
    }

    /// What is configured for a destination as it was typed.
    ///
    /// # Errors
    /// [`Error::ConfigUnusable`]: the file cannot be read or makes no sense, includes itself, or
    /// took longer than 3 s (`Match exec`).
    pub async fn lookup(&self, destination: &Destination) -> Result<HostConfig, Error> {
        self.check_readable().await?;
        match openssh::ask(self, destination).await? {
            Some(found) => Ok(found),
            None => parser::read(self, destination).await,
        }
    }

    /// The names on `Host` lines that are no patterns, in order, `Include`d files too; at most 200.
    pub async fn aliases(&self) -> Vec<String> {
        let Some(file) = self.user_file() else {
            return Vec::new();
        };
        tokio::task::spawn_blocking(move || aliases::read(&file)).await.unwrap_or_default()
    }

    fn user_file(&self) -> Option<PathBuf> {
        self.file.clone().or_else(|| Some(std::env::home_dir()?.join(".ssh").join("config")))
    }

    /// OpenSSH passes over a file of the user that it cannot read, which hides the reason why an
    /// alias is not known.
    async fn check_readable(&self) -> Result<(), Error> {
        let Some(file) = self.user_file() else {
            return Ok(());
        };
        match tokio::fs::read(&file).await {
            Ok(_) => Ok(()),
            Err(error)
                if self.file.is_none()
                    && matches!(
                        error.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                    ) =>
            {
                Ok(())
            }
            Err(error) => Err(unusable(&file, error)),
        }
    }
}

fn unusable(file: &Path, detail: impl std::fmt::Display) -> Error {
    Error::ConfigUnusable { detail: format!("{}: {detail}", file.display()) }
}
