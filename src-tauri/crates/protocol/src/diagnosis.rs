//! A diagnosis: every link of the way to an engine, looked at in order.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::ErrorInfo;
use crate::id::HostId;
use crate::text::Text;

/// A link of the way, in the order in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosisLink {
    /// This computer has a network.
    Network,
    /// The host's name (or its proxy's or first jump's) has an address.
    Name,
    /// The port accepts a connection.
    Port,
    /// What answers speaks SSH and shows the key on record; jumps included.
    Ssh,
    /// The login is accepted.
    Login,
    /// The server forwards a port.
    Forwarding,
    /// The deployed engine runs on the host, and the port is its own.
    Engine,
    /// The engine answers `/health`.
    Health,
    /// The engine serves a model and answers a request with the key.
    Model,
}

/// How a link was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LinkState {
    /// As it should be.
    Ok,
    /// Works, but with something to know (the engine loads its model, the round trip is long).
    Warn,
    /// Broken: `fault` says why and what to do.
    Broken,
    /// Not looked at, since an earlier one is broken or it does not exist here (this computer has
    /// no SSH).
    Skipped,
}

/// One link as it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct LinkFinding {
    /// Which.
    pub link: DiagnosisLink,
    /// How it was found.
    pub state: LinkState,
    /// What was found, in a sentence; also for a good link ("192.0.2.40, 3 ms").
    pub message: Text,
    /// Of a broken link: what it means and what to do.
    pub fault: Option<ErrorInfo>,
    /// How long the look took, milliseconds.
    pub took_ms: u64,
}

/// The result of a diagnosis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Diagnosis {
    /// Of which host.
    pub host_id: HostId,
    /// When it was made, ms since the epoch.
    pub at: u64,
    /// Every link, in order.
    pub links: Vec<LinkFinding>,
}
