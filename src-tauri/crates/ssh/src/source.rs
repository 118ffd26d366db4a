//! What is uploaded: read and summed up ahead of what is sent.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::error::Error;

/// Chunks read ahead.
const AHEAD: usize = 8;

/// What to upload.
#[derive(Debug, Clone)]
pub enum UploadSource {
    /// Bytes in memory.
    Bytes(Arc<[u8]>),
    /// A file of this computer.
    File(PathBuf),
}

/// Read at once while summing up without sending.
const PIECE: usize = 1024 * 1024;

/// An open source.
pub(crate) struct Source {
    size: u64,
    /// Bytes that have been read, and their sum.
    position: u64,
    hash: Sha256,
    /// For errors; empty for bytes in memory, which cannot fail.
    path: PathBuf,
    reader: Box<dyn Read + Send>,
}

impl Source {
    /// Opens it: [`Error::LocalFile`] for one that cannot be read, a directory among them.
    pub(crate) async fn open(source: UploadSource) -> Result<Self, Error> {
        let path = match source {
            UploadSource::Bytes(bytes) => {
                let (size, path) = (bytes.len() as u64, PathBuf::new());
                return Ok(Self::new(size, path, Box::new(Cursor::new(bytes))));
            }
            UploadSource::File(path) => path,
        };
        let opening = async {
            let file = tokio::fs::File::open(&path).await?;
            let metadata = file.metadata().await?;
            if metadata.is_dir() {
                return Err(std::io::ErrorKind::IsADirectory.into());
            }
            Ok((file.into_std().await, metadata.len()))
        };
        match opening.await {
            Ok((file, size)) => Ok(Self::new(size, path, Box::new(file))),
            Err(source) => Err(Error::LocalFile { path, source }),
        }
    }

    fn new(size: u64, path: PathBuf, reader: Box<dyn Read + Send>) -> Self {
        Self { size, position: 0, hash: Sha256::new(), path, reader }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Where the next chunk begins.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Reads so many bytes without sending them, and gives the SHA-256 of all that was read,
    /// hexadecimal. Reading ends when the future is dropped.
    pub(crate) async fn advance(mut self, bytes: u64) -> Result<(Self, String), Error> {
        let (sender, read) = oneshot::channel();
        spawn_blocking(move || {
            let result = self.skip(bytes, || sender.is_closed());
            let sum = hex(self.hash.clone());
            let result = match result {
                Ok(()) => Ok((self, sum)),
                Err(source) => Err(Error::LocalFile { path: self.path, source }),
            };
            let _ = sender.send(result);
        });
        // It neither panics nor is it aborted.
        read.await.unwrap_or(Err(Error::ConnectionLost))
    }

    fn skip(&mut self, bytes: u64, abandoned: impl Fn() -> bool) -> std::io::Result<()> {
        let end = self.position + bytes;
        let mut buffer = vec![0; PIECE];
        while self.position < end && !abandoned() {
            let length = usize::try_from(end - self.position).unwrap_or(PIECE).min(PIECE);
            let (piece, _) = buffer.split_at_mut(length);
            self.reader.read_exact(piece)?;
            self.hash.update(&*piece);
            self.position += length as u64;
        }
        Ok(())
    }

    /// Reads what is left of it in chunks of a length, each but the last one full.
    pub(crate) fn chunks(self, length: usize) -> Chunks {
        let (sender, chunks) = mpsc::channel(AHEAD);
        Chunks { chunks, reading: spawn_blocking(move || self.read(length, &sender)) }
    }

    /// Reads and sums until the end, or until nobody takes the chunks.
    fn read(self, length: usize, chunks: &mpsc::Sender<Vec<u8>>) -> Result<Sha256, Error> {
        let Self { mut reader, mut hash, path, .. } = self;
        loop {
            let mut chunk = Vec::with_capacity(length);
            match reader.by_ref().take(length as u64).read_to_end(&mut chunk) {
                Ok(0) => return Ok(hash),
                Ok(_) => {}
                Err(source) => return Err(Error::LocalFile { path, source }),
            }
            hash.update(&chunk);
            if chunks.blocking_send(chunk).is_err() {
                return Ok(hash);
            }
        }
    }
}

/// The chunks of a source, in order. Reading ends when this is dropped.
pub(crate) struct Chunks {
    chunks: mpsc::Receiver<Vec<u8>>,
    reading: JoinHandle<Result<Sha256, Error>>,
}

impl Chunks {
    /// The next one; none at the end, or where reading failed, which [`Chunks::sum`] tells.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        self.chunks.recv().await
    }

    /// The SHA-256 of the whole source, hexadecimal; to be asked after the last one.
    pub(crate) async fn sum(self) -> Result<String, Error> {
        // It neither panics nor is it aborted.
        self.reading.await.unwrap_or(Err(Error::ConnectionLost)).map(hex)
    }
}

pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
