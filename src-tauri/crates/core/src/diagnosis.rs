//! Diagnosis: every link of the way to an engine, looked at in order until one is broken.

mod engine;
mod report;
mod way;

use slipway_protocol::{
    Diagnosis, DiagnosisLink, HostAddress, HostRef, LinkState, RequestId, TaskKind, TaskRef,
    TaskResult, Text,
};

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::host::Machine;
use crate::program::Program;
use report::Report;

impl Program {
    /// Finds out which link of the way to a host's engine is broken, writing nothing anywhere. The
    /// findings come as messages and as the result; a broken link is not a failure of the task.
    pub async fn host_diagnose(&self, host: HostRef) -> Result<TaskRef, Fault> {
        let host = self.store().hosts().get(&host.host_id).await?;
        let subject = self.host_subject(TaskKind::Diagnose, &host.id);
        let program = self.clone();
        let body = move |context: crate::tasks::TaskContext| async move {
            let mut report = Report::new(&context);
            let open = match program.connections().machine(&host.id) {
                Some(machine) => way::of_the_connection(&mut report, machine).await,
                None => None,
            };
            let borrowed = open.is_some();
            let machine = match (&host.address, open) {
                (HostAddress::Local, _) => {
                    skip_the_way(&mut report);
                    Some(Machine::Local)
                }
                (HostAddress::Ssh(_), Some(machine)) => Some(machine),
                (HostAddress::Ssh(address), None) => {
                    way::anew(&program, &context, &host, address, &mut report).await?
                }
            };
            if let Some(machine) = machine {
                let looking = engine::look(&program, &context, &host, &machine, &mut report);
                let looked = context.unless_cancelled(looking).await;
                if let (Machine::Ssh(session), false) = (&machine, borrowed) {
                    session.disconnect().await;
                }
                looked?;
            }
            let links = report.finish();
            Ok(TaskResult::Diagnose(Diagnosis { host_id: host.id.clone(), at: now_ms(), links }))
        };
        let exclusive = [TaskKind::Diagnose];
        let request_id = self.executor().submit(RequestId::new(), subject, &exclusive, body)?;
        Ok(TaskRef { request_id })
    }
}

/// This computer needs no way to itself.
fn skip_the_way(report: &mut Report<'_>) {
    for link in [
        DiagnosisLink::Network,
        DiagnosisLink::Name,
        DiagnosisLink::Port,
        DiagnosisLink::Ssh,
        DiagnosisLink::Login,
        DiagnosisLink::Forwarding,
    ] {
        let message = Text::new("Not needed on this computer.", "На этом компьютере не нужно.");
        report.found(link, LinkState::Skipped, message);
    }
}
