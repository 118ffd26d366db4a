//! What all measurements of Slipway stand on: two sites and the line between them, a real sshd, the
//! parts that a program plays when it starts itself again, and uploads.
//!
//! A program starts itself again for each part that is measured (see [`role`]), so that what it
//! costs is the cost of a process that does nothing else, and so that it can live at either end of
//! a line. A part ends when its standard input does, or when its work is done: none outlives the
//! program.

pub mod computer;
#[cfg(target_os = "linux")]
pub mod delay;
pub mod login;
pub mod place;
pub mod role;
pub mod samples;
pub mod server;
pub mod upload;

use std::error::Error;
use std::io::Write;

/// Any failure: it ends the run, with its words on standard error.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// Slipway, as it is called among those it is measured beside.
pub const SLIPWAY: &str = "slipway";

/// Says on standard error what is being done.
pub fn progress(what: &str) -> Outcome<()> {
    Ok(writeln!(std::io::stderr(), "{what}")?)
}
