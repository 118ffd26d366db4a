//! The near end of all streams: stands for a program that uses the tunnel, and measures it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use slipway_benches::samples::percentile;

use crate::wire::{self, BULK_BUFFER, EVENT_BYTES};

/// Nothing here waits longer for one read.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// For a tunnel to come up.
const READY_TIMEOUT: Duration = Duration::from_secs(20);
/// Pings before the measured ones.
const WARM_UP: usize = 5;

/// A measurement, as given to a process that makes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Load {
    /// Waits until a byte comes back.
    Ready,
    /// Fetches so many bytes.
    Down(u64),
    /// Sends so many bytes.
    Up(u64),
    /// So many round trips of a byte on one connection.
    Ping(usize),
    /// One stream of so many events.
    Events(u32),
    /// So many connections, one byte each way, by so many at once.
    Connections { count: usize, at_once: usize },
    /// Holds so many streams open until standard input ends.
    Hold(usize),
}

/// What came out.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Figures {
    /// How long all of it took.
    pub seconds: f64,
    /// The median of its parts, microseconds (round trips, delays of events).
    pub p50_us: f64,
    /// Their 99th percentile, microseconds.
    pub p99_us: f64,
}

impl Load {
    /// Makes the measurement against an address.
    pub fn run(&self, address: SocketAddr) -> io::Result<Figures> {
        let started = Instant::now();
        let parts = match *self {
            Self::Ready => ready(address)?,
            Self::Down(bytes) => down(address, bytes)?,
            Self::Up(bytes) => up(address, bytes)?,
            Self::Ping(count) => ping(address, count)?,
            Self::Events(count) => events(address, count)?,
            Self::Connections { count, at_once } => connections(address, count, at_once)?,
            Self::Hold(count) => hold(address, count)?,
        };
        let seconds = started.elapsed().as_secs_f64();
        Ok(Figures { seconds, p50_us: percentile(&parts, 50.0), p99_us: percentile(&parts, 99.0) })
    }
}

fn open(address: SocketAddr, request: u8) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    stream.write_all(&[request])?;
    Ok(stream)
}

fn round_trip(stream: &mut TcpStream) -> io::Result<f64> {
    let started = Instant::now();
    stream.write_all(b"x")?;
    stream.read_exact(&mut [0; 1])?;
    Ok(started.elapsed().as_secs_f64() * 1e6)
}

fn ready(address: SocketAddr) -> io::Result<Vec<f64>> {
    let until = Instant::now() + READY_TIMEOUT;
    loop {
        match open(address, wire::PING).and_then(|mut stream| round_trip(&mut stream)) {
            Ok(time) => return Ok(vec![time]),
            Err(error) if Instant::now() > until => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn down(address: SocketAddr, bytes: u64) -> io::Result<Vec<f64>> {
    let mut stream = open(address, wire::DOWN)?;
    stream.write_all(&bytes.to_be_bytes())?;
    let mut buffer = vec![0; BULK_BUFFER];
    let mut total = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            length => total += length as u64,
        }
    }
    if total == bytes { Ok(Vec::new()) } else { Err(wire::confused("bytes are missing")) }
}

fn up(address: SocketAddr, bytes: u64) -> io::Result<Vec<f64>> {
    let mut stream = open(address, wire::UP)?;
    let buffer = vec![7; BULK_BUFFER];
    let mut left = bytes;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        stream.write_all(buffer.get(..length).unwrap_or(&buffer))?;
        left -= length as u64;
    }
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut total = [0; 8];
    stream.read_exact(&mut total)?;
    if u64::from_be_bytes(total) == bytes {
        Ok(Vec::new())
    } else {
        Err(wire::confused("bytes are missing"))
    }
}

fn ping(address: SocketAddr, count: usize) -> io::Result<Vec<f64>> {
    let mut stream = open(address, wire::PING)?;
    for _ in 0..WARM_UP {
        round_trip(&mut stream)?;
    }
    (0..count).map(|_| round_trip(&mut stream)).collect()
}

fn events(address: SocketAddr, count: u32) -> io::Result<Vec<f64>> {
    let mut stream = open(address, wire::EVENTS)?;
    stream.write_all(&count.to_be_bytes())?;
    let mut event = [0; EVENT_BYTES];
    (0..count)
        .map(|_| {
            stream.read_exact(&mut event)?;
            let sent = event.first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default();
            let nanos = wire::now_nanos().saturating_sub(sent);
            Ok(Duration::from_nanos(nanos).as_secs_f64() * 1e6)
        })
        .collect()
}

fn connections(address: SocketAddr, count: usize, at_once: usize) -> io::Result<Vec<f64>> {
    let workers: Vec<_> = (0..at_once)
        .map(|_| {
            thread::spawn(move || {
                (0..count / at_once)
                    .map(|_| {
                        open(address, wire::PING).and_then(|mut stream| round_trip(&mut stream))
                    })
                    .collect::<io::Result<Vec<f64>>>()
            })
        })
        .collect();
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.join().map_err(|_| io::Error::other("a worker ended badly"))??);
    }
    Ok(times)
}

fn hold(address: SocketAddr, count: usize) -> io::Result<Vec<f64>> {
    let mut streams = Vec::new();
    for _ in 0..count {
        let mut stream = open(address, wire::PING)?;
        round_trip(&mut stream)?;
        streams.push(stream);
    }
    writeln!(io::stdout(), "READY")?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(Vec::new())
}
