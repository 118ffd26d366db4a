//! The file of an import: JSON, or the zip archive that ChatGPT sends.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use slipway_protocol::ImportSource;
use zip::ZipArchive;

use super::problem::{Halt, Problem};
use super::reading::{self, Sink};

/// Text packs to a tenth; what packs to less than this part of itself was made to harm.
const MOST_RATIO: u64 = 200;
/// So much is unpacked without looking at the ratio.
const FREE: u64 = 64 << 20;
/// So much is unpacked at most.
const MOST: u64 = 16 << 30;

/// How far the reading of a file is, and whether it is still wanted.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Bytes of the file.
    pub done: AtomicU64,
    /// Set by who wants no more.
    pub stop: AtomicBool,
}

/// Reads a file. The kind of it is looked at first: opening a pipe would wait for its other end.
pub(crate) fn read(
    path: &Path,
    watch: &Arc<Watch>,
    sink: Sink<'_>,
) -> Result<ImportSource, Problem> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(Problem::NotAFile);
    }
    let mut file = Watched { file: File::open(path)?, at: 0, watch: watch.clone() };
    let mut magic = [0; 4];
    let zipped = file.read_exact(&mut magic).is_ok() && magic == *b"PK\x03\x04";
    file.seek(SeekFrom::Start(0))?;
    if zipped {
        return unpack(file, sink);
    }
    let shape = reading::shape(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    reading::read(file, shape, sink)
}

/// Reads the conversations in an archive: newer ones are cut into several files.
fn unpack(mut file: Watched, sink: Sink<'_>) -> Result<ImportSource, Problem> {
    let size = file.seek(SeekFrom::End(0))?;
    let mut archive = ZipArchive::new(file).map_err(|error| broken(error, "the list of files"))?;
    let names = archive.file_names().filter_map(Result::ok).filter(|name| wanted(name));
    let mut names: Vec<_> = names.map(std::borrow::Cow::into_owned).collect();
    names.sort();
    let mut unpacked = 0;
    let mut source = None;
    for name in &names {
        let entry = archive.by_name(name).map_err(|error| broken(error, name))?;
        let shape = reading::shape(Limited { entry, unpacked: &mut unpacked, most: most(size) })?;
        let entry = archive.by_name(name).map_err(|error| broken(error, name))?;
        let limited = Limited { entry, unpacked: &mut unpacked, most: most(size) };
        source = Some(reading::read(limited, shape, &mut *sink)?);
    }
    source.ok_or(Problem::NothingInArchive)
}

/// How much may come out of an archive of this size.
fn most(size: u64) -> u64 {
    size.saturating_mul(MOST_RATIO).clamp(FREE, MOST)
}

/// `conversations.json`, or `conversations-000.json` and so on.
fn wanted(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("conversations") && name.ends_with(".json")
}

fn broken(error: zip::result::ZipError, what: &str) -> Problem {
    match error {
        zip::result::ZipError::Io(error) => error.into(),
        error => Problem::Archive(format!("{what}: {error}")),
    }
}

/// A file that tells how far it was read and ends when it is not wanted any more.
struct Watched {
    file: File,
    at: u64,
    watch: Arc<Watch>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.watch.stop.load(Ordering::Relaxed) {
            return Err(Halt::Stopped.into());
        }
        let read = self.file.read(buffer)?;
        self.at += read as u64;
        self.watch.done.store(self.at, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Watched {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

/// A file of an archive that ends when too much has come out.
struct Limited<'a, R> {
    entry: R,
    unpacked: &'a mut u64,
    most: u64,
}

impl<R: Read> Read for Limited<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.entry.read(buffer)?;
        *self.unpacked += read as u64;
        if *self.unpacked > self.most {
            return Err(Halt::Bomb.into());
        }
        Ok(read)
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
