//! Uploading many files as one directory: all of them, or the one that was there before.

use std::collections::HashSet;
use std::path::PathBuf;

use crate::error::Error;
use crate::session::Session;
use crate::source::UploadSource;
use crate::{tree_archive, tree_sftp};

/// A file of a directory to upload.
#[derive(Debug, Clone)]
pub struct TreeFile {
    /// Where it goes below the directory, with `/` between the parts. Directories come with it.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// What it holds.
    pub source: UploadSource,
}

/// An uploaded directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadedTree {
    /// How many files it has.
    pub files: usize,
    /// Their size together.
    pub bytes: u64,
}

/// A file with its size, as looked up before anything is sent.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) path: String,
    pub(crate) mode: u32,
    pub(crate) source: UploadSource,
    pub(crate) size: u64,
}

/// Where a directory is put together, and where it goes then.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub(crate) part: String,
    pub(crate) old: String,
    pub(crate) dest: String,
}

impl Session {
    /// Uploads files as one directory, in the place of what may be there. The directory above it
    /// must exist.
    ///
    /// They go to `dest` + `.part-` + a random number, are checked by their SHA-256 there, and the
    /// directory is then renamed: others see the old one or the whole new one (for a moment none,
    /// as two renames are needed). They travel in one `tar` stream where the host has tar and a
    /// program for sums, else by SFTP, 64 at once. On failure, and when the future is dropped, what
    /// was put there is removed.
    ///
    /// `progress` is called with the bytes that are under way or there, and the size of all files.
    ///
    /// # Errors
    /// [`Error::UnsafePath`] for a path that leaves the directory, is there twice or holds control
    /// characters or a backslash; else those of [`Session::upload`].
    pub async fn upload_tree(
        &self,
        files: Vec<TreeFile>,
        dest: &str,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<UploadedTree, Error> {
        check_paths(&files)?;
        let entries = measure(files).await?;
        let bytes = entries.iter().map(|entry| entry.size).sum();
        let uploaded = UploadedTree { files: entries.len(), bytes };
        let dest = dest.trim_end_matches('/').to_owned();
        let random = rand::random::<u32>();
        let place = Destination {
            part: format!("{dest}.part-{random:08x}"),
            old: format!("{dest}.old-{random:08x}"),
            dest,
        };
        // A second way begins anew, which nobody needs to see.
        let mut shown = 0;
        let mut progress = move |done: u64, total| {
            shown = done.max(shown);
            progress(shown, total);
        };
        progress(0, bytes);
        if !tree_archive::upload(self, entries.clone(), &place, &mut progress).await? {
            tracing::debug!("no tar on the host: uploading by SFTP");
            tree_sftp::upload(self, &entries, &place, &mut progress).await?;
        }
        progress(bytes, bytes);
        Ok(uploaded)
    }
}

/// Refuses what would end up elsewhere, or what tar and the sum programs write in their own way.
fn check_paths(files: &[TreeFile]) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for file in files {
        let path = file.path.as_str();
        let plain = |part: &str| !part.is_empty() && part != "." && part != "..";
        let safe = path.split('/').all(plain)
            && !path.contains(|c: char| c.is_control() || c == '\\')
            && seen.insert(path);
        if !safe {
            return Err(Error::UnsafePath { path: path.to_owned() });
        }
    }
    Ok(())
}

async fn measure(files: Vec<TreeFile>) -> Result<Vec<Entry>, Error> {
    let measuring = tokio::task::spawn_blocking(move || {
        let measured = files.into_iter().map(|TreeFile { path, mode, source }| {
            let size = match &source {
                UploadSource::Bytes(bytes) => bytes.len() as u64,
                UploadSource::File(path) => size_of(path)?,
            };
            Ok(Entry { path, mode, source, size })
        });
        measured.collect()
    });
    // It neither panics nor is it aborted.
    measuring.await.unwrap_or(Err(Error::ConnectionLost))
}

fn size_of(path: &PathBuf) -> Result<u64, Error> {
    let unreadable = |source| Error::LocalFile { path: path.clone(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    Ok(metadata.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> TreeFile {
        TreeFile { path: path.into(), mode: 0o600, source: UploadSource::Bytes([].into()) }
    }

    #[test]
    fn paths_stay_below_the_directory() {
        let good = ["a", "a b/c.txt", "ünï/…", "..a", ".hidden", "-rf"];
        check_paths(&good.map(file)).unwrap();
        for bad in ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\nb", "a\\b", "a\0b"] {
            let error = check_paths(&[file(bad)]).unwrap_err();
            assert!(matches!(error, Error::UnsafePath { path } if path == bad), "{bad:?}");
        }
        assert!(check_paths(&[file("a"), file("a")]).is_err());
    }
}
