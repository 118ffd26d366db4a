//! What a connection tells of itself: to the windows, to chats that wait, to its history.

use slipway_protocol::{ConnectionState, ConnectionStatus, ErrorInfo, Progress};

use super::Connection;
use crate::clock::now_ms;
use crate::connect::engine::Engine;
use crate::connect::registry::EngineAccess;
use crate::fault::{Fault, Noted};

impl Connection<'_> {
    pub(super) fn count_bytes(&mut self) {
        if let Some(forwarder) = &self.forwarder {
            let stats = forwarder.stats();
            self.status.open_streams = u32::try_from(stats.open).unwrap_or(u32::MAX);
            (self.status.bytes_up, self.status.bytes_down) = (stats.bytes_up, stats.bytes_down);
        }
    }

    pub(super) fn enter(&mut self, state: ConnectionState, fault: Option<&Fault>) {
        let known = |fault: &&Fault| {
            let reason = self.status.reason.as_ref();
            reason
                .is_some_and(|reason| reason.code == fault.code && reason.message == fault.message)
        };
        let reason = match fault {
            // The same again is not told again, and keeps the id that the log has.
            Some(fault) if known(&fault) => self.status.reason.clone(),
            Some(fault) => Some(fault.noted(Noted::Connection)),
            None => None,
        };
        self.enter_with(state, reason, None);
    }

    pub(super) fn enter_with(
        &mut self,
        state: ConnectionState,
        reason: Option<ErrorInfo>,
        engine: Option<&Engine>,
    ) {
        if self.status.state != state {
            self.status.since = now_ms();
            tracing::info!(target: "connect", "{state:?}");
        }
        self.status.state = state;
        self.blame_for(reason);
        self.publish(engine);
    }

    /// Takes note of why things are as they are.
    fn blame_for(&mut self, reason: Option<ErrorInfo>) {
        if let Some(reason) = &reason
            && self.status.last_error.as_ref() != Some(reason)
        {
            self.status.last_error = Some(reason.clone());
            self.status.last_error_at = Some(now_ms());
        }
        self.status.reason = reason;
    }

    pub(super) fn publish(&self, engine: Option<&Engine>) {
        let access = match engine {
            Some(engine) => {
                EngineAccess::Ready { client: engine.client.clone(), model: engine.model.clone() }
            }
            None => EngineAccess::NotYet(self.status.reason.clone()),
        };
        self.program.connections().change(&self.status, Some(access), self.machine.as_ref());
        self.context.progress(Progress::Connection(Box::new(self.status.clone())));
    }

    /// Closes the listener and says the last word.
    pub(super) async fn end(mut self, fault: Option<&Fault>) -> ConnectionStatus {
        self.count_bytes();
        if let Some(forwarder) = self.forwarder.take() {
            forwarder.close().await;
        }
        self.status.state = match fault {
            Some(fault) if !fault.is_transient() => ConnectionState::NeedsAttention,
            _ => ConnectionState::Disconnected,
        };
        self.blame_for(fault.map(Fault::info));
        self.status.local_url = None;
        self.status.gauges = None;
        (self.status.open_streams, self.status.round_trip_ms) = (0, None);
        self.status.since = now_ms();
        self.status.attempt = None;
        self.status.next_attempt_at = None;
        self.program.connections().end(&self.status);
        self.context.progress(Progress::Connection(Box::new(self.status.clone())));
        self.status
    }
}
