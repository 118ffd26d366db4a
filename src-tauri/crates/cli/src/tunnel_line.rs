//! One line of the terminal that says how a tunnel is, redrawn in place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use slipway_protocol::{ConnectionState, ConnectionStatus};

use crate::output::Output;
use crate::printable::one_line;

/// How often the sign that it lives turns.
const TICK: Duration = Duration::from_millis(250);

/// The line, on standard error.
pub(crate) struct TunnelLine<'a> {
    output: &'a Output,
    name: &'a str,
    bar: Option<ProgressBar>,
}

impl<'a> TunnelLine<'a> {
    /// Nothing is drawn yet.
    pub(crate) fn new(output: &'a Output, name: &'a str) -> Self {
        Self { output, name, bar: None }
    }

    /// Draws it anew.
    pub(crate) fn show(&mut self, status: &ConnectionStatus) {
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(TICK);
            bar
        });
        bar.set_message(one_line(&words(self.output, self.name, status, now_ms())));
    }

    /// Takes it away, so that other words can be written.
    pub(crate) fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for TunnelLine<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The state, what it waits for, and the figures of an open tunnel, at `now` (ms since the epoch).
fn words(output: &Output, name: &str, status: &ConnectionStatus, now: u64) -> String {
    let mut parts = vec![format!("{name}: {}", state_name(output, status.state))];
    let mut add = |part: String| parts.push(part);
    if let Some(attempt) = status.attempt {
        add(format!("{} {attempt}", output.pick("try", "попытка")));
    }
    if let Some(at) = status.next_attempt_at.filter(|at| *at > now) {
        let seconds = (at - now).div_ceil(1000);
        add(format!("{} {seconds} {}", output.pick("in", "через"), output.pick("s", "с")));
    }
    if let Some(reason) = &status.reason {
        add(output.say(&reason.message).to_owned());
    }
    if is_open(status.state) {
        if let Some(model) = &status.model {
            add(model.clone());
        }
        if let Some(round_trip) = status.round_trip_ms {
            add(format!("{round_trip:.1} {}", output.pick("ms", "мс")));
        }
        // On this computer there is no tunnel to count.
        if status.bytes_up > 0 {
            add(format!("↓ {} ↑ {}", HumanBytes(status.bytes_down), HumanBytes(status.bytes_up)));
            add(format!("{} {}", output.pick("streams", "потоков"), status.open_streams));
        }
    }
    if status.reconnects > 0 {
        let reconnects = output.pick("reconnects", "переподключений");
        add(format!("{reconnects} {}", status.reconnects));
    }
    parts.join(" · ")
}

fn is_open(state: ConnectionState) -> bool {
    use ConnectionState as S;
    matches!(state, S::Loading | S::Connected | S::Degraded)
}

/// The state in a word.
pub(crate) fn state_name(output: &Output, state: ConnectionState) -> &'static str {
    use ConnectionState as S;
    match state {
        S::Connecting => output.pick("connecting", "подключение"),
        S::Authenticating => output.pick("logging in", "вход"),
        S::WaitingForUser => output.pick("waiting for you", "ждёт ответа"),
        S::Loading => output.pick("loading the model", "загружает модель"),
        S::Connected => output.pick("connected", "подключён"),
        S::Degraded => output.pick("degraded", "с перебоями"),
        S::Reconnecting => output.pick("reconnecting", "переподключение"),
        S::Disconnected => output.pick("disconnected", "отключён"),
        S::NeedsAttention => output.pick("needs attention", "требует внимания"),
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{ErrorCode, ErrorInfo, HostId, Language, RequestId, Text};

    use super::*;

    fn status(state: ConnectionState) -> ConnectionStatus {
        ConnectionStatus {
            host_id: HostId::local(),
            request_id: RequestId::new(),
            state,
            reason: None,
            local_url: None,
            model: Some("practice".into()),
            context_size: None,
            models: Vec::new(),
            since: 0,
            round_trip_ms: Some(12.34),
            reconnects: 0,
            attempt: None,
            next_attempt_at: None,
            open_streams: 2,
            bytes_down: 3 << 20,
            bytes_up: 512,
            gauges: None,
            last_error: None,
            last_error_at: None,
        }
    }

    #[test]
    fn an_open_tunnel_shows_its_figures_and_a_lost_one_its_next_try() {
        let output = Output::of(Language::En);
        let open = words(&output, "gpu", &status(ConnectionState::Connected), 0);
        assert_eq!(open, "gpu: connected · practice · 12.3 ms · ↓ 3.00 MiB ↑ 512 B · streams 2");
        let lost = ConnectionStatus {
            reason: Some(ErrorInfo {
                code: ErrorCode::ConnectionLost,
                message: Text::verbatim("Gone."),
                fix: Text::verbatim(""),
                detail_id: String::new(),
                facts: None,
            }),
            attempt: Some(3),
            next_attempt_at: Some(4500),
            reconnects: 1,
            ..status(ConnectionState::Reconnecting)
        };
        let words = words(&output, "gpu", &lost, 1000);
        assert_eq!(words, "gpu: reconnecting · try 3 · in 4 s · Gone. · reconnects 1");
    }
}
