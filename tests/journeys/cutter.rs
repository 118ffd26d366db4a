//! A TCP relay in front of a server that cuts and stops what runs through it.

use std::net::{Ipv4Addr, SocketAddr};

use slipway_protocol::HostAdd;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::processes::output;
use crate::sshd::Sshd;

/// What happens to bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// They arrive.
    Open,
    /// Every connection is closed, and so is each new one.
    Closed,
    /// Nothing arrives and nothing is closed, as behind a drop rule.
    Mute,
}

/// Relays from a port of its own until it is dropped. Its runtime is its own too, so that its tasks
/// do not count as the program's.
pub struct Cutter {
    pub port: u16,
    way: watch::Sender<Way>,
    runtime: Option<Runtime>,
}

impl Cutter {
    pub fn before(server: u16) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        listener.set_nonblocking(true).unwrap();
        let (way, seen) = watch::channel(Way::Open);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let mut relaying = JoinSet::new();
        relaying.spawn_on(relay(listener, server, seen), runtime.handle());
        relaying.detach_all();
        Self { port, way, runtime: Some(runtime) }
    }

    /// What a person types who reaches the machine through here.
    pub fn host_add(&self, machine: &Sshd) -> HostAdd {
        let user = output("id", &["-un"]);
        HostAdd { address: format!("{user}@127.0.0.1:{}", self.port), ..machine.host_add() }
    }

    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn relay(listener: std::net::TcpListener, server: u16, way: watch::Receiver<Way>) {
    let listener = TcpListener::from_std(listener).unwrap();
    let server = SocketAddr::from((Ipv4Addr::LOCALHOST, server));
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    open.spawn(carry(client, server, way.clone()));
                }
            }
            Some(_) = open.join_next() => {}
        }
    }
}

async fn carry(client: TcpStream, server: SocketAddr, mut way: watch::Receiver<Way>) {
    if *way.borrow() == Way::Closed {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    for stream in [&client, &server] {
        let _ = stream.set_nodelay(true);
    }
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    let up = half(client_reads, server_writes, way.clone());
    let down = half(server_reads, client_writes, way.clone());
    tokio::select! {
        _ = async { tokio::join!(up, down) } => {}
        _ = way.wait_for(|way| *way == Way::Closed) => {}
    }
}

async fn half(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        if way.wait_for(|way| *way == Way::Open).await.is_err() || length == 0 {
            break;
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
