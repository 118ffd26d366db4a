//! A queue without back-pressure but with a bound.
//!
//! russh serves all channels of a connection from one loop, and a reader that falls behind stops
//! that loop for everyone. So each channel is drained at once into a queue of its own; one that
//! grows beyond its bound is cut off.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

/// Bytes that one channel may have waiting.
pub(crate) const CAPACITY: usize = 64 * 1024 * 1024;

/// Puts items in; see [`bounded`].
pub(crate) struct Producer<T> {
    items: mpsc::UnboundedSender<(usize, T)>,
    waiting: Arc<AtomicUsize>,
}

/// Takes items out.
pub(crate) struct Consumer<T> {
    items: mpsc::UnboundedReceiver<(usize, T)>,
    waiting: Arc<AtomicUsize>,
}

/// The item did not go in.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PushError {
    /// Too much is waiting already.
    Full,
    /// The consumer is gone.
    Gone,
}

/// A queue that holds at most [`CAPACITY`] bytes.
pub(crate) fn bounded<T>() -> (Producer<T>, Consumer<T>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    (Producer { items: sender, waiting: waiting.clone() }, Consumer { items: receiver, waiting })
}

impl<T> Producer<T> {
    /// Puts in an item that weighs `bytes`.
    pub(crate) fn push(&self, bytes: usize, item: T) -> Result<(), PushError> {
        if self.waiting.fetch_add(bytes, Ordering::Relaxed) + bytes > CAPACITY {
            self.waiting.fetch_sub(bytes, Ordering::Relaxed);
            return Err(PushError::Full);
        }
        self.items.send((bytes, item)).map_err(|_| PushError::Gone)
    }

    /// Resolves when the consumer is gone.
    pub(crate) async fn abandoned(&self) {
        self.items.closed().await;
    }
}

impl<T> Consumer<T> {
    /// The next item; `None` after the last one of a producer that is gone.
    pub(crate) async fn pop(&mut self) -> Option<T> {
        let (bytes, item) = self.items.recv().await?;
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn refuses_beyond_its_bound_and_recovers() {
        let (producer, mut consumer) = bounded();
        assert_eq!(producer.push(CAPACITY, 1), Ok(()));
        assert_eq!(producer.push(1, 2), Err(PushError::Full));
        assert_eq!(consumer.pop().await, Some(1));
        assert_eq!(producer.push(1, 3), Ok(()));
        drop(producer);
        assert_eq!(consumer.pop().await, Some(3));
        assert_eq!(consumer.pop().await, None);
    }
}
