//! The messages of one task, one after the other.

use std::collections::VecDeque;

use slipway_core::Program;
use slipway_protocol::{RequestId, TaskMessage};

use crate::output::Output;

/// Reads the bus for one task, and prints each message in JSON mode.
pub(crate) struct Messages<'a> {
    program: &'a Program,
    output: &'a Output,
    request_id: RequestId,
    seen: u64,
    waiting: VecDeque<TaskMessage>,
}

impl<'a> Messages<'a> {
    /// From the task's first message on.
    pub(crate) fn of(program: &'a Program, output: &'a Output, request_id: &RequestId) -> Self {
        let waiting = VecDeque::new();
        Self { program, output, request_id: request_id.clone(), seen: 0, waiting }
    }

    /// The next one. A task that is over says nothing more: stop at its terminal message.
    pub(crate) async fn next(&mut self) -> TaskMessage {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                self.output.message(&message);
                return message;
            }
            self.program.bus().wait_after(self.seen).await;
            let batch = self.program.bus().after(self.seen).messages;
            self.seen = batch.last().map_or(self.seen, |message| message.seq);
            let own = batch.into_iter().filter(|message| message.request_id == self.request_id);
            self.waiting.extend(own);
        }
    }
}
