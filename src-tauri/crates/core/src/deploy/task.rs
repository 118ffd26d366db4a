//! One deploy, from the first word to the recorded result. What is done stays done: when the link
//! drops, the deploy reaches the host again and goes on with what is left.

mod prepare;
mod serve;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slipway_protocol::{
    DeployRequest, DeployResult, DeployStep, ErrorCode, Host, ModelSource, TaskResult, Text,
};

use super::events::ScriptEvent;
use super::host_work::HostWork;
use super::plan::Planned;
use super::script::{InstalledScript, ScriptRun, Subcommand};
use super::steps::Steps;
use super::verify::Verified;
use crate::connect::{Persistence, wait_before};
use crate::fault::Fault;
use crate::host::Machine;
use crate::program::Program;
use crate::tasks::TaskContext;

/// How long a host that went away is tried before the deploy gives up. What runs there goes on.
const AWAY_LIMIT: Duration = Duration::from_secs(300);
/// For going back to the version before: it has to be loaded again.
const UNDO_LIMIT: Duration = Duration::from_secs(240);
/// The same when the user cancelled: it goes on at the host, and is not waited for.
const CANCELLED_UNDO_LIMIT: Duration = Duration::from_millis(1200);

/// The body of the task.
pub(super) async fn run(
    program: Program,
    context: TaskContext,
    host: Host,
    request: DeployRequest,
) -> Result<TaskResult, Fault> {
    let mut deploy = Deploy::new(&program, &context, &host, &request);
    let outcome = deploy.carry_out().await;
    match deploy.steps.settle(outcome) {
        Ok((result, machine)) => {
            let host = program.store().hosts().get(&host.id).await?;
            // Already logged in: the connection takes this way over, and no question is asked twice.
            if let Err(fault) = program.connect_over(&host, Some(machine), Persistence::OnceReached)
            {
                tracing::warn!(target: "deploy", "not connected by itself: {fault}");
            }
            Ok(TaskResult::Deploy(Box::new(result)))
        }
        Err(fault) => {
            if fault.code != ErrorCode::Cancelled {
                program.store().deployments().set_error(&host.id, Some(&fault.info())).await?;
            }
            Err(fault)
        }
    }
}

/// A deploy and what of it is done.
struct Deploy<'a> {
    program: &'a Program,
    context: &'a TaskContext,
    host: &'a Host,
    request: &'a DeployRequest,
    steps: Steps<'a>,
    began: Instant,
    /// The user agreed to bring what the host lacks.
    agreed: bool,
    planned: Option<Planned>,
    script: Option<InstalledScript>,
    script_is_there: bool,
    /// The folder on the host with the engine's package, if it was brought.
    wheels: Option<String>,
    /// The model in the script's words, once it is where it has to be.
    model: Option<Value>,
    install: Option<HostWork>,
    installed: Option<Value>,
    start: Option<HostWork>,
    /// Whether an engine was told to start.
    start_was_asked: bool,
    started: Option<Value>,
    verified: Option<Verified>,
    committed: bool,
    /// Whether work on the host was lost once already.
    lost_work: bool,
}

impl<'a> Deploy<'a> {
    fn new(
        program: &'a Program,
        context: &'a TaskContext,
        host: &'a Host,
        request: &'a DeployRequest,
    ) -> Self {
        Self {
            program,
            context,
            host,
            request,
            steps: Steps::new(context),
            began: Instant::now(),
            agreed: false,
            planned: None,
            script: None,
            script_is_there: false,
            wheels: None,
            model: None,
            install: None,
            installed: None,
            start: None,
            start_was_asked: false,
            started: None,
            verified: None,
            committed: false,
            lost_work: false,
        }
    }

    /// Works until it is done, over as many links as that takes.
    async fn carry_out(&mut self) -> Result<(DeployResult, Machine), Fault> {
        self.steps.begin(DeployStep::Connect);
        let mut machine = self.reach().await?;
        self.steps.done(None);
        loop {
            match self.work(&machine).await {
                Ok(result) => return Ok((result, machine)),
                Err(fault) if self.is_cut_off(&machine, &fault) => {
                    machine = self.reach_again(fault).await?;
                    // Whatever ended the link may have ended the engine.
                    if !self.committed && self.started.take().is_some() {
                        self.start = None;
                    }
                }
                // The host was restarted: what it was at is begun anew, once.
                Err(fault) if fault.code == ErrorCode::HostWorkLost && !self.lost_work => {
                    tracing::warn!(target: "deploy", "{}", fault.message.en);
                    self.lost_work = true;
                    (self.install, self.start) = (None, None);
                }
                Err(fault) => {
                    self.undo(&machine, &fault).await;
                    return Err(fault);
                }
            }
        }
    }

    async fn reach(&self) -> Result<Machine, Fault> {
        // A file of this computer goes over a connection of its own: the words of chats do not wait
        // in line behind gigabytes.
        let bulk = matches!(self.request.model, ModelSource::LocalFile(_));
        match self.program.connections().machine(&self.host.id).filter(|_| !bulk) {
            Some(machine) if !machine.is_lost() => Ok(machine),
            _ => self.program.opener(self.context).open(self.host).await,
        }
    }

    fn is_cut_off(&self, machine: &Machine, fault: &Fault) -> bool {
        let cancelled = self.context.token().is_cancelled() || fault.code == ErrorCode::Cancelled;
        !cancelled && machine.is_lost()
    }

    /// Tries a host that went away until it is back.
    async fn reach_again(&mut self, lost: Fault) -> Result<Machine, Fault> {
        tracing::warn!(target: "deploy", "the link dropped ({lost}): reaching the host again");
        let label = Text::new(
            "The link dropped; reaching the host again. What runs there goes on.",
            "Связь прервалась, подключаемся снова. На сервере работа продолжается.",
        );
        let began = Instant::now();
        for attempt in 1.. {
            self.steps.activity(label.clone(), None);
            match self.program.opener(self.context).open(self.host).await {
                Ok(machine) => return Ok(machine),
                Err(fault) if fault.is_transient() && began.elapsed() < AWAY_LIMIT => {
                    let wait = tokio::time::sleep(wait_before(attempt));
                    let waiting = async {
                        wait.await;
                        Ok(())
                    };
                    self.context.unless_cancelled(waiting).await?;
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(lost)
    }

    /// All that is left to do, over one link.
    async fn work(&mut self, machine: &Machine) -> Result<DeployResult, Fault> {
        self.check(machine).await?;
        self.make_directory(machine).await?;
        self.upload(machine).await?;
        self.run_engine(machine).await?;
        self.verify(machine).await?;
        self.finish(machine).await
    }

    fn script_run<'m>(&'m self, machine: &'m Machine) -> ScriptRun<'m> {
        ScriptRun::new(self.context, machine, self.program.root_for(self.host, self.request))
    }

    /// Takes back what counts only once it was verified, and goes back to what ran before. A start that
    /// fails or is cancelled does so by itself, on the host.
    async fn undo(&self, machine: &Machine, fault: &Fault) {
        if self.committed || self.installed.is_none() || machine.is_lost() {
            return;
        }
        let Ok(script) = self.script_now() else { return };
        let cancelled = fault.code == ErrorCode::Cancelled || self.context.token().is_cancelled();
        let installed = self.installed.as_ref();
        let staged = installed.is_some_and(|data| data["candidate"] == json!(true));
        let already = self.started.as_ref().map(|data| data["already_running"] == json!(true));
        let (subcommand, params) = if staged && self.started.is_some() {
            let timeout_s = UNDO_LIMIT.as_secs();
            (Subcommand::Rollback, json!({ "timeout_s": timeout_s, "only_candidate": true }))
        } else if self.start_was_asked && already == Some(false) {
            (Subcommand::Stop, json!({}))
        } else {
            return;
        };
        // The task's own token may be cancelled, and this has to be done all the same.
        let uncancelled = self.context.uncancelled();
        let root = self.program.root_for(self.host, self.request);
        let run = ScriptRun::new(&uncancelled, machine, root);
        let mut work = HostWork::alone(&self.program.owner());
        let undoing = run.detached(&script, subcommand, params, &mut work, |_| ());
        let limit = if cancelled { CANCELLED_UNDO_LIMIT } else { UNDO_LIMIT };
        match tokio::time::timeout(limit, undoing).await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => tracing::warn!(target: "deploy", "not taken back: {fault}"),
            Err(_) => tracing::info!(target: "deploy", "taking back goes on at the host"),
        }
    }
}

fn is_ssh(machine: &Machine) -> bool {
    matches!(machine, Machine::Ssh(_))
}

/// Shows the script's progress as the step's activity.
pub(super) fn show(steps: &mut Steps<'_>, event: &ScriptEvent) {
    let ScriptEvent::Progress { stage, text, done, total } = event else {
        return;
    };
    let (label, bytes) = match stage.as_str() {
        "engine" => (Text::new("Installing the engine", "Установка движка"), true),
        "model" => (Text::new("Downloading the model", "Загрузка модели"), true),
        "verify_file" => (Text::new("Checking the file", "Проверка файла"), true),
        "load" => (Text::new("Loading the model", "Загрузка модели в память"), false),
        _ => (Text::verbatim(text.clone()), true),
    };
    steps.activity(label, bytes.then_some((*done, *total)));
}
