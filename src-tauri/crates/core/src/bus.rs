//! The stream of task messages: numbered once, kept for a while, read by any number of windows at
//! their own pace.
//!
//! A subscriber holds only the number of the last message it has seen and asks for what came after.
//! So a slow or reloading window costs no queue of its own, and one that has fallen behind the kept
//! part is told so and takes a snapshot.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use slipway_protocol::{LogLine, RequestId, TaskBody, TaskMessage};
use tokio::sync::watch;

use crate::clock::now_ms;

/// Messages kept for windows that come back.
const KEPT_MESSAGES: usize = 50_000;
/// Bytes of text kept in them, roughly.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// The program's stream of messages.
#[derive(Debug)]
pub struct Bus {
    ring: Mutex<Ring>,
    /// The number of the last message, for waiting.
    last: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    messages: VecDeque<(usize, TaskMessage)>,
    bytes: usize,
    last_seq: u64,
}

/// What a subscriber gets at once.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The messages in order.
    pub messages: Vec<TaskMessage>,
    /// False when older messages than the first were wanted but are gone.
    pub complete: bool,
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

impl Bus {
    /// An empty stream; the first message gets number 1.
    #[must_use]
    pub fn new() -> Self {
        Self { ring: Mutex::default(), last: watch::Sender::new(0) }
    }

    /// Appends a message and wakes the subscribers. Returns its number.
    pub fn publish(&self, request_id: &RequestId, body: TaskBody) -> u64 {
        let seq = {
            let mut ring = self.lock();
            let seq = ring.last_seq + 1;
            ring.last_seq = seq;
            let size = weight(&body);
            let message =
                TaskMessage { request_id: request_id.clone(), seq, timestamp: now_ms(), body };
            ring.bytes += size;
            ring.messages.push_back((size, message));
            while ring.messages.len() > KEPT_MESSAGES || ring.bytes > KEPT_BYTES {
                match ring.messages.pop_front() {
                    Some((size, _)) => ring.bytes -= size,
                    None => break,
                }
            }
            seq
        };
        self.last.send_if_modified(|last| {
            let newer = seq > *last;
            if newer {
                *last = seq;
            }
            newer
        });
        seq
    }

    /// The number of the last message.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.lock().last_seq
    }

    /// All messages after the given number.
    #[must_use]
    pub fn after(&self, seq: u64) -> Batch {
        let ring = self.lock();
        let first = ring.messages.front().map_or(ring.last_seq + 1, |(_, message)| message.seq);
        let skip = usize::try_from((seq + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let messages = ring.messages.iter().skip(skip).map(|(_, message)| message.clone());
        Batch { messages: messages.collect(), complete: seq + 1 >= first }
    }

    /// Waits until there is a message after the given number.
    pub async fn wait_after(&self, seq: u64) {
        // The sender lives in `self`, so the wait cannot fail.
        let _ = self.last.subscribe().wait_for(|last| *last > seq).await;
    }

    /// The log lines still kept, oldest first.
    #[must_use]
    pub fn log_lines(&self, limit: usize) -> Vec<(TaskMessage, LogLine)> {
        let ring = self.lock();
        let mut lines: Vec<_> = ring
            .messages
            .iter()
            .rev()
            .filter_map(|(_, message)| match &message.body {
                TaskBody::Log(line) => Some((message.clone(), line.clone())),
                _ => None,
            })
            .take(limit)
            .collect();
        lines.reverse();
        lines
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// About how many bytes a message keeps alive.
fn weight(body: &TaskBody) -> usize {
    256 + match body {
        TaskBody::Chunk(chunk) => chunk.text.len(),
        TaskBody::Log(line) => line.text.len() + line.target.len(),
        TaskBody::Progress(_) | TaskBody::Prompt(_) => 256,
        TaskBody::Complete(_) | TaskBody::Error(_) => 1024,
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{LogLevel, LogLine};

    use super::*;

    fn line(text: &str) -> TaskBody {
        TaskBody::Log(LogLine {
            level: LogLevel::Info,
            target: "test".into(),
            text: text.into(),
            host_id: None,
        })
    }

    #[test]
    fn a_subscriber_gets_what_came_after_its_number() {
        let bus = Bus::new();
        let id = RequestId::new();
        for text in ["a", "b", "c"] {
            bus.publish(&id, line(text));
        }
        let batch = bus.after(1);
        assert!(batch.complete);
        assert_eq!(batch.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [2, 3]);
        assert!(bus.after(3).messages.is_empty());
        assert!(bus.after(3).complete);
    }

    #[test]
    fn one_that_fell_behind_is_told() {
        let bus = Bus::new();
        let id = RequestId::new();
        for _ in 0..KEPT_MESSAGES + 10 {
            bus.publish(&id, line("x"));
        }
        assert!(!bus.after(5).complete);
        assert!(bus.after(10).complete);
        assert_eq!(bus.after(10).messages.len(), KEPT_MESSAGES);
    }

    #[test]
    fn memory_is_bounded_by_bytes_too() {
        let bus = Bus::new();
        let id = RequestId::new();
        let text = "x".repeat(1024 * 1024);
        for _ in 0..100 {
            bus.publish(&id, line(&text));
        }
        assert!(bus.lock().bytes <= KEPT_BYTES);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_next_message() {
        let bus = std::sync::Arc::new(Bus::new());
        let id = RequestId::new();
        bus.publish(&id, line("a"));
        bus.wait_after(0).await;
        let (waiter, publisher) = (bus.clone(), bus.clone());
        tokio::join!(waiter.wait_after(1), async move {
            publisher.publish(&id, line("b"));
        });
    }
}
