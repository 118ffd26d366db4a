//! Hosts: their names and addresses, and how a host is reached to run things on it.

pub(crate) mod address;
mod local;
mod machine;
mod open;
mod ssh_config;

pub(crate) use machine::{Machine, Output, Running, sha256};
pub(crate) use open::{OpenStage, Opener};

use slipway_protocol::{
    Host, HostAdd, HostAddress, HostId, HostKeep, HostRef, HostRename, HostSuggestion, HostView,
    TaskKind, Text,
};

use crate::clock::now_ms;
use crate::fault::Fault;
use crate::program::Program;

impl Program {
    /// Every host with what is known of it.
    pub async fn host_list(&self) -> Result<Vec<HostView>, Fault> {
        Ok(self.store().hosts().views().await?)
    }

    /// Adds a host from the one line that people type. Nothing is dialled yet.
    pub async fn host_add(&self, add: HostAdd) -> Result<Host, Fault> {
        let resolved = address::resolve(&add).await?;
        if resolved.address == HostAddress::Local {
            return Ok(self.store().hosts().get(&HostId::local()).await?);
        }
        let host = Host {
            id: HostId::new(),
            name: address::valid_name(&resolved.name)?,
            address: resolved.address,
            created_at: now_ms(),
            keep: false,
            directory: None,
        };
        self.store().hosts().insert(&host).await?;
        tracing::info!(target: "host", host_id = %host.id, "added {}", host.name);
        Ok(host)
    }

    /// Gives a host another name.
    pub async fn host_rename(&self, rename: HostRename) -> Result<Host, Fault> {
        let name = address::valid_name(&rename.name)?;
        Ok(self.store().hosts().rename(&rename.host_id, &name).await?)
    }

    /// Says whether a host's tunnel starts with the window.
    pub async fn host_keep(&self, keep: HostKeep) -> Result<Host, Fault> {
        Ok(self.store().hosts().keep(&keep.host_id, keep.keep).await?)
    }

    /// Takes a host off the list; what runs on it stays. It can be restored.
    pub async fn host_remove(&self, host: HostRef) -> Result<(), Fault> {
        if host.host_id.is_local() {
            return Err(Fault::invalid(
                Text::new(
                    "This computer is always on the list.",
                    "Этот компьютер всегда в списке.",
                ),
                Text::new("Uninstall from it instead.", "Вместо этого удалите с него Slipway."),
            ));
        }
        let of_host = |subject: &slipway_protocol::TaskSubject| {
            subject.host_id.as_ref() == Some(&host.host_id)
        };
        for kind in [
            TaskKind::Connect,
            TaskKind::Deploy,
            TaskKind::Check,
            TaskKind::Plan,
            TaskKind::Hub,
            TaskKind::Versions,
            TaskKind::Rollback,
            TaskKind::Clean,
            TaskKind::EngineLog,
            TaskKind::Diagnose,
        ] {
            if let Some(task) = self.executor().active(kind, of_host) {
                self.executor().cancel(&task.request_id);
            }
        }
        self.store().hosts().remove(&host.host_id).await?;
        self.connections().forget(&host.host_id);
        Ok(())
    }

    /// Puts a removed host back.
    pub async fn host_restore(&self, host: HostRef) -> Result<Host, Fault> {
        Ok(self.store().hosts().restore(&host.host_id).await?)
    }

    /// The aliases of `~/.ssh/config` with what they stand for.
    pub async fn host_suggestions(&self) -> Vec<HostSuggestion> {
        ssh_config::suggestions().await
    }

    /// A host by the name that a person gave it.
    pub async fn host_by_name(&self, name: &str) -> Result<Host, Fault> {
        let hosts = self.store().hosts();
        if name == HostId::local().as_str() {
            return Ok(hosts.get(&HostId::local()).await?);
        }
        match hosts.by_name(name).await {
            Err(slipway_store::Error::NotFound { .. }) => Err(Fault::invalid(
                Text::new(
                    format!("There is no server named {name}."),
                    format!("Сервера с именем {name} нет."),
                ),
                Text::new(
                    "See the list: slipway host list",
                    "Посмотрите список: slipway host list",
                ),
            )),
            found => Ok(found?),
        }
    }
}
