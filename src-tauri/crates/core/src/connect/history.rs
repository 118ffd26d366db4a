//! The last hour of one host's connection, kept in memory.

use std::collections::VecDeque;

use slipway_protocol::{
    ConnectionHistory, ConnectionSpan, ConnectionState, ConnectionStatus, ErrorInfo, TunnelSample,
};

/// What is kept, milliseconds.
const KEPT_MS: u64 = 3600 * 1000;
/// A link that flaps each second for the whole hour.
const MOST_SPANS: usize = 3600;
/// One each 5 s; a clock that was set back must not make them more.
const MOST_SAMPLES: usize = 720;

/// Spans and samples in order.
#[derive(Default)]
pub(super) struct History {
    spans: VecDeque<ConnectionSpan>,
    samples: VecDeque<TunnelSample>,
}

impl History {
    /// Takes note of what a connection is now, at `now` (ms since the epoch).
    pub(super) fn note(&mut self, status: &ConnectionStatus, now: u64) {
        let code = |reason: &Option<ErrorInfo>| reason.as_ref().map(|reason| reason.code);
        match self.spans.back_mut() {
            Some(last)
                if last.until.is_none()
                    && last.state == status.state
                    && code(&last.reason) == code(&status.reason) => {}
            last => {
                if let Some(last) = last {
                    last.until.get_or_insert(now);
                }
                self.spans.push_back(ConnectionSpan {
                    state: status.state,
                    from: now,
                    until: None,
                    reason: status.reason.clone(),
                });
            }
        }
        self.trim(now);
    }

    /// Takes a sample of the tunnel.
    pub(super) fn sample(&mut self, status: &ConnectionStatus, now: u64) {
        self.samples.push_back(TunnelSample {
            at: now,
            round_trip_ms: status.round_trip_ms,
            open_streams: status.open_streams,
            bytes_down: status.bytes_down,
            bytes_up: status.bytes_up,
        });
        self.trim(now);
    }

    /// What is left of the last hour.
    pub(super) fn view(&mut self, now: u64) -> ConnectionHistory {
        self.trim(now);
        ConnectionHistory {
            spans: self.spans.iter().cloned().collect(),
            samples: self.samples.iter().copied().collect(),
        }
    }

    /// The last span stays, however old: it says how things are.
    fn trim(&mut self, now: u64) {
        let oldest = now.saturating_sub(KEPT_MS);
        while self.spans.len() > 1
            && (self.spans.len() > MOST_SPANS
                || self.spans.front().and_then(|span| span.until).is_some_and(|end| end < oldest))
        {
            self.spans.pop_front();
        }
        while self.samples.len() > MOST_SAMPLES
            || self.samples.front().is_some_and(|sample| sample.at < oldest)
        {
            self.samples.pop_front();
        }
    }
}

/// Whether a connection in this state may carry samples.
pub(super) fn is_open(state: ConnectionState) -> bool {
    matches!(
        state,
        ConnectionState::Connected | ConnectionState::Loading | ConnectionState::Degraded
    )
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{HostId, RequestId};

    use super::*;

    fn status(state: ConnectionState) -> ConnectionStatus {
        super::super::status::fresh(HostId::local(), RequestId::new(), state)
    }

    #[test]
    fn equal_states_are_one_span() {
        let mut history = History::default();
        for (state, at) in [
            (ConnectionState::Connecting, 10),
            (ConnectionState::Connected, 20),
            (ConnectionState::Connected, 30),
            (ConnectionState::Reconnecting, 40),
        ] {
            history.note(&status(state), at);
        }
        let times: Vec<_> = history.view(50).spans.iter().map(|s| (s.from, s.until)).collect();
        assert_eq!(times, [(10, Some(20)), (20, Some(40)), (40, None)]);
    }

    #[test]
    fn an_hour_is_kept_and_the_last_word_longer() {
        let mut history = History::default();
        history.note(&status(ConnectionState::Connecting), 0);
        history.note(&status(ConnectionState::Connected), 1000);
        history.sample(&status(ConnectionState::Connected), 2000);
        let view = history.view(2000 + 2 * KEPT_MS);
        assert_eq!(view.spans.len(), 1);
        assert!(view.samples.is_empty());
    }

    #[test]
    fn a_flapping_link_does_not_grow_memory() {
        let mut history = History::default();
        for at in 0..3 * MOST_SPANS as u64 {
            let state =
                [ConnectionState::Connected, ConnectionState::Reconnecting][at as usize % 2];
            history.note(&status(state), at);
        }
        assert_eq!(history.view(0).spans.len(), MOST_SPANS);
    }
}
