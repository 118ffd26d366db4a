//! Opening: a new file, an old one, twice at once, and what a disk does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use slipway_store::{Error, Store};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::sample::{answer, connect, database, host, impatient};

#[tokio::test]
async fn what_is_written_is_there_after_a_restart() {
    let db = database().await;
    let host = host("box");
    db.store.hosts().insert(&host).await.unwrap();
    db.store.close().await;
    assert!(matches!(db.store.hosts().list().await, Err(Error::Database(_))));
    let files: Vec<_> = fs::read_dir(db.directory.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "the log is moved into the file: {files:?}");

    let again = Store::open(&db.path).await.unwrap();
    assert_eq!(again.hosts().get(&host.id).await.unwrap(), host);
    assert_eq!(again.path(), db.path);
}

#[tokio::test]
async fn the_file_knows_its_program_version_and_mode() {
    let db = database().await;
    let mut connection = connect(&db.path).await;
    let mode: String =
        sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    assert_eq!(mode, "wal");
    let version: i64 =
        sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut connection).await.unwrap();
    let migration: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(version, migration, "every migration sets user_version to its number");
    let lax: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list \
         WHERE strict = 0 AND schema = 'main' AND type = 'table' AND name NOT LIKE '%sql%'",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert!(lax.is_empty(), "not STRICT: {lax:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn only_this_user_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/deep/slip way %41?#.db");
    let store = Store::open(&path).await.unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    store.close().await;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&path).await.unwrap().close().await;
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn two_stores_share_a_database() {
    let db = database().await;
    let other = Store::open(&db.path).await.unwrap();
    let (mine, theirs) = (host("mine"), host("theirs"));
    db.store.hosts().insert(&mine).await.unwrap();
    other.hosts().insert(&theirs).await.unwrap();
    assert_eq!(other.hosts().get(&mine.id).await.unwrap(), mine);
    assert_eq!(db.store.hosts().get(&theirs.id).await.unwrap(), theirs);
    other.close().await;
    db.store.hosts().rename(&theirs.id, "still here").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_programs_may_start_at_once() {
    for _ in 0..5 {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("slipway.db");
        let mut starts = JoinSet::new();
        for _ in 0..8 {
            let path = path.clone();
            starts.spawn(async move {
                let store = Store::open(&path).await.unwrap();
                let name = slipway_protocol::HostId::new().0;
                store.hosts().insert(&host(&name)).await.unwrap();
                store.close().await;
            });
        }
        while let Some(start) = starts.join_next().await {
            start.unwrap();
        }
        let store = Store::open(&path).await.unwrap();
        assert_eq!(store.hosts().list().await.unwrap().len(), 9);
    }
}

#[tokio::test]
async fn a_path_that_cannot_be_is_a_disk_error() {
    let directory = tempfile::tempdir().unwrap();
    assert!(matches!(Store::open(directory.path()).await, Err(Error::Disk { .. })));
    let file = directory.path().join("file");
    fs::write(&file, "x").unwrap();
    let below = file.join("slipway.db");
    assert!(matches!(Store::open(&below).await, Err(Error::Disk { path, .. }) if path == file));
}

/// A file system in memory of its own, unmounted at the end.
struct Disk(TempDir);

impl Disk {
    /// None, with the reason printed, where this user may not mount.
    fn mount(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let done = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "slipway-test"])
            .arg(directory.path())
            .output();
        match done {
            Ok(done) if done.status.success() => Some(Self(directory)),
            other => {
                println!("skipped: a tmpfs cannot be mounted here: {other:?}");
                None
            }
        }
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("slipway.db")
    }

    fn make_read_only(&self) {
        let done = Command::new("mount").args(["-o", "remount,ro"]).arg(self.0.path()).status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(done.is_ok_and(|status| status.success()));
    }
}

#[tokio::test]
async fn a_full_disk_is_reported_and_loses_nothing() {
    let Some(disk) = Disk::mount("1m") else {
        return;
    };
    let store = Store::open_with(&disk.path(), &impatient()).await.unwrap();
    let answer = answer(&store).await;
    store.messages().append(&answer.id, "kept", "").await.unwrap();
    let filler = disk.0.path().join("filler");
    let _full = fs::write(&filler, vec![1; 2 << 20]);
    let large = "x".repeat(500_000);
    let refused = store.messages().append(&answer.id, &large, "").await;
    assert!(matches!(refused, Err(Error::Disk { .. })), "{refused:?}");
    let user = crate::sample::message(&answer.session_id, slipway_protocol::Role::User, &large);
    let refused = store.messages().insert_after(Some(&answer.id), &user).await;
    assert!(matches!(refused, Err(Error::Disk { .. })), "{refused:?}");
    let file = crate::sample::file(slipway_protocol::AttachmentId::new(), large.as_bytes());
    let refused = store.attachments().add(&file, large.as_bytes(), 1).await;
    assert!(matches!(refused, Err(Error::Disk { .. })), "{refused:?}");
    assert_eq!(store.messages().get(&answer.id).await.unwrap().content, "kept");
    assert_eq!(store.messages().branch(&answer.session_id).await.unwrap().len(), 2);

    fs::remove_file(&filler).unwrap();
    store.messages().append(&answer.id, ", and more", "").await.unwrap();
    let whole = store.messages().get(&answer.id).await.unwrap();
    assert_eq!(whole.content, "kept, and more");
    store.close().await;
}

#[tokio::test]
async fn a_new_database_needs_space() {
    let Some(disk) = Disk::mount("16k") else {
        return;
    };
    let refused = Store::open_with(&disk.path(), &impatient()).await;
    assert!(matches!(refused, Err(Error::Disk { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_read_only_disk_is_reported() {
    let Some(disk) = Disk::mount("4m") else {
        return;
    };
    Store::open(&disk.path()).await.unwrap().close().await;
    disk.make_read_only();
    for path in [disk.path(), disk.0.path().join("new.db"), disk.0.path().join("sub/new.db")] {
        let refused = Store::open_with(&path, &impatient()).await;
        assert!(matches!(refused, Err(Error::Disk { .. })), "{refused:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_without_permission_is_reported() {
    use std::os::unix::fs::PermissionsExt as _;

    let db = database().await;
    db.store.close().await;
    let directory = db.directory.path();
    let allow = |mode| fs::set_permissions(directory, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o500);
    if fs::write(directory.join("probe"), "").is_ok() {
        println!("skipped: permissions do not bind this user");
        return;
    }
    for path in [db.path.clone(), directory.join("new.db"), directory.join("sub/new.db")] {
        let refused = Store::open_with(&path, &impatient()).await;
        assert!(matches!(refused, Err(Error::Disk { .. })), "{refused:?}");
    }
    allow(0o700);
    Store::open(&db.path).await.unwrap();
}
