//! What has come of a file so far: `dest` + `.part`, and beside it in `dest` + `.part.json` where it
//! came from.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::task::spawn_blocking;

use crate::{Error, Result};

/// Read at once while summing up.
const PIECE: usize = 1024 * 1024;

/// Which version of which file a part is of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The address, fit to be shown.
    pub(crate) url: String,
    /// A strong ETag or a date, as the server sent it: fit for `If-Range`.
    pub(crate) validator: Option<String>,
}

/// The unfinished file, locked against other downloads for as long as this lives. What is done to it
/// is done off the async threads, and to its end when the future is dropped.
pub(crate) struct Part {
    state: Arc<Mutex<State>>,
    path: PathBuf,
    length: u64,
    origin: Origin,
}

struct State {
    file: File,
    hash: Sha256,
}

impl Part {
    /// Opens the part of `dest` with its directory, or begins one.
    pub(crate) async fn open(dest: &Path) -> Result<Self> {
        let (dest, path) = (dest.to_path_buf(), beside(dest, ".part"));
        blocking(&path.clone(), move || {
            if let Some(directory) = dest.parent() {
                fs::create_dir_all(directory).map_err(|error| Error::disk(directory, error))?;
            }
            let mut file = lock(&path, &dest)?;
            let read = || {
                let (hash, length) = summed(&mut file)?;
                let origin = match fs::read(beside(&path, ".json")) {
                    Ok(text) => serde_json::from_slice(&text).unwrap_or_default(),
                    Err(_) => Origin::default(),
                };
                Ok((hash, length, origin))
            };
            let (hash, length, origin) = { read }().map_err(|error| Error::disk(&path, error))?;
            let state = Arc::new(Mutex::new(State { file, hash }));
            Ok(Self { state, path, length, origin })
        })
        .await
    }

    /// Bytes that are here.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Forgets what is here, and begins the file of another origin.
    pub(crate) async fn begin(&mut self, origin: Origin) -> Result<()> {
        let (path, text) = (beside(&self.path, ".json"), serde_json::to_vec(&origin));
        self.change(move |state| {
            // In this order: old bytes never lie beside a new origin.
            if state.file.metadata()?.len() > 0 {
                state.file.set_len(0)?;
            }
            state.file.seek(SeekFrom::Start(0))?;
            state.hash = Sha256::new();
            fs::write(path, text?)
        })
        .await?;
        (self.length, self.origin) = (0, origin);
        Ok(())
    }

    /// Appends what has come.
    pub(crate) async fn append(&mut self, pieces: Vec<Bytes>) -> Result<()> {
        let length = pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        self.change(move |state| {
            for piece in pieces {
                state.file.write_all(&piece)?;
                state.hash.update(&piece);
            }
            Ok(())
        })
        .await?;
        self.length += length;
        Ok(())
    }

    /// The SHA-256 of what is here, hexadecimal.
    pub(crate) fn sha256(&self) -> String {
        hex(self.state.lock().unwrap_or_else(PoisonError::into_inner).hash.clone())
    }

    /// Writes all of it to the disk and puts it in the place of `dest`.
    pub(crate) async fn finish(self, dest: &Path) -> Result<()> {
        let (from, dest) = (self.path.clone(), dest.to_path_buf());
        self.change(move |state| {
            state.file.sync_all()?;
            fs::rename(&from, &dest)?;
            // Whoever finds none begins anew, so it does not matter if it stays.
            let _ = fs::remove_file(beside(&from, ".json"));
            sync_directory(&dest)
        })
        .await
    }

    /// Removes it.
    pub(crate) async fn discard(self) -> Result<()> {
        let path = self.path.clone();
        self.change(move |_| {
            let _ = fs::remove_file(beside(&path, ".json"));
            fs::remove_file(&path)
        })
        .await
    }

    async fn change(
        &self,
        work: impl FnOnce(&mut State) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let (state, path) = (Arc::clone(&self.state), self.path.clone());
        blocking(&self.path, move || {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut state).map_err(|error| Error::disk(&path, error))
        })
        .await
    }
}

/// The SHA-256 and the length of a file that is there already; none without one.
pub(crate) async fn sum_of_file(path: &Path) -> Result<Option<(String, u64)>> {
    let path = path.to_path_buf();
    blocking(&path.clone(), move || {
        let read = || match File::open(&path) {
            Ok(mut file) if file.metadata()?.is_file() => summed(&mut file).map(Some),
            Ok(_) => Err(io::ErrorKind::IsADirectory.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        let found = read().map_err(|error| Error::disk(&path, error))?;
        Ok(found.map(|(hash, length)| (hex(hash), length)))
    })
    .await
}

/// Opens the part for one download at a time.
fn lock(path: &Path, dest: &Path) -> Result<File> {
    let failed = |error| Error::disk(path, error);
    loop {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Busy { path: dest.to_path_buf() }),
            // Some network file systems have no locks; then it goes without.
            Err(TryLockError::Error(error)) => tracing::debug!(%error, "a download is not locked"),
        }
        // Whoever held the lock may have put this very file in place meanwhile.
        if path.exists() {
            return Ok(file);
        }
    }
}

/// Reads a file to its end, where the next byte belongs.
fn summed(file: &mut File) -> io::Result<(Sha256, u64)> {
    let (mut hash, mut length) = (Sha256::new(), 0);
    // A device that can stand in a part's place has no length, and no end.
    let mut bytes = file.metadata()?.len();
    let mut buffer = vec![0; PIECE];
    while bytes > 0 {
        let wanted = usize::try_from(bytes).unwrap_or(PIECE).min(PIECE);
        let (piece, _) = buffer.split_at_mut(wanted);
        file.read_exact(piece)?;
        hash.update(&*piece);
        length += piece.len() as u64;
        bytes -= piece.len() as u64;
    }
    Ok((hash, length))
}

/// A renaming is only sure to outlive a power cut once its directory is on the disk.
fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(directory) = path.parent() {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        File::open(directory)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Runs work with the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::disk(path, io::Error::other(error))))
}
