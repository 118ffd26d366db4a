//! What is done on a host after its deploys: versions, going back, cleaning, stopping, removing, and
//! the engine's own log.

use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};
use slipway_protocol::{
    CleanRequest, Cleaned, CleanedPath, DeployStep, DeployedVersion, EngineKind, EngineLogRequest,
    ErrorCode, Host, HostRef, RequestId, RollbackRequest, RolledBack, Stopped, TaskKind, TaskRef,
    TaskResult, Text, UninstallRequest, Uninstalled, VersionList, VersionRole,
};

use super::EXCLUSIVE;
use super::host_work::HostWork;
use super::plan::engine_name;
use super::script::{InstalledScript, ScriptRun, Subcommand};
use super::steps::Steps;
use super::task::show;
use super::verify::verify;
use crate::clock::elapsed_ms;
use crate::connect::{Persistence, Route};
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::Machine;
use crate::program::Program;
use crate::settings::within;
use crate::tasks::TaskContext;

/// For a large model to be loaded again, seconds.
const READY_LIMIT_S: u32 = 900;

impl Program {
    /// Lists the versions that a host keeps, and what they take.
    pub async fn versions_list(&self, host: HostRef) -> Result<TaskRef, Fault> {
        self.on_host(TaskKind::Versions, &host, &[TaskKind::Versions], |work| async move {
            let data = work.run().over_stdin(Subcommand::Versions, json!({}), |_| ()).await?;
            let clean = json!({ "dry_run": true });
            let unused = work.run().over_stdin(Subcommand::Clean, clean, |_| ()).await?;
            let told: ToldVersions = read(data)?;
            Ok(TaskResult::Versions(told.list(unused["removed_bytes"].as_u64().unwrap_or(0))))
        })
        .await
    }

    /// Goes back to another version; the present one keeps serving if that one does not start.
    pub async fn rollback_start(&self, request: RollbackRequest) -> Result<TaskRef, Fault> {
        let host = HostRef { host_id: request.host_id.clone() };
        self.on_host(TaskKind::Rollback, &host, &EXCLUSIVE, move |work| async move {
            let began = Instant::now();
            let version = request.version;
            let mut steps = Steps::new(&work.context);
            steps.begin(DeployStep::Run);
            let outcome = work.roll_back(version, &mut steps, began).await;
            let rolled = steps.settle(outcome)?;
            steps.done(None);
            let (program, host) = (&work.program, &work.host);
            let connected =
                program.connect_over(host, Some(work.machine), Persistence::OnceReached);
            if let Err(fault) = connected {
                tracing::warn!(target: "deploy", "not connected by itself: {fault}");
            }
            Ok(TaskResult::Rollback(rolled))
        })
        .await
    }

    /// Removes what nothing uses any more, or tells what that is.
    pub async fn clean_start(&self, request: CleanRequest) -> Result<TaskRef, Fault> {
        let host = HostRef { host_id: request.host_id.clone() };
        self.on_host(TaskKind::Clean, &host, &EXCLUSIVE, move |work| async move {
            let params = json!({ "dry_run": request.dry_run });
            let data = work.run().over_stdin(Subcommand::Clean, params, |_| ()).await?;
            let told: ToldCleaned = read(data)?;
            Ok(TaskResult::Clean(Cleaned {
                removed: told.removed,
                removed_bytes: told.removed_bytes,
                dry_run: request.dry_run,
            }))
        })
        .await
    }

    /// Reads the engine's own log as lines of the task; with `follow` until it is cancelled.
    pub async fn engine_log_start(&self, request: EngineLogRequest) -> Result<TaskRef, Fault> {
        within("lines", request.lines, 0, 5000)?;
        let host = HostRef { host_id: request.host_id.clone() };
        self.on_host(TaskKind::EngineLog, &host, &[TaskKind::EngineLog], move |work| async move {
            let params = json!({ "lines": request.lines, "follow": request.follow });
            // Each line is said as a line of the log with the target "engine".
            let said = work.run().over_stdin(Subcommand::Logs, params, |_| ()).await;
            match said {
                Ok(data) if !request.follow => {
                    let lines: ToldLines = read(data)?;
                    for text in lines.lines {
                        tracing::info!(target: "engine", "{text}");
                    }
                    Ok(TaskResult::EngineLog)
                }
                Err(fault) if fault.code != ErrorCode::Cancelled => Err(fault),
                _ => Ok(TaskResult::EngineLog),
            }
        })
        .await
    }

    /// Stops the engine; what is installed stays. The connection ends, since it would start it again.
    pub async fn engine_stop_start(&self, host: HostRef) -> Result<TaskRef, Fault> {
        self.on_host(TaskKind::Stop, &host, &EXCLUSIVE, |work| async move {
            work.program.connect_stop(&HostRef { host_id: work.host.id.clone() });
            let data = work.run().over_stdin(Subcommand::Stop, json!({}), |_| ()).await?;
            let was_running = data["was_running"].as_bool().unwrap_or(false);
            Ok(TaskResult::Stop(Stopped { was_running }))
        })
        .await
    }

    /// Removes everything that Slipway put on a host.
    pub async fn uninstall_start(&self, request: UninstallRequest) -> Result<TaskRef, Fault> {
        let host = HostRef { host_id: request.host_id.clone() };
        self.on_host(TaskKind::Uninstall, &host, &EXCLUSIVE, move |work| async move {
            let mut steps = Steps::new(&work.context);
            steps.begin(DeployStep::Run);
            let params = json!({ "keep_models": request.keep_models });
            let removed = work.run().over_stdin(Subcommand::Uninstall, params, |_| ()).await;
            let data = steps.settle(removed)?;
            let (program, host_id) = (&work.program, &work.host.id);
            program.connect_stop(&HostRef { host_id: host_id.clone() });
            program.store().deployments().remove(host_id).await?;
            program.store().deployments().set_error(host_id, None).await?;
            if !request.keep_models {
                program.store().hosts().set_directory(host_id, None).await?;
            }
            steps.done(Some(Text::new("nothing is left", "ничего не осталось")));
            let removed_bytes = data["removed_bytes"].as_u64().unwrap_or(0);
            Ok(TaskResult::Uninstall(Uninstalled { removed_bytes }))
        })
        .await
    }

    /// Starts a task that works over an open way to a host: the connection's, if there is one.
    async fn on_host<W>(
        &self,
        kind: TaskKind,
        host: &HostRef,
        excludes: &[TaskKind],
        work: impl FnOnce(OnHost) -> W + Send + 'static,
    ) -> Result<TaskRef, Fault>
    where
        W: Future<Output = Result<TaskResult, Fault>> + Send + 'static,
    {
        let host = self.store().hosts().get(&host.host_id).await?;
        let subject = self.host_subject(kind, &host.id);
        let program = self.clone();
        let body = move |context: TaskContext| async move {
            let mut steps = Steps::new(&context);
            let machine = program.reach(&context, &host, &mut steps).await?;
            work(OnHost { program, context, host, machine }).await
        };
        let request_id = self.executor().submit(RequestId::new(), subject, excludes, body)?;
        Ok(TaskRef { request_id })
    }
}

/// A task with an open way to its host.
struct OnHost {
    program: Program,
    context: TaskContext,
    host: Host,
    machine: Machine,
}

impl OnHost {
    fn run(&self) -> ScriptRun<'_> {
        ScriptRun::new(&self.context, &self.machine, self.program.script_root(&self.host))
    }

    async fn roll_back(
        &self,
        version: Option<String>,
        steps: &mut Steps<'_>,
        began: Instant,
    ) -> Result<RolledBack, Fault> {
        let run = self.run();
        let status = run.over_stdin(Subcommand::Versions, json!({}), |_| ()).await?;
        let root: ToldVersions = read(status)?;
        let script = InstalledScript::below(&root.root);
        self.machine.make_dir_all(script.directory()).await?;
        script.upload(&self.machine, |_, _| ()).await?;
        // Named, so that a candidate that was never verified does not count as the version to leave.
        let previous = || root.versions.iter().find(|told| told.role == VersionRole::Previous);
        let wanted = version.or_else(|| previous().map(|told| told.version.clone()));
        let params = json!({ "version": wanted, "timeout_s": READY_LIMIT_S });
        let mut work = HostWork::alone(&self.program.owner());
        let on_event = |event: &super::events::ScriptEvent| show(steps, event);
        let data = run.detached(&script, Subcommand::Rollback, params, &mut work, on_event).await?;
        let started = match &data["start"] {
            Value::Null => run.installed(&script, Subcommand::Start, json!({}), |_| ()).await?,
            started => started.clone(),
        };
        let route = Route::open(&self.machine, &started).await?;
        let verified =
            self.context.unless_cancelled(verify(&route, &self.program.settings())).await?;
        let model = started["model"].as_str().unwrap_or_default().to_owned();
        let version = data["version"].as_str().unwrap_or_default().to_owned();
        self.record(&root, &version, &started, &verified).await?;
        Ok(RolledBack {
            version,
            left: data["left"].as_str().map(str::to_owned),
            model,
            total_ms: elapsed_ms(began),
        })
    }

    /// Notes what runs now.
    async fn record(
        &self,
        known: &ToldVersions,
        version: &str,
        started: &Value,
        verified: &super::verify::Verified,
    ) -> Result<(), Fault> {
        let store = self.program.store();
        let Some(mut deployment) = store.deployments().get(&self.host.id).await? else {
            return Ok(());
        };
        if let Some(told) = known.versions.iter().find(|told| told.version == version) {
            if let Some(engine) = &told.engine {
                deployment.engine_kind = engine.kind;
                deployment.engine = engine_name(engine.kind).to_owned();
                deployment.engine_version = engine.version.clone().unwrap_or_default();
            }
            if let Some(model) = &told.model {
                deployment.model.clone_from(&model.label);
                deployment.practice = model.kind == "practice";
            }
        }
        deployment.version = Some(version.to_owned());
        deployment.keeper = started["keeper"].as_str().map(str::to_owned);
        deployment.device =
            serde_json::from_value(started["device"]["used"].clone()).ok().flatten();
        deployment.socket = started["socket"].is_string();
        deployment.context_size = verified.context_size;
        deployment.first_token_ms = verified.first_token_ms;
        deployment.tokens_per_second = verified.tokens_per_second;
        deployment.prompt_tokens_per_second = verified.prompt_tokens_per_second;
        store.deployments().put(&deployment).await?;
        Ok(())
    }
}

/// The script's answer to `versions`.
#[derive(Deserialize)]
struct ToldVersions {
    root: String,
    versions: Vec<ToldVersion>,
    #[serde(default)]
    total_bytes: u64,
    disk: ToldDisk,
}

#[derive(Deserialize)]
struct ToldDisk {
    free_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct ToldVersion {
    version: String,
    role: VersionRole,
    #[serde(default)]
    damaged: bool,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    running: bool,
    created_at: Option<String>,
    engine: Option<ToldEngine>,
    model: Option<ToldModel>,
    parameters: Option<ToldParameters>,
    model_bytes: Option<u64>,
}

#[derive(Deserialize)]
struct ToldEngine {
    kind: EngineKind,
    version: Option<String>,
}

#[derive(Deserialize)]
struct ToldModel {
    kind: String,
    label: String,
}

#[derive(Deserialize)]
struct ToldParameters {
    context_size: Option<u32>,
}

#[derive(Deserialize)]
struct ToldCleaned {
    removed: Vec<CleanedPath>,
    removed_bytes: u64,
}

#[derive(Deserialize)]
struct ToldLines {
    lines: Vec<String>,
}

impl ToldVersions {
    fn list(self, unused_bytes: u64) -> VersionList {
        VersionList {
            versions: self.versions.into_iter().map(ToldVersion::told).collect(),
            total_bytes: self.total_bytes,
            unused_bytes,
            disk_free_bytes: self.disk.free_bytes,
            directory: self.root,
        }
    }
}

impl ToldVersion {
    fn told(self) -> DeployedVersion {
        let engine = self.engine.as_ref().map(|engine| {
            let version = engine.version.as_deref().unwrap_or_default();
            format!("{} {version}", engine_name(engine.kind)).trim_end().to_owned()
        });
        DeployedVersion {
            usable: self.complete && !self.damaged,
            version: self.version,
            role: self.role,
            running: self.running,
            created_at: self.created_at.as_deref().and_then(millis_of),
            engine,
            model: self.model.map(|model| model.label),
            context_size: self.parameters.and_then(|parameters| parameters.context_size),
            model_bytes: self.model_bytes,
        }
    }
}

/// A time as the script writes it, RFC 3339, in ms since the epoch.
fn millis_of(text: &str) -> Option<u64> {
    let time: jiff::Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}

fn read<T: serde::de::DeserializeOwned>(data: Value) -> Result<T, Fault> {
    serde_json::from_value(data)
        .map_err(|error| script_fault("script_failed", &error.to_string(), &Default::default()))
}
