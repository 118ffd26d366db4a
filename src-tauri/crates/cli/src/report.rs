//! What the other commands print.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{DeployResult, LogLevel};

use crate::hosts::address;
use crate::output::Output;

/// After a deploy.
pub(crate) fn deployed(output: &Output, name: &str, result: &DeployResult) {
    let deployment = &result.deployment;
    output.line(&format!(
        "{name}: {} · {} {} · {:.1} s",
        deployment.model,
        deployment.engine,
        deployment.engine_version,
        result.total_ms as f64 / 1000.0
    ));
    if deployment.practice {
        output.note(output.pick(
            "Practice model: proves your set-up, answers nonsense.",
            "Учебная модель: подтверждает, что всё работает, но отвечает бессмыслицей.",
        ));
    }
    output.note(&format!("{} slipway chat {name} \"…\"", output.pick("Next:", "Дальше:")));
}

/// After an uninstall.
pub(crate) fn uninstalled(output: &Output, name: &str, bytes: u64) {
    output.line(&format!(
        "{name}: {} {:.1} MB",
        output.pick("removed", "удалено"),
        bytes as f64 / 1e6
    ));
}

/// `slipway status`.
pub(crate) async fn status(program: &Program, output: &Output) -> Result<ExitCode, Fault> {
    for view in program.host_list().await? {
        output.data(&view);
        let what = match (&view.deployment, &view.last_error) {
            (_, Some(error)) => format!("✗ {}", output.say(&error.message)),
            (Some(deployment), None) => format!(
                "{} · {} {}",
                deployment.model, deployment.engine, deployment.engine_version
            ),
            (None, None) => output.pick("nothing deployed", "ничего не развёрнуто").to_owned(),
        };
        output.line(&format!("{:<20} {:<30} {what}", view.host.name, address(&view.host)));
    }
    Ok(ExitCode::SUCCESS)
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
