//! What can go wrong between this computer and what it downloads.

use std::error::Error as StdError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why nothing came. Addresses are told without user, password and query; no variant holds a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something that was given cannot be used: nobody was asked.
    #[error("the {what} cannot be used: {reason}")]
    InvalidInput {
        /// `address`, `token`, `repo`, `revision`, `file`, `package`, `sha256` or `certificates`.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The server does not have it. A hub says so as well of what is private, to whom has no token.
    #[error("not found: {url}{}", file.as_deref().map(|file| format!(" ({file})")).unwrap_or_default())]
    NotFound {
        /// What was asked for.
        url: String,
        /// The file, where `url` is a list that lacks it.
        file: Option<String>,
    },
    /// The server does not give it to us.
    #[error("{url} is refused with status {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// 401, 403, 407 or 451.
        status: u16,
        /// A hub asks to accept the owner's terms first.
        gated: bool,
        /// Whether we showed a token.
        token_given: bool,
    },
    /// No connection, no answer, or one that only says that the server cannot answer now.
    #[error("{url} cannot be reached: {detail}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The innermost cause, or the status.
        detail: String,
    },
    /// The answer broke off or went silent. What has come of a file is kept, and the same call goes on
    /// from there.
    #[error("{url} broke off after {received} bytes: {detail}")]
    Interrupted {
        /// What was asked for.
        url: String,
        /// Bytes that are here.
        received: u64,
        /// The innermost cause.
        detail: String,
    },
    /// The answer is not what such a server gives, or not as long as was expected.
    #[error("{url} gave an answer that cannot be used: {detail}")]
    BadResponse {
        /// What was asked for.
        url: String,
        /// What is wrong with it.
        detail: String,
    },
    /// The whole file has come, and it is another one. It is not kept.
    #[error("{url} has sha256 {actual} instead of {expected}")]
    HashMismatch {
        /// What was asked for.
        url: String,
        /// The sum that was expected, hexadecimal.
        expected: String,
        /// The sum of what came, hexadecimal.
        actual: String,
    },
    /// Another download of the same file is under way, in this process or another one.
    #[error("{} is being downloaded already", path.display())]
    Busy {
        /// Where it is to lie.
        path: PathBuf,
    },
    /// This computer's disk: full (see [`Error::is_disk_full`]), without permission, broken. What has
    /// come of the file is kept where that is possible.
    #[error("{} cannot be written: {source}", path.display())]
    LocalDisk {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl Error {
    /// Whether this computer's disk has no room left.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        matches!(self, Self::LocalDisk { source, .. } if matches!(source.kind(), StorageFull | QuotaExceeded))
    }

    pub(crate) fn invalid(what: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidInput { what, reason: reason.into() }
    }

    pub(crate) fn disk(path: &Path, source: io::Error) -> Self {
        Self::LocalDisk { path: path.to_path_buf(), source }
    }
}

/// How one try ended that did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It may succeed a moment later, or after the wait that the server asks for.
    Passing(Error, Option<Duration>),
    /// It would end the same way again.
    Lasting(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Lasting(error)
    }
}

/// The cause that the others wrap, in its words.
pub(crate) fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
