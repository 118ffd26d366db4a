//! What happens when an answer is over: the next message that waits is sent, a new conversation is
//! named, and what the disk did not take is written again.

use std::time::Duration;

use slipway_protocol::{ChatResult, TaskBody, TaskResult};
use tokio::task::JoinSet;

use crate::program::{Program, WeakProgram};

/// Between two tries to write down what the disk did not take.
const AGAIN: Duration = Duration::from_secs(2);

/// Watches the stream of messages for as long as it exists.
#[derive(Default)]
pub(crate) struct FollowUp(JoinSet<()>);

impl FollowUp {
    /// Begins to watch. Needs a tokio runtime.
    pub(crate) fn begin(program: WeakProgram) -> Self {
        let mut watching = JoinSet::new();
        watching.spawn(follow(program.clone()));
        watching.spawn(write_again(program));
        Self(watching)
    }
}

impl Drop for FollowUp {
    fn drop(&mut self) {
        self.0.abort_all();
    }
}

async fn follow(program: WeakProgram) {
    let Some(bus) = program.upgrade().map(|program| program.bus().clone()) else { return };
    let mut seq = bus.last_seq();
    loop {
        bus.wait_after(seq).await;
        let batch = bus.after(seq);
        for message in batch.messages {
            seq = message.seq;
            if let TaskBody::Complete(TaskResult::Chat(result)) = message.body {
                let Some(program) = program.upgrade() else { return };
                program.after_answer(&result).await;
            }
        }
    }
}

async fn write_again(program: WeakProgram) {
    loop {
        tokio::time::sleep(AGAIN).await;
        let Some(program) = program.upgrade() else { return };
        program.write_unsaved().await;
    }
}

impl Program {
    /// An answer ended well, or the person stopped it: then what waits goes on waiting.
    async fn after_answer(&self, result: &ChatResult) {
        if result.stopped {
            return;
        }
        let next = self.send_next(&result.session_id).await;
        match next {
            Ok(Some(_)) => {}
            Ok(None) => {
                if let Err(fault) = self.name_session(&result.session_id).await {
                    tracing::debug!(target: "chat", "no title: {fault}");
                }
            }
            Err(fault) => tracing::warn!(target: "chat", "a queued message waits on: {fault}"),
        }
    }

    /// Writes down the ends of answers that the disk did not take.
    pub(crate) async fn write_unsaved(&self) {
        for one in self.live().unsaved() {
            let messages = self.store().messages();
            let (id, error) = (&one.id, one.error.as_ref());
            let kept = messages
                .finish(id, one.state, &one.content, &one.reasoning, &one.stats, error)
                .await;
            match kept {
                Ok(()) => {
                    tracing::info!(target: "chat", "an answer that the disk did not take is kept now");
                    self.live().end(id);
                }
                Err(error) => tracing::debug!(target: "chat", "still not kept: {error}"),
            }
        }
    }
}
