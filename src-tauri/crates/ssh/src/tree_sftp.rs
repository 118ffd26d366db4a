//! A directory file by file over one SFTP channel, many at once: for hosts without tar.

use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;

use crate::error::Error;
use crate::session::{Inner, Session};
use crate::sftp::{Sftp, permissions, timed};
use crate::source::Source;
use crate::stripes::{Part, write};
use crate::tree::{Destination, Entry};

/// Files under way at once: what fills a line of 40 ms with small ones.
const AT_ONCE: usize = 64;

/// Uploads, checks by reading back, and puts the directory in place.
pub(crate) async fn upload(
    session: &Session,
    entries: &[Entry],
    place: &Destination,
    progress: &mut (impl FnMut(u64, u64) + Send),
) -> Result<(), Error> {
    let sftp = Sftp::open(session).await?;
    let mut guard = PartDirectory {
        connection: std::sync::Arc::downgrade(&session.inner),
        path: Some(place.part.clone()),
    };
    let result = transfer(&sftp, entries, place, progress).await;
    if result.is_ok() {
        guard.path = None;
    }
    result
}

async fn transfer(
    sftp: &Sftp,
    entries: &[Entry],
    place: &Destination,
    progress: &mut (impl FnMut(u64, u64) + Send),
) -> Result<(), Error> {
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    make_directory(sftp, &place.part).await?;
    for directory in directories(entries) {
        make_directory(sftp, &format!("{}/{directory}", place.part)).await?;
    }
    let files = entries.iter().map(|entry| async move {
        let path = format!("{}/{}", place.part, entry.path);
        let source = Source::open(entry.source.clone()).await?;
        let part = Part { path: &path, dest: &path, mode: entry.mode, exists: false };
        let written = write(&[sftp], source, &part, &mut |_, _| {}).await?;
        let actual = sftp.sum(&path, u64::MAX).await?;
        if actual == written.sha256 {
            return Ok(written.bytes);
        }
        Err(Error::ChecksumMismatch { path, expected: written.sha256, actual })
    });
    let mut done = 0;
    let mut uploading = stream::iter(files).buffer_unordered(AT_ONCE);
    while let Some(bytes) = uploading.try_next().await? {
        done += bytes;
        progress(done.min(total), total);
    }
    drop(uploading);
    if let Err(error) = timed(sftp.raw.setstat(&place.part, permissions(0o755))).await {
        return Err(sftp.explain(&place.dest, error, 0).await);
    }
    // Renaming onto nothing is the same in every version of the protocol.
    let replaces = timed(sftp.raw.lstat(&place.dest)).await.is_ok();
    if replaces {
        rename(sftp, &place.dest, &place.old).await?;
    }
    if let Err(error) = rename(sftp, &place.part, &place.dest).await {
        if replaces {
            let _ = rename(sftp, &place.old, &place.dest).await;
        }
        return Err(error);
    }
    if replaces && let Err(error) = Box::pin(remove(sftp, &place.old)).await {
        tracing::warn!(path = place.old, %error, "the replaced directory is still there");
    }
    Ok(())
}

/// The directories of all files, each after the one above it.
fn directories(entries: &[Entry]) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for entry in entries {
        let mut path = entry.path.as_str();
        while let Some((parent, _)) = path.rsplit_once('/') {
            found.insert(parent);
            path = parent;
        }
    }
    found
}

async fn make_directory(sftp: &Sftp, path: &str) -> Result<(), Error> {
    match timed(sftp.raw.mkdir(path, permissions(0o700))).await {
        Ok(_) => Ok(()),
        Err(error) => Err(sftp.explain(path, error, 1).await),
    }
}

async fn rename(sftp: &Sftp, from: &str, to: &str) -> Result<(), Error> {
    match timed(sftp.raw.rename(from, to)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(sftp.explain(to, error, 0).await),
    }
}

/// Removes a file, or a directory with all that is in it. Links are removed, not followed.
async fn remove(sftp: &Sftp, path: &str) -> Result<(), SftpError> {
    if !timed(sftp.raw.lstat(path)).await?.attrs.is_dir() {
        return timed(sftp.raw.remove(path)).await.map(drop);
    }
    let handle = timed(sftp.raw.opendir(path)).await?.handle;
    let mut names = Vec::new();
    loop {
        match timed(sftp.raw.readdir(handle.as_str())).await {
            Ok(listed) => names.extend(listed.files.into_iter().map(|file| file.filename)),
            Err(SftpError::Status(status)) if status.status_code == StatusCode::Eof => break,
            Err(error) => return Err(error),
        }
    }
    timed(sftp.raw.close(handle)).await?;
    for name in names.iter().filter(|name| !matches!(name.as_str(), "." | "..")) {
        Box::pin(remove(sftp, &format!("{path}/{name}"))).await?;
    }
    timed(sftp.raw.rmdir(path)).await.map(drop)
}

/// The temporary directory. Removed when it is dropped before it became the real one.
struct PartDirectory {
    connection: std::sync::Weak<Inner>,
    path: Option<String>,
}

impl Drop for PartDirectory {
    fn drop(&mut self) {
        let (Some(path), Some(inner)) = (self.path.take(), self.connection.upgrade()) else {
            return;
        };
        let session = Session { inner: inner.clone() };
        inner.spawn_cleanup(async move {
            let removed = async {
                let sftp = Sftp::open(&session).await.map_err(|error| error.to_string())?;
                remove(&sftp, &path).await.map_err(|error| error.to_string())
            };
            if let Err(error) = removed.await {
                tracing::debug!(path, error, "a failed upload is not cleaned up");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::UploadSource;

    #[test]
    fn directories_come_after_those_above_them() {
        let entries = ["a/b/c.txt", "a/d.txt", "e.txt", "a-b/f"].map(|path| Entry {
            path: path.to_owned(),
            mode: 0o600,
            source: UploadSource::Bytes([].into()),
            size: 0,
        });
        let found: Vec<&str> = directories(&entries).into_iter().collect();
        assert_eq!(found, ["a", "a-b", "a/b"]);
    }
}
