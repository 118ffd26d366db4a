//! The links behind the login: forwarding, the engine's process, its health, its model.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slipway_llm::{Client, Health};
use slipway_protocol::{DiagnosisLink, Host, LinkState, Text};
use slipway_ssh::{ForwardError, Forwarder};

use super::report::Report;
use crate::connect::{EnginePlace, engine_client, prove};
use crate::deploy::{ScriptRun, Subcommand};
use crate::fault::Fault;
use crate::fault_text::{
    engine_stopped, foreign_port, forwarding_forbidden, forwarding_forbidden_by, script_fault,
};
use crate::host::{Machine, Output};
use crate::program::Program;
use crate::tasks::TaskContext;

/// For one look through the tunnel.
const LOOK_LIMIT: Duration = Duration::from_secs(10);
/// For the script's answer: a slow host starts Python in seconds.
const STATUS_LIMIT: Duration = Duration::from_secs(30);
/// For reading the server's configuration.
const CONFIG_LIMIT: Duration = Duration::from_secs(5);
/// The most of it that is read.
const CONFIG_BYTES: usize = 4096;
/// What a server's configuration says about forwarding, where this login may read it.
const FORWARDING_LINES: &str = "grep -HinE \
    '^[[:space:]]*(AllowTcpForwarding|DisableForwarding|PermitOpen)[[:space:]=]' \
    /etc/ssh/sshd_config /etc/ssh/sshd_config.d/*.conf 2>/dev/null";

/// Looks at everything behind the login.
pub(super) async fn look(
    program: &Program,
    context: &TaskContext,
    host: &Host,
    machine: &Machine,
    report: &mut Report<'_>,
) -> Result<(), Fault> {
    let run = ScriptRun::new(context, machine, program.script_root(host));
    let asking = run.over_stdin(Subcommand::Status, json!({}), |_| ());
    let status = match tokio::time::timeout(STATUS_LIMIT, asking).await {
        Ok(answer) => answer,
        Err(_) => Err(script_fault("script_failed", "no answer in time", &Default::default())),
    };
    // Where the engine listens, or did: the port is kept across its restarts.
    let port = status.as_ref().ok().and_then(known_port);
    let forwarded = match (machine, port) {
        (Machine::Ssh(session), port) => {
            let forwarder = Forwarder::bind(None).await?;
            // Without an engine any port tells whether the server would open one: none listens on 9
            // (RFC 863), so nobody is bothered.
            let socket = status.as_ref().ok().and_then(|status| status["socket"].as_str());
            let target = match socket {
                Some(path) => slipway_ssh::RemoteTarget::unix(path),
                None => slipway_ssh::RemoteTarget::tcp("127.0.0.1", port.unwrap_or(9)),
            };
            forwarder.attach(session.clone(), target);
            Some(forwarder)
        }
        (Machine::Local, _) => None,
    };
    let local_port = forwarded.as_ref().map(Forwarder::local_port).or(port);
    let occupied = match local_port {
        Some(port) => occupied(port).await,
        None => false,
    };
    if let Some(forwarder) = &forwarded {
        if forwarder.last_error() == Some(ForwardError::ForwardingForbidden) {
            report.broken(DiagnosisLink::Forwarding, &forbidden(machine).await);
            return Ok(());
        }
        let message = Text::new("The server opens ports.", "Сервер открывает порты.");
        report.found(DiagnosisLink::Forwarding, LinkState::Ok, message);
    }
    let status = match status {
        Ok(status) => status,
        Err(fault) => {
            report.broken(DiagnosisLink::Engine, &fault);
            return Ok(());
        }
    };
    if let Err(fault) = engine_runs(&status, occupied, port) {
        report.broken(DiagnosisLink::Engine, &fault);
        return Ok(());
    }
    report.found(DiagnosisLink::Engine, LinkState::Ok, running(&status));
    let place = match EnginePlace::read(machine, &status).await {
        Ok(place) => place,
        Err(fault) => {
            report.broken(DiagnosisLink::Health, &fault);
            return Ok(());
        }
    };
    let port = match local_port {
        Some(port) => port,
        None => place.local_port()?,
    };
    let client = engine_client(port, &place, &program.settings())?;
    if health(&client, report).await {
        model(&client, place.model, report).await;
    }
    Ok(())
}

/// The engine's port as the script knows it, running or not.
fn known_port(status: &Value) -> Option<u16> {
    let port = status["port"].as_u64().or_else(|| status["last_port"].as_u64())?;
    u16::try_from(port).ok()
}

/// Whether something takes connections on a port: through the tunnel that is known once the stream
/// has lived for a moment, since the local end always opens.
async fn occupied(port: u16) -> bool {
    let trying = async {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        let mut byte = [0];
        // Nothing is sent, so an HTTP server says nothing; a refused stream is cut.
        match tokio::time::timeout(Duration::from_millis(1500), stream.peek(&mut byte)).await {
            Err(_) => Some(true),
            Ok(Ok(length)) => Some(length > 0),
            Ok(Err(_)) => Some(false),
        }
    };
    tokio::time::timeout(LOOK_LIMIT, trying).await.ok().flatten().unwrap_or(false)
}

/// Whether the engine's process is there, by the script's word.
fn engine_runs(status: &Value, occupied: bool, port: Option<u16>) -> Result<(), Fault> {
    let state = status["state"].as_str().unwrap_or_default();
    if status["deployed"] != json!(true) {
        return Err(script_fault("not_deployed", "", &Default::default()));
    }
    let engine_lives = status["engine_pid"].is_u64();
    match (state, port) {
        ("ready" | "loading" | "starting", _) if engine_lives => Ok(()),
        // Our engine is not there, and yet somebody answers on its port.
        (_, Some(port)) if occupied => Err(foreign_port(port)),
        ("starting", _) => Ok(()),
        ("crashed" | "ready" | "loading", _) => Err(crashed(status)),
        _ => Err(engine_stopped()),
    }
}

/// How it ended, with its last words.
fn crashed(status: &Value) -> Fault {
    let exit = &status["last_exit"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let log = match &exit["log"] {
        Value::Array(lines) => lines.iter().map(text).collect::<Vec<_>>().join("\n"),
        other => text(other),
    };
    let params = [
        ("detail".to_owned(), text(&exit["text"])),
        ("reason".to_owned(), text(&exit["reason"])),
        ("log".to_owned(), log),
    ];
    script_fault("engine_crashed", "it ended", &params.into())
}

fn running(status: &Value) -> Text {
    let engine = status["engine"]["kind"].as_str().unwrap_or("engine").to_owned();
    let pid = status["engine_pid"].as_u64().unwrap_or_default();
    match status["restarts"].as_u64().unwrap_or(0) {
        0 => Text::new(
            format!("{engine} runs, pid {pid}."),
            format!("{engine} работает, pid {pid}."),
        ),
        restarts => Text::new(
            format!("{engine} runs, pid {pid}, restarted {restarts} times."),
            format!("{engine} работает, pid {pid}, перезапусков: {restarts}."),
        ),
    }
}

async fn health(client: &Client, report: &mut Report<'_>) -> bool {
    match tokio::time::timeout(LOOK_LIMIT, client.health()).await {
        Ok(Ok(Health::Ready)) => {
            let message = Text::new("/health says ready.", "/health: готов.");
            report.found(DiagnosisLink::Health, LinkState::Ok, message);
            true
        }
        Ok(Ok(Health::Loading { .. })) => {
            let message = Text::new(
                "The engine is loading its model. A large one takes minutes.",
                "Движок загружает модель. Большой нужны минуты.",
            );
            report.found(DiagnosisLink::Health, LinkState::Warn, message);
            let wait = Text::new("Known once it is loaded.", "Станет известно после загрузки.");
            report.found(DiagnosisLink::Model, LinkState::Skipped, wait);
            false
        }
        Ok(Err(error)) => {
            report.broken(DiagnosisLink::Health, &error.into());
            false
        }
        Err(_) => {
            report.broken(DiagnosisLink::Health, &slipway_llm::Error::RequestTimeout.into());
            false
        }
    }
}

/// The list of models needs the key; one token proves that it also computes.
async fn model(client: &Client, name: Option<String>, report: &mut Report<'_>) {
    let asking = async {
        let models = client.models().await?;
        let began = Instant::now();
        prove(client).await?;
        Ok::<_, Fault>((models, began.elapsed()))
    };
    match asking.await {
        Ok((models, took)) => {
            let name = name.or_else(|| models.first().map(|model| model.id.clone()));
            let name = name.unwrap_or_default();
            let millis = took.as_millis();
            let message = Text::new(
                format!("{name} answers in {millis} ms."),
                format!("{name} отвечает за {millis} мс."),
            );
            report.found(DiagnosisLink::Model, LinkState::Ok, message);
        }
        Err(fault) => report.broken(DiagnosisLink::Model, &fault),
    }
}

/// Names the line that forbids it, where the login may read the server's configuration.
async fn forbidden(machine: &Machine) -> Fault {
    let reading = async {
        let mut running = machine.exec(FORWARDING_LINES, Vec::new()).await.ok()?;
        let mut found = Vec::new();
        while let Some(output) = running.next().await {
            if let Output::Stdout(bytes) = output {
                let room = CONFIG_BYTES.saturating_sub(found.len()).min(bytes.len());
                found.extend(bytes.iter().take(room));
            }
        }
        String::from_utf8(found).ok()
    };
    let lines = tokio::time::timeout(CONFIG_LIMIT, reading).await.ok().flatten();
    match lines.as_deref().and_then(forbidding_line) {
        Some(line) => forwarding_forbidden_by(line),
        None => forwarding_forbidden(),
    }
}

/// The first line that restricts, as `FILE:LINE:TEXT`.
fn forbidding_line(lines: &str) -> Option<&str> {
    lines.lines().find(|line| {
        let setting = line.splitn(3, ':').nth(2).unwrap_or_default().trim().to_lowercase();
        let mut words = setting.split(|c: char| c.is_whitespace() || c == '=');
        let (keyword, value) = (words.next(), words.find(|word| !word.is_empty()));
        match keyword {
            Some("allowtcpforwarding") => matches!(value, Some("no" | "remote")),
            Some("disableforwarding") => value == Some("yes"),
            Some("permitopen") => value != Some("any"),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use slipway_protocol::ErrorCode;

    use super::*;

    fn code(status: Value, occupied: bool) -> Option<ErrorCode> {
        let port = known_port(&status);
        engine_runs(&status, occupied, port).err().map(|fault| fault.code)
    }

    #[test]
    fn what_the_script_says_is_told_apart() {
        let ready = json!({"deployed": true, "state": "ready", "engine_pid": 7, "port": 4000});
        assert_eq!(code(ready, true), None);
        let stopped = json!({"deployed": true, "state": "stopped"});
        assert_eq!(code(stopped, false), Some(ErrorCode::EngineNotHealthy));
        let crashed = json!({"deployed": true, "state": "crashed", "last_exit":
            {"text": "killed", "reason": "signal", "log": ["CUDA error: out of memory"]}});
        assert_eq!(code(crashed, false), Some(ErrorCode::EngineOutOfMemory));
        let foreign = json!({"deployed": true, "state": "starting", "port": 4000});
        assert_eq!(code(foreign.clone(), true), Some(ErrorCode::ForeignPort));
        assert_eq!(code(foreign, false), None);
        assert_eq!(code(json!({"deployed": false}), false), Some(ErrorCode::NotDeployed));
    }

    #[test]
    fn the_line_that_forbids_is_found() {
        let lines = "/etc/ssh/sshd_config:12:#AllowTcpForwarding yes\n\
                     /etc/ssh/sshd_config:13:AllowTcpForwarding yes\n\
                     /etc/ssh/sshd_config.d/a.conf:2:  PermitOpen=localhost:80\n";
        assert_eq!(
            forbidding_line(lines),
            Some("/etc/ssh/sshd_config.d/a.conf:2:  PermitOpen=localhost:80")
        );
        assert_eq!(forbidding_line("f:1:AllowTcpForwarding local"), None);
        assert_eq!(forbidding_line("f:1:disableforwarding YES"), Some("f:1:disableforwarding YES"));
    }
}
