//! What an error is about, as a table below its sentences.

use slipway_protocol::{ChangedHostKey, ErrorFacts, Hop, LoginAttempt};

use crate::output::Output;
use crate::preflight;
use crate::printable::printable;

/// The table's lines.
pub(crate) fn lines(output: &Output, facts: &ErrorFacts) -> Vec<String> {
    match facts {
        ErrorFacts::HostKeyChanged(key) => changed_key(output, key),
        ErrorFacts::Login(attempts) => login(attempts),
        ErrorFacts::Preflight(findings) => {
            findings.iter().flat_map(|found| preflight::finding(output, found, &[])).collect()
        }
        ErrorFacts::Hop(hop) => {
            vec![row(output.pick("broken at", "обрыв"), hop_name(output, *hop))]
        }
    }
}

fn hop_name(output: &Output, hop: Hop) -> &'static str {
    match hop {
        Hop::ThisApp => output.pick("Slipway here", "Slipway здесь"),
        Hop::Tunnel => output.pick("the tunnel", "туннель"),
        Hop::Server => output.pick("the server", "сервер"),
        Hop::Engine => output.pick("the engine", "движок"),
    }
}

fn changed_key(output: &Output, key: &ChangedHostKey) -> Vec<String> {
    let known = output.pick("on record", "записан");
    let shown = output.pick("shown now", "сейчас");
    let place = output.pick("recorded in", "где записан");
    let remove = output.pick("to remove it", "удалить запись");
    vec![
        row(known, &key.expected),
        row(shown, &key.actual),
        row(place, &format!("{}:{}", key.file, key.line)),
        row(remove, &key.command),
    ]
}

/// What was tried, in order, and why it did not work; the reasons stand below each other.
fn login(attempts: &[LoginAttempt]) -> Vec<String> {
    let width = attempts.iter().map(|attempt| attempt.what.chars().count()).max().unwrap_or(0);
    let line = |attempt: &LoginAttempt| {
        let (what, why) = (printable(&attempt.what), printable(&attempt.why));
        format!("  {what:<width$}  {why}")
    };
    attempts.iter().map(line).collect()
}

fn row(name: &str, value: &str) -> String {
    format!("  {name:<16} {}", printable(value))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::Language;

    use super::*;

    fn output() -> Output {
        Output::of(Language::En)
    }

    #[test]
    fn a_changed_key_names_both_keys_the_place_and_the_command() {
        let facts = ErrorFacts::HostKeyChanged(ChangedHostKey {
            expected: "SHA256:old".into(),
            actual: "SHA256:new".into(),
            file: "/home/me/.ssh/known_hosts".into(),
            line: 7,
            command: "ssh-keygen -R gpu".into(),
        });
        let text = lines(&output(), &facts).join("\n");
        for word in ["SHA256:old", "SHA256:new", "/home/me/.ssh/known_hosts:7", "ssh-keygen -R gpu"]
        {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn what_stops_a_deploy_says_how_to_go_on() {
        let facts = ErrorFacts::Preflight(vec![preflight::tests::obstacle_of("disk_low")]);
        let text = lines(&output(), &facts).join("\n");
        assert!(text.starts_with("✗ Disk") && text.contains("--override disk_low"), "{text}");
    }

    #[test]
    fn each_login_attempt_is_a_line_without_control_characters() {
        let attempt = |what: &str, why: &str| LoginAttempt { what: what.into(), why: why.into() };
        let facts = ErrorFacts::Login(vec![
            attempt("agent", "no keys"),
            attempt("key ~/.ssh/id", "refused\u{1b}[2J"),
        ]);
        let text = lines(&output(), &facts);
        assert_eq!(text[0], "  agent          no keys");
        assert_eq!(text[1], "  key ~/.ssh/id  refused[2J");
    }
}
