//! Where the program keeps its own files on this computer.

use std::path::{Path, PathBuf};

/// The data directory and what lies in it.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// The given directory, or the system's place for application data (`~/.local/share/slipway` on
    /// Linux). `None` only when the system names no such place.
    #[must_use]
    pub fn new(path: Option<PathBuf>) -> Option<Self> {
        path.or_else(|| dirs::data_local_dir().map(|dir| dir.join("slipway"))).map(Self)
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("slipway.db")
    }

    /// The log files.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.0.join("logs")
    }

    /// Host keys that the user accepted.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        self.0.join("known_hosts")
    }

    /// Where engines and models for "this computer" are put. On other hosts the script uses
    /// `~/.local/share/slipway/v1`.
    #[must_use]
    pub fn engine_root(&self) -> PathBuf {
        self.0.join("v1")
    }

    /// There while a token of the model hub is kept, so that a keychain that asks before it is read is
    /// not read just to know that.
    #[must_use]
    pub fn hub_token_mark(&self) -> PathBuf {
        self.0.join("hub-token-is-kept")
    }

    /// What was fetched for hosts that have no way to it.
    #[must_use]
    pub fn fetched(&self) -> PathBuf {
        self.0.join("fetched")
    }

    /// Secrets, where the system has no keychain.
    #[must_use]
    pub fn secrets(&self) -> PathBuf {
        self.0.join("secrets")
    }
}
