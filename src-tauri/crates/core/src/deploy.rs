//! Deploys: an engine and a model put on a host in seven visible steps, looked at beforehand and
//! removed again.

mod events;
mod preflight;
mod script;
mod steps;
mod task;
mod verify;

pub(crate) use script::{InstalledScript, ScriptRun, Subcommand};

use slipway_protocol::{
    DeployRequest, DeployStep, HostRef, RequestId, TaskKind, TaskRef, TaskResult, TaskSubject,
    Text, Uninstalled,
};

use crate::fault::Fault;
use crate::program::Program;
use script::ScriptRun as Run;
use steps::Steps;

/// Kinds of work on a host that shut each other out.
const EXCLUSIVE: [TaskKind; 2] = [TaskKind::Deploy, TaskKind::Uninstall];

impl Program {
    /// Starts a deploy; its steps and its result come as messages. On success the host is connected
    /// over the way that the deploy opened.
    pub async fn deploy_start(&self, request: DeployRequest) -> Result<TaskRef, Fault> {
        task::validate(&request)?;
        let host = self.store().hosts().get(&request.host_id).await?;
        let subject = self.host_subject(TaskKind::Deploy, &request.host_id);
        let program = self.clone();
        let body = move |context| task::run(program, context, host, request);
        let request_id = self.executor().submit(RequestId::new(), subject, &EXCLUSIVE, body)?;
        Ok(TaskRef { request_id })
    }

    /// Looks at a host, writing nothing there; the report comes as the result.
    pub async fn host_check(&self, host: HostRef) -> Result<TaskRef, Fault> {
        let host = self.store().hosts().get(&host.host_id).await?;
        let subject = self.host_subject(TaskKind::Check, &host.id);
        let program = self.clone();
        let body = move |context| async move {
            let mut steps = Steps::new(&context);
            steps.begin(DeployStep::Connect);
            let opened = program.opener(&context).open(&host).await;
            let machine = steps.settle(opened)?;
            steps.done(None);
            steps.begin(DeployStep::Check);
            let root = program.script_root(&host);
            let probed = preflight::probe(&Run::new(&context, &machine, root), None, None).await;
            let report = steps.settle(probed)?.report;
            steps.done(None);
            Ok(TaskResult::Check(report))
        };
        let exclusive = [TaskKind::Check];
        let request_id = self.executor().submit(RequestId::new(), subject, &exclusive, body)?;
        Ok(TaskRef { request_id })
    }

    /// Removes everything that Slipway put on a host.
    pub async fn uninstall_start(&self, host: HostRef) -> Result<TaskRef, Fault> {
        let host = self.store().hosts().get(&host.host_id).await?;
        let subject = self.host_subject(TaskKind::Uninstall, &host.id);
        let program = self.clone();
        let body = move |context: crate::tasks::TaskContext| async move {
            let mut steps = Steps::new(&context);
            steps.begin(DeployStep::Connect);
            // The connection would see its engine go and try to bring it back.
            let reused = program.connections().machine(&host.id);
            let opened = match reused {
                Some(machine) => Ok(machine),
                None => program.opener(&context).open(&host).await,
            };
            let machine = steps.settle(opened)?;
            steps.done(None);
            steps.begin(DeployStep::Run);
            let run = Run::new(&context, &machine, program.script_root(&host));
            let params = serde_json::json!({});
            let removed = run.over_stdin(Subcommand::Uninstall, params, |_| ()).await;
            let data = steps.settle(removed)?;
            program.connect_stop(&HostRef { host_id: host.id.clone() });
            program.store().deployments().remove(&host.id).await?;
            program.store().deployments().set_error(&host.id, None).await?;
            steps.done(Some(Text::new("nothing is left", "ничего не осталось")));
            let removed_bytes = data["removed_bytes"].as_u64().unwrap_or(0);
            Ok(TaskResult::Uninstall(Uninstalled { removed_bytes }))
        };
        let request_id = self.executor().submit(RequestId::new(), subject, &EXCLUSIVE, body)?;
        Ok(TaskRef { request_id })
    }

    /// Where the script keeps its files on a host; absent for its own default.
    pub(crate) fn script_root(&self, host: &slipway_protocol::Host) -> Option<String> {
        host.id.is_local().then(|| self.dir().engine_root().to_string_lossy().into_owned())
    }

    pub(crate) fn host_subject(
        &self,
        kind: TaskKind,
        host_id: &slipway_protocol::HostId,
    ) -> TaskSubject {
        TaskSubject { kind, host_id: Some(host_id.clone()), session_id: None, message_id: None }
    }
}
