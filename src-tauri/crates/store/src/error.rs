//! What can go wrong with the database.

use std::path::{Path, PathBuf};

use sqlx::migrate::MigrateError;

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the database could not do it. Nothing of the failed change is written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program or connection kept the database to itself for longer than the busy timeout.
    #[error("the database is locked by another program")]
    Locked,
    /// The file is not a database of Slipway or is damaged. It is left as it is.
    #[error("{} is not a usable database: {detail}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// SQLite's words or ours.
        detail: String,
    },
    /// A newer Slipway wrote the file. It is left as it is.
    #[error("{} has schema version {found}, this program knows {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema version of the file.
        found: i64,
        /// The latest schema version of this program.
        known: i64,
    },
    /// The disk is full, read-only or broken, or permission is missing.
    #[error("cannot use {}: {detail}", path.display())]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// What was named is not there, or is deleted.
    #[error("no {noun} with the id or name {id:?}")]
    NotFound {
        /// `host`, `session`, `message`, `folder`…
        noun: &'static str,
        /// The id or name looked for.
        id: String,
    },
    /// Another host has this name.
    #[error("a host with the name {name:?} exists")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// Another one of its kind has this name, in capitals or not.
    #[error("a {noun} with the name {name:?} exists")]
    Taken {
        /// `folder` or `snippet`.
        noun: &'static str,
        /// The name.
        name: String,
    },
    /// What was read could not be written to where it was to go.
    #[error("cannot write: {0}")]
    Output(std::io::Error),
    /// Anything else: a defect of Slipway.
    #[error(transparent)]
    Database(sqlx::Error),
}

// Primary result codes, the low byte of SQLite's extended codes: https://www.sqlite.org/rescode.html
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

/// The extended code of a read-only connection that found an interrupted transaction, which only a
/// writing one may undo.
pub(crate) const READONLY_ROLLBACK: i32 = READONLY | (3 << 8);

impl Error {
    /// Sorts an error of sqlx that concerns the database at `path`.
    pub(crate) fn of(path: &Path, error: sqlx::Error) -> Self {
        let detail = match &error {
            sqlx::Error::PoolTimedOut => return Self::Locked,
            sqlx::Error::Io(error) => return Self::disk(path, error),
            // A value that this schema never writes.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => error.to_string(),
            sqlx::Error::Database(database) => database.message().to_owned(),
            _ => return Self::Database(error),
        };
        let path = path.to_owned();
        match sqlite_code(&error).map(|code| code & 0xff) {
            Some(BUSY | LOCKED) => Self::Locked,
            Some(CORRUPT | NOTADB) | None => Self::Corrupt { path, detail },
            Some(PERM | READONLY | IOERR | FULL | CANTOPEN) => Self::Disk { path, detail },
            Some(_) => Self::Database(error),
        }
    }

    /// An error of the file system at `path`.
    pub(crate) fn disk(path: &Path, error: &std::io::Error) -> Self {
        Self::Disk { path: path.to_owned(), detail: error.to_string() }
    }

    /// An error of the migrations of the database at `path`, of which `known` is the latest.
    pub(crate) fn of_migration(path: &Path, known: i64, error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                Self::of(path, error)
            }
            MigrateError::VersionMissing(found) => {
                Self::Newer { path: path.to_owned(), found, known }
            }
            other => Self::Database(other.into()),
        }
    }
}

/// SQLite's extended result code, if the error comes from SQLite.
pub(crate) fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse().ok()
}
