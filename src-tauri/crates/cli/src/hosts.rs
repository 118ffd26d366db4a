//! `slipway host …`.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{
    Host, HostAdd, HostAddress, HostKeep, HostRef, TaskResult, UninstallRequest,
};

use crate::args::{HostAddArgs, UninstallArgs};
use crate::figures::size;
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
        let kept = if view.host.keep { output.pick("  kept", "  всегда") } else { "" };
        output.line(&format!("{:<20} {}{kept}", view.host.name, address(&view.host)));
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

/// `slipway host keep`.
pub(crate) async fn keep(
    program: &Program,
    output: &Output,
    name: &str,
    keep: bool,
) -> Result<ExitCode, Fault> {
    let host = named(program, name).await?;
    let host = program.host_keep(HostKeep { host_id: host.id, keep }).await?;
    output.data(&host);
    let what = match host.keep {
        true => output.pick("starts with Slipway's window", "запускается вместе с окном Slipway"),
        false => output.pick("starts when it is asked for", "запускается по запросу"),
    };
    output.line(&format!("{}: {} {what}", host.name, output.pick("its tunnel", "туннель")));
    Ok(ExitCode::SUCCESS)
}

/// `slipway host stop`.
pub(crate) async fn stop(
    program: &Program,
    output: &Output,
    name: &str,
) -> Result<ExitCode, Fault> {
    let host = named(program, name).await?;
    let task = program.engine_stop_start(HostRef { host_id: host.id }).await?;
    let TaskResult::Stop(stopped) = follow::task(program, output, &task.request_id).await? else {
        return Err(follow::unexpected("stop"));
    };
    let what = match stopped.was_running {
        true => output.pick("stopped", "остановлен"),
        false => output.pick("it did not run", "он и не работал"),
    };
    output.line(&format!("{name}: {} {what}", output.pick("engine", "движок")));
    Ok(ExitCode::SUCCESS)
}

/// `slipway uninstall`.
pub(crate) async fn uninstall(
    program: &Program,
    output: &Output,
    args: UninstallArgs,
) -> Result<ExitCode, Fault> {
    let host = named(program, &args.name).await?;
    let request = UninstallRequest { host_id: host.id, keep_models: args.keep_models };
    let task = program.uninstall_start(request).await?;
    let ended = follow::task(program, output, &task.request_id).await?;
    let TaskResult::Uninstall(removed) = ended else {
        return Err(follow::unexpected("uninstall"));
    };
    let bytes = size(output, removed.removed_bytes);
    output.line(&format!("{}: {} {bytes}", host.name, output.pick("removed", "удалено")));
    Ok(ExitCode::SUCCESS)
}

/// The address as a person would type it.
pub(crate) fn address(host: &Host) -> String {
    match &host.address {
        HostAddress::Local => "this computer".to_owned(),
        HostAddress::Ssh(ssh) if ssh.port == 22 => format!("{}@{}", ssh.user, ssh.host),
        HostAddress::Ssh(ssh) => format!("{}@{}:{}", ssh.user, ssh.host, ssh.port),
    }
}
