//! What a load and its target say to each other: one byte that asks, then the measurement itself.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Asks for bytes; their number follows as a big-endian u64.
pub const DOWN: u8 = b'D';
/// Announces bytes until the end of the stream; answered with their number.
pub const UP: u8 = b'U';
/// Asks for each byte to be sent back.
pub const PING: u8 = b'P';
/// Asks for events; their number follows as a big-endian u32.
pub const EVENTS: u8 = b'E';

/// Time between two events.
pub const EVENT_PERIOD: Duration = Duration::from_millis(5);
/// An event: the moment it was sent, and filling. About what a token of an answer takes.
pub const EVENT_BYTES: usize = 100;
/// Size of one write or read of bulk.
pub const BULK_BUFFER: usize = 256 * 1024;

/// Nanoseconds since the epoch: a clock that all processes of the machine share.
pub fn now_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The error of a peer that said something else than agreed.
pub fn confused(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
