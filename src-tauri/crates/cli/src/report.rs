//! What the other commands print.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{DeployResult, Deployment, HostView, LogLevel};

use crate::hosts::address;
use crate::output::Output;
use crate::planned::device;
use crate::printable::one_line;

/// After a deploy.
pub(crate) fn deployed(output: &Output, name: &str, result: &DeployResult) {
    let deployment = &result.deployment;
    let seconds = result.total_ms as f64 / 1000.0;
    output.line(&format!("{name}: {} · {seconds:.1} s", what(output, deployment)));
    if !result.changed {
        output.note(output.pick("All of it was there already.", "Всё это уже было установлено."));
    }
    if deployment.practice {
        output.note(output.pick(
            "Practice model: proves your set-up, answers nonsense.",
            "Учебная модель: подтверждает, что всё работает, но отвечает бессмыслицей.",
        ));
    }
    output.note(&format!("{} slipway chat {name} \"…\"", output.pick("Next:", "Дальше:")));
}

/// What runs, by the record of its deploy: model, engine, what computes, what keeps it, version.
fn what(output: &Output, deployment: &Deployment) -> String {
    let engine = format!("{} {}", deployment.engine, deployment.engine_version);
    let mut parts = vec![deployment.model.clone(), engine];
    parts.extend(deployment.device.map(|found| device(output, found).to_owned()));
    parts.extend(deployment.keeper.clone());
    parts.extend(
        deployment
            .version
            .as_ref()
            .map(|version| format!("{} {version}", output.pick("version", "версия"))),
    );
    one_line(&parts.join(" · "))
}

/// `slipway status`.
pub(crate) async fn status(program: &Program, output: &Output) -> Result<ExitCode, Fault> {
    for view in program.host_list().await? {
        output.data(&view);
        output.line(&known(output, &view));
    }
    Ok(ExitCode::SUCCESS)
}

fn known(output: &Output, view: &HostView) -> String {
    let what = match (&view.deployment, &view.last_error) {
        (_, Some(error)) => format!("✗ {}", one_line(output.say(&error.message))),
        (Some(deployment), None) => what(output, deployment),
        (None, None) => output.pick("nothing deployed", "ничего не развёрнуто").to_owned(),
    };
    format!("{:<20} {:<30} {what}", view.host.name, address(&view.host))
}

/// `slipway logs`.
pub(crate) async fn logs(
    program: &Program,
    output: &Output,
    lines: u32,
) -> Result<ExitCode, Fault> {
    for record in program.log_list(lines).await {
        output.data(&record);
        let level = match record.line.level {
            LogLevel::Debug => "DEBUG",
            LogLevel::Info => "INFO ",
            LogLevel::Warn => "WARN ",
            LogLevel::Error => "ERROR",
        };
        let time = clock(record.timestamp);
        output.line(&format!("{time} {level} {}: {}", record.line.target, record.line.text));
    }
    Ok(ExitCode::SUCCESS)
}

/// The time of day in UTC, with milliseconds.
fn clock(timestamp: u64) -> String {
    let (seconds, ms) = (timestamp / 1000, timestamp % 1000);
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{ms:03}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{
        Device, EngineChoice, EngineKind, ErrorCode, ErrorInfo, Host, HostAddress, HostId,
        Language, ModelSource, Text,
    };

    use super::*;

    fn view() -> HostView {
        let host = Host {
            id: HostId::local(),
            name: "local".into(),
            address: HostAddress::Local,
            created_at: 0,
            keep: false,
            directory: None,
        };
        let deployment = Deployment {
            host_id: HostId::local(),
            engine: "llama.cpp".into(),
            engine_kind: EngineKind::LlamaCpp,
            engine_version: "2026.10".into(),
            model: "q.gguf\u{1b}[2J\n✗ gone".into(),
            practice: false,
            context_size: Some(8192),
            source: ModelSource::Practice,
            choice: EngineChoice::Auto,
            version: Some("3".into()),
            keeper: Some("systemd".into()),
            device: Some(Device::Gpu),
            socket: false,
            deployed_at: 0,
            first_token_ms: None,
            tokens_per_second: None,
            prompt_tokens_per_second: None,
        };
        HostView { host, deployment: Some(deployment), last_error: None }
    }

    #[test]
    fn a_status_is_a_line_of_what_was_recorded() {
        let output = Output::of(Language::En);
        let line = known(&output, &view());
        let recorded =
            "q.gguf[2J ✗ gone · llama.cpp 2026.10 · graphics processor · systemd · version 3";
        assert!(line.ends_with(recorded), "{line}");
        let mut bare = view();
        if let Some(deployment) = &mut bare.deployment {
            (deployment.version, deployment.keeper, deployment.device) = (None, None, None);
        }
        assert!(known(&output, &bare).ends_with("· llama.cpp 2026.10"));
    }

    #[test]
    fn a_deploy_that_failed_comes_before_what_runs() {
        let error = ErrorInfo {
            code: ErrorCode::ModelGated,
            message: Text::new("Closed.", "Закрыто."),
            fix: Text::verbatim(""),
            detail_id: String::new(),
            facts: None,
        };
        let failed = HostView { last_error: Some(error), ..view() };
        assert!(known(&Output::of(Language::Ru), &failed).ends_with("✗ Закрыто."));
    }
}
