//! What is uploaded: read and summed up ahead of what is sent.

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
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

/// An open source.
pub(crate) struct Source {
    size: u64,
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
                return Ok(Self { size, path, reader: Box::new(Cursor::new(bytes)) });
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
            Ok((file, size)) => Ok(Self { size, path, reader: Box::new(file) }),
            Err(source) => Err(Error::LocalFile { path, source }),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Reads it in chunks of a length, each but the last one full.
    pub(crate) fn chunks(self, length: usize) -> Chunks {
        let (sender, chunks) = mpsc::channel(AHEAD);
        Chunks { chunks, reading: spawn_blocking(move || self.read(length, &sender)) }
    }

    /// Reads and sums until the end, or until nobody takes the chunks.
    fn read(self, length: usize, chunks: &mpsc::Sender<Vec<u8>>) -> Result<Sha256, Error> {
        let Self { mut reader, path, .. } = self;
        let mut hash = Sha256::new();
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

    /// The SHA-256 of all of them, hexadecimal; to be asked after the last one.
    pub(crate) async fn sum(self) -> Result<String, Error> {
        // It neither panics nor is it aborted.
        self.reading.await.unwrap_or(Err(Error::ConnectionLost)).map(hex)
    }
}

pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
