//! The plan of a deploy: what would be done and why, before anything is written.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::deploy::DeployRequest;
use crate::engine::{EngineChoice, EngineKind};
use crate::preflight::PreflightReport;
use crate::text::Text;

/// The command `deploy_plan` reports this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PlannedDeploy {
    /// What the host has.
    pub report: PreflightReport,
    /// What would be done. Absent when the host is too bare to tell: the report says why.
    pub plan: Option<DeployPlan>,
}

/// What computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Device {
    /// The processor.
    Cpu,
    /// A graphics processor.
    Gpu,
}

/// What would be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct DeployPlan {
    /// What was asked for.
    pub request: DeployRequest,
    /// The engine as it would be used; never [`EngineChoice::Auto`].
    pub engine: EngineChoice,
    /// For people, for example `llama.cpp 2026.10.11549`.
    pub engine_label: String,
    /// Why this engine, for example `no graphics card: llama.cpp`.
    pub reason: Text,
    /// Every engine, the chosen one included, best first.
    pub engines: Vec<EngineOption>,
    /// What would compute; absent when only the engine itself knows.
    pub device: Option<Device>,
    /// For people: the model's file, repository or name.
    pub model_label: String,
    /// Tokens that one conversation may use; absent for the model's own.
    pub context_size: Option<u32>,
    /// Answers at once.
    pub parallel: u32,
    /// Whether it fits into the memory; absent when nothing is known of the model yet.
    pub fit: Option<Fit>,
    /// What comes from this computer, because the host has no way to it.
    pub brought: Vec<Brought>,
    /// The directory on the host.
    pub directory: String,
    /// Whether the engine would be closed to other users of the host by a unix socket.
    pub socket: bool,
    /// What would keep the server running: `supervisor`, `systemd` or `launchd`.
    pub keeper: String,
}

/// An engine and whether it can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EngineOption {
    /// Which.
    pub kind: EngineKind,
    /// Whether it can serve this model on this host.
    pub usable: bool,
    /// Why, or why not.
    pub reason: Text,
}

/// Something that is uploaded from this computer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Brought {
    /// What.
    pub what: BroughtPart,
    /// Bytes, if known.
    pub bytes: Option<u64>,
    /// Why.
    pub reason: Text,
}

/// What can be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BroughtPart {
    /// A Python of its own below Slipway's directory.
    Python,
    /// The engine's package.
    Engine,
    /// The model.
    Model,
}

/// Whether a model fits, for several context lengths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Fit {
    /// What it was reckoned for.
    pub device: Device,
    /// Bytes free there; absent when the host does not tell.
    pub free_bytes: Option<u64>,
    /// Bytes in all there.
    pub total_bytes: Option<u64>,
    /// The longest context that the model was trained for, tokens.
    pub context_train: Option<u32>,
    /// For example `Q4_K_M`.
    pub quantisation: Option<String>,
    /// Shortest first; the one that would be used is among them.
    pub contexts: Vec<ContextFit>,
}

/// The need of one context length, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ContextFit {
    /// Tokens.
    pub context_size: u32,
    /// The model itself.
    pub weights_bytes: u64,
    /// Keys and values of the context.
    pub kv_cache_bytes: u64,
    /// Buffers of the computation.
    pub compute_bytes: u64,
    /// The engine's own.
    pub runtime_bytes: u64,
    /// All of it.
    pub total_bytes: u64,
    /// What that means.
    pub verdict: FitVerdict,
}

/// What a need means on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum FitVerdict {
    /// 80 % of the free memory or less.
    Fits,
    /// Just so.
    Tight,
    /// More than is free.
    TooBig,
    /// The free memory is not known.
    Unknown,
}
