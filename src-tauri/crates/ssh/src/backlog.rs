//! What has come for a local program and is not yet taken.
//!
//! russh serves all channels of a connection from one loop, and a reader that falls behind stops
//! that loop for everyone. So each channel is drained at once into a backlog of its own. It has a
//! bound, and all of them together have one; a stream that goes beyond is cut off.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf, Bytes};

use crate::queue::CAPACITY;

/// Bytes that all streams of a forwarder may have waiting.
const TOTAL_CAPACITY: usize = 4 * CAPACITY;
/// A stream with less than this is not the one to blame when the total is reached.
const BLAMELESS: usize = 1024 * 1024;
/// Pieces given to one write.
pub(crate) const BATCH: usize = 16;

/// Too much is waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// The pieces of one stream in order.
pub(crate) struct Backlog {
    pieces: VecDeque<Bytes>,
    bytes: usize,
    /// Bytes in all backlogs that share this counter.
    total: Arc<AtomicUsize>,
}

impl Backlog {
    pub(crate) fn new(total: Arc<AtomicUsize>) -> Self {
        Self { pieces: VecDeque::new(), bytes: 0, total }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether there is enough for one write.
    pub(crate) fn has_batch(&self) -> bool {
        self.pieces.len() >= BATCH
    }

    pub(crate) fn push(&mut self, piece: Bytes) -> Result<(), Full> {
        if piece.is_empty() {
            return Ok(());
        }
        let total = self.total.fetch_add(piece.len(), Ordering::Relaxed) + piece.len();
        self.bytes += piece.len();
        self.pieces.push_back(piece);
        let guilty = self.bytes > CAPACITY || (total > TOTAL_CAPACITY && self.bytes > BLAMELESS);
        if guilty { Err(Full) } else { Ok(()) }
    }

    /// Points to the first pieces, for one write; gives how many of the slices are used.
    pub(crate) fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>; BATCH]) -> usize {
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece);
        }
        self.pieces.len().min(BATCH)
    }

    /// Lets go of bytes that were written.
    pub(crate) fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        self.total.fetch_sub(written, Ordering::Relaxed);
        while let Some(front) = self.pieces.front_mut() {
            if written < front.len() {
                front.advance(written);
                break;
            }
            written -= front.len();
            self.pieces.pop_front();
        }
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(length: usize) -> Bytes {
        Bytes::from(vec![0; length])
    }

    #[test]
    fn one_stream_has_its_bound() {
        let total = Arc::new(AtomicUsize::new(0));
        let mut backlog = Backlog::new(total.clone());
        assert_eq!(backlog.push(piece(CAPACITY)), Ok(()));
        assert_eq!(backlog.push(piece(1)), Err(Full));
        drop(backlog);
        assert_eq!(total.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn all_streams_have_one_too_and_small_ones_are_not_blamed() {
        let total = Arc::new(AtomicUsize::new(TOTAL_CAPACITY));
        let (mut big, mut small) = (Backlog::new(total.clone()), Backlog::new(total));
        assert_eq!(small.push(piece(100)), Ok(()));
        assert_eq!(big.push(piece(BLAMELESS + 1)), Err(Full));
    }

    #[test]
    fn partial_writes_keep_the_order() {
        let total = Arc::new(AtomicUsize::new(0));
        let mut backlog = Backlog::new(total.clone());
        for piece in ["one", "", "two", "three"] {
            backlog.push(Bytes::from(piece)).unwrap();
        }
        backlog.advance(4);
        let mut slices = [IoSlice::new(&[]); BATCH];
        let used = backlog.fill(&mut slices);
        assert_eq!(
            slices[..used].iter().map(|s| s.to_vec()).collect::<Vec<_>>().concat(),
            b"wothree"
        );
        assert_eq!(total.load(Ordering::Relaxed), 7);
        backlog.advance(7);
        assert!(backlog.is_empty());
    }
}
