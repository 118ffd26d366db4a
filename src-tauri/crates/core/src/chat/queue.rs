//! Messages that wait for the answer before them.

use slipway_protocol::{
    ChatStarted, Progress, QueuePut, QueueRef, QueueState, QueuedMessage, SessionId, Text,
};

use super::validate;
use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;

/// Most messages that wait in one conversation.
const MOST: usize = 50;

impl Program {
    /// Queues a message, or changes a queued one. Where nothing is being written, the first one is
    /// sent at once.
    pub async fn queue_put(&self, put: QueuePut) -> Result<Vec<QueuedMessage>, Fault> {
        validate::check(&put.send)?;
        let session = put.send.session_id.clone().ok_or_else(|| {
            Fault::invalid(
                Text::new("A new chat has no queue.", "У нового чата нет очереди."),
                Text::new("Send its first message.", "Отправьте первое сообщение."),
            )
        })?;
        self.store().sessions().get(&session).await?;
        let waiting = self.store().queue().list(&session).await?;
        let known = put.id.as_ref().and_then(|id| waiting.iter().find(|one| one.id == *id));
        if known.is_none() && waiting.len() >= MOST {
            return Err(Fault::invalid(
                Text::new("50 messages wait already.", "В очереди уже 50 сообщений."),
                Text::new("Wait, or drop some.", "Подождите или уберите часть."),
            ));
        }
        let queued = QueuedMessage {
            id: put.id.unwrap_or_default(),
            created_at: known.map_or_else(now_ms, |one| one.created_at),
            send: put.send,
        };
        self.store().queue().put(&queued).await?;
        if self.refuse_second_answer(&session).is_ok() {
            self.send_next(&session).await?;
        }
        self.tell_queue(&session).await
    }

    /// Takes a message out of the queue.
    pub async fn queue_drop(&self, one: QueueRef) -> Result<Vec<QueuedMessage>, Fault> {
        self.store().queue().drop(&one.id).await?;
        self.tell_queue(&one.session_id).await
    }

    /// Sends the first message that waits. One that cannot be sent goes on waiting.
    pub(super) async fn send_next(
        &self,
        session: &SessionId,
    ) -> Result<Option<ChatStarted>, Fault> {
        let Some(first) = self.store().queue().first(session).await? else { return Ok(None) };
        let started = self.send_turn(first.send, Some(&first.id)).await?;
        self.tell_queue(session).await?;
        Ok(Some(started))
    }

    async fn tell_queue(&self, session: &SessionId) -> Result<Vec<QueuedMessage>, Fault> {
        let queue = self.store().queue().list(session).await?;
        let state = QueueState { session_id: session.clone(), queue: queue.clone() };
        self.tell(Progress::QueueChanged(state));
        Ok(queue)
    }
}
