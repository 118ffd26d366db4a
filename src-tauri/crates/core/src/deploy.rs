//! Deploys: an engine and a model put on a host in seven visible steps, planned beforehand, looked
//! after and removed again.

mod bare_host;
mod bring;
mod choice;
mod events;
mod facts;
mod fit;
mod following;
mod forwarding;
mod host_work;
mod hub;
mod plan;
mod preflight;
mod request;
mod script;
mod steps;
mod task;
mod upkeep;
mod verify;

pub(crate) use events::ScriptEvent;
pub(crate) use script::{InstalledScript, ScriptRun, Subcommand};

use serde_json::json;
use slipway_protocol::{
    DeployRequest, DeployStep, ErrorCode, Host, HostAddress, HostRef, PlannedDeploy, RequestId,
    TaskKind, TaskRef, TaskResult, TaskSubject, Text,
};

use crate::fault::Fault;
use crate::host::Machine;
use crate::program::Program;
use crate::tasks::TaskContext;
use plan::Depth;
use script::ScriptRun as Run;
use steps::Steps;

/// Kinds of work on a host that shut each other out.
const EXCLUSIVE: [TaskKind; 5] =
    [TaskKind::Deploy, TaskKind::Uninstall, TaskKind::Rollback, TaskKind::Clean, TaskKind::Stop];

impl Program {
    /// Starts a deploy; its steps and its result come as messages. On success the host is connected
    /// over the way that the deploy opened.
    pub async fn deploy_start(&self, request: DeployRequest) -> Result<TaskRef, Fault> {
        request::validate(&request)?;
        let host = self.store().hosts().get(&request.host_id).await?;
        self.check_directory_is_free(&host, &request).await?;
        let subject = self.host_subject(TaskKind::Deploy, &request.host_id);
        let program = self.clone();
        let body = move |context| task::run(program, context, host, request);
        let request_id = self.executor().submit(RequestId::new(), subject, &EXCLUSIVE, body)?;
        Ok(TaskRef { request_id })
    }

    /// Says what a deploy would do, writing nothing; the plan comes as the result.
    pub async fn deploy_plan(&self, request: DeployRequest) -> Result<TaskRef, Fault> {
        request::validate(&request)?;
        let host = self.store().hosts().get(&request.host_id).await?;
        let subject = self.host_subject(TaskKind::Plan, &host.id);
        let program = self.clone();
        let body = move |context: TaskContext| async move {
            let mut steps = Steps::new(&context);
            let machine = program.reach(&context, &host, &mut steps).await?;
            steps.begin(DeployStep::Check);
            let making = plan::make(&program, &context, &machine, &host, &request, Depth::Full);
            let planned = match context.unless_cancelled(making).await {
                Ok(planned) => Ok(planned.told()),
                Err(fault) if fault.code == ErrorCode::PythonMissing => {
                    let root = program.root_for(&host, &request);
                    let bare = bare_host::look(&machine, root).await;
                    bare.map(|bare| PlannedDeploy { report: bare.report(&fault), plan: None })
                }
                Err(fault) => Err(fault),
            };
            let planned = steps.settle(planned)?;
            steps.done(None);
            Ok(TaskResult::Plan(Box::new(planned)))
        };
        let exclusive = [TaskKind::Plan];
        let request_id = self.executor().submit(RequestId::new(), subject, &exclusive, body)?;
        Ok(TaskRef { request_id })
    }

    /// Looks at a host, writing nothing there; the report comes as the result.
    pub async fn host_check(&self, host: HostRef) -> Result<TaskRef, Fault> {
        let host = self.store().hosts().get(&host.host_id).await?;
        let subject = self.host_subject(TaskKind::Check, &host.id);
        let program = self.clone();
        let body = move |context: TaskContext| async move {
            let mut steps = Steps::new(&context);
            steps.begin(DeployStep::Connect);
            let opened = program.opener(&context).open(&host).await;
            let machine = steps.settle(opened)?;
            steps.done(None);
            steps.begin(DeployStep::Check);
            let root = program.script_root(&host);
            let run = Run::new(&context, &machine, root.clone());
            let looking = async {
                let mut probed = preflight::probe(&run, json!({})).await?;
                probed.test_forwarding(&run, &machine).await?;
                Ok::<_, Fault>(probed.report)
            };
            let report = match looking.await {
                Err(fault) if matches!(fault.code, ErrorCode::PythonMissing) => {
                    bare_host::look(&machine, root).await.map(|bare| bare.report(&fault))
                }
                report => report,
            };
            let report = steps.settle(report)?;
            steps.done(None);
            Ok(TaskResult::Check(Box::new(report)))
        };
        let exclusive = [TaskKind::Check];
        let request_id = self.executor().submit(RequestId::new(), subject, &exclusive, body)?;
        Ok(TaskRef { request_id })
    }

    /// The way of the host's connection, if it has one, or else a new one: the first step of whatever
    /// works there.
    async fn reach(
        &self,
        context: &TaskContext,
        host: &Host,
        steps: &mut Steps<'_>,
    ) -> Result<Machine, Fault> {
        steps.begin(DeployStep::Connect);
        let reused = self.connections().machine(&host.id).filter(|open| !open.is_lost());
        let opened = match reused {
            Some(machine) => Ok(machine),
            None => self.opener(context).open(host).await,
        };
        let machine = steps.settle(opened)?;
        steps.done(None);
        Ok(machine)
    }

    /// A second directory beside one that is in use would leave the first one running for ever.
    async fn check_directory_is_free(
        &self,
        host: &Host,
        request: &DeployRequest,
    ) -> Result<(), Fault> {
        let Some(wanted) = &request.directory else { return Ok(()) };
        let moves = host.directory.as_deref() != Some(wanted.trim_end_matches('/'));
        if !moves || self.store().deployments().get(&host.id).await?.is_none() {
            return Ok(());
        }
        let now = host.directory.as_deref().unwrap_or("~/.local/share/slipway/v1");
        Err(Fault::invalid(
            Text::new(
                format!("This server keeps its deployment in {now}."),
                format!("Развёртывание этого сервера находится в {now}."),
            ),
            Text::new(
                "Uninstall it first, then deploy to the other directory.",
                "Сначала удалите его, затем разверните в другом каталоге.",
            ),
        ))
    }

    /// Where the script keeps its files on a host; absent for its own default.
    pub(crate) fn script_root(&self, host: &Host) -> Option<String> {
        match &host.directory {
            Some(directory) => Some(directory.clone()),
            None => (host.address == HostAddress::Local)
                .then(|| self.dir().engine_root().to_string_lossy().into_owned()),
        }
    }

    /// The same for a deploy, which may ask for another place.
    fn root_for(&self, host: &Host, request: &DeployRequest) -> Option<String> {
        let asked = request.directory.as_deref().map(|path| path.trim_end_matches('/').to_owned());
        asked.or_else(|| self.script_root(host))
    }

    pub(crate) fn host_subject(
        &self,
        kind: TaskKind,
        host_id: &slipway_protocol::HostId,
    ) -> TaskSubject {
        TaskSubject { kind, host_id: Some(host_id.clone()), session_id: None, message_id: None }
    }
}
