//! Writing a temporary file: over one channel or several, with many writes under way at once.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{join_all, try_join_all};
use futures_util::stream::FuturesUnordered;
use russh_sftp::protocol::{FileAttributes, OpenFlags};

use crate::error::Error;
use crate::session::Session;
use crate::sftp::{LONGEST_WRITE, Sftp, permissions, timed};
use crate::source::Source;
use crate::upload::Uploaded;

/// Writes that may be unanswered at once. With 255 KiB each that is what fills a line of 40 ms.
const IN_FLIGHT: usize = 64;
/// Channels that share a big file on a long line: OpenSSH's server takes in 2 MiB per channel and
/// round trip, whatever the client does.
const STRIPES: usize = 4;
/// Shorter lines are filled by one channel.
const STRIPED_FROM_ROUND_TRIP: Duration = Duration::from_millis(10);
/// Smaller files are gone before further channels are open.
const STRIPED_FROM_SIZE: u64 = 16 * 1024 * 1024;
/// How many writes the last one may be ahead of the first that is unanswered: without a bound, a slow
/// channel would leave a hole any distance behind what the others write. One as tight as the writes
/// under way would make the quick ones wait for it.
const SPREAD: usize = 2 * IN_FLIGHT;
/// Bytes before the end of an unfinished file among which there may be holes.
pub(crate) const UNSURE: u64 = SPREAD as u64 * LONGEST_WRITE;
/// Without an answer to any write for this long, the upload has stalled.
pub(crate) const PROGRESS_TIMEOUT: Duration = Duration::from_secs(60);

/// The temporary file of an upload.
pub(crate) struct Part<'a> {
    /// Where it lies.
    pub(crate) path: &'a str,
    /// What it is to become, which is what errors name.
    pub(crate) dest: &'a str,
    /// The permission bits that it gets when it is complete.
    pub(crate) mode: u32,
    /// Whether it is there already. Else it is made, and must not be there.
    pub(crate) exists: bool,
}

impl Session {
    /// Further channels for so many bytes, where they help and the server allows them.
    pub(crate) async fn stripes(&self, bytes: u64) -> Vec<Sftp> {
        if bytes < STRIPED_FROM_SIZE {
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
}

/// Writes what is left of a source from its position on, and closes the file with its mode. Gives the
/// size and the sum of the whole.
pub(crate) async fn write(
    channels: &[&Sftp],
    source: Source,
    part: &Part<'_>,
    progress: &mut (impl FnMut(u64, u64) + Send),
) -> Result<Uploaded, Error> {
    let Some((first, further)) = channels.split_first() else {
        return Err(Error::SftpUnavailable);
    };
    let &Part { path, dest, mode, exists } = part;
    let (total, kept) = (source.size(), source.position());
    let left = total.saturating_sub(kept);
    let (flags, attributes) = if exists {
        (OpenFlags::WRITE, FileAttributes::default())
    } else {
        // Closed to others until it is complete.
        (OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE, permissions(0o600))
    };
    let mut handles = match timed(first.raw.open(path, flags, attributes)).await {
        Ok(opened) => vec![opened.handle],
        Err(error) => return Err(first.explain(dest, error, left).await),
    };
    let opening = further.iter().map(|channel| async {
        let opened =
            timed(channel.raw.open(path, OpenFlags::WRITE, FileAttributes::default())).await;
        match opened {
            Ok(opened) => Ok(opened.handle),
            Err(error) => Err(channel.explain(dest, error, left).await),
        }
    });
    handles.extend(try_join_all(opening).await?);
    progress(kept, total);
    let chunk = channels.iter().map(|channel| channel.write_chunk()).min().unwrap_or(1);
    let mut chunks = source.chunks(chunk);
    let per_channel = IN_FLIGHT / channels.len().max(1);
    let mut under_way = vec![0usize; channels.len()];
    let (mut offset, mut done, mut exhausted) = (kept, kept, false);
    let spread = (SPREAD * chunk) as u64;
    let mut unanswered = BTreeSet::new();
    let mut writes = FuturesUnordered::new();
    loop {
        while !exhausted && unanswered.first().is_none_or(|first| offset - first < spread) {
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
            let start = offset;
            writes.push(async move { (index, sending.await.map(|_| (start, length))) });
            unanswered.insert(start);
            if let Some(count) = under_way.get_mut(index) {
                *count += 1;
            }
            offset += length;
        }
        match tokio::time::timeout(PROGRESS_TIMEOUT, writes.next()).await {
            Ok(Some((index, Ok((start, length))))) => {
                unanswered.remove(&start);
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
            Err(error) => Err(channel.explain(dest, error, left).await),
        }
    });
    try_join_all(closing).await?;
    Ok(Uploaded { bytes: done, sha256 })
}

/// The smallest of the counts, with its index.
fn least(counts: &[usize]) -> Option<(usize, usize)> {
    counts.iter().copied().enumerate().min_by_key(|(_, count)| *count)
}
