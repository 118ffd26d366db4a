//! Connections: a way to a host's engine that is held open, watched, and rebuilt when it drops.

mod backoff;
mod connection;
mod engine;
mod gauges;
mod history;
mod link;
mod registry;
mod route;
mod status;

pub(crate) use backoff::wait_before;
pub(crate) use connection::Persistence;
pub(crate) use engine::prove;
pub(crate) use registry::{Connections, EngineAccess};
pub(crate) use route::{EnginePlace, Route, client as engine_client};
#[cfg(test)]
pub(crate) use status::fresh as fresh_status;

use slipway_protocol::{ConnectionHistory, Host, HostRef, RequestId, TaskKind, TaskRef};

use crate::fault::Fault;
use crate::host::Machine;
use crate::program::Program;

impl Program {
    /// Connects to a host's engine and keeps the connection until it is stopped. A host that is
    /// connected already keeps its task, and looks at its engine again.
    pub async fn connect_start(&self, host: HostRef) -> Result<TaskRef, Fault> {
        let host = self.store().hosts().get(&host.host_id).await?;
        self.connect_over(&host, None, Persistence::OnceReached)
    }

    /// Connects the hosts whose tunnels are to start with the window. Those that cannot be reached
    /// yet are tried until they can.
    pub async fn connect_kept(&self) -> Result<(), Fault> {
        for host in self.store().hosts().list().await?.into_iter().filter(|host| host.keep) {
            if let Err(fault) = self.connect_over(&host, None, Persistence::FromTheStart) {
                tracing::warn!(target: "connect", host_id = %host.id, "not connected: {fault}");
            }
        }
        Ok(())
    }

    /// The last hour of a host's connection.
    #[must_use]
    pub fn connection_history(&self, host: &HostRef) -> ConnectionHistory {
        self.connections().last_hour(&host.host_id)
    }

    /// Ends a connection; that there is none is no error.
    pub fn connect_stop(&self, host: &HostRef) {
        let of_host = |subject: &slipway_protocol::TaskSubject| {
            subject.host_id.as_ref() == Some(&host.host_id)
        };
        if let Some(task) = self.executor().active(TaskKind::Connect, of_host) {
            self.executor().cancel(&task.request_id);
        }
    }

    /// Connects, over an open way if there is one.
    pub(crate) fn connect_over(
        &self,
        host: &Host,
        machine: Option<Machine>,
        persistence: Persistence,
    ) -> Result<TaskRef, Fault> {
        let of_host =
            |subject: &slipway_protocol::TaskSubject| subject.host_id.as_ref() == Some(&host.id);
        if let Some(task) = self.executor().active(TaskKind::Connect, of_host) {
            self.connections().look_again(&host.id);
            return Ok(TaskRef { request_id: task.request_id });
        }
        let subject = self.host_subject(TaskKind::Connect, &host.id);
        let (program, host) = (self.clone(), host.clone());
        let body = move |context| connection::run(program, context, host, machine, persistence);
        let exclusive = [TaskKind::Connect];
        let request_id = self.executor().submit(RequestId::new(), subject, &exclusive, body)?;
        Ok(TaskRef { request_id })
    }
}
