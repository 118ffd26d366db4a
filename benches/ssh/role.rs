//! The parts that this program plays when it starts itself again.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use crate::load::Load;
use crate::slipway::{self, Login};
use crate::upload::Files;
use crate::{Outcome, target};

/// The first argument of a process that plays a part; the second one is the part as JSON.
const MARK: &str = "--role";

/// A part.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub enum Role {
    /// The far end of all streams. Says `READY PORT`; ends with its standard input.
    Target(IpAddr),
    /// A measurement. Says its figures as JSON.
    Load(Load, SocketAddr),
    /// Slipway's tunnel to an address. Says `READY PORT`; ends with its standard input.
    Tunnel(Login, SocketAddr),
    /// An upload by Slipway. Says how many seconds it took once connected.
    Upload(Login, Files),
}

impl Role {
    /// The part that a command line gives.
    pub fn parse(arguments: &[String]) -> Option<Self> {
        match arguments {
            [mark, role] if mark == MARK => serde_json::from_str(role).ok(),
            _ => None,
        }
    }

    /// The arguments of a process that plays it.
    pub fn arguments(&self) -> Outcome<[String; 2]> {
        Ok([MARK.to_owned(), serde_json::to_string(self)?])
    }

    /// Plays it to its end.
    pub fn play(self) -> Outcome<()> {
        match self {
            Self::Target(address) => {
                say(&format!("READY {}", target::listen(address)?))?;
                io::copy(&mut io::stdin(), &mut io::sink())?;
                Ok(())
            }
            Self::Load(load, address) => say(&serde_json::to_string(&load.run(address)?)?),
            Self::Tunnel(login, address) => slipway::tunnel(&login, address),
            Self::Upload(login, files) => slipway::upload(&login, files),
        }
    }
}

/// Writes a line to standard output, for the process that waits for it.
pub fn say(line: &str) -> Outcome<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
