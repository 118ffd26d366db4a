//! Uploading a file: under a temporary name, checked by its sum on the host, then put in place.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::FuturesUnordered;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::{FileAttributes, OpenFlags};

use crate::error::Error;
use crate::session::{CLEANUP_TIMEOUT, Inner, Session};
use crate::sftp::{Sftp, permissions, timed};
use crate::shell;
use crate::source::{Source, UploadSource};

/// Writes that may be unanswered at once. With 255 KiB each that is what fills a line of 40 ms.
const IN_FLIGHT: usize = 64;
/// Channels that share a big file on a long line: OpenSSH's server takes in 2 MiB per channel and
/// round trip, whatever the client does.
const STRIPES: usize = 4;
/// Shorter lines are filled by one channel.
const STRIPED_FROM_ROUND_TRIP: Duration = Duration::from_millis(10);
/// Smaller files are gone before further channels are open.
const STRIPED_FROM_SIZE: u64 = 16 * 1024 * 1024;
/// Without an answer to any write for this long, the upload has stalled.
pub(crate) const PROGRESS_TIMEOUT: Duration = Duration::from_secs(60);
/// For the sum on the host: a start, and then at least [`SUM_RATE`].
pub(crate) const SUM_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes per second.
pub(crate) const SUM_RATE: u64 = 10 * 1024 * 1024;

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
        let stripes = self.stripes(source.size()).await;
        let part = format!("{dest}.part-{:08x}", rand::random::<u32>());
        let mut guard = PartFile { connection: Arc::downgrade(&self.inner), path: Some(part) };
        let result =
            self.transfer(&sftp, &stripes, source, dest, mode, &mut guard, &mut progress).await;
        if result.is_err() {
            guard.remove(&sftp).await;
        }
        result
    }

    /// Further channels for a file, where they help and the server allows them.
    async fn stripes(&self, size: u64) -> Vec<Sftp> {
        if size < STRIPED_FROM_SIZE {
            return Vec::new();
        }
        match self.ping().await {
            Ok(round_trip) if round_trip >= STRIPED_FROM_ROUND_TRIP => {
                let opening = (1..STRIPES).map(|_| Sftp::open(self));
                join_all(opening).await.into_iter().flatten().collect()
            }
            _ => Vec::new(),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the steps of one upload share them")]
    async fn transfer(
        &self,
        sftp: &Sftp,
        stripes: &[Sftp],
        source: Source,
        dest: &str,
        mode: u32,
        guard: &mut PartFile,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<Uploaded, Error> {
        let part = guard.path.clone().unwrap_or_default();
        let channels: Vec<&Sftp> = std::iter::once(sftp).chain(stripes).collect();
        let uploaded = write(&channels, source, &part, dest, mode, progress).await?;
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
        // OpenSSL uses what the processor has for it; coreutils often do not, at a quarter the speed.
        let script = r#"h=$(openssl dgst -sha256 -r <"$1" || sha256sum <"$1" || shasum -a 256 <"$1" || python3 -c 'import hashlib,sys
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
        sftp.sum(path).await
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

/// Writes the temporary file over one channel or several, with many writes under way at once.
pub(crate) async fn write(
    channels: &[&Sftp],
    source: Source,
    part: &str,
    dest: &str,
    mode: u32,
    progress: &mut (impl FnMut(u64, u64) + Send),
) -> Result<Uploaded, Error> {
    let Some((first, further)) = channels.split_first() else {
        return Err(Error::SftpUnavailable);
    };
    let total = source.size();
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
    // Closed to others until it is complete.
    let mut handles = match timed(first.raw.open(part, flags, permissions(0o600))).await {
        Ok(opened) => vec![opened.handle],
        Err(error) => return Err(first.explain(dest, error, total).await),
    };
    let opening = further.iter().map(|channel| async {
        let opened =
            timed(channel.raw.open(part, OpenFlags::WRITE, FileAttributes::default())).await;
        match opened {
            Ok(opened) => Ok(opened.handle),
            Err(error) => Err(channel.explain(dest, error, total).await),
        }
    });
    handles.extend(try_join_all(opening).await?);
    progress(0, total);
    let chunk = channels.iter().map(|channel| channel.write_chunk()).min().unwrap_or(1);
    let mut chunks = source.chunks(chunk);
    let per_channel = IN_FLIGHT / channels.len().max(1);
    let mut under_way = vec![0usize; channels.len()];
    let (mut offset, mut done, mut exhausted) = (0, 0, false);
    let mut writes = FuturesUnordered::new();
    loop {
        while !exhausted {
            let Some(index) = least(&under_way).filter(|(_, n)| *n < per_channel).map(|(i, _)| i)
            else {
                break;
            };
            let (Some(channel), Some(handle)) = (channels.get(index), handles.get(index)) else {
                break;
            };
            let Some(chunk) = chunks.next().await else {
                exhausted = true;
                break;
            };
            let length = chunk.len() as u64;
            let sending = channel.raw.write(handle.as_str(), offset, chunk);
            writes.push(async move { (index, sending.await.map(|_| length)) });
            if let Some(count) = under_way.get_mut(index) {
                *count += 1;
            }
            offset += length;
        }
        match tokio::time::timeout(PROGRESS_TIMEOUT, writes.next()).await {
            Ok(Some((index, Ok(length)))) => {
                if let Some(count) = under_way.get_mut(index) {
                    *count -= 1;
                }
                done += length;
                progress(done, total.max(done));
            }
            Ok(Some((_, Err(error)))) => {
                return Err(first.explain(dest, error, total.saturating_sub(done)).await);
            }
            Ok(None) => break,
            Err(_) => {
                let seconds = PROGRESS_TIMEOUT.as_secs();
                return Err(Error::Stalled { what: "the upload", seconds });
            }
        }
    }
    drop(writes);
    let sha256 = chunks.sum().await?;
    let own = handles.first().map(String::as_str).unwrap_or_default();
    if let Err(error) = timed(first.raw.fsetstat(own, permissions(mode))).await {
        return Err(first.explain(dest, error, 0).await);
    }
    // Network file systems report a full disk only here.
    let closing = channels.iter().zip(handles).map(|(channel, handle)| async {
        match timed(channel.raw.close(handle)).await {
            Ok(_) => Ok(()),
            Err(error) => Err(channel.explain(dest, error, total).await),
        }
    });
    try_join_all(closing).await?;
    Ok(Uploaded { bytes: done, sha256 })
}

/// The smallest of the counts, with its index.
fn least(counts: &[usize]) -> Option<(usize, usize)> {
    counts.iter().copied().enumerate().min_by_key(|(_, count)| *count)
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
