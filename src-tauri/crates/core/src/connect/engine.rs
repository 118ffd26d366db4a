//! The engine behind a connection: where it listens, starting it, and the proof that it answers.

use std::time::Duration;

use serde_json::{Value, json};
use slipway_llm::{ChatMessage, ChatRequest, Client, Dialect, Role};
use slipway_protocol::{EngineKind, Host, TaskKind, TaskSubject};
use slipway_ssh::Forwarder;

use super::route::{EnginePlace, client};
use crate::deploy::{InstalledScript, ScriptRun, Subcommand};
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::Machine;
use crate::program::Program;
use crate::tasks::TaskContext;

/// Limit of the one-token completion that ends the connecting.
const PROOF_LIMIT: Duration = Duration::from_secs(120);

/// An engine and the local port that leads to it.
pub(super) struct Engine {
    pub(super) client: Client,
    pub(super) model: Option<String>,
    /// Where it serves its metrics, if it does.
    pub(super) metrics_path: Option<String>,
    /// Whether it tells of its slots, as llama.cpp does.
    pub(super) tells_slots: bool,
    local_port: u16,
}

impl Engine {
    /// Its address on this computer.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.local_port)
    }
}

/// Asks the host where its engine listens, starting it if it is not running, and leads the tunnel
/// there.
pub(super) async fn find(
    program: &Program,
    context: &TaskContext,
    host: &Host,
    machine: &Machine,
    forwarder: Option<&Forwarder>,
) -> Result<Engine, Fault> {
    let run = ScriptRun::new(context, machine, program.script_root(host));
    let mut data = run.over_stdin(Subcommand::Status, json!({}), |_| ()).await?;
    if data["deployed"] != json!(true) {
        return Err(script_fault("not_deployed", "", &Default::default()));
    }
    if !matches!(data["state"].as_str(), Some("ready" | "loading" | "starting")) {
        data = start(program, host, machine, &run).await?;
    }
    let place = EnginePlace::read(machine, &data).await?;
    let settings = program.settings();
    let local_port = match (forwarder, machine) {
        (Some(forwarder), Machine::Ssh(session)) => {
            forwarder.set_patience(Duration::from_secs(settings.tunnel_wait_s.into()));
            forwarder.attach(session.clone(), place.target.clone());
            forwarder.local_port()
        }
        _ => place.local_port()?,
    };
    let deployment = program.store().deployments().get(&host.id).await?;
    let kind = deployment.map_or(EngineKind::Custom, |deployment| deployment.engine_kind);
    let client = client(local_port, &place, &settings)?.with_dialect(dialect_of(kind));
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(Engine {
        client,
        model: place.model,
        metrics_path: text(&data["endpoints"]["metrics"]),
        tells_slots: data["endpoints"]["load"] == json!("/slots"),
        local_port,
    })
}

/// How an engine is spoken to. An image or a program of the person's own speaks what all know.
fn dialect_of(kind: EngineKind) -> Dialect {
    match kind {
        EngineKind::LlamaCpp => Dialect::LlamaCpp,
        EngineKind::Vllm => Dialect::Vllm,
        EngineKind::Mlx => Dialect::Mlx,
        EngineKind::Ollama => Dialect::Ollama,
        EngineKind::Container | EngineKind::Custom => Dialect::OpenAi,
    }
}

/// After a restart of the host, or when the engine gave up.
async fn start(
    program: &Program,
    host: &Host,
    machine: &Machine,
    run: &ScriptRun<'_>,
) -> Result<Value, Fault> {
    // What a deploy or an uninstall has just stopped is theirs to start.
    let here = |subject: &TaskSubject| subject.host_id.as_ref() == Some(&host.id);
    for kind in [TaskKind::Deploy, TaskKind::Uninstall, TaskKind::Rollback, TaskKind::Stop] {
        if program.executor().active(kind, here).is_some() {
            return Err(slipway_llm::Error::ConnectionRefused.into());
        }
    }
    tracing::info!(target: "connect", "the engine does not run: starting it");
    let probe = run.over_stdin(Subcommand::Probe, json!({}), |_| ()).await?;
    let script = InstalledScript::below(probe["root"].as_str().unwrap_or_default());
    machine.make_dir_all(script.directory()).await?;
    script.upload(machine, |_, _| ()).await?;
    run.installed(&script, Subcommand::Start, json!({}), |_| ()).await
}

/// One token, so that "connected" means that it answers.
pub(crate) async fn prove(client: &Client) -> Result<(), Fault> {
    let mut request = ChatRequest::new(vec![ChatMessage::new(Role::User, "Hi")]);
    request.max_tokens = Some(1);
    match tokio::time::timeout(PROOF_LIMIT, client.complete(&request)).await {
        Ok(answer) => Ok(answer.map(|_| ())?),
        Err(_) => Err(slipway_llm::Error::FirstTokenTimeout.into()),
    }
}
