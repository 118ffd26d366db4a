//! A relay before a server: counts what is sent to it, and cuts the connection once when asked to.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Size of one read.
const PIECE: usize = 64 * 1024;

/// The relay. It serves for as long as the process lives.
pub struct Relay {
    /// Where it listens.
    pub port: u16,
    traffic: Arc<Traffic>,
}

#[derive(Default)]
struct Traffic {
    /// Bytes to the server so far.
    sent: AtomicU64,
    /// When they are so many, the connection that carries them is cut; 0 for never.
    cut_at: AtomicU64,
}

impl Relay {
    /// Starts one on a free port.
    pub fn start(to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let traffic = Arc::new(Traffic::default());
        let of_all = traffic.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let traffic = of_all.clone();
                // A peer that goes in the middle is none of our business.
                thread::spawn(move || carry(client, to, &traffic).ok());
            }
        });
        Ok(Self { port, traffic })
    }

    /// Counts from nothing, and cuts the connection that carries byte number `cut_at`, if given.
    pub fn reset(&self, cut_at: Option<u64>) {
        self.traffic.sent.store(0, Ordering::Relaxed);
        self.traffic.cut_at.store(cut_at.unwrap_or(0), Ordering::Relaxed);
    }

    /// Bytes sent to the server since then.
    pub fn sent(&self) -> u64 {
        self.traffic.sent.load(Ordering::Relaxed)
    }

    /// Whether the connection was cut since then, if it was to be.
    pub fn has_cut(&self) -> bool {
        self.traffic.cut_at.load(Ordering::Relaxed) == 0
    }
}

fn carry(mut client: TcpStream, to: SocketAddr, traffic: &Traffic) -> io::Result<()> {
    let mut server = TcpStream::connect(to)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut piece = vec![0; PIECE];
    loop {
        let length = client.read(&mut piece)?;
        let sent = traffic.sent.fetch_add(length as u64, Ordering::Relaxed) + length as u64;
        let cut_at = traffic.cut_at.load(Ordering::Relaxed);
        if length == 0 {
            return server.shutdown(Shutdown::Write);
        }
        if cut_at > 0 && sent >= cut_at {
            traffic.cut_at.store(0, Ordering::Relaxed);
            client.shutdown(Shutdown::Both)?;
            return server.shutdown(Shutdown::Both);
        }
        server.write_all(piece.get(..length).unwrap_or_default())?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that answers with what it is sent.
    fn echo() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                thread::spawn(move || io::copy(&mut &stream, &mut &stream));
            }
        });
        address
    }

    #[test]
    fn bytes_are_counted_and_one_connection_is_cut() {
        let relay = Relay::start(echo()).unwrap();
        relay.reset(Some(1000));
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port)).unwrap();
        let mut back = vec![0; 999];
        stream.write_all(&vec![7; 999]).unwrap();
        stream.read_exact(&mut back).unwrap();
        assert!(!relay.has_cut());
        stream.write_all(&[7]).unwrap();
        assert_eq!(stream.read(&mut back).unwrap_or(0), 0, "it is not cut");
        assert!(relay.has_cut());
        assert_eq!(relay.sent(), 1000);
        // Only once, and what comes after it passes.
        let mut further = TcpStream::connect((Ipv4Addr::LOCALHOST, relay.port)).unwrap();
        further.write_all(&vec![7; 500]).unwrap();
        further.read_exact(&mut back[..500]).unwrap();
        assert_eq!(relay.sent(), 1500);
    }
}
