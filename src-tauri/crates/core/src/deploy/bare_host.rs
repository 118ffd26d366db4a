//! A host without Python, as far as a shell can tell, and the Python that would be brought there.

use serde::Deserialize;
use slipway_protocol::{
    Brought, BroughtPart, DeployRequest, Finding, ModelSource, PreflightReport, Severity, Text,
};

use super::script::quoted;
use crate::fault::Fault;
use crate::fault_text::{finding_subject, script_fault};
use crate::host::{Machine, Output};

/// The builds of Python that can be brought: address and sum by system, as the project
/// python-build-standalone publishes them.
const BUILDS: &str = include_str!("../../../../../deploy/python_builds.json");
/// Names a file with other builds: a mirror's, or one's own.
const BUILDS_VARIABLE: &str = "SLIPWAY_PYTHON_BUILDS";
/// About what a build has, for the question; the address tells no size beforehand.
const BUILD_BYTES: u64 = 32_000_000;
/// Tells what a host without Python is, in POSIX shell: one fact a line, `name=value`.
const LOOK: &str = "printf \"\\n<slipway>\\n\"; echo os=$(uname -s); echo arch=$(uname -m); echo home=$HOME; \
    if ldd --version 2>&1 | grep -qi musl || ls /lib/ld-musl-* >/dev/null 2>&1; then echo libc=musl; \
    elif [ \"$(uname -s)\" = Linux ]; then echo libc=glibc; fi; \
    echo free=$(df -Pk \"$HOME\" 2>/dev/null | tail -n 1 | awk \"{print \\$4}\"); \
    . /etc/os-release 2>/dev/null; echo name=$PRETTY_NAME; \
    echo memory=$(awk \"/^MemTotal/ {print \\$2}\" /proc/meminfo 2>/dev/null); echo \"</slipway>\"";

/// A host as a shell tells of it.
pub(super) struct BareHost {
    os: String,
    arch: String,
    libc: Option<String>,
    name: String,
    free_bytes: Option<u64>,
    memory_bytes: Option<u64>,
    /// The directory that Slipway would use.
    pub(super) root: String,
}

/// A build of Python.
#[derive(Deserialize)]
pub(super) struct Build {
    os: String,
    arch: String,
    libc: Option<String>,
    pub(super) version: String,
    pub(super) url: String,
    pub(super) sha256: String,
}

/// Looks at a host that has no Python. `root` is its directory for Slipway, if not the usual one.
pub(super) async fn look(machine: &Machine, root: Option<String>) -> Result<BareHost, Fault> {
    let told = run_to_end(machine, &format!("sh -c {}", quoted(LOOK))).await?;
    let inside = told.rsplit_once("<slipway>").map_or("", |(_, rest)| rest);
    let get = |name: &str| {
        let lines = inside.lines().filter_map(|line| line.trim().split_once('='));
        let found = lines.filter(|(key, _)| *key == name).map(|(_, value)| value.trim()).next();
        found.filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let kilobytes = |name| get(name).and_then(|text| text.parse::<u64>().ok()).map(|kb| kb * 1024);
    let home =
        get("home").ok_or_else(|| script_fault("python_missing", "", &Default::default()))?;
    let arch = get("arch").unwrap_or_default();
    Ok(BareHost {
        os: get("os").unwrap_or_default(),
        // macOS says arm64 for what Linux calls aarch64.
        arch: if arch == "arm64" { "aarch64".to_owned() } else { arch },
        libc: get("libc"),
        name: get("name").unwrap_or_default(),
        free_bytes: kilobytes("free"),
        memory_bytes: kilobytes("memory"),
        root: root.unwrap_or_else(|| format!("{home}/.local/share/slipway/v1")),
    })
}

impl BareHost {
    /// The report of what little can be seen.
    pub(super) fn report(&self, fault: &Fault) -> PreflightReport {
        let can_bring = self.build().is_ok();
        let code = "python_missing".to_owned();
        let finding = Finding {
            severity: if can_bring { Severity::Warn } else { Severity::Error },
            subject: finding_subject(&code),
            message: fault.message.clone(),
            fix: if can_bring {
                Text::new(
                    "Slipway brings one of its own, if you agree.",
                    "Slipway передаст свой, если вы согласны.",
                )
            } else {
                fault.fix.clone()
            },
            command: None,
            can_override: false,
            code,
        };
        PreflightReport {
            os: if self.name.is_empty() { self.os.clone() } else { self.name.clone() },
            arch: self.arch.clone(),
            libc: self.libc.clone(),
            cpu: String::new(),
            cores: 0,
            cpu_features: Vec::new(),
            memory_total_bytes: self.memory_bytes.unwrap_or(0),
            memory_available_bytes: 0,
            disk_free_bytes: self.free_bytes.unwrap_or(0),
            inodes_free: None,
            root: self.root.clone(),
            directories: Vec::new(),
            python: None,
            pythons: Vec::new(),
            gpus: Vec::new(),
            cuda: None,
            gpu_processes: Vec::new(),
            containers: Vec::new(),
            ollama: None,
            llama_server: None,
            index_reachable: None,
            forwarding: None,
            clock_skew_s: None,
            findings: vec![finding],
        }
    }

    /// What would be brought, for the question.
    pub(super) fn parts(&self, request: &DeployRequest) -> Vec<Brought> {
        let perhaps = |what| Brought {
            what,
            bytes: None,
            reason: Text::new(
                "If the host cannot fetch it itself.",
                "Если сервер не может загрузить сам.",
            ),
        };
        let mut parts = vec![Brought {
            what: BroughtPart::Python,
            bytes: Some(BUILD_BYTES),
            reason: Text::new("The host has none.", "На сервере его нет."),
        }];
        parts.push(perhaps(BroughtPart::Engine));
        if matches!(request.model, ModelSource::Url { .. } | ModelSource::HuggingFace(_)) {
            parts.push(perhaps(BroughtPart::Model));
        }
        parts
    }

    /// The build for it.
    pub(super) fn build(&self) -> Result<Build, Fault> {
        let other = std::env::var_os(BUILDS_VARIABLE);
        let text = match &other {
            Some(file) => std::fs::read_to_string(file).map_err(|error| builds_fault(&error))?,
            None => BUILDS.to_owned(),
        };
        let builds: Vec<Build> =
            serde_json::from_str(&text).map_err(|error| builds_fault(&error))?;
        let fits = |build: &Build| {
            build.os == self.os && build.arch == self.arch && build.libc == self.libc
        };
        builds.into_iter().find(fits).ok_or_else(|| {
            let words = format!("there is no Python to bring for {} {}", self.os, self.arch);
            script_fault("unsupported_platform", &words, &Default::default())
        })
    }
}

fn builds_fault(error: &dyn std::fmt::Display) -> Fault {
    Fault::invalid(
        Text::new(
            format!("The file named by {BUILDS_VARIABLE} cannot be used: {error}."),
            format!("Файл из {BUILDS_VARIABLE} не подходит: {error}."),
        ),
        Text::new("Correct it, or unset the variable.", "Исправьте его или уберите переменную."),
    )
}

/// Runs a command to its end; all that it said.
pub(super) async fn run_to_end(machine: &Machine, command: &str) -> Result<String, Fault> {
    let mut running = machine.exec(command, Vec::new()).await?;
    let mut said = Vec::new();
    while let Some(output) = running.next().await {
        if let Output::Stdout(bytes) | Output::Stderr(bytes) = output
            && said.len() < 65_536
        {
            said.extend_from_slice(&bytes);
        }
    }
    if machine.is_lost() {
        return Err(slipway_ssh::Error::ConnectionLost.into());
    }
    Ok(String::from_utf8_lossy(&said).into_owned())
}
