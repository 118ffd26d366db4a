//! The last steps of a deploy: engine and model installed and started, proved by an answer, recorded.

use serde_json::{Value, json};
use slipway_protocol::{DeployResult, DeployStep, Deployment, Device, EngineKind, Text};

use super::{Deploy, show};
use crate::clock::{elapsed_ms, now_ms};
use crate::connect::Route;
use crate::deploy::events::ScriptEvent;
use crate::deploy::host_work::{HostWork, KnownWork};
use crate::deploy::plan::engine_name;
use crate::deploy::request::{DEFAULT_PARALLEL, engine_words, without_secrets};
use crate::deploy::script::{InstalledScript, ScriptRun, Subcommand, quoted};
use crate::deploy::verify::verify;
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::Machine;

/// For a large model to be loaded, seconds.
const READY_LIMIT_S: u32 = 900;

impl Deploy<'_> {
    /// What is installed, in the script's words.
    fn wanted_install(&self) -> Value {
        let engine = self.planned.as_ref().map(|planned| &planned.plan.engine);
        json!({
            "engine": engine_words(engine.unwrap_or(&self.request.engine)),
            "model": self.model,
            "context_size": self.request.context_size,
            "parallel": self.request.parallel.unwrap_or(DEFAULT_PARALLEL),
            "gpu_layers": self.request.gpu_layers,
            "wheels": self.wheels,
            "stage": true,
        })
    }

    /// Step 5.
    pub(super) async fn run_engine(&mut self, machine: &Machine) -> Result<(), Fault> {
        if self.started.is_some() {
            return Ok(());
        }
        let is_first_time = self.steps.begin(DeployStep::Run);
        let script = self.script_now()?;
        let owner = self.program.owner();
        let run =
            ScriptRun::new(self.context, machine, self.program.root_for(self.host, self.request));
        if self.installed.is_none() {
            let mut params = self.wanted_install();
            let mut work = match self.install.take() {
                Some(work) => work,
                None => {
                    let known = &self.plan_now()?.probed.facts.runs;
                    let work = HostWork::begin(&owner, Subcommand::Install, &params, known);
                    self.end_other_work(&run, known, &work).await;
                    work
                }
            };
            let token = self.put_token(machine, &script, &mut params).await?;
            let steps = &mut self.steps;
            let on_event = |event: &ScriptEvent| show(steps, event);
            let installed =
                run.detached(&script, Subcommand::Install, params, &mut work, on_event).await;
            self.install = Some(work);
            if let Some(file) = token {
                machine.remove_file(&file).await;
            }
            self.installed = Some(installed?);
        }
        let begun = self.start.take();
        let planned = self.plan_now()?;
        let params = json!({
            "candidate": true,
            "timeout_s": READY_LIMIT_S,
            "listen": if planned.plan.socket { "socket" } else { "port" },
            "keeper": if self.program.settings().use_service_manager { "auto" } else { "supervisor" },
        });
        // A start that an earlier deploy left was ended above: it is not joined.
        let mut work = begun.unwrap_or_else(|| HostWork::alone(&owner));
        self.start_was_asked = true;
        let steps = &mut self.steps;
        let on_event = |event: &ScriptEvent| show(steps, event);
        let started = run.detached(&script, Subcommand::Start, params, &mut work, on_event).await;
        self.start = Some(work);
        self.started = Some(started?);
        if is_first_time {
            let detail = self.engine_detail();
            self.steps.done(Some(detail));
        }
        Ok(())
    }

    /// Ends what an earlier deploy of this computer left running on the host, if it was about
    /// something else.
    async fn end_other_work(&self, run: &ScriptRun<'_>, known: &[KnownWork], own: &HostWork) {
        let ours = |work: &&KnownWork| work.running && work.owner.as_ref() == Some(&own.owner);
        for work in known.iter().filter(ours).filter(|work| work.id != own.id) {
            tracing::info!(target: "deploy", "ending earlier work on the host: {}", work.id);
            let params = json!({ "run": { "id": work.id } });
            if let Err(fault) = run.over_stdin(Subcommand::Cancel, params, |_| ()).await {
                tracing::warn!(target: "deploy", "earlier work was not ended: {fault}");
            }
        }
    }

    /// The hub's token in a file that only the login can read, for the time of the install.
    pub(super) async fn put_token(
        &self,
        machine: &Machine,
        script: &InstalledScript,
        params: &mut Value,
    ) -> Result<Option<String>, Fault> {
        use secrecy::ExposeSecret;
        if params["model"]["kind"] != json!("huggingface") {
            return Ok(None);
        }
        let Some(token) = self.program.hub_token().await else { return Ok(None) };
        let file = format!("{}/hub-token", script.directory());
        machine.write(token.expose_secret().as_bytes().into(), &file, 0o600, |_, _| ()).await?;
        params["model"]["token_file"] = file.clone().into();
        Ok(Some(file))
    }

    pub(super) fn engine_detail(&self) -> Text {
        let installed = self.installed.as_ref();
        let get = |group: &str, name: &str| {
            let value = installed.map(|data| &data[group][name]);
            value.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let name = engine_name(self.engine_kind());
        Text::verbatim(format!("{name} {}, {}", get("engine", "version"), get("model", "label")))
    }

    pub(super) fn engine_kind(&self) -> EngineKind {
        let planned = self.planned.as_ref().and_then(|planned| planned.plan.engine.kind());
        planned.unwrap_or(EngineKind::LlamaCpp)
    }

    /// Step 6.
    pub(super) async fn verify(&mut self, machine: &Machine) -> Result<(), Fault> {
        if self.verified.is_some() && self.committed {
            return Ok(());
        }
        self.steps.begin(DeployStep::Verify);
        let label = Text::new("Asking for a first answer", "Запрос первого ответа");
        self.steps.activity(label, None);
        let started = self.started.clone().unwrap_or_default();
        self.check_device(&started)?;
        let route = Route::open(machine, &started).await?;
        let settings = self.program.settings();
        let verified = self.context.unless_cancelled(verify(&route, &settings)).await?;
        let run = self.script_run(machine);
        run.installed(&self.script_now()?, Subcommand::Commit, json!({}), |_| ()).await?;
        self.committed = true;
        let detail = verified.speed();
        self.verified = Some(verified);
        self.steps.done(Some(detail));
        Ok(())
    }

    /// A plan for the graphics card that computes on the processor is a failure.
    pub(super) fn check_device(&self, started: &Value) -> Result<(), Fault> {
        let planned = self.planned.as_ref().and_then(|planned| planned.plan.device);
        if planned == Some(Device::Gpu) && started["device"]["used"] == json!("cpu") {
            let detail = started["device"]["detail"].as_str().unwrap_or_default().to_owned();
            return Err(script_fault(
                "gpu_not_used",
                &detail,
                &[("detail".to_owned(), detail.clone())].into(),
            ));
        }
        Ok(())
    }

    /// Step 7.
    pub(super) async fn finish(&mut self, machine: &Machine) -> Result<DeployResult, Fault> {
        self.steps.begin(DeployStep::Finish);
        let installed = self.installed.clone().unwrap_or_default();
        let started = self.started.clone().unwrap_or_default();
        let verified = self.verified.clone().unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let device: Option<Device> =
            serde_json::from_value(started["device"]["used"].clone()).ok().flatten();
        let kind = self.engine_kind();
        let deployment = Deployment {
            host_id: self.host.id.clone(),
            engine: engine_name(kind).to_owned(),
            engine_kind: kind,
            engine_version: text(&installed["engine"]["version"]).unwrap_or_default(),
            model: text(&installed["model"]["label"]).unwrap_or_default(),
            practice: installed["model"]["practice"].as_bool().unwrap_or(false),
            context_size: verified.context_size,
            source: without_secrets(&self.request.model),
            choice: self.request.engine.clone(),
            version: text(&started["version"]),
            keeper: text(&started["keeper"]),
            device,
            socket: started["socket"].is_string(),
            deployed_at: now_ms(),
            first_token_ms: verified.first_token_ms,
            tokens_per_second: verified.tokens_per_second,
            prompt_tokens_per_second: verified.prompt_tokens_per_second,
        };
        if let Some(directory) = &self.request.directory {
            let directory = Some(directory.trim_end_matches('/'));
            self.program.store().hosts().set_directory(&self.host.id, directory).await?;
        }
        self.program.store().deployments().put(&deployment).await?;
        // The packages are installed; what was only on the way is not kept.
        if let (Some(folder), Machine::Ssh(_)) = (&self.wheels, machine) {
            let command = format!("rm -rf -- {}", quoted(folder));
            if let Err(fault) = machine.run_quietly(&command).await {
                tracing::debug!(target: "deploy", "the brought packages stay for now: {fault}");
            }
        }
        self.steps.done(None);
        Ok(DeployResult {
            deployment,
            steps: self.steps.timings(),
            total_ms: elapsed_ms(self.began),
            changed: installed["changed"].as_bool().unwrap_or(true),
            sample: verified.sample,
        })
    }
}
