//! The parts that this program plays when it starts itself again.

use std::io;
use std::net::{IpAddr, SocketAddr};

use slipway_benches::Outcome;
use slipway_benches::login::Login;
use slipway_benches::role::say;
use slipway_benches::upload::Upload;

use crate::load::Load;
use crate::{target, tunnel};

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
    Upload(Upload),
}

impl slipway_benches::role::Role for Role {
    fn play(self) -> Outcome<()> {
        match self {
            Self::Target(address) => {
                say(&format!("READY {}", target::listen(address)?))?;
                io::copy(&mut io::stdin(), &mut io::sink())?;
                Ok(())
            }
            Self::Load(load, address) => say(&serde_json::to_string(&load.run(address)?)?),
            Self::Tunnel(login, address) => tunnel::hold(&login, address),
            Self::Upload(upload) => upload.play(),
        }
    }
}
