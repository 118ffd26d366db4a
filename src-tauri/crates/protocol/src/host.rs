//! Hosts: machines that serve a model.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::deploy::Deployment;
use crate::error::ErrorInfo;
use crate::id::HostId;

/// How a host is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum HostAddress {
    /// This computer.
    Local,
    /// Over SSH.
    Ssh(SshAddress),
}

/// An SSH login. What a line of `~/.ssh/config` adds to it (jumps, proxies, keys, known_hosts) is
/// looked up at each connect, so that an edit there takes effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SshAddress {
    /// The line as it was typed: an alias, `user@host`, `user@alias:port`. This is what is dialled;
    /// the three fields below say what it stood for when it was added.
    pub line: String,
    /// The login name.
    pub user: String,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Key file to try first; else the agent and the usual files.
    pub identity: Option<String>,
    /// `SHA256:…` accepted without asking while the key is unknown.
    pub accepted_fingerprint: Option<String>,
}

/// A host as the user named it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Host {
    /// Its id; `local` is this computer.
    pub id: HostId,
    /// Its unique name.
    pub name: String,
    /// How it is reached.
    pub address: HostAddress,
    /// When it was added, ms since the epoch.
    pub created_at: u64,
    /// Whether its tunnel starts with Slipway.
    pub keep: bool,
    /// The directory on it for all that Slipway keeps there; the usual one when absent.
    pub directory: Option<String>,
}

/// A host with what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct HostView {
    /// The host.
    pub host: Host,
    /// What was deployed last, if anything.
    pub deployment: Option<Deployment>,
    /// Why the last deploy failed, until one works.
    pub last_error: Option<ErrorInfo>,
}

/// The command `host_add`: one line as people type it, and what else is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostAdd {
    /// `user@host[:port]`, `host`, an alias of `~/.ssh/config`, or `local`.
    pub address: String,
    /// A name of its own; else the host or alias.
    pub name: Option<String>,
    /// Key file to try first.
    pub identity: Option<String>,
    /// `SHA256:…` accepted without asking while the key is unknown.
    pub accepted_fingerprint: Option<String>,
}

/// The command `host_rename`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostRename {
    /// Which.
    pub host_id: HostId,
    /// The new name, unique.
    pub name: String,
}

/// The command `host_keep`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostKeep {
    /// Which.
    pub host_id: HostId,
    /// Whether its tunnel starts with Slipway from now on.
    pub keep: bool,
}

/// An alias found in `~/.ssh/config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostSuggestion {
    /// The alias.
    pub alias: String,
    /// What it stands for, `user@host:port`.
    pub address: String,
    /// Key file named there.
    pub identity: Option<String>,
    /// The jumps in between, `user@host:port` each, in order.
    pub jumps: Vec<String>,
}
