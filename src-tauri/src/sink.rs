//! The one channel of each window: messages in order, a few at a time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use slipway_core::Bus;
use slipway_protocol::{Subscribed, TaskMessage};
use tauri::async_runtime::JoinHandle;
use tauri::ipc::Channel;

/// Messages are collected for this long, two frames: each send costs the web view far more than what
/// is in it. The first after a rest goes at once.
const PAUSE: Duration = Duration::from_millis(33);
/// At most so many at once, so that the web view can paint in between.
const MOST: usize = 1000;

/// Where the messages go now, by the window's label.
#[derive(Default)]
pub(crate) struct Sink(Mutex<HashMap<String, JoinHandle<()>>>);

impl Sink {
    /// Sends everything after `seq`, and then what comes, to a new channel of a window in place of its
    /// last.
    pub(crate) fn attach(
        &self,
        window: &str,
        bus: Arc<Bus>,
        seq: u64,
        channel: Channel<Vec<TaskMessage>>,
    ) -> Subscribed {
        let complete = bus.after(seq).complete;
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = current.remove(window) {
            last.abort();
        }
        if complete {
            let pumping = tauri::async_runtime::spawn(pump(bus, seq, channel));
            current.insert(window.to_owned(), pumping);
        }
        Subscribed { complete }
    }
}

async fn pump(bus: Arc<Bus>, mut seq: u64, channel: Channel<Vec<TaskMessage>>) {
    loop {
        bus.wait_after(seq).await;
        let mut messages = bus.after(seq).messages;
        while !messages.is_empty() {
            let rest = messages.split_off(messages.len().min(MOST));
            seq = messages.last().map_or(seq, |message| message.seq);
            // The page is gone; a new one subscribes again.
            if channel.send(messages).is_err() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
            messages = rest;
        }
    }
}
