//! `slipway host check`: the way to a host link by link, then what the host has for a deploy.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{
    Diagnosis, DiagnosisLink, ErrorCode, HostRef, LinkFinding, LinkState, TaskResult,
};

use crate::exit;
use crate::follow;
use crate::hosts::named;
use crate::output::Output;
use crate::preflight;

/// Prints the diagnosis and, when the login works, the report. The exit code is that of the first
/// broken link, else 5 when something stops a deploy. That nothing is deployed is no failure.
pub(crate) async fn run(program: &Program, output: &Output, name: &str) -> Result<ExitCode, Fault> {
    let host = HostRef { host_id: named(program, name).await?.id };
    let task = program.host_diagnose(host.clone()).await?;
    let ended = follow::task(program, output, &task.request_id).await?;
    let TaskResult::Diagnose(diagnosis) = ended else {
        return Err(follow::unexpected("diagnose"));
    };
    let broken = diagnosis.links.iter().find(|found| is_broken(found));
    if logs_in(&diagnosis) {
        let task = program.host_check(host).await?;
        let ended = follow::task(program, output, &task.request_id).await?;
        let TaskResult::Check(report) = ended else {
            return Err(follow::unexpected("check"));
        };
        preflight::print(output, &report, &[]);
        if let (None, Some(obstacle)) = (broken, preflight::obstacle(&report, &[])) {
            return Ok(ExitCode::from(exit::of_finding(&obstacle.code)));
        }
    }
    match broken.and_then(|found| found.fault.clone()) {
        Some(fault) => Err(fault.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// A link as a line. Those that were not looked at say nothing that a broken one does not say.
pub(crate) fn link(output: &Output, found: &LinkFinding) {
    let sign = match found.state {
        LinkState::Skipped => return,
        LinkState::Ok => "✓",
        LinkState::Warn => "!",
        LinkState::Broken if is_broken(found) => "✗",
        LinkState::Broken => "–",
    };
    let name = link_name(output, found.link);
    output.line(&format!("{sign} {name:<18} {}", output.say(&found.message)));
}

/// Whether something is wrong; a host on which nothing was deployed yet is as it should be.
fn is_broken(found: &LinkFinding) -> bool {
    let not_deployed = |fault: &slipway_protocol::ErrorInfo| fault.code == ErrorCode::NotDeployed;
    found.state == LinkState::Broken && !found.fault.as_ref().is_some_and(not_deployed)
}

/// Whether the host lets us in. This computer needs no login.
fn logs_in(diagnosis: &Diagnosis) -> bool {
    let way = [
        DiagnosisLink::Network,
        DiagnosisLink::Name,
        DiagnosisLink::Port,
        DiagnosisLink::Ssh,
        DiagnosisLink::Login,
    ];
    let on_the_way = |found: &&LinkFinding| way.contains(&found.link);
    !diagnosis.links.iter().filter(on_the_way).any(|found| found.state == LinkState::Broken)
}

fn link_name(output: &Output, link: DiagnosisLink) -> &'static str {
    match link {
        DiagnosisLink::Network => output.pick("Network", "Сеть"),
        DiagnosisLink::Name => output.pick("Name", "Имя"),
        DiagnosisLink::Port => output.pick("Port", "Порт"),
        DiagnosisLink::Ssh => output.pick("SSH server", "Сервер SSH"),
        DiagnosisLink::Login => output.pick("Login", "Вход"),
        DiagnosisLink::Forwarding => output.pick("Port forwarding", "Проброс портов"),
        DiagnosisLink::Engine => output.pick("Engine", "Движок"),
        DiagnosisLink::Health => output.pick("Engine health", "Состояние движка"),
        DiagnosisLink::Model => output.pick("Model", "Модель"),
    }
}
