//! The parts that a program plays when it starts itself again.

use std::io::{self, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Outcome;

/// The first argument of a process that plays a part; the second one is the part as JSON.
const MARK: &str = "--role";

/// The parts of a program.
pub trait Role: Serialize + DeserializeOwned {
    /// Plays it to its end.
    fn play(self) -> Outcome<()>;
}

/// What a program's `main` does: plays the part that its arguments give, else measures.
pub fn main<R: Role>(program: &str, measure: impl FnOnce(&[String]) -> Outcome<()>) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match parse::<R>(&arguments) {
        Some(role) => role.play(),
        None => measure(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The part that a command line gives.
fn parse<R: Role>(arguments: &[String]) -> Option<R> {
    match arguments {
        [mark, role] if mark == MARK => serde_json::from_str(role).ok(),
        _ => None,
    }
}

/// The arguments of a process that plays a part.
pub fn arguments(role: &impl Role) -> Outcome<[String; 2]> {
    Ok([MARK.to_owned(), serde_json::to_string(role)?])
}

/// Writes a line to standard output, for the process that waits for it.
pub fn say(line: &str) -> Outcome<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
