//! Uploading a file: under a temporary name, checked by its sum on the host, then put in place.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::OpenFlags;
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::error::Error;
use crate::session::{CLEANUP_TIMEOUT, Inner, Session};
use crate::sftp::{Sftp, permissions, timed};
use crate::shell;

/// Writes that may be unanswered at once. With 255 KiB each that is what fills a line of 40 ms.
const IN_FLIGHT: usize = 64;
/// Without an answer to any write for this long, the upload has stalled.
const PROGRESS_TIMEOUT: Duration = Duration::from_secs(60);
/// For the sum on the host: a start, and then at least this many bytes per second.
const SUM_TIMEOUT: Duration = Duration::from_secs(60);
const SUM_RATE: u64 = 10 * 1024 * 1024;

/// What to upload.
#[derive(Debug, Clone)]
pub enum UploadSource {
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
    /// A file of this computer.
    File(PathBuf),
}

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
    /// [`Error::RemoteDiskFull`], [`Error::RemotePermission`], [`Error::RemoteNotFound`] (no such
    /// directory), [`Error::LocalFile`], [`Error::ChecksumMismatch`], [`Error::Stalled`] after
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
        let part = format!("{dest}.part-{:08x}", rand::random::<u32>());
        let mut guard = PartFile { connection: Arc::downgrade(&self.inner), path: Some(part) };
        let result = self.transfer(&sftp, source, dest, mode, &mut guard, &mut progress).await;
        if result.is_err() {
            guard.remove(&sftp).await;
        }
        result
    }

    async fn transfer(
        &self,
        sftp: &Sftp,
        source: Source,
        dest: &str,
        mode: u32,
        guard: &mut PartFile,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<Uploaded, Error> {
        let part = guard.path.clone().unwrap_or_default();
        let uploaded = write(sftp, source, &part, dest, mode, progress).await?;
        let actual = self.sum_on_host(sftp, &part, uploaded.bytes).await?;
        if actual != uploaded.sha256 {
            let (path, expected) = (dest.to_owned(), uploaded.sha256);
            return Err(Error::ChecksumMismatch { path, expected, actual });
        }
        if sftp.can_replace {
            sftp.replace(&part, dest).await?;
        } else {
            self.move_over(&part, dest).await?;
        }
        guard.path = None;
        Ok(uploaded)
    }

    /// The SHA-256 of a file, by whichever program the host has, else by reading it back.
    async fn sum_on_host(&self, sftp: &Sftp, path: &str, bytes: u64) -> Result<String, Error> {
        // Only what stands between the marks counts: a login shell may print things of its own.
        let script = r#"h=$(sha256sum <"$1" || shasum -a 256 <"$1" || python3 -c 'import hashlib,sys
h=hashlib.sha256()
for b in iter(lambda:sys.stdin.buffer.read(1048576),b""):h.update(b)
print(h.hexdigest())' <"$1") 2>/dev/null; echo "<sha256:${h%% *}>""#;
        let timeout = SUM_TIMEOUT + Duration::from_secs(bytes / SUM_RATE);
        match self.run(&shell::script(script, &[path]), Vec::new(), timeout).await {
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stdout);
                let sum = text.rsplit_once("<sha256:").and_then(|(_, rest)| rest.get(..64));
                if let Some(sum) = sum.filter(|sum| sum.bytes().all(|b| b.is_ascii_hexdigit())) {
                    return Ok(sum.to_ascii_lowercase());
                }
            }
            // A host may allow SFTP and nothing else.
            Err(Error::SessionRefused) => {}
            Err(error) => return Err(error),
        }
        let mut hash = Sha256::new();
        sftp.read(path, |piece| {
            hash.update(piece);
            Ok(())
        })
        .await?;
        Ok(hex(hash))
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

/// Writes the temporary file, with many writes under way at once.
async fn write(
    sftp: &Sftp,
    mut source: Source,
    part: &str,
    dest: &str,
    mode: u32,
    progress: &mut (impl FnMut(u64, u64) + Send),
) -> Result<Uploaded, Error> {
    let total = source.size;
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
    // Closed to others until it is complete.
    let handle = match timed(sftp.raw.open(part, flags, permissions(0o600))).await {
        Ok(opened) => opened.handle,
        Err(error) => return Err(sftp.explain(dest, error, total).await),
    };
    progress(0, total);
    let mut hash = Sha256::new();
    let (mut offset, mut done) = (0, 0);
    let mut writes = FuturesUnordered::new();
    loop {
        while writes.len() < IN_FLIGHT {
            let Some(chunk) = source.next(sftp.write_chunk()).await? else {
                break;
            };
            hash.update(&chunk);
            let length = chunk.len() as u64;
            let sending = sftp.raw.write(handle.as_str(), offset, chunk);
            writes.push(async move { sending.await.map(|_| length) });
            offset += length;
        }
        if writes.is_empty() {
            break;
        }
        match tokio::time::timeout(PROGRESS_TIMEOUT, writes.next()).await {
            Ok(Some(Ok(length))) => {
                done += length;
                progress(done, total.max(done));
            }
            Ok(Some(Err(error))) => {
                return Err(sftp.explain(dest, error, total.saturating_sub(done)).await);
            }
            Ok(None) => break,
            Err(_) => {
                let seconds = PROGRESS_TIMEOUT.as_secs();
                return Err(Error::Stalled { what: "the upload", seconds });
            }
        }
    }
    drop(writes);
    if let Err(error) = timed(sftp.raw.fsetstat(handle.as_str(), permissions(mode))).await {
        return Err(sftp.explain(dest, error, 0).await);
    }
    // Network file systems report a full disk only here.
    if let Err(error) = timed(sftp.raw.close(handle)).await {
        return Err(sftp.explain(dest, error, total).await);
    }
    Ok(Uploaded { bytes: done, sha256: hex(hash) })
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

/// The bytes to send, piece by piece.
struct Source {
    size: u64,
    reader: Reader,
}

enum Reader {
    Bytes { bytes: Arc<[u8]>, at: usize },
    File { file: File, path: PathBuf },
}

impl Source {
    async fn open(source: UploadSource) -> Result<Self, Error> {
        match source {
            UploadSource::Bytes(bytes) => {
                Ok(Self { size: bytes.len() as u64, reader: Reader::Bytes { bytes, at: 0 } })
            }
            UploadSource::File(path) => {
                let opening = async {
                    let file = File::open(&path).await?;
                    let metadata = file.metadata().await?;
                    if metadata.is_dir() {
                        return Err(std::io::ErrorKind::IsADirectory.into());
                    }
                    Ok((file, metadata.len()))
                };
                match opening.await {
                    Ok((file, size)) => Ok(Self { size, reader: Reader::File { file, path } }),
                    Err(source) => Err(Error::LocalFile { path, source }),
                }
            }
        }
    }

    async fn next(&mut self, length: usize) -> Result<Option<Vec<u8>>, Error> {
        match &mut self.reader {
            Reader::Bytes { bytes, at } => {
                let rest = bytes.get(*at..).unwrap_or_default();
                let chunk = rest.get(..length).unwrap_or(rest);
                *at += chunk.len();
                Ok((!chunk.is_empty()).then(|| chunk.to_vec()))
            }
            Reader::File { file, path } => {
                let mut chunk = Vec::with_capacity(length);
                let mut limited = file.take(length as u64);
                match limited.read_to_end(&mut chunk).await {
                    Ok(0) => Ok(None),
                    Ok(_) => Ok(Some(chunk)),
                    Err(source) => Err(Error::LocalFile { path: path.clone(), source }),
                }
            }
        }
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
