//! The look at a host before anything is written: the script's probe as a report for people.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use slipway_protocol::{ErrorCode, Finding, Gpu, PreflightReport, Severity, Text};

use super::script::{ScriptRun, Subcommand};
use crate::fault::Fault;
use crate::fault_text::script_fault;

/// What the probe found.
pub(super) struct Probed {
    /// For people.
    pub(super) report: PreflightReport,
    /// The first finding that stops a deploy.
    pub(super) obstacle: Option<Fault>,
    /// The model file that an engine on the host holds open now.
    pub(super) served: Option<ServedModel>,
}

/// A model file on the host.
#[derive(Deserialize, PartialEq, Eq)]
pub(super) struct ServedModel {
    pub(super) path: String,
    /// Not known of a file that was on the host already.
    pub(super) sha256: Option<String>,
}

#[derive(Deserialize)]
struct Probe {
    os_release: String,
    arch: String,
    root: String,
    python: Python,
    disk: Disk,
    memory: Memory,
    cpu: Cpu,
    #[serde(default)]
    gpus: Vec<Gpu>,
    findings: Vec<ScriptFinding>,
    deployment: Option<DeploymentStatus>,
}

#[derive(Deserialize)]
struct DeploymentStatus {
    state: String,
    model: Option<ServedModel>,
}

#[derive(Deserialize)]
struct Python {
    version: Option<String>,
}

#[derive(Deserialize)]
struct Disk {
    free_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct Memory {
    total_bytes: Option<u64>,
    available_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct Cpu {
    model: Option<String>,
    cores: Option<u32>,
}

#[derive(Deserialize)]
struct ScriptFinding {
    severity: Severity,
    code: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    fix: String,
    #[serde(default)]
    params: BTreeMap<String, String>,
}

/// Runs the probe. `model` is what would be deployed, in the script's form; `engine_binary` a
/// `llama-server` of the host that would serve it.
pub(super) async fn probe(
    run: &ScriptRun<'_>,
    model: Option<Value>,
    engine_binary: Option<&str>,
) -> Result<Probed, Fault> {
    let mut params = json!({});
    if let Some(model) = model {
        params["model"] = model;
    }
    if let Some(binary) = engine_binary {
        params["engine"] = json!({ "kind": "llama_cpp", "source": "binary", "binary": binary });
    }
    let data = run.over_stdin(Subcommand::Probe, params, |_| ()).await?;
    let unreadable = |error: serde_json::Error| {
        script_fault("script_failed", &format!("probe: {error}"), &BTreeMap::new())
    };
    let probe: Probe = serde_json::from_value(data).map_err(unreadable)?;
    let mut findings = Vec::new();
    let mut obstacle = None;
    for found in probe.findings {
        if found.severity == Severity::Error && obstacle.is_none() {
            obstacle = Some(script_fault(&found.code, &found.message, &found.params));
        }
        findings.push(finding(found));
    }
    findings.sort_by_key(|finding| match finding.severity {
        Severity::Error => 0,
        Severity::Warn => 1,
        Severity::Ok => 2,
    });
    let report = PreflightReport {
        os: probe.os_release,
        arch: probe.arch,
        cpu: probe.cpu.model.unwrap_or_default(),
        cores: probe.cpu.cores.unwrap_or(0),
        memory_total_bytes: probe.memory.total_bytes.unwrap_or(0),
        memory_available_bytes: probe.memory.available_bytes.unwrap_or(0),
        disk_free_bytes: probe.disk.free_bytes.unwrap_or(0),
        root: probe.root,
        python: probe.python.version,
        gpus: probe.gpus,
        findings,
    };
    let served = probe.deployment.filter(|deployment| deployment.state == "ready");
    Ok(Probed { report, obstacle, served: served.and_then(|deployment| deployment.model) })
}

/// A finding in both languages. A code that this version does not know keeps the script's own words.
fn finding(found: ScriptFinding) -> Finding {
    let fault = script_fault(&found.code, &found.message, &found.params);
    let (message, fix) = match note(&found) {
        Some(message) => (message, Text::verbatim("")),
        None if fault.code == ErrorCode::ScriptFailed => {
            (Text::verbatim(&found.message), Text::verbatim(&found.fix))
        }
        None => (fault.message.clone(), fault.fix.clone()),
    };
    Finding { severity: found.severity, code: found.code, message, fix }
}

/// The sentence of a finding that is no error.
fn note(found: &ScriptFinding) -> Option<Text> {
    let get = |name: &str| found.params.get(name).map_or("?", String::as_str);
    let gigabytes = |name: &str| get(name).parse::<f64>().map_or(0.0, |bytes| bytes / 1e9);
    Some(match found.code.as_str() {
        "python_ok" => Text::new(
            format!("Python {} can run the engine.", get("version")),
            format!("Python {} подходит для движка.", get("version")),
        ),
        "disk_ok" => Text::new(
            format!("{:.1} GB of disk space are free.", gigabytes("free")),
            format!("На диске свободно {:.1} ГБ.", gigabytes("free")),
        ),
        "writable_ok" => Text::new(
            format!("{} can be written.", get("path")),
            format!("В {} можно писать.", get("path")),
        ),
        "index_ok" => {
            Text::new("The Python package index answers.", "Индекс пакетов Python отвечает.")
        }
        "engine_ok" => Text::new("The engine is already installed.", "Движок уже установлен."),
        "llama_server_ok" => Text::new(
            format!("The host has a llama-server: {}.", get("path")),
            format!("На сервере есть llama-server: {}.", get("path")),
        ),
        "model_ok" => {
            Text::new("The model file is a complete GGUF file.", "Файл модели — целый GGUF.")
        }
        "memory_low" => Text::new(
            format!(
                "The model has {:.1} GB, but only {:.1} GB of memory are free.",
                gigabytes("bytes"),
                gigabytes("available")
            ),
            format!(
                "Модель занимает {:.1} ГБ, а свободно только {:.1} ГБ памяти.",
                gigabytes("bytes"),
                gigabytes("available")
            ),
        ),
        _ => return None,
    })
}
