//! `slipway host versions` and `slipway host rollback`.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{
    DeployedVersion, HostRef, RollbackRequest, TaskResult, VersionList, VersionRole,
};

use crate::figures::{UNKNOWN, moment, size, size_or_unknown};
use crate::output::Output;
use crate::printable::one_line;
use crate::{follow, hosts};

/// Lists the versions that a host keeps, newest first, and what they take up.
pub(crate) async fn list(
    program: &Program,
    output: &Output,
    name: &str,
) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, name).await?;
    let task = program.versions_list(HostRef { host_id: host.id }).await?;
    let TaskResult::Versions(found) = follow::task(program, output, &task.request_id).await? else {
        return Err(follow::unexpected("versions"));
    };
    if found.versions.is_empty() {
        output.note(output.pick("No version is there.", "Версий нет."));
    }
    for line in lines(output, &found) {
        output.line(&line);
    }
    if found.unused_bytes > 0 {
        output.note(&format!(
            "{} {}: slipway host clean {name}",
            output.pick("To free", "Освободить"),
            size(output, found.unused_bytes)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Goes back to another version and proves it.
pub(crate) async fn rollback(
    program: &Program,
    output: &Output,
    name: &str,
    version: Option<String>,
) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, name).await?;
    let request = RollbackRequest { host_id: host.id.clone(), version };
    let task = program.rollback_start(request).await?;
    let TaskResult::Rollback(back) = follow::task(program, output, &task.request_id).await? else {
        return Err(follow::unexpected("rollback"));
    };
    let before = match &back.left {
        Some(left) => format!(" ({} {})", output.pick("it was", "была"), one_line(left)),
        None => String::new(),
    };
    output.line(&format!(
        "{name}: {} · {} {}{before} · {:.1} s",
        one_line(&back.model),
        output.pick("version", "версия"),
        one_line(&back.version),
        back.total_ms as f64 / 1000.0
    ));
    program.connect_stop(&HostRef { host_id: host.id });
    Ok(ExitCode::SUCCESS)
}

fn lines(output: &Output, found: &VersionList) -> Vec<String> {
    let names: Vec<String> = found.versions.iter().map(|it| one_line(&it.version)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let versions = names.iter().zip(&found.versions);
    let mut lines: Vec<String> = versions
        .map(|(name, version)| format!("{name:<width$}  {}", words(output, version)))
        .collect();
    let free = size_or_unknown(output, found.disk_free_bytes);
    lines.push(format!(
        "{}: {}, {} {free}",
        one_line(&found.directory),
        size(output, found.total_bytes),
        output.pick("free there", "свободно там"),
    ));
    lines
}

fn words(output: &Output, version: &DeployedVersion) -> String {
    let role = match version.role {
        VersionRole::Candidate => output.pick("not verified", "не проверена"),
        VersionRole::Current => output.pick("current", "текущая"),
        VersionRole::Previous => output.pick("previous", "предыдущая"),
        VersionRole::Old => output.pick("old", "старая"),
    };
    let created = version.created_at.map_or_else(|| UNKNOWN.to_owned(), moment);
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    let mut parts = vec![or_unknown(&version.model), or_unknown(&version.engine)];
    if let Some(tokens) = version.context_size {
        parts.push(format!("{tokens} {}", output.pick("tokens", "токенов")));
    }
    parts.extend(version.model_bytes.map(|bytes| size(output, bytes)));
    if version.running {
        parts.push(output.pick("runs", "работает").to_owned());
    }
    if !version.usable {
        parts.push(output.pick("not complete any more", "уже неполна").to_owned());
    }
    format!("{role:<12}  {created:<16}  {}", one_line(&parts.join(" · ")))
}

#[cfg(test)]
mod tests {
    use slipway_protocol::Language;

    use super::*;

    fn version(name: &str, role: VersionRole) -> DeployedVersion {
        DeployedVersion {
            version: name.into(),
            role,
            running: role == VersionRole::Current,
            usable: role != VersionRole::Old,
            created_at: Some(0),
            engine: Some("llama.cpp 2026.10".into()),
            model: Some("q.gguf".into()),
            context_size: Some(8192),
            model_bytes: Some(4_700_000_000),
        }
    }

    #[test]
    fn each_version_says_what_it_is_and_whether_one_can_go_back_to_it() {
        let bare = DeployedVersion {
            created_at: None,
            engine: None,
            model: None,
            context_size: None,
            model_bytes: None,
            ..version("9", VersionRole::Old)
        };
        let found = VersionList {
            versions: vec![
                version("11", VersionRole::Current),
                version("10\n12 current", VersionRole::Previous),
                bare,
            ],
            total_bytes: 9_600_000_000,
            unused_bytes: 0,
            disk_free_bytes: Some(50_000_000_000),
            directory: "/data/slipway".into(),
        };
        let lines = lines(&Output::of(Language::En), &found);
        let line = "q.gguf · llama.cpp 2026.10 · 8192 tokens · 4.7 GB";
        assert!(lines[0].starts_with("11 ") && lines[0].contains("  current "), "{}", lines[0]);
        assert!(lines[0].ends_with(&format!("{line} · runs")), "{}", lines[0]);
        assert!(lines[1].starts_with("10 12 current  previous"), "{}", lines[1]);
        assert!(lines[1].ends_with(line), "{}", lines[1]);
        assert!(lines[2].ends_with("— · — · not complete any more"), "{}", lines[2]);
        assert_eq!(lines[3], "/data/slipway: 9.6 GB, free there 50.0 GB");
    }
}
