//! The plan of a deploy: what would be done, decided from what the host has and what was asked.

use serde_json::{Value, json};
use slipway_protocol::{
    Brought, BroughtPart, DeployPlan, DeployRequest, Device, EngineChoice, EngineKind, ErrorCode,
    FitVerdict, Host, ModelSource, PlannedDeploy, Severity, Text,
};

use super::choice::{self, Chosen};
use super::fit::{self, Question};
use super::preflight::{self, Probed};
use super::request::{DEFAULT_PARALLEL, engine_words, model_words};
use super::script::{HubToken, ScriptRun};
use crate::fault::Fault;
use crate::host::Machine;
use crate::program::Program;
use crate::tasks::TaskContext;

/// For the header of a model: over the network a slow hub takes seconds.
const FIT_LIMIT: std::time::Duration = std::time::Duration::from_secs(30);

/// A plan with what it was made from.
pub(super) struct Planned {
    pub(super) probed: Probed,
    pub(super) plan: DeployPlan,
    /// Whether an engine serves what is asked for already.
    pub(super) is_served: bool,
}

impl Planned {
    /// As it crosses to a front end.
    pub(super) fn told(self) -> PlannedDeploy {
        PlannedDeploy { report: self.probed.report, plan: Some(self.plan) }
    }

    /// The model that is served, in the script's words, if this computer has brought it: the host
    /// has no way to the address that was asked for.
    pub(super) fn brought_before(&self) -> Option<Value> {
        let served = self.probed.facts.served().filter(|_| self.is_served)?;
        let loaded = matches!(
            self.plan.request.model,
            ModelSource::Url { .. } | ModelSource::HuggingFace(_)
        );
        match (served.kind.as_str(), &served.sha256) {
            ("uploaded", Some(sum)) if loaded => {
                Some(json!({ "kind": "uploaded", "path": served.path, "sha256": sum }))
            }
            ("path", _) if loaded => Some(json!({ "kind": "path", "path": served.path })),
            _ => None,
        }
    }

    /// Whether a part is brought from this computer.
    pub(super) fn brings(&self, part: BroughtPart) -> bool {
        self.plan.brought.iter().any(|brought| brought.what == part)
    }
}

/// How thoroughly the host is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// For a person who decides: the model's header is read, forwarding is tried.
    Full,
    /// For a deploy of what was deployed last: while that is served, nothing is read twice.
    Known,
}

/// Looks at a host and plans.
pub(super) async fn make(
    program: &Program,
    context: &TaskContext,
    machine: &Machine,
    host: &Host,
    request: &DeployRequest,
    depth: Depth,
) -> Result<Planned, Fault> {
    let root = program.root_for(host, request);
    let run = ScriptRun::new(context, machine, root);
    let hub_url = program.settings().hub_url;
    let model = model_words(&request.model, host.id.is_local(), &hub_url);
    let mut params = json!({ "brief": depth == Depth::Known });
    // An address may hold a secret, and the probe's parameters are visible on the host; the header
    // of a hub's model is read below.
    if matches!(request.model, ModelSource::Practice | ModelSource::HostPath(_))
        || (host.id.is_local() && matches!(request.model, ModelSource::LocalFile(_)))
    {
        params["model"] = model.clone().unwrap_or_default();
    }
    if request.engine.kind().is_some() {
        params["engine"] = engine_words(&request.engine);
    }
    let mut probed = preflight::probe(&run, params).await?;
    let is_served = depth == Depth::Known && probed.facts.served().is_some();
    let chosen = choice::choose(&probed.facts, &request.model, &request.engine);
    let mut brought = Vec::new();
    if brings_engine(&probed, &chosen, machine) {
        probed.soften("no_index_reachable");
        brought.push(Brought {
            what: BroughtPart::Engine,
            bytes: probed.facts.engine_wheel.as_ref().map(|wheel| wheel.bytes),
            reason: Text::new(
                "The host has no way to its package index.",
                "Серверу недоступен индекс пакетов.",
            ),
        });
    }
    if matches!(request.model, ModelSource::LocalFile(_)) && !host.id.is_local() {
        brought.push(Brought {
            what: BroughtPart::Model,
            bytes: local_bytes(&request.model).await,
            reason: Text::new("A file of this computer.", "Файл этого компьютера."),
        });
    }
    let mut fit = None;
    if !is_served {
        if let Some(fault) = unusable(&chosen) {
            probed.add_fault(&fault);
        }
        let device = chosen.device.unwrap_or(Device::Cpu);
        let kind = chosen.engine.kind().unwrap_or(EngineKind::LlamaCpp);
        let question = Question {
            model: model.unwrap_or_default(),
            kind,
            device,
            context_size: request.context_size,
            facts: &probed.facts,
        };
        match estimate(program, context, &run, request, question).await {
            Ok(estimate) => fit = estimate,
            Err(fault) if fault.code == ErrorCode::ModelUnreachable && is_ssh(machine) => {
                brought.push(Brought {
                    what: BroughtPart::Model,
                    bytes: None,
                    reason: Text::new(
                        "The host has no way to the model.",
                        "Серверу недоступна модель.",
                    ),
                });
            }
            Err(fault) if is_about_the_model(fault.code) => probed.add_fault(&fault),
            Err(fault) => tracing::info!(target: "deploy", "no estimate of the memory: {fault}"),
        }
        if let Some(need) = fit.as_ref().and_then(|fit| fit::chosen(fit, request.context_size))
            && need.verdict == FitVerdict::TooBig
        {
            let free = fit.as_ref().and_then(|fit| fit.free_bytes).unwrap_or(0);
            let params = [("needed", need.total_bytes.to_string()), ("free", free.to_string())];
            probed.add_told(Severity::Error, "model_too_big", &params);
        }
        probed.test_forwarding(&run, machine).await?;
    }
    let socket = match probed.report.forwarding {
        Some(found) => found.socket,
        // Not tried again: what is served is reached.
        None => probed.facts.deployment.as_ref().is_some_and(|served| served.socket.is_some()),
    };
    let keeper = probed.facts.keeper(program.settings().use_service_manager).to_owned();
    let plan = DeployPlan {
        request: DeployRequest {
            model: super::request::without_secrets(&request.model),
            ..request.clone()
        },
        engine_label: engine_label(&chosen, &probed),
        engine: chosen.engine,
        reason: chosen.reason,
        engines: chosen.options,
        device: chosen
            .device
            .map(|device| if request.gpu_layers == Some(0) { Device::Cpu } else { device }),
        model_label: model_label(&request.model),
        context_size: request.context_size,
        parallel: request.parallel.unwrap_or(DEFAULT_PARALLEL),
        fit,
        brought,
        directory: probed.report.root.clone(),
        socket,
        keeper,
    };
    Ok(Planned { probed, plan, is_served })
}

/// The estimate of the memory, asked on the machine that has the file.
async fn estimate(
    program: &Program,
    context: &TaskContext,
    run: &ScriptRun<'_>,
    request: &DeployRequest,
    mut question: Question<'_>,
) -> Result<Option<slipway_protocol::Fit>, Fault> {
    let here = ScriptRun::new(context, &Machine::Local, None);
    let asked = match &request.model {
        // It is small, and its file is not written yet.
        ModelSource::Practice | ModelSource::Ollama(_) => return Ok(None),
        ModelSource::LocalFile(path) => {
            question.model = json!({ "kind": "path", "path": path });
            &here
        }
        _ => run,
    };
    let token = program.hub_token().await;
    let token = match request.model {
        ModelSource::HuggingFace(_) => HubToken(token.as_ref()),
        _ => HubToken(None),
    };
    let asking = fit::estimate(asked, question, token);
    match tokio::time::timeout(FIT_LIMIT, asking).await {
        Ok(found) => found.map(Some),
        Err(_) => Ok(None),
    }
}

/// Whether the engine's package has to come from this computer.
fn brings_engine(probed: &Probed, chosen: &Chosen, machine: &Machine) -> bool {
    let pinned = matches!(chosen.engine, EngineChoice::LlamaCpp { binary: None });
    let missing = probed.facts.engine_wheel.as_ref().is_some_and(|wheel| !wheel.installed);
    pinned && missing && is_ssh(machine) && probed.facts.lacks_index()
}

fn is_ssh(machine: &Machine) -> bool {
    matches!(machine, Machine::Ssh(_))
}

/// A chosen engine that cannot serve the model.
fn unusable(chosen: &Chosen) -> Option<Fault> {
    let option = chosen.options.iter().find(|option| Some(option.kind) == chosen.engine.kind())?;
    // What the script finds out better by itself is not judged here.
    let judged = matches!(option.kind, EngineKind::Vllm | EngineKind::Mlx | EngineKind::LlamaCpp);
    (judged && !option.usable).then(|| {
        let (name, why) = (engine_name(option.kind), &option.reason);
        let message = Text::new(
            format!("{name} cannot serve this model here. {}", why.en),
            format!("{name} здесь не подходит для этой модели. {}", why.ru),
        );
        let fix = Text::new(
            "Choose another engine or another form of the model.",
            "Выберите другой движок или другой вид модели.",
        );
        Fault::new(ErrorCode::ModelUnsupported, message, fix, String::new())
    })
}

fn is_about_the_model(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::ModelGated
            | ErrorCode::HubTokenRefused
            | ErrorCode::ModelNotFound
            | ErrorCode::ModelNotGguf
            | ErrorCode::ModelTruncated
            | ErrorCode::ModelUnreachable
    )
}

async fn local_bytes(model: &ModelSource) -> Option<u64> {
    let ModelSource::LocalFile(path) = model else { return None };
    tokio::fs::metadata(path).await.ok().map(|metadata| metadata.len())
}

/// The engine's name as people write it.
pub(super) fn engine_name(kind: EngineKind) -> &'static str {
    match kind {
        EngineKind::LlamaCpp => "llama.cpp",
        EngineKind::Vllm => "vLLM",
        EngineKind::Mlx => "MLX",
        EngineKind::Ollama => "Ollama",
        EngineKind::Container => "container",
        EngineKind::Custom => "custom",
    }
}

fn engine_label(chosen: &Chosen, probed: &Probed) -> String {
    match &chosen.engine {
        EngineChoice::LlamaCpp { binary: Some(binary) } => format!("llama.cpp, {binary}"),
        EngineChoice::LlamaCpp { binary: None } | EngineChoice::Auto => {
            let version = probed.facts.engine_wheel.as_ref().map(|wheel| wheel.version.as_str());
            format!("llama.cpp {}", version.unwrap_or_default()).trim_end().to_owned()
        }
        EngineChoice::Vllm { version } => labelled("vLLM", version.as_deref()),
        EngineChoice::Mlx { version } => labelled("MLX", version.as_deref()),
        EngineChoice::Ollama { .. } => labelled("Ollama", probed.report.ollama.as_deref()),
        EngineChoice::Container(container) => {
            let served = engine_name(container.serves);
            format!("{served}, {}", container.tool.as_deref().unwrap_or("docker"))
        }
        EngineChoice::Custom(custom) => {
            custom.command.first().cloned().unwrap_or_else(|| "custom".to_owned())
        }
    }
}

fn labelled(name: &str, version: Option<&str>) -> String {
    version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
}

fn model_label(model: &ModelSource) -> String {
    let last = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    match model {
        ModelSource::Practice => "practice".to_owned(),
        ModelSource::HostPath(path) | ModelSource::LocalFile(path) => {
            last(path.trim_end_matches('/'))
        }
        ModelSource::Url { url, .. } => last(url.split(['?', '#']).next().unwrap_or_default()),
        ModelSource::HuggingFace(model) => match &model.file {
            Some(file) => last(file),
            None => model.repo.clone(),
        },
        ModelSource::Ollama(name) => name.clone(),
    }
}
