//! What other parts of the program may know of the connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_llm::Client;
use slipway_protocol::{ConnectionHistory, ConnectionStatus, ErrorInfo, HostId};
use tokio::sync::{Notify, watch};

use super::history::{self, History};
use crate::clock::now_ms;
use crate::host::Machine;

/// Whether a host's engine can be asked now.
#[derive(Clone)]
pub(crate) enum EngineAccess {
    /// Not yet, or not at the moment, and why.
    NotYet(Option<ErrorInfo>),
    /// Now.
    Ready {
        /// Asks it.
        client: Client,
        /// The model's label.
        model: Option<String>,
    },
    /// The connection ended.
    Ended,
}

/// All connections of this process.
#[derive(Default)]
pub(crate) struct Connections {
    live: Mutex<HashMap<HostId, Live>>,
    histories: Mutex<HashMap<HostId, History>>,
}

struct Live {
    status: ConnectionStatus,
    access: watch::Sender<EngineAccess>,
    machine: Option<Machine>,
    look_again: Arc<Notify>,
}

impl Connections {
    /// Every connection as it is now.
    pub(crate) fn list(&self) -> Vec<ConnectionStatus> {
        let mut all: Vec<_> = self.lock().values().map(|live| live.status.clone()).collect();
        all.sort_by(|a, b| a.host_id.cmp(&b.host_id));
        all
    }

    /// One connection as it is now.
    pub(crate) fn status(&self, host: &HostId) -> Option<ConnectionStatus> {
        self.lock().get(host).map(|live| live.status.clone())
    }

    /// Follows whether a host's engine can be asked; absent when it is not connected at all.
    pub(crate) fn access(&self, host: &HostId) -> Option<watch::Receiver<EngineAccess>> {
        self.lock().get(host).map(|live| live.access.subscribe())
    }

    /// The open way to a host.
    pub(crate) fn machine(&self, host: &HostId) -> Option<Machine> {
        let machine = self.lock().get(host)?.machine.clone()?;
        match &machine {
            Machine::Ssh(session) if session.is_closed() => None,
            _ => Some(machine),
        }
    }

    /// Makes a connection look at its engine at once.
    pub(crate) fn look_again(&self, host: &HostId) {
        if let Some(live) = self.lock().get(host) {
            live.look_again.notify_one();
        }
    }

    /// A connection begins.
    pub(super) fn begin(&self, status: ConnectionStatus) -> Arc<Notify> {
        let look_again = Arc::new(Notify::new());
        let live = Live {
            access: watch::Sender::new(EngineAccess::NotYet(None)),
            machine: None,
            look_again: look_again.clone(),
            status,
        };
        self.history(&live.status.host_id, |history| history.note(&live.status, now_ms()));
        self.lock().insert(live.status.host_id.clone(), live);
        look_again
    }

    /// A connection changed.
    pub(super) fn change(
        &self,
        status: &ConnectionStatus,
        access: Option<EngineAccess>,
        machine: Option<&Machine>,
    ) {
        self.history(&status.host_id, |history| history.note(status, now_ms()));
        if let Some(live) = self.lock().get_mut(&status.host_id) {
            live.status = status.clone();
            live.machine = machine.cloned();
            if let Some(access) = access {
                live.access.send_replace(access);
            }
        }
    }

    /// A connection ended; its last status stays to be seen until the next one begins.
    pub(super) fn end(&self, status: &ConnectionStatus) {
        self.change(status, Some(EngineAccess::Ended), None);
        if let Some(live) = self.lock().get_mut(&status.host_id) {
            live.machine = None;
        }
    }

    /// Takes a sample of an open connection's figures.
    pub(super) fn sample(&self, status: &ConnectionStatus) {
        if history::is_open(status.state) {
            self.history(&status.host_id, |history| history.sample(status, now_ms()));
        }
    }

    /// The last hour of a host's connection.
    pub(super) fn last_hour(&self, host: &HostId) -> ConnectionHistory {
        let mut all = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
        all.get_mut(host).map(|history| history.view(now_ms())).unwrap_or_default()
    }

    /// Forgets a host that is taken off the list.
    pub(crate) fn forget(&self, host: &HostId) {
        self.lock().remove(host);
        self.histories.lock().unwrap_or_else(PoisonError::into_inner).remove(host);
    }

    fn history(&self, host: &HostId, work: impl FnOnce(&mut History)) {
        let mut all = self.histories.lock().unwrap_or_else(PoisonError::into_inner);
        work(all.entry(host.clone()).or_default())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<HostId, Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
