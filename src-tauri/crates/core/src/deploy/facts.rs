//! What the script's probe tells of a host, as it tells it. See deploy_llm_server.py, "probe".

use std::collections::BTreeMap;

use serde::Deserialize;
use slipway_protocol::{Gpu, GpuProcess, Severity};

use super::host_work::KnownWork;

/// The probe's answer.
#[derive(Deserialize)]
pub(super) struct Facts {
    pub(super) os: String,
    pub(super) os_release: String,
    pub(super) arch: String,
    pub(super) libc_version: Option<LibC>,
    pub(super) root: String,
    pub(super) python: Pythons,
    pub(super) disk: Disk,
    pub(super) memory: Memory,
    pub(super) cpu: Cpu,
    #[serde(default)]
    pub(super) gpus: Vec<Gpu>,
    #[serde(default)]
    pub(super) gpu_processes: Vec<GpuProcess>,
    pub(super) cuda: Option<String>,
    pub(super) llama_server: Option<String>,
    #[serde(default)]
    pub(super) containers: Vec<Container>,
    pub(super) ollama: Option<Ollama>,
    pub(super) clock: Option<Clock>,
    pub(super) index_reachable: Option<bool>,
    /// The package index that the host would use.
    pub(super) index_address: Option<String>,
    /// The engine's package for this host; absent where there is none.
    pub(super) engine_wheel: Option<EngineWheel>,
    #[serde(default)]
    pub(super) directories: Vec<Directory>,
    pub(super) services: Option<Services>,
    #[serde(default)]
    pub(super) runs: Vec<KnownWork>,
    pub(super) findings: Vec<ScriptFinding>,
    pub(super) deployment: Option<DeploymentStatus>,
}

/// The C library.
#[derive(Deserialize)]
pub(super) struct LibC {
    pub(super) name: String,
    pub(super) version: Option<String>,
}

/// The interpreters.
#[derive(Deserialize)]
pub(super) struct Pythons {
    pub(super) version: Option<String>,
    #[serde(default)]
    pub(super) pythons: Vec<PythonFacts>,
}

/// An interpreter.
#[derive(Deserialize)]
pub(super) struct PythonFacts {
    pub(super) path: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) venv_works: bool,
    #[serde(default)]
    pub(super) brought: bool,
}

/// The disk below the root.
#[derive(Deserialize)]
pub(super) struct Disk {
    pub(super) free_bytes: Option<u64>,
    pub(super) free_inodes: Option<u64>,
}

/// The memory.
#[derive(Deserialize)]
pub(super) struct Memory {
    pub(super) total_bytes: Option<u64>,
    pub(super) available_bytes: Option<u64>,
}

/// The processor.
#[derive(Deserialize)]
pub(super) struct Cpu {
    pub(super) model: Option<String>,
    pub(super) cores: Option<u32>,
    #[serde(default)]
    pub(super) features: Vec<String>,
}

/// Docker or Podman.
#[derive(Deserialize)]
pub(super) struct Container {
    pub(super) tool: String,
    pub(super) version: Option<String>,
    pub(super) usable: bool,
    /// Whether it hands cards over; absent where the tool does not tell.
    pub(super) gpu: Option<bool>,
}

/// The host's Ollama.
#[derive(Deserialize)]
pub(super) struct Ollama {
    pub(super) path: Option<String>,
    pub(super) serving: Option<String>,
    pub(super) version: Option<String>,
}

/// The host's clock.
#[derive(Deserialize)]
pub(super) struct Clock {
    pub(super) skew_s: Option<f64>,
}

/// The package of the pinned engine.
#[derive(Clone, Deserialize)]
pub(super) struct EngineWheel {
    pub(super) package: String,
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) bytes: u64,
    pub(super) version: String,
    pub(super) installed: bool,
}

/// Another place with room.
#[derive(Deserialize)]
pub(super) struct Directory {
    pub(super) path: String,
    pub(super) free_bytes: u64,
    pub(super) total_bytes: Option<u64>,
}

/// What can keep a server running.
#[derive(Deserialize)]
pub(super) struct Services {
    pub(super) systemd_user: Option<String>,
    pub(super) linger: Option<bool>,
    #[serde(default)]
    pub(super) launchd: bool,
}

/// What is deployed.
#[derive(Deserialize)]
pub(super) struct DeploymentStatus {
    pub(super) state: String,
    pub(super) model: Option<ServedModel>,
    /// The unix socket that it listens on, if it does.
    pub(super) socket: Option<String>,
}

/// A model file on the host.
#[derive(Clone, Deserialize)]
pub(super) struct ServedModel {
    /// As the install was told it.
    #[serde(default)]
    pub(super) kind: String,
    pub(super) path: Option<String>,
    /// Not known of a file that was on the host already.
    pub(super) sha256: Option<String>,
}

/// A line of the report.
#[derive(Deserialize)]
pub(super) struct ScriptFinding {
    pub(super) severity: Severity,
    pub(super) code: String,
    #[serde(default)]
    pub(super) message: String,
    #[serde(default)]
    pub(super) fix: String,
    #[serde(default)]
    pub(super) params: BTreeMap<String, String>,
}

impl Facts {
    /// The model file that an engine holds open now.
    pub(super) fn served(&self) -> Option<&ServedModel> {
        let ready = self.deployment.as_ref().filter(|deployment| deployment.state == "ready");
        ready.and_then(|deployment| deployment.model.as_ref())
    }

    /// Whether something computes graphics here that an engine can use.
    pub(super) fn has_gpu(&self) -> bool {
        !self.gpus.is_empty()
    }

    /// Whether a card of this maker is here.
    pub(super) fn has_gpu_of(&self, vendor: &str) -> bool {
        self.gpus.iter().any(|gpu| gpu.vendor == vendor)
    }

    /// What would keep a server running.
    pub(super) fn keeper(&self, may_use_services: bool) -> &'static str {
        let Some(services) = self.services.as_ref().filter(|_| may_use_services) else {
            return "supervisor";
        };
        let runs = matches!(services.systemd_user.as_deref(), Some("running" | "degraded"));
        if services.launchd {
            "launchd"
        } else if runs && services.linger == Some(true) {
            "systemd"
        } else {
            "supervisor"
        }
    }

    /// The host is known to have no way to its package index.
    pub(super) fn lacks_index(&self) -> bool {
        self.index_reachable == Some(false)
            || self.findings.iter().any(|finding| finding.code == "no_index_reachable")
    }
}
