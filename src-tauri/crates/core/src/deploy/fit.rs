//! Whether a model fits into the memory of a host, by the header of its file.

use serde::Deserialize;
use serde_json::{Value, json};
use slipway_protocol::{ContextFit, Device, EngineKind, Fit, FitVerdict};

use super::facts::Facts;
use super::script::{HubToken, ScriptRun, Subcommand};
use crate::fault::Fault;
use crate::fault_text::script_fault;

/// Bytes of a MiB.
const MIB: u64 = 1024 * 1024;

/// What is asked.
pub(super) struct Question<'a> {
    /// In the script's words; a file of the machine that is asked.
    pub(super) model: Value,
    /// What would serve it.
    pub(super) kind: EngineKind,
    /// Where it would compute.
    pub(super) device: Device,
    /// The context that was asked for, tokens.
    pub(super) context_size: Option<u32>,
    /// The host that would serve it.
    pub(super) facts: &'a Facts,
}

/// The script's answer. See deploy_llm_server.py, "fit".
#[derive(Deserialize)]
struct Told {
    context_train: Option<u32>,
    shape: Shape,
    contexts: Vec<ToldContext>,
}

#[derive(Deserialize)]
struct Shape {
    quantisation: Option<String>,
}

#[derive(Deserialize)]
struct ToldContext {
    context_size: u32,
    parts: Parts,
    verdict: FitVerdict,
}

#[derive(Deserialize)]
struct Parts {
    total: u64,
    weights: u64,
    kv_cache: Option<u64>,
    compute: u64,
    runtime: u64,
}

/// Asks for the estimate, on whichever machine the file is.
pub(super) async fn estimate(
    run: &ScriptRun<'_>,
    question: Question<'_>,
    token: HubToken<'_>,
) -> Result<Fit, Fault> {
    let (free, total) = memory(question.facts, question.device);
    let params = json!({
        "model": question.model,
        "engine": { "kind": name(question.kind) },
        "device": if question.device == Device::Gpu { "gpu" } else { "cpu" },
        "context_size": question.context_size,
        "free_bytes": free,
    });
    let data = run.over_stdin_with(Subcommand::Fit, params, token, |_| ()).await?;
    let told: Told = serde_json::from_value(data).map_err(|error| {
        script_fault("script_failed", &format!("fit: {error}"), &Default::default())
    })?;
    Ok(Fit {
        device: question.device,
        free_bytes: free,
        total_bytes: total,
        context_train: told.context_train,
        quantisation: told.shape.quantisation,
        contexts: told.contexts.iter().map(context).collect(),
    })
}

fn context(told: &ToldContext) -> ContextFit {
    ContextFit {
        context_size: told.context_size,
        weights_bytes: told.parts.weights,
        kv_cache_bytes: told.parts.kv_cache.unwrap_or(0),
        compute_bytes: told.parts.compute,
        runtime_bytes: told.parts.runtime,
        total_bytes: told.parts.total,
        verdict: told.verdict,
    }
}

/// Bytes free and in all where it would compute.
fn memory(facts: &Facts, device: Device) -> (Option<u64>, Option<u64>) {
    if device == Device::Cpu || facts.gpus.iter().all(|gpu| gpu.unified) {
        return (facts.memory.available_bytes, facts.memory.total_bytes);
    }
    let sum = |figures: Vec<u64>| (!figures.is_empty()).then(|| figures.iter().sum::<u64>() * MIB);
    let free = facts.gpus.iter().filter_map(|gpu| gpu.memory_free_mb).collect();
    let total = facts.gpus.iter().filter_map(|gpu| gpu.memory_total_mb).collect();
    (sum(free), sum(total))
}

fn name(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::Vllm => "vllm",
        EngineKind::Mlx => "mlx",
        // The estimate of llama.cpp serves for what is built on it, and for what is not known.
        EngineKind::LlamaCpp | EngineKind::Ollama | EngineKind::Container | EngineKind::Custom => {
            "llama_cpp"
        }
    }
}

/// The estimate for the context that would be served: the one asked for, else the model's own, at
/// most 8192, as the script sets it.
pub(super) fn chosen(fit: &Fit, context_size: Option<u32>) -> Option<&ContextFit> {
    let wanted = context_size.unwrap_or_else(|| fit.context_train.unwrap_or(8192).min(8192));
    let exact = fit.contexts.iter().find(|context| context.context_size == wanted);
    exact.or_else(|| fit.contexts.iter().rev().find(|context| context.context_size <= wanted))
}
