//! The database file: opened with care, closed in order.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, Transaction};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::{
    Archive, Attachments, Compactions, Deployments, Drafts, Folders, Hosts, Messages, Presets,
    Queue, Requests, Sessions, SettingsTable, Snippets, probe,
};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How a [`Store`] uses SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// How long to wait for another program or connection that writes. Default 5 s.
    pub busy_timeout: Duration,
    /// Connections at most; SQLite lets all of them read and one of them write. Default 5.
    pub max_connections: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { busy_timeout: Duration::from_secs(5), max_connections: 5 }
    }
}

/// The database. A clone is another handle to the same connections.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    path: Arc<Path>,
    busy_timeout: Duration,
}

impl Store {
    /// Opens the database at `path` with the default options, creating it and its directory where
    /// they are missing, readable by this user only.
    ///
    /// # Errors
    /// [`Error::Newer`] and [`Error::Corrupt`] leave the file as it is; [`Error::Locked`],
    /// [`Error::Disk`].
    pub async fn open(path: &Path) -> Result<Self> {
        Self::open_with(path, &StoreOptions::default()).await
    }

    /// [`Store::open`] with options.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_with(path: &Path, options: &StoreOptions) -> Result<Self> {
        let known = MIGRATIONS.iter().map(|m| m.version).max().unwrap_or(0);
        create_directory(path).await?;
        probe::check(path, known, options.busy_timeout).await?;
        create_file(path).await?;

        let connect = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(options.busy_timeout)
            // Rows come from a thread of their own: on a busy computer, a long answer must not wait
            // for the processor after every few of them.
            .row_buffer_size(2000)
            .optimize_on_close(true, 400);
        migrate(path, &connect, known, options.busy_timeout).await?;
        let pool = SqlitePoolOptions::new()
            .max_connections(options.max_connections)
            // A connection is waited for while others wait for the lock: give them their time first.
            .acquire_timeout(options.busy_timeout * 2)
            // On a full disk SQLite rolls back by itself; sqlx then takes the connection to be in a
            // transaction for ever, and what is written through it would never be committed.
            .after_release(|connection, _| {
                Box::pin(async move {
                    connection.ping().await?;
                    Ok(!connection.is_in_transaction())
                })
            })
            .connect_with(connect)
            .await
            .map_err(|error| Error::of(path, error))?;
        Ok(Self { pool, path: path.into(), busy_timeout: options.busy_timeout })
    }

    /// Waits for what is being written, moves the log into the file and closes all connections, for
    /// at most the busy timeout and a second. Any handle fails afterwards. What was written is safe
    /// without this, too.
    pub async fn close(&self) {
        let limit = self.busy_timeout + Duration::from_secs(1);
        if tokio::time::timeout(limit, self.pool.close()).await.is_err() {
            tracing::warn!(path = %self.path.display(), "the database was still busy when it was closed");
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The machines.
    #[must_use]
    pub fn hosts(&self) -> Hosts<'_> {
        Hosts(self)
    }

    /// What runs on the machines.
    #[must_use]
    pub fn deployments(&self) -> Deployments<'_> {
        Deployments(self)
    }

    /// The conversations.
    #[must_use]
    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// What was said in them.
    #[must_use]
    pub fn messages(&self) -> Messages<'_> {
        Messages(self)
    }

    /// The user's settings.
    #[must_use]
    pub fn settings(&self) -> SettingsTable<'_> {
        SettingsTable(self)
    }

    /// Files that are sent with messages.
    #[must_use]
    pub fn attachments(&self) -> Attachments<'_> {
        Attachments(self)
    }

    /// Messages that wait for the answer before them.
    #[must_use]
    pub fn queue(&self) -> Queue<'_> {
        Queue(self)
    }

    /// What is being written.
    #[must_use]
    pub fn drafts(&self) -> Drafts<'_> {
        Drafts(self)
    }

    /// What is not sent to the model any more.
    #[must_use]
    pub fn compactions(&self) -> Compactions<'_> {
        Compactions(self)
    }

    /// Folders of conversations.
    #[must_use]
    pub fn folders(&self) -> Folders<'_> {
        Folders(self)
    }

    /// Instructions and sampling under a name.
    #[must_use]
    pub fn presets(&self) -> Presets<'_> {
        Presets(self)
    }

    /// Texts of the prompt library.
    #[must_use]
    pub fn snippets(&self) -> Snippets<'_> {
        Snippets(self)
    }

    /// What every request to a model took.
    #[must_use]
    pub fn requests(&self) -> Requests<'_> {
        Requests(self)
    }

    /// Whole conversations, out of the database and into it.
    #[must_use]
    pub fn archive(&self) -> Archive<'_> {
        Archive(self)
    }

    pub(crate) fn pool(&self) -> &SqlitePool {
        &self.pool
    }

    /// A transaction that writes. It takes the lock at once: one that reads first and then writes
    /// would fail, without waiting, if another wrote in between.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(|error| self.error(error))
    }

    /// Commits a transaction of [`Store::begin`].
    pub(crate) async fn commit(&self, transaction: Transaction<'static, Sqlite>) -> Result<()> {
        transaction.commit().await.map_err(|error| self.error(error))
    }

    /// The error of a row that refers to something: that is not there, or any other.
    pub(crate) fn missing(&self, error: sqlx::Error, noun: &'static str, id: &str) -> Error {
        let missing = error.as_database_error().is_some_and(|e| e.is_foreign_key_violation());
        if missing { Error::NotFound { noun, id: id.to_owned() } } else { self.error(error) }
    }

    /// The error of a row with a name: another one has it, or any other.
    pub(crate) fn taken(&self, error: sqlx::Error, noun: &'static str, name: &str) -> Error {
        let taken = error.as_database_error().is_some_and(|e| e.is_unique_violation());
        if taken { Error::Taken { noun, name: name.to_owned() } } else { self.error(error) }
    }

    /// An error of sqlx, sorted.
    pub(crate) fn error(&self, error: sqlx::Error) -> Error {
        Error::of(&self.path, error)
    }
}

/// Brings the schema up to date on a connection of its own, all migrations in one transaction.
async fn migrate(
    path: &Path,
    options: &SqliteConnectOptions,
    known: i64,
    busy_timeout: Duration,
) -> Result<()> {
    let mut connection = connect(path, options, busy_timeout).await?;
    let outcome = run_migrations(path, &mut connection, known).await;
    let closed = connection.close().await;
    outcome?;
    closed.map_err(|error| Error::of(path, error))
}

async fn run_migrations(path: &Path, connection: &mut SqliteConnection, known: i64) -> Result<()> {
    // sqlx takes no lock for migrations in SQLite: two programs that start at once would both apply
    // them. Inside this transaction its own ones are savepoints. `run_direct`,
    // because the future of `run` with a borrowed connection is not `Send` for the compiler.
    let mut transaction =
        connection.begin_with("BEGIN IMMEDIATE").await.map_err(|error| Error::of(path, error))?;
    MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| Error::of_migration(path, known, error))?;
    transaction.commit().await.map_err(|error| Error::of(path, error))
}

/// Connects, waiting for other programs as long as for any lock: SQLite itself does not wait when
/// it changes a new file to WAL mode.
async fn connect(
    path: &Path,
    options: &SqliteConnectOptions,
    busy_timeout: Duration,
) -> Result<SqliteConnection> {
    let deadline = Instant::now() + busy_timeout;
    loop {
        match options.connect().await.map_err(|error| Error::of(path, error)) {
            Err(Error::Locked) if Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            other => return other,
        }
    }
}

async fn create_directory(path: &Path) -> Result<()> {
    let Some(directory) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return Ok(());
    };
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(directory).await.map_err(|error| Error::disk(directory, &error))
}

/// Makes an empty file for SQLite to fill, so that it is never readable by others: SQLite gives the
/// files beside it the same mode. An existing file is not opened here (see [`probe`]).
async fn create_file(path: &Path) -> Result<()> {
    let mut options = tokio::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    options.mode(0o600);
    match options.open(path).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            #[cfg(unix)]
            restrict(path).await;
            Ok(())
        }
        Err(error) => Err(Error::disk(path, &error)),
    }
}

/// Takes the file away from other users, for example after it was copied back from a backup.
#[cfg(unix)]
async fn restrict(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let outcome = async {
        let mut permissions = tokio::fs::metadata(path).await?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o600);
            tokio::fs::set_permissions(path, permissions).await?;
        }
        std::io::Result::Ok(())
    }
    .await;
    if let Err(error) = outcome {
        tracing::warn!(path = %path.display(), %error, "the database may be readable by other users");
    }
}
