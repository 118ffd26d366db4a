//! A directory as one `tar` stream: one round trip for any number of files.

use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::Error;
use crate::exec::{Exec, ExecEvent};
use crate::remote_sum::{SUM_RATE, SUM_TIMEOUT};
use crate::session::Session;
use crate::shell;
use crate::source::{UploadSource, hex};
use crate::stripes::PROGRESS_TIMEOUT;
use crate::tree::{Destination, Entry};

/// Size of the pieces of the stream.
const PIECE: usize = 128 * 1024;
/// Pieces that are made ahead.
const PIECES: usize = 8;
/// Output of the host that is kept for an error.
const MAX_WORDS: usize = 16 * 1024;
/// The sums travel as the last file; no uploaded file may have this name.
const SUMS: &str = ".slipway-sums";

/// Unpacks to `$1`, checks, and puts it in the place of `$2`, moving that to `$3` meanwhile. `$4` is
/// the file of sums. Only what stands in `<tree:…>` counts: a login shell may print things of its
/// own. A stream that breaks off lacks its last file, the sums, whatever tar thinks of it.
const SCRIPT: &str = r#"export LC_ALL=C
if ! command -v tar >/dev/null; then echo "<tree:no-tar>"; exit 0; fi
if command -v sha256sum >/dev/null; then sum() { sha256sum -c "$1"; }
elif command -v shasum >/dev/null; then sum() { shasum -a 256 -c "$1"; }
else echo "<tree:no-tar>"; exit 0; fi
umask 077
trap 'exit 1' HUP INT TERM
trap 'rm -rf -- "$1"' EXIT
mkdir -- "$1" || exit 1
(cd -- "$1" && tar -xpof -) || exit 1
cd -- "$1" || exit 1
[ -f "$4" ] || { echo "<tree:cut>"; exit 1; }
if [ -s "$4" ]; then sum "$4" >/dev/null || { echo "<tree:wrong-sum>"; exit 1; }; fi
rm -- "$4" && cd / || exit 1
chmod 755 -- "$1"
if [ -e "$2" ] || [ -L "$2" ]; then
  mv -- "$2" "$3" || exit 1
  mv -- "$1" "$2" || { mv -- "$3" "$2"; exit 1; }
  rm -rf -- "$3"
else
  mv -- "$1" "$2" || exit 1
fi
trap - EXIT
echo "<tree:done>""#;

/// A piece of the stream, and how many bytes of files have been read up to its end.
type Piece = (Bytes, u64);

/// Uploads; false when the host has no tar, runs no commands or runs its own instead.
pub(crate) async fn upload(
    session: &Session,
    entries: Vec<Entry>,
    place: &Destination,
    progress: &mut (impl FnMut(u64, u64) + Send),
) -> Result<bool, Error> {
    let total = entries.iter().map(|entry| entry.size).sum();
    let command = shell::script(SCRIPT, &[&place.part, &place.dest, &place.old, SUMS]);
    let (stdin, taken) = mpsc::channel(1);
    let mut exec = match session.exec_streaming(&command, taken).await {
        Ok(exec) => exec,
        Err(Error::SessionRefused) => return Ok(false),
        Err(error) => return Err(error),
    };
    let (sender, mut pieces) = mpsc::channel(PIECES);
    let packing = tokio::task::spawn_blocking(move || pack(entries, sender));
    let mut said = Said::default();
    // Closed by dropping it, which is the end of the stream for the host.
    let mut stdin = Some(stdin);
    while let Some(input) = &stdin {
        let step = async {
            tokio::select! {
                // A place in the channel first, so that no piece is lost between the two.
                permit = input.reserve() => match (permit, pieces.recv().await) {
                    (Ok(permit), Some((piece, done))) => {
                        permit.send(piece);
                        Step::Sent(done)
                    }
                    _ => Step::AllSent,
                },
                event = exec.next() => Step::Heard(event),
            }
        };
        match timeout(PROGRESS_TIMEOUT, step).await {
            Ok(Step::Sent(done)) => progress(done.min(total), total),
            Ok(Step::AllSent) => {
                drop(pieces);
                // A file that cannot be read must not end the stream as if it were complete.
                packing.await.unwrap_or(Err(Error::ConnectionLost))?;
                stdin = None;
                break;
            }
            Ok(Step::Heard(Some(event))) => said.take(event),
            // It ended before it had everything.
            Ok(Step::Heard(None)) => break,
            Err(_) => {
                let seconds = PROGRESS_TIMEOUT.as_secs();
                return Err(Error::Stalled { what: "the upload", seconds });
            }
        }
    }
    drop(stdin);
    let limit = SUM_TIMEOUT + Duration::from_secs(total / SUM_RATE);
    let rest = async {
        while let Some(event) = exec.next().await {
            said.take(event)
        }
    };
    if timeout(limit, rest).await.is_err() {
        return Err(Error::Stalled { what: "the upload", seconds: limit.as_secs() });
    }
    said.verdict(&exec, place)
}

enum Step {
    Sent(u64),
    AllSent,
    Heard(Option<ExecEvent>),
}

/// What the host's script has said.
#[derive(Default)]
struct Said {
    out: Vec<u8>,
    errors: Vec<u8>,
}

impl Said {
    fn take(&mut self, event: ExecEvent) {
        let (kept, bytes) = match event {
            ExecEvent::Stdout(bytes) => (&mut self.out, bytes),
            ExecEvent::Stderr(bytes) => (&mut self.errors, bytes),
            _ => return,
        };
        kept.extend(bytes);
        // The end is what counts.
        let surplus = kept.len().saturating_sub(MAX_WORDS);
        kept.drain(..surplus);
    }

    fn verdict(&self, exec: &Exec, place: &Destination) -> Result<bool, Error> {
        let out = String::from_utf8_lossy(&self.out);
        let errors = String::from_utf8_lossy(&self.errors);
        let path = place.dest.clone();
        if out.contains("<tree:done>") {
            return Ok(true);
        }
        if exec.was_cut_off() {
            return Err(Error::ConnectionLost);
        }
        if out.contains("<tree:no-tar>") {
            return Ok(false);
        }
        if out.contains("<tree:wrong-sum>") {
            return Err(Error::RemoteIo { path, detail: format!("wrong sums: {}", errors.trim()) });
        }
        // The words of the C locale, which POSIX leaves to strerror(3).
        if errors.contains("No space left") || errors.contains("quota exceeded") {
            return Err(Error::RemoteDiskFull { path });
        }
        if errors.contains("Permission denied") || errors.contains("Read-only file system") {
            return Err(Error::RemotePermission { path });
        }
        if errors.contains("No such file or directory") {
            return Err(Error::RemoteNotFound { path });
        }
        // Nothing of the script's: the host runs a command of its own.
        if !out.contains("<tree:cut>") && errors.trim().is_empty() {
            return Ok(false);
        }
        Err(Error::RemoteIo { path, detail: errors.trim().to_owned() })
    }
}

/// Writes the archive piece by piece, the sums last. Ends early when nobody takes the pieces.
fn pack(entries: Vec<Entry>, pieces: mpsc::Sender<Piece>) -> Result<(), Error> {
    let mut builder = tar::Builder::new(Pieces { pieces, buffer: Vec::new(), read: 0 });
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let header = |size, mode: u32| {
        let mut header = tar::Header::new_gnu();
        header.set_size(size);
        header.set_mode(mode & 0o7777);
        header.set_mtime(now);
        header.set_entry_type(tar::EntryType::Regular);
        header
    };
    let mut sums = String::new();
    for Entry { path, mode, source, size } in entries {
        let (reader, name): (Box<dyn Read>, _) = match source {
            UploadSource::Bytes(bytes) => (Box::new(io::Cursor::new(bytes)), PathBuf::from(&path)),
            UploadSource::File(name) => match std::fs::File::open(&name) {
                Ok(file) => (Box::new(file), name),
                Err(source) => return Err(Error::LocalFile { path: name, source }),
            },
        };
        let mut hashed = Hashed { reader: reader.take(size), hash: Sha256::new() };
        let appended = builder.append_data(&mut header(size, mode), &path, &mut hashed);
        let short = hashed.reader.limit();
        match appended {
            Ok(()) if short == 0 => {}
            // The stream ended, which whoever reads it knows better.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            Ok(()) => {
                let source = io::ErrorKind::UnexpectedEof.into();
                return Err(Error::LocalFile { path: name, source });
            }
            Err(source) => return Err(Error::LocalFile { path: name, source }),
        }
        builder.get_mut().read += size;
        sums.push_str(&format!("{}  {path}\n", hex(hashed.hash)));
    }
    let ended = builder
        .append_data(&mut header(sums.len() as u64, 0o600), SUMS, sums.as_bytes())
        .and_then(|()| builder.into_inner())
        .and_then(|mut pieces| pieces.flush());
    match ended {
        // As above.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::LocalFile { path: SUMS.into(), source: error })
        }
        _ => Ok(()),
    }
}

/// Computes the sum of what is read.
struct Hashed<R> {
    reader: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.hash.update(buffer.get(..length).unwrap_or_default());
        Ok(length)
    }
}

/// Hands the stream over in pieces.
struct Pieces {
    pieces: mpsc::Sender<Piece>,
    buffer: Vec<u8>,
    /// Bytes of files in all finished entries.
    read: u64,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        self.pieces
            .blocking_send((piece, self.read))
            .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}
