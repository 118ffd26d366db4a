//! Uploading a file: under a temporary name, checked by its sum on the host, then put in place.

use std::sync::{Arc, Weak};

use russh_sftp::client::error::Error as SftpError;

use crate::error::Error;
use crate::remote_sum::SUM_TIMEOUT;
use crate::session::{CLEANUP_TIMEOUT, Inner, Session};
use crate::sftp::Sftp;
use crate::shell;
use crate::source::{Source, UploadSource};
use crate::stripes::{Part, write};

/// A finished upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// Its size.
    pub bytes: u64,
    /// Its sum, hexadecimal, as computed here and found on the host.
    pub sha256: String,
}

impl Session {
    /// Uploads a file to an absolute path on the host, replacing what is there.
    ///
    /// The bytes go to `dest` + `.part-` + a random number, are checked by their SHA-256 on the
    /// host, get exactly the permission bits of `mode`, and are then renamed over `dest`: others
    /// see the old file or the whole new one. On failure the temporary file is removed; when the
    /// future is dropped, a task of the session removes it.
    ///
    /// `progress` is called with the bytes that the host has acknowledged and the size.
    ///
    /// # Errors
    /// [`Error::RemoteDiskFull`], [`Error::RemoteWriteFailed`], [`Error::RemotePermission`],
    /// [`Error::RemoteNotFound`] (no such directory), [`Error::LocalFile`], [`Error::ChecksumMismatch`], [`Error::Stalled`] after
    /// 60 s without progress, and those of opening a channel.
    pub async fn upload(
        &self,
        source: UploadSource,
        dest: &str,
        mode: u32,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Uploaded, Error> {
        let source = Source::open(source).await?;
        let sftp = Sftp::open(self).await?;
        let stripes = self.stripes(source.size()).await;
        let part = format!("{dest}.part-{:08x}", rand::random::<u32>());
        let connection = Arc::downgrade(&self.inner);
        let mut guard = PartFile { connection, path: Some(part.clone()) };
        let work = async {
            let channels: Vec<&Sftp> = std::iter::once(&sftp).chain(&stripes).collect();
            let place = Part { path: &part, dest, mode, exists: false };
            let uploaded = write(&channels, source, &place, &mut progress).await?;
            self.put_in_place(&sftp, &part, dest, &uploaded).await?;
            Ok(uploaded)
        };
        let result = work.await;
        match result {
            Ok(_) => guard.path = None,
            Err(_) => guard.remove(&sftp).await,
        }
        result
    }

    /// Checks a complete temporary file by its sum, and puts it in the place of `dest`.
    pub(crate) async fn put_in_place(
        &self,
        sftp: &Sftp,
        part: &str,
        dest: &str,
        uploaded: &Uploaded,
    ) -> Result<(), Error> {
        let actual = self.sum_on_host(sftp, part, uploaded.bytes).await?;
        if actual != uploaded.sha256 {
            let (path, expected) = (dest.to_owned(), uploaded.sha256.clone());
            return Err(Error::ChecksumMismatch { path, expected, actual });
        }
        if sftp.can_replace {
            sftp.replace(part, dest).await
        } else {
            self.move_over(part, dest).await
        }
    }

    async fn move_over(&self, from: &str, to: &str) -> Result<(), Error> {
        let command = shell::script(r#"mv -f -- "$1" "$2""#, &[from, to]);
        let output = self.run(&command, Vec::new(), SUM_TIMEOUT).await?;
        if output.exit == Some(0) {
            return Ok(());
        }
        let detail = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::RemoteIo { path: to.to_owned(), detail })
    }
}

/// The temporary file. Removed when it is dropped before it became the real one.
struct PartFile {
    connection: Weak<Inner>,
    path: Option<String>,
}

impl PartFile {
    /// Removes the file over the channel that wrote it, or else over another one.
    async fn remove(&mut self, sftp: &Sftp) {
        let Some(path) = self.path.clone() else {
            return;
        };
        match tokio::time::timeout(CLEANUP_TIMEOUT, sftp.raw.remove(path)).await {
            Ok(Ok(_)) => self.path = None,
            // It was never made.
            Ok(Err(SftpError::Status(_))) => self.path = None,
            _ => {}
        }
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        let (Some(path), Some(inner)) = (self.path.take(), self.connection.upgrade()) else {
            return;
        };
        let session = Session { inner: inner.clone() };
        inner.spawn_cleanup(async move {
            if let Err(error) = session.remove_file(&path).await {
                tracing::debug!(path, %error, "a cancelled upload is not cleaned up");
            }
        });
    }
}
