//! `make bench-ssh`: Slipway's tunnel and uploads beside plain TCP, `ssh`, `sftp`, `scp` and `rsync`,
//! interleaved in one run, over loopback and over a line with 40 ms of round trip.
//!
//! The program starts itself again for each part that is measured (see [`role`]), so that the CPU
//! time and the memory of Slipway's tunnel are those of a process that does nothing else, as those
//! of `ssh` are. A part ends when its standard input does, so none outlives this program.

#![cfg_attr(not(unix), allow(dead_code, reason = "there is no sshd to measure against"))]

mod contender;
mod load;
mod options;
mod place;
mod report;
mod role;
mod samples;
mod server;
mod slipway;
mod suite;
mod target;
mod upload;
mod wire;

#[cfg(target_os = "linux")]
mod delay;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

/// Any failure: it ends the run, with its words on standard error.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match role::Role::parse(&arguments) {
        Some(role) => role.play(),
        None => options::Options::parse(&arguments).and_then(|options| match options {
            Some(options) => suite::run(&options),
            None => Ok(()),
        }),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench-ssh: {error}");
            ExitCode::FAILURE
        }
    }
}
