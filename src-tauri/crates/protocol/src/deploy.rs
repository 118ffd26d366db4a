//! Deploys: an engine and a model put on a host in seven visible steps.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::engine::{EngineChoice, EngineKind};
use crate::hub::HubModel;
use crate::id::HostId;
use crate::plan::Device;
use crate::text::Text;

/// The steps, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DeployStep {
    /// Reach the host.
    Connect,
    /// Look at it, writing nothing.
    Check,
    /// Make the directory.
    Directory,
    /// Upload the script (and the model file, if it comes from this computer).
    Upload,
    /// Run it: engine installed, model in place, server started.
    Run,
    /// A real completion through the tunnel.
    Verify,
    /// Record the result.
    Finish,
}

impl DeployStep {
    /// All steps in order.
    pub const ALL: [Self; 7] = [
        Self::Connect,
        Self::Check,
        Self::Directory,
        Self::Upload,
        Self::Run,
        Self::Verify,
        Self::Finish,
    ];
}

/// Where a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Works.
    Running,
    /// Ended well.
    Done,
    /// Ended badly.
    Failed,
}

/// A step changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct StepProgress {
    /// Which.
    pub step: DeployStep,
    /// Where it is.
    pub state: StepState,
    /// When it began, ms since the epoch.
    pub started_at: u64,
    /// How long it took, once ended.
    pub elapsed_ms: Option<u64>,
    /// What there is to know, for example `96 KB, sha256 matches`.
    pub detail: Option<Text>,
    /// What the step does now, with its bytes.
    pub activity: Option<Activity>,
}

/// A part of a step, with its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Activity {
    /// For example `Downloading the model`.
    pub label: Text,
    /// Bytes so far, if it is counted in bytes.
    pub done_bytes: Option<u64>,
    /// Bytes in all, if known.
    pub total_bytes: Option<u64>,
}

/// Where the model comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum ModelSource {
    /// The built-in practice model: proves the set-up, answers nonsense.
    Practice,
    /// A GGUF file that is on the host already.
    HostPath(String),
    /// A GGUF file on this computer, to be uploaded.
    LocalFile(String),
    /// An address to load it from, with its SHA-256 in hex if known.
    Url {
        /// http or https.
        url: String,
        /// Hex digest.
        sha256: Option<String>,
    },
    /// A model of the hub.
    HuggingFace(HubModel),
    /// A model by Ollama's name, for example `qwen3:8b`.
    Ollama(String),
}

/// The commands `deploy_plan`, which only looks, and `deploy_start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeployRequest {
    /// Where to.
    pub host_id: HostId,
    /// What to serve.
    pub model: ModelSource,
    /// With what; the plan decides when left out.
    #[serde(default)]
    pub engine: EngineChoice,
    /// Tokens that one conversation may use; the model's own when absent.
    #[serde(default)]
    pub context_size: Option<u32>,
    /// Answers at once; 4 when absent.
    #[serde(default)]
    pub parallel: Option<u32>,
    /// Layers that the graphics processor computes; the engine's choice when absent.
    #[serde(default)]
    pub gpu_layers: Option<u32>,
    /// Another directory on the host for all that Slipway keeps there; absolute. The one that the
    /// host has, or the usual one, when absent.
    #[serde(default)]
    pub directory: Option<String>,
    /// Codes of findings that stop a deploy and shall not stop this one.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// Whether what the host lacks and cannot fetch (Python, packages, the model) may be brought
    /// from this computer; asked when absent and needed.
    #[serde(default)]
    pub bring: Option<bool>,
}

impl DeployRequest {
    /// A model on a host, all else left to the plan.
    #[must_use]
    pub fn new(host_id: HostId, model: ModelSource) -> Self {
        Self {
            host_id,
            model,
            engine: EngineChoice::Auto,
            context_size: None,
            parallel: None,
            gpu_layers: None,
            directory: None,
            overrides: Vec::new(),
            bring: None,
        }
    }
}

/// What runs on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Deployment {
    /// Where.
    pub host_id: HostId,
    /// For example `llama.cpp`.
    pub engine: String,
    /// Which engine that is.
    pub engine_kind: EngineKind,
    /// The engine's version.
    pub engine_version: String,
    /// The model's label.
    pub model: String,
    /// Whether it is the practice model.
    pub practice: bool,
    /// Tokens of context per slot, once verified.
    pub context_size: Option<u32>,
    /// Where the model came from, so that it can be deployed again.
    pub source: ModelSource,
    /// The engine that was asked for, so that it can be deployed again.
    pub choice: EngineChoice,
    /// The version's name on the host; absent if it was deployed before there were versions.
    pub version: Option<String>,
    /// What keeps it running: `supervisor`, `systemd` or `launchd`.
    pub keeper: Option<String>,
    /// What computes, as the engine says; absent when it does not tell.
    pub device: Option<Device>,
    /// Whether it listens on a unix socket instead of a port of the host.
    pub socket: bool,
    /// When it was deployed, ms since the epoch.
    pub deployed_at: u64,
    /// Time to the first token when it was verified.
    pub first_token_ms: Option<u64>,
    /// Tokens per second when it was verified.
    pub tokens_per_second: Option<f64>,
    /// Tokens of the prompt per second when it was verified.
    pub prompt_tokens_per_second: Option<f64>,
}

/// What a deploy reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct DeployResult {
    /// What runs now.
    pub deployment: Deployment,
    /// Every step with its time.
    pub steps: Vec<StepTiming>,
    /// The whole, milliseconds.
    pub total_ms: u64,
    /// False when nothing had to be installed.
    pub changed: bool,
    /// What the model said in the verifying completion.
    pub sample: String,
}

/// How long a step took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct StepTiming {
    /// Which.
    pub step: DeployStep,
    /// Milliseconds.
    pub elapsed_ms: u64,
}
