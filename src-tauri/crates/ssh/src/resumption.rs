//! Uploads that go on where an earlier one broke off, over another connection or in another run.
//!
//! The unfinished file is named after the sum of its content, so all who write to it write the same
//! bytes at the same places: a second upload of the same content, or what the server still takes in
//! from a connection that is gone. So that none of them can harm the other, nothing is ever cut off
//! from a file that others may have open. One that is of no use is removed, and a new one made.

use std::path::Path;

use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags, StatusCode};

use crate::error::Error;
use crate::session::Session;
use crate::sftp::{Sftp, permissions, timed};
use crate::source::{Source, UploadSource};
use crate::stripes::{Part, UNSURE, write};
use crate::upload::Uploaded;

/// A file of this computer whose sum is known.
struct Content<'a> {
    file: &'a Path,
    is: Uploaded,
}

/// What of an unfinished file on the host can be used.
enum Kept {
    /// All of it: it is complete.
    All,
    /// As much as the source has been read.
    UpTo(Source),
}

impl Session {
    /// Uploads a file of this computer to an absolute path on the host as [`Session::upload`] does,
    /// except that an upload that was broken off is gone on with.
    ///
    /// The file is read once before anything is sent: the bytes go to `dest` + `.part-` + the first 16
    /// digits of its SHA-256, which stays on failure, when the connection is lost and when the future
    /// is dropped. Of one that is found there, all but the last 32 MiB is kept when it has the same sum
    /// here and there; else it is made anew. Where `dest` itself has the content already, only its
    /// permission bits are set.
    ///
    /// `progress` begins with the bytes that are kept.
    ///
    /// # Errors
    /// Those of [`Session::upload`]; [`Error::LocalFile`] also for a file that changed meanwhile.
    pub async fn upload_resumable(
        &self,
        file: &Path,
        dest: &str,
        mode: u32,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Uploaded, Error> {
        let content = Content::read(file).await?;
        let sftp = Sftp::open(self).await?;
        if self.is_in_place(&sftp, dest, &content).await? {
            if let Err(error) = timed(sftp.raw.setstat(dest, permissions(mode))).await {
                return Err(sftp.explain(dest, error, 0).await);
            }
            progress(content.is.bytes, content.is.bytes);
            return Ok(content.is);
        }
        let name: String = content.is.sha256.chars().take(16).collect();
        let path = format!("{dest}.part-{name}");
        let part = Part { path: &path, dest, mode, exists: true };
        match self.complete(&sftp, &content, &part, &mut progress).await {
            Ok(()) => Ok(content.is),
            Err(error) => {
                // A second upload of the same content may have been the quicker one.
                let is_done = may_be_overtaken(&error)
                    && matches!(self.is_in_place(&sftp, dest, &content).await, Ok(true));
                if is_done { Ok(content.is) } else { Err(error) }
            }
        }
    }

    /// Makes the part complete and puts it in place.
    async fn complete(
        &self,
        sftp: &Sftp,
        content: &Content<'_>,
        part: &Part<'_>,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<(), Error> {
        let source = match self.kept(sftp, content, part).await? {
            Kept::All => {
                progress(content.is.bytes, content.is.bytes);
                if let Err(error) = timed(sftp.raw.setstat(part.path, permissions(part.mode))).await
                {
                    return Err(sftp.explain(part.dest, error, 0).await);
                }
                return self.put_in_place(sftp, part.path, part.dest, &content.is).await;
            }
            Kept::UpTo(source) => source,
        };
        let stripes = self.stripes(source.size().saturating_sub(source.position())).await;
        let channels: Vec<&Sftp> = std::iter::once(sftp).chain(&stripes).collect();
        let sent = write(&channels, source, part, progress).await?;
        if sent != content.is {
            // No later upload would be one of this mixture.
            let _ = timed(sftp.raw.remove(part.path)).await;
            return Err(content.changed());
        }
        self.put_in_place(sftp, part.path, part.dest, &sent).await
    }

    /// Finds out what of the part can be used; makes one where there is none.
    async fn kept(
        &self,
        sftp: &Sftp,
        content: &Content<'_>,
        part: &Part<'_>,
    ) -> Result<Kept, Error> {
        let total = content.is.bytes;
        let Some(found) = sftp.look(part.path).await? else {
            let source = content.open().await?;
            make(sftp, part, total).await?;
            return Ok(Kept::UpTo(source));
        };
        let size = found.len();
        if found.file_type().is_file() && size <= total {
            // As it is left behind by a connection that was lost right before the renaming.
            let writable = found.permissions.is_none_or(|mode| mode & 0o200 != 0);
            if !writable
                && let Err(error) = timed(sftp.raw.setstat(part.path, permissions(0o600))).await
            {
                return Err(sftp.explain(part.dest, error, 0).await);
            }
            if size == total && self.sum_on_host(sftp, part.path, size).await? == content.is.sha256
            {
                return Ok(Kept::All);
            }
            let source = content.open().await?;
            let sure = size.saturating_sub(UNSURE);
            if sure == 0 {
                return Ok(Kept::UpTo(source));
            }
            let there = self.sum_of_start_on_host(sftp, part.path, sure);
            let ((source, here), there) = tokio::try_join!(source.advance(sure), there)?;
            if here == there {
                return Ok(Kept::UpTo(source));
            }
        }
        tracing::debug!(path = part.path, size, total, "an unfinished upload is of no use");
        if let Err(error) = timed(sftp.raw.remove(part.path)).await {
            return Err(sftp.explain(part.path, error, 0).await);
        }
        let source = content.open().await?;
        make(sftp, part, total).await?;
        Ok(Kept::UpTo(source))
    }

    /// Whether the host has the content at its place already.
    async fn is_in_place(
        &self,
        sftp: &Sftp,
        dest: &str,
        content: &Content<'_>,
    ) -> Result<bool, Error> {
        // A link is followed, as everybody does who opens it.
        let Ok(found) = timed(sftp.raw.stat(dest)).await else {
            return Ok(false);
        };
        let found = found.attrs;
        if !found.file_type().is_file() || found.size != Some(content.is.bytes) {
            return Ok(false);
        }
        match self.sum_on_host(sftp, dest, content.is.bytes).await {
            Ok(sum) => Ok(sum == content.is.sha256),
            Err(error) if may_be_overtaken(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Sftp {
    /// What is at a path, not following a link; none where nothing is.
    async fn look(&self, path: &str) -> Result<Option<FileAttributes>, Error> {
        match timed(self.raw.lstat(path)).await {
            Ok(found) => Ok(Some(found.attrs)),
            Err(SftpError::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                Ok(None)
            }
            Err(error) => Err(self.explain(path, error, 0).await),
        }
    }
}

impl<'a> Content<'a> {
    async fn read(file: &'a Path) -> Result<Self, Error> {
        let source = Source::open(UploadSource::File(file.to_path_buf())).await?;
        let bytes = source.size();
        let (_, sha256) = source.advance(bytes).await?;
        Ok(Self { file, is: Uploaded { bytes, sha256 } })
    }

    /// Opens the file once more.
    async fn open(&self) -> Result<Source, Error> {
        let source = Source::open(UploadSource::File(self.file.to_path_buf())).await?;
        if source.size() == self.is.bytes { Ok(source) } else { Err(self.changed()) }
    }

    fn changed(&self) -> Error {
        let source = std::io::Error::other("it changed while it was being uploaded");
        Error::LocalFile { path: self.file.to_path_buf(), source }
    }
}

/// Makes the part, closed to others. That somebody else has just made it does no harm.
async fn make(sftp: &Sftp, part: &Part<'_>, total: u64) -> Result<(), Error> {
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
    match timed(sftp.raw.open(part.path, flags, permissions(0o600))).await {
        Ok(opened) => match timed(sftp.raw.close(opened.handle)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(sftp.explain(part.dest, error, total).await),
        },
        Err(error) => match sftp.look(part.path).await {
            Ok(Some(found)) if found.file_type().is_file() => Ok(()),
            _ => Err(sftp.explain(part.dest, error, total).await),
        },
    }
}

/// Whether an error can come of another upload having put the same part in place.
fn may_be_overtaken(error: &Error) -> bool {
    matches!(
        error,
        Error::RemoteNotFound { .. }
            | Error::RemotePermission { .. }
            | Error::RemoteIo { .. }
            | Error::ChecksumMismatch { .. }
    )
}
