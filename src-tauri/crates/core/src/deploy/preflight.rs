//! The look at a host before anything is written: the script's probe as a report for people.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use slipway_protocol::{
    DirectoryFound, ErrorCode, Finding, ForwardingFound, PreflightReport, PythonFound, Severity,
    Text,
};

use super::facts::{Facts, ScriptFinding};
use super::forwarding;
use super::script::{ScriptRun, Subcommand};
use crate::clock::now_ms;
use crate::fault::Fault;
use crate::fault_text::{finding_note, finding_subject, script_fault};
use crate::host::Machine;

/// Findings that no wish overrides: the script itself could not go on.
const ABSOLUTE: [&str; 10] = [
    "python_missing",
    "python_too_old",
    "venv_missing",
    "unsupported_platform",
    "no_write_permission",
    "model_not_found",
    "model_not_gguf",
    "model_not_safetensors",
    "model_truncated",
    "container_unavailable",
];

/// What the probe found.
pub(super) struct Probed {
    /// For people.
    pub(super) report: PreflightReport,
    /// As the script told it.
    pub(super) facts: Facts,
}

/// Runs the probe. `params` may hold what would be deployed, in the script's form.
pub(super) async fn probe(run: &ScriptRun<'_>, mut params: Value) -> Result<Probed, Fault> {
    params["time"] = json!(now_ms() as f64 / 1000.0);
    let data = run.over_stdin(Subcommand::Probe, params, |_| ()).await?;
    let facts: Facts = serde_json::from_value(data).map_err(|error| {
        script_fault("script_failed", &format!("probe: {error}"), &BTreeMap::new())
    })?;
    let findings = facts.findings.iter().map(finding).collect();
    let mut report = report(&facts, findings);
    sort(&mut report.findings);
    Ok(Probed { report, facts })
}

impl Probed {
    /// Finds out what the SSH server lets through, and says so in the report.
    pub(super) async fn test_forwarding(
        &mut self,
        run: &ScriptRun<'_>,
        machine: &Machine,
    ) -> Result<(), Fault> {
        let Machine::Ssh(session) = machine else { return Ok(()) };
        let found = forwarding::test(run, session).await?;
        self.report.forwarding = Some(found);
        let (code, severity) = match found {
            ForwardingFound { tcp: true, socket: true } => ("forwarding_ok", Severity::Ok),
            ForwardingFound { tcp: true, socket: false } => ("forwarding_tcp_only", Severity::Ok),
            ForwardingFound { tcp: false, socket: true } => {
                ("forwarding_socket_only", Severity::Ok)
            }
            ForwardingFound { tcp: false, socket: false } => {
                ("forwarding_forbidden", Severity::Error)
            }
        };
        let message = finding_note(code, &BTreeMap::new());
        let fault = crate::fault_text::forwarding_forbidden();
        self.add(Finding {
            severity,
            code: code.to_owned(),
            subject: finding_subject(code),
            fix: if message.is_none() { fault.fix.clone() } else { Text::verbatim("") },
            message: message.unwrap_or_else(|| fault.message.clone()),
            command: None,
            can_override: false,
        });
        Ok(())
    }

    /// Adds a finding that the script would tell, had it known.
    pub(super) fn add_told(&mut self, severity: Severity, code: &str, params: &[(&str, String)]) {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let told = ScriptFinding {
            severity,
            code: code.to_owned(),
            message: String::new(),
            fix: String::new(),
            params: params.collect(),
        };
        self.add(finding(&told));
    }

    /// Adds what stops a deploy, found otherwise than by the script's probe.
    pub(super) fn add_fault(&mut self, fault: &Fault) {
        let code = serde_json::to_value(fault.code).ok();
        let code = code.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
        self.add(Finding {
            severity: Severity::Error,
            subject: finding_subject(&code),
            message: fault.message.clone(),
            fix: fault.fix.clone(),
            command: None,
            can_override: false,
            code,
        });
    }

    /// The fault that a finding of the report stands for.
    pub(super) fn fault_of(&self, finding: &Finding) -> Fault {
        let told = self.facts.findings.iter().find(|told| told.code == finding.code);
        let (words, params) = told.map_or((String::new(), BTreeMap::new()), |told| {
            (told.message.clone(), told.params.clone())
        });
        let fault = script_fault(&finding.code, &words, &params);
        let code = match serde_json::from_value(Value::from(finding.code.as_str())) {
            Ok(code) => code,
            Err(_) if finding.code == "forwarding_forbidden" => ErrorCode::ForwardingForbidden,
            Err(_) => fault.code,
        };
        Fault::new(code, finding.message.clone(), finding.fix.clone(), fault.detail.clone())
    }

    /// Weakens an error to something good to know: the deploy has a way around it.
    pub(super) fn soften(&mut self, code: &str) {
        for finding in &mut self.report.findings {
            if finding.code == code && finding.severity == Severity::Error {
                finding.severity = Severity::Warn;
            }
        }
        sort(&mut self.report.findings);
    }

    fn add(&mut self, finding: Finding) {
        self.report.findings.push(finding);
        sort(&mut self.report.findings);
    }
}

/// The findings that stop a deploy, those that the user overrides left out.
pub(super) fn obstacles<'a>(report: &'a PreflightReport, overrides: &[String]) -> Vec<&'a Finding> {
    let stops = |finding: &&Finding| {
        finding.severity == Severity::Error
            && !(finding.can_override && overrides.contains(&finding.code))
    };
    report.findings.iter().filter(stops).collect()
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| match finding.severity {
        Severity::Error => 0,
        Severity::Warn => 1,
        Severity::Ok => 2,
    });
}

fn report(facts: &Facts, findings: Vec<Finding>) -> PreflightReport {
    PreflightReport {
        os: facts.os_release.clone(),
        arch: facts.arch.clone(),
        libc: facts.libc_version.as_ref().filter(|libc| libc.name != "unknown").map(|libc| {
            match &libc.version {
                Some(version) => format!("{} {version}", libc.name),
                None => libc.name.clone(),
            }
        }),
        cpu: facts.cpu.model.clone().unwrap_or_default(),
        cores: facts.cpu.cores.unwrap_or(0),
        cpu_features: facts.cpu.features.clone(),
        memory_total_bytes: facts.memory.total_bytes.unwrap_or(0),
        memory_available_bytes: facts.memory.available_bytes.unwrap_or(0),
        disk_free_bytes: facts.disk.free_bytes.unwrap_or(0),
        inodes_free: facts.disk.free_inodes,
        root: facts.root.clone(),
        directories: facts
            .directories
            .iter()
            .map(|place| DirectoryFound {
                path: format!("{}/v1", place.path.trim_end_matches('/')),
                free_bytes: place.free_bytes,
                total_bytes: place.total_bytes,
            })
            .collect(),
        python: facts.python.version.clone(),
        pythons: facts
            .python
            .pythons
            .iter()
            .map(|python| PythonFound {
                path: python.path.clone(),
                version: python.version.clone(),
                venv_works: python.venv_works,
                brought: python.brought,
            })
            .collect(),
        gpus: facts.gpus.clone(),
        cuda: facts.cuda.clone(),
        gpu_processes: facts.gpu_processes.clone(),
        containers: facts
            .containers
            .iter()
            .filter(|container| container.usable)
            .map(|container| {
                let version = container.version.as_deref().unwrap_or_default();
                format!("{} {version}", container.tool).trim_end().to_owned()
            })
            .collect(),
        ollama: facts.ollama.as_ref().and_then(|found| {
            let version = found.serving.as_ref().or(found.version.as_ref()).cloned();
            version.or_else(|| found.path.clone())
        }),
        llama_server: facts.llama_server.clone(),
        index_reachable: facts.index_reachable,
        forwarding: None,
        clock_skew_s: facts
            .clock
            .as_ref()
            .and_then(|clock| clock.skew_s)
            .map(|seconds| seconds.round() as i64),
        findings,
    }
}

/// A finding in both languages. A code that this version does not know keeps the script's own words.
fn finding(found: &ScriptFinding) -> Finding {
    let (message, fix) = match finding_note(&found.code, &found.params) {
        Some(message) => (message, Text::verbatim(&found.fix)),
        None => {
            let fault = script_fault(&found.code, &found.message, &found.params);
            if fault.code == ErrorCode::ScriptFailed {
                (Text::verbatim(&found.message), Text::verbatim(&found.fix))
            } else {
                (fault.message.clone(), fault.fix.clone())
            }
        }
    };
    let is_command =
        ["sudo ", "loginctl ", "export "].iter().any(|start| found.fix.starts_with(start));
    Finding {
        severity: found.severity,
        code: found.code.clone(),
        subject: finding_subject(&found.code),
        message,
        fix: if is_command { Text::verbatim("") } else { fix },
        command: is_command.then(|| found.fix.clone()),
        can_override: !ABSOLUTE.contains(&found.code.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(severity: Severity, code: &str, fix: &str) -> ScriptFinding {
        let params = [("path".to_owned(), "/x".to_owned())].into();
        let (code, fix) = (code.to_owned(), fix.to_owned());
        ScriptFinding { severity, code, message: "words".into(), fix, params }
    }

    #[test]
    fn a_command_is_told_apart_from_advice() {
        let linger = finding(&told(Severity::Warn, "linger_off", "loginctl enable-linger"));
        assert_eq!(linger.command.as_deref(), Some("loginctl enable-linger"));
        assert!(linger.fix.en.is_empty());
        let lost = finding(&told(Severity::Warn, "gpu_lost", "Restart the host."));
        assert_eq!((lost.command, lost.fix.en.as_str()), (None, "Restart the host."));
        let new = finding(&told(Severity::Warn, "of_tomorrow", ""));
        assert_eq!(new.message.en, "words");
    }

    #[test]
    fn an_override_names_what_it_overrides() {
        let findings =
            [told(Severity::Error, "noexec", ""), told(Severity::Error, "model_not_found", "")];
        let mut report: PreflightReport = report_of(&findings);
        let all = ["noexec".to_owned(), "model_not_found".to_owned()];
        let stops: Vec<_> = obstacles(&report, &all).iter().map(|f| f.code.clone()).collect();
        assert_eq!(stops, ["model_not_found"], "what cannot work is not overridden");
        assert_eq!(obstacles(&report, &[]).len(), 2);
        report.findings.retain(|finding| finding.code == "noexec");
        assert!(obstacles(&report, &all).is_empty());
    }

    fn report_of(findings: &[ScriptFinding]) -> PreflightReport {
        let facts = serde_json::json!({
            "os": "Linux", "os_release": "Debian", "arch": "x86_64", "libc_version": null,
            "root": "/r", "python": {"version": "3.11.2"}, "disk": {"free_bytes": 1, "free_inodes": null},
            "memory": {"total_bytes": 1, "available_bytes": 1}, "cpu": {"model": null, "cores": 1},
            "cuda": null, "llama_server": null, "ollama": null, "clock": null, "index_reachable": null,
            "index_address": null, "engine_wheel": null, "services": null, "findings": [],
            "deployment": null,
        });
        let facts: Facts = serde_json::from_value(facts).unwrap();
        report(&facts, findings.iter().map(finding).collect())
    }
}
