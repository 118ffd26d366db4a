//! How Slipway gets into the private server.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use slipway_ssh::{ConnectOptions, KnownHosts, Session};
use tokio::sync::mpsc;

use crate::Outcome;

/// For connecting, 40 ms of round trip included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// How to get into the private server.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Login {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who logs in.
    pub user: String,
    /// With which key.
    pub identity: PathBuf,
    /// The file that holds its host key.
    pub known_hosts: PathBuf,
}

impl Login {
    /// A session of Slipway's.
    pub async fn connect(&self) -> Outcome<Session> {
        let known_hosts =
            KnownHosts { read: vec![self.known_hosts.clone()], own: self.known_hosts.clone() };
        let host = self.address.ip().to_string();
        let options = ConnectOptions {
            identities: vec![self.identity.clone()],
            use_agent: false,
            default_identities: false,
            ..ConnectOptions::new(host, self.address.port(), &self.user, known_hosts)
        };
        // Nobody is there to be asked.
        let (questions, _) = mpsc::channel(1);
        let connecting = slipway_ssh::connect(&options, questions);
        Ok(tokio::time::timeout(CONNECT_TIMEOUT, connecting).await??)
    }
}
