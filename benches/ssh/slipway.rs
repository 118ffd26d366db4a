//! Slipway's own part: the tunnel and the uploads, as the program makes them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use slipway_ssh::{
    ConnectOptions, Forwarder, KnownHosts, RemoteTarget, Session, TreeFile, UploadSource,
};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use crate::Outcome;
use crate::role::say;
use crate::upload::Files;

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
    async fn connect(&self) -> Outcome<Session> {
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

/// Holds a tunnel to an address until standard input ends.
pub fn tunnel(login: &Login, address: SocketAddr) -> Outcome<()> {
    Runtime::new()?.block_on(async {
        let session = login.connect().await?;
        let forwarder = Forwarder::bind(None).await?;
        let target = RemoteTarget::tcp(address.ip().to_string(), address.port());
        forwarder.attach(session.clone(), target);
        say(&format!("READY {}", forwarder.local_port()))?;
        // On a thread of its own, which an end of the tunnel need not wait for.
        let (ended, end_of_input) = oneshot::channel();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            ended.send(())
        });
        tokio::select! {
            end = end_of_input => end?,
            end = session.closed() => return Err(format!("the tunnel ended: {end:?}").into()),
        }
        forwarder.close().await;
        session.disconnect().await;
        Ok(())
    })
}

/// Uploads once, and says how long it took on the open connection.
pub fn upload(login: &Login, files: Files) -> Outcome<()> {
    Runtime::new()?.block_on(async {
        let session = login.connect().await?;
        let started = Instant::now();
        match files {
            Files::One { from, to } => {
                let to = to.to_string_lossy();
                session.upload(UploadSource::File(from), &to, 0o600, |_, _| {}).await?;
            }
            Files::Many { from, to } => {
                let files = std::fs::read_dir(from)?
                    .map(|entry| {
                        let entry = entry?;
                        let path = entry.file_name().to_string_lossy().into_owned();
                        Ok(TreeFile { path, mode: 0o600, source: UploadSource::File(entry.path()) })
                    })
                    .collect::<std::io::Result<Vec<_>>>()?;
                session.upload_tree(files, &to.to_string_lossy(), |_, _| {}).await?;
            }
        }
        say(&started.elapsed().as_secs_f64().to_string())?;
        session.disconnect().await;
        Ok(())
    })
}
