//! Uploads: one big file, and many small ones. Each program is timed from its start to its end, as
//! a person would; of Slipway, which is connected already when it uploads, that part is told too.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use slipway_ssh::{TreeFile, UploadSource};
use tokio::runtime::Runtime;

use crate::login::Login;
use crate::place::Place;
use crate::role::{Role, say};
use crate::samples::Samples;
use crate::server::{Sshd, succeed};
use crate::{Outcome, SLIPWAY, progress};

/// Slipway's upload on a connection that is open.
pub const CONNECTED: &str = "slipway, connected";
/// Bytes of a small file.
const SMALL: usize = 4096;
/// The programs that Slipway is measured beside.
const PROGRAMS: [&str; 3] = ["sftp", "scp", "rsync"];

/// What is uploaded, and where to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Files {
    /// One file to a path.
    One {
        /// The file.
        from: PathBuf,
        /// The path on the host.
        to: PathBuf,
    },
    /// All files of a directory into a new one.
    Many {
        /// The directory.
        from: PathBuf,
        /// The new one on the host.
        to: PathBuf,
    },
}

impl Files {
    fn to(&self) -> &Path {
        match self {
            Self::One { to, .. } | Self::Many { to, .. } => to,
        }
    }
}

/// An upload by Slipway, as a part that is played.
#[derive(Debug, Serialize, Deserialize)]
pub struct Upload {
    login: Login,
    files: Files,
}

impl Upload {
    /// Uploads once, and says how many seconds it took on the open connection.
    pub fn play(self) -> Outcome<()> {
        Runtime::new()?.block_on(async {
            let session = self.login.connect().await?;
            let started = Instant::now();
            match self.files {
                Files::One { from, to } => {
                    let to = to.to_string_lossy();
                    session.upload_resumable(&from, &to, 0o600, |_, _| {}).await?;
                }
                Files::Many { from, to } => {
                    let files = tree(&from)?;
                    session.upload_tree(files, &to.to_string_lossy(), |_, _| {}).await?;
                }
            }
            say(&started.elapsed().as_secs_f64().to_string())?;
            session.disconnect().await;
            Ok(())
        })
    }
}

/// The files of a directory.
fn tree(from: &Path) -> std::io::Result<Vec<TreeFile>> {
    fs::read_dir(from)?
        .map(|entry| {
            let entry = entry?;
            let path = entry.file_name().to_string_lossy().into_owned();
            Ok(TreeFile { path, mode: 0o600, source: UploadSource::File(entry.path()) })
        })
        .collect()
}

/// How much is uploaded, and how often.
#[derive(Debug, Clone)]
pub struct Amount {
    /// Rounds of each measurement.
    pub rounds: usize,
    /// Bytes of the big file.
    pub big: u64,
    /// Number of small files.
    pub files: usize,
}

impl Amount {
    /// The names of both measurements, as they stand in the figures.
    pub fn names(&self) -> [String; 2] {
        [format!("upload {} MiB, s", self.big >> 20), format!("upload {} x 4 KiB, s", self.files)]
    }
}

/// Measures at a place those of both kinds that are wanted by name; `part` makes an upload the
/// measuring program's own part.
pub fn measure<R: Role>(
    place: &Place,
    server: &Sshd,
    amount: &Amount,
    wants: impl Fn(&str) -> bool,
    part: impl Fn(Upload) -> R,
    samples: &mut Samples,
    notes: &mut Vec<String>,
) -> Outcome<()> {
    let (from, to) = (server.path("from"), server.path("to"));
    fs::create_dir_all(from.join("many"))?;
    fs::create_dir_all(&to)?;
    let big = from.join("big");
    write_noise(&big, amount.big)?;
    for number in 0..amount.files {
        write_noise(&from.join("many").join(format!("file{number:05}")), SMALL as u64)?;
    }
    let one = Files::One { from: big, to: to.join("big") };
    let many = Files::Many { from: from.join("many"), to: to.join("many") };
    let installed: Vec<&str> =
        PROGRAMS.into_iter().filter(|program| is_installed(program)).collect();
    for program in PROGRAMS.iter().filter(|program| !installed.contains(program)) {
        let note = format!("{program} is not installed: not measured");
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    for (name, files) in amount.names().into_iter().zip([&one, &many]) {
        if !wants(&name) {
            continue;
        }
        for round in 0..amount.rounds {
            progress(&format!("{}: {name}, round {}", place.name, round + 1))?;
            for program in &installed {
                // sftp and scp take a minute and more over a long line, one file at a time.
                let is_slow = matches!(files, Files::Many { .. }) && *program != "rsync";
                if is_slow && round > 0 && !place.round_trip.is_zero() {
                    continue;
                }
                let command = command(program, place, server, files)?;
                samples.add(place.name, &name, program, timed(command, files)?.0);
            }
            let upload = Upload { login: server.login().clone(), files: files.clone() };
            let command = place.near.role(&part(upload))?;
            let (seconds, said) = timed(command, files)?;
            samples.add(place.name, &name, SLIPWAY, seconds);
            samples.add(place.name, &name, CONNECTED, said.trim().parse()?);
        }
    }
    Ok(())
}

fn command(program: &str, place: &Place, server: &Sshd, files: &Files) -> Outcome<Command> {
    let mut command = place.near.command(program);
    let destination = server.destination();
    match (program, files) {
        ("rsync", _) => {
            let shell = format!("ssh {}", server.client_options().join(" "));
            command.args(["-W", "-r", "-e", &shell]);
        }
        ("scp", Files::Many { .. }) => {
            command.arg("-q").arg("-r").args(server.client_options());
        }
        ("scp", _) => {
            command.arg("-q").args(server.client_options());
        }
        _ => {
            let batch = server.path("batch");
            let text = match files {
                Files::One { from, to } => format!("put {} {}\n", from.display(), to.display()),
                Files::Many { from, to } => {
                    format!("mkdir {1}\nput -r {0}/. {1}\n", from.display(), to.display())
                }
            };
            fs::write(&batch, text)?;
            command.args(server.client_options()).arg("-b").arg(&batch).arg(&destination);
            return Ok(command);
        }
    }
    match files {
        Files::One { from, to } => command.arg(from).arg(format!("{destination}:{}", to.display())),
        Files::Many { from, to } => {
            // A slash at the end means the same to rsync; scp makes the directory itself.
            let from = if program == "rsync" { from.join("") } else { from.clone() };
            command.arg(from).arg(format!("{destination}:{}", to.display()))
        }
    };
    Ok(command)
}

/// Runs an upload, and looks whether all of it came. Gives its seconds and what it said.
fn timed(mut command: Command, files: &Files) -> Outcome<(f64, String)> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let seconds = started.elapsed().as_secs_f64();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(format!("{:?} failed: {said}", command.get_program()).into());
    }
    let complete = match files {
        Files::One { from, to } => fs::metadata(from)?.len() == fs::metadata(to)?.len(),
        Files::Many { from, to } => fs::read_dir(from)?.count() == fs::read_dir(to)?.count(),
    };
    let _ = fs::remove_file(files.to());
    let _ = fs::remove_dir_all(files.to());
    if !complete {
        return Err(format!("{:?} left something out", command.get_program()).into());
    }
    Ok((seconds, String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// Whether a program can be started.
pub fn is_installed(program: &str) -> bool {
    // All three answer to an option that they do not know, each with a status of its own.
    Command::new(program).arg("--version").stdin(Stdio::null()).output().is_ok()
}

/// Writes bytes that no compression makes smaller (a linear congruential generator, Knuth's MMIX).
pub fn write_noise(path: &Path, bytes: u64) -> Outcome<()> {
    let mut file = std::io::BufWriter::new(fs::File::create(path)?);
    let mut state = bytes ^ 0x9e37_79b9_7f4a_7c15;
    let mut left = bytes;
    while left > 0 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let word = (state >> 16).to_le_bytes();
        let piece = word.get(..usize::try_from(left.min(6))?).unwrap_or_default();
        file.write_all(piece)?;
        left -= piece.len() as u64;
    }
    file.flush()?;
    let _ = succeed(Command::new("sync").arg(path));
    Ok(())
}
