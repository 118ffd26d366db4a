//! `slipway host …`.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{Host, HostAdd, HostAddress, HostRef, Severity, TaskResult};

use crate::args::HostAddArgs;
use crate::exit;
use crate::follow;
use crate::output::Output;

/// A host by its name.
pub(crate) async fn named(program: &Program, name: &str) -> Result<Host, Fault> {
    program.host_by_name(name).await
}

pub(crate) async fn add(
    program: &Program,
    output: &Output,
    args: HostAddArgs,
) -> Result<ExitCode, Fault> {
    let absolute = |path: std::path::PathBuf| std::path::absolute(&path).unwrap_or(path);
    let identity = args.identity.map(|path| absolute(path).to_string_lossy().into_owned());
    let add = HostAdd {
        address: args.address,
        name: Some(args.name),
        identity,
        accepted_fingerprint: args.accept_new_host_key,
    };
    let host = program.host_add(add).await?;
    output.data(&host);
    output.line(&format!("{}  {}", host.name, address(&host)));
    output.note(&format!("{} slipway deploy {}", output.pick("Next:", "Дальше:"), host.name));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn list(program: &Program, output: &Output) -> Result<ExitCode, Fault> {
    for view in program.host_list().await? {
        output.data(&view);
        output.line(&format!("{:<20} {}", view.host.name, address(&view.host)));
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn remove(
    program: &Program,
    output: &Output,
    name: &str,
) -> Result<ExitCode, Fault> {
    let host = named(program, name).await?;
    program.host_remove(HostRef { host_id: host.id }).await?;
    output.note(&format!("{} {name}", output.pick("Removed:", "Удалён:")));
    Ok(ExitCode::SUCCESS)
}

/// Prints the report; exit code 5 when something stops a deploy.
pub(crate) async fn check(
    program: &Program,
    output: &Output,
    name: &str,
) -> Result<ExitCode, Fault> {
    let host = named(program, name).await?;
    let task = program.host_check(HostRef { host_id: host.id }).await?;
    let TaskResult::Check(report) = follow::task(program, output, &task.request_id).await? else {
        return Err(Fault::internal("a check ended with another result"));
    };
    let gigabytes = |bytes: u64| bytes as f64 / 1e9;
    output.line(&format!("{}, {}, {} × {}", report.os, report.arch, report.cores, report.cpu));
    output.line(&format!(
        "{:.1} GB RAM ({:.1} free), {:.1} GB disk free, {}",
        gigabytes(report.memory_total_bytes),
        gigabytes(report.memory_available_bytes),
        gigabytes(report.disk_free_bytes),
        report.root
    ));
    for gpu in &report.gpus {
        let total = gpu.memory_total_mb.unwrap_or(0);
        let free = gpu.memory_free_mb.unwrap_or(0);
        output.line(&format!("{}: {total} MB ({free} free)", gpu.name));
    }
    for finding in &report.findings {
        let sign = match finding.severity {
            Severity::Ok => "✓",
            Severity::Warn => "!",
            Severity::Error => "✗",
        };
        output.line(&format!("{sign} {}", output.say(&finding.message)));
        if !output.say(&finding.fix).is_empty() {
            output.line(&format!("  {}", output.say(&finding.fix)));
        }
    }
    let stopped = report.findings.iter().any(|finding| finding.severity == Severity::Error);
    Ok(if stopped { exit::of(slipway_protocol::ErrorCode::VenvMissing) } else { ExitCode::SUCCESS })
}

/// The address as a person would type it.
pub(crate) fn address(host: &Host) -> String {
    match &host.address {
        HostAddress::Local => "this computer".to_owned(),
        HostAddress::Ssh(ssh) if ssh.port == 22 => format!("{}@{}", ssh.user, ssh.host),
        HostAddress::Ssh(ssh) => format!("{}@{}:{}", ssh.user, ssh.host, ssh.port),
    }
}
