//! A look at an existing file before SQLite may write to it.
//!
//! Opening a database in WAL mode the ordinary way writes: at the least it makes two files beside
//! it. A file that is refused must stay as it is, so this looks through a connection that cannot
//! write. Always through SQLite: if the program itself opened and closed the file, the system would
//! drop the locks that SQLite holds on it in this process
//! (<https://www.sqlite.org/howtocorrupt.html>, 2.2).

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::error::{Error, READONLY_ROLLBACK, Result, sqlite_code};

/// Marks a file as Slipway's, set by the first migration: "SLPW".
const APPLICATION_ID: i64 = 0x534C_5057;

/// Refuses what is not a database of Slipway or is newer than the migration `known`. No file and an
/// empty one are fine.
pub(crate) async fn check(path: &Path, known: i64, busy_timeout: Duration) -> Result<()> {
    // Another Slipway that starts or ends at this moment may move pages from the log into the file
    // while they are read without a lock: a file that looks damaged is looked at again.
    for _ in 0..3 {
        match look(path, known, busy_timeout).await {
            Err(Error::Corrupt { .. }) => tokio::time::sleep(Duration::from_millis(50)).await,
            other => return other,
        }
    }
    look(path, known, busy_timeout).await
}

async fn look(path: &Path, known: i64, busy_timeout: Duration) -> Result<()> {
    let length = match tokio::fs::metadata(path).await {
        Ok(metadata) if metadata.len() == 0 => return Ok(()),
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::disk(path, &error)),
    };
    // `immutable` makes no files and takes no locks, but sees neither the write-ahead log nor the
    // journal. Where there is one, an ordinary reader adds nothing to what lies there.
    let logged = is_filled(path, "-wal").await || is_filled(path, "-journal").await;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(!logged)
        .busy_timeout(busy_timeout);
    let outcome = async {
        let mut connection = options.connect().await?;
        let identity = read_identity(&mut connection).await;
        connection.close().await?;
        identity
    }
    .await;
    match outcome {
        // With a log, part of the pages may be there only.
        Ok(identity) if !logged && identity.is_cut(length) => Err(Error::Corrupt {
            path: path.to_owned(),
            detail: "the end of the file is missing".to_owned(),
        }),
        Ok(identity) => identity.check(path, known),
        // Cut off in its very first transaction; opening it to write undoes that.
        Err(error) if sqlite_code(&error) == Some(READONLY_ROLLBACK) => Ok(()),
        Err(error) => Err(Error::of(path, error)),
    }
}

/// Whether the file beside the database has something in it.
async fn is_filled(path: &Path, suffix: &str) -> bool {
    let mut beside = path.as_os_str().to_owned();
    beside.push(suffix);
    tokio::fs::metadata(beside).await.is_ok_and(|metadata| metadata.len() > 0)
}

/// Whose database it is, and of which version.
struct Identity {
    application_id: i64,
    user_version: i64,
    /// Bytes of one page, and how many pages there are.
    page_size: i64,
    page_count: i64,
    /// Tables other than those of SQLite and of the migrations.
    tables: i64,
    /// The latest migration applied, 0 if none.
    migration: i64,
}

async fn read_identity(connection: &mut SqliteConnection) -> sqlx::Result<Identity> {
    let application_id =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *connection).await?;
    let user_version =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *connection).await?;
    let page_size = sqlx::query_scalar("PRAGMA page_size").fetch_one(&mut *connection).await?;
    let page_count = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut *connection).await?;
    let (tables, has_migrations): (i64, bool) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE name <> '_sqlx_migrations' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'), \
                coalesce(max(name = '_sqlx_migrations'), 0) \
         FROM sqlite_schema WHERE type = 'table'",
    )
    .fetch_one(&mut *connection)
    .await?;
    let migration = if has_migrations {
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
            .fetch_one(&mut *connection)
            .await?
    } else {
        0
    };
    Ok(Identity { application_id, user_version, page_size, page_count, tables, migration })
}

impl Identity {
    /// Whether a file of so many bytes lacks some. SQLite misses whole pages by itself, but fills up
    /// the last one, and takes a file without one whole page for an empty one to be written to.
    fn is_cut(&self, length: u64) -> bool {
        let expected = self.page_count * self.page_size;
        expected == 0 || u64::try_from(expected).is_ok_and(|expected| length < expected)
    }

    fn check(&self, path: &Path, known: i64) -> Result<()> {
        if self.tables > 0 && self.application_id != APPLICATION_ID {
            return Err(Error::Corrupt {
                path: path.to_owned(),
                detail: "it is the database of another program".to_owned(),
            });
        }
        let found = self.migration.max(self.user_version);
        if found > known {
            return Err(newer(path, found, known));
        }
        Ok(())
    }
}

fn newer(path: &Path, found: i64, known: i64) -> Error {
    Error::Newer { path: path.to_owned(), found, known }
}
