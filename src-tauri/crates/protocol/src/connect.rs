//! Connections: a tunnel to a host's engine and what is known of both.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::ErrorInfo;
use crate::gauges::HostGauges;
use crate::id::{HostId, RequestId};

/// What a person sees of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionState {
    /// On its way to the SSH server.
    Connecting,
    /// The SSH server answered and checks who we are.
    Authenticating,
    /// A question is open: a host key, a password, a one-time code.
    WaitingForUser,
    /// The tunnel is up, the engine loads its model.
    Loading,
    /// The engine answers.
    Connected,
    /// The tunnel is up, the engine does not answer as it should; `reason` says why.
    Degraded,
    /// The link dropped and is being rebuilt.
    Reconnecting,
    /// Closed, on purpose or because it could not be opened; `reason` says why.
    Disconnected,
    /// It ended and does not heal by itself: a refused login, a changed host key. `reason` says
    /// what a person has to do.
    NeedsAttention,
}

/// A connection as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ConnectionStatus {
    /// Which host.
    pub host_id: HostId,
    /// The task that holds it.
    pub request_id: RequestId,
    /// Its state.
    pub state: ConnectionState,
    /// Why it is not simply connected.
    pub reason: Option<ErrorInfo>,
    /// `http://127.0.0.1:PORT`, stable across reconnects.
    pub local_url: Option<String>,
    /// The model it serves.
    pub model: Option<String>,
    /// Tokens of context per slot.
    pub context_size: Option<u32>,
    /// All models that it offers, read again at each check.
    pub models: Vec<ServedModel>,
    /// When this state began, ms since the epoch.
    pub since: u64,
    /// Round trip of the SSH keep-alive, milliseconds; of /health for this computer.
    pub round_trip_ms: Option<f64>,
    /// Times that the link was rebuilt.
    pub reconnects: u32,
    /// Number of the attempt under way while reconnecting, from 1.
    pub attempt: Option<u32>,
    /// When the next attempt starts, ms since the epoch.
    pub next_attempt_at: Option<u64>,
    /// Streams open in the tunnel.
    pub open_streams: u32,
    /// Bytes received through the tunnel.
    pub bytes_down: u64,
    /// Bytes sent through the tunnel.
    pub bytes_up: u64,
    /// What host and engine are busy with, as of some seconds ago.
    pub gauges: Option<HostGauges>,
    /// The last thing that went wrong, also when it has healed since.
    pub last_error: Option<ErrorInfo>,
    /// When it went wrong, ms since the epoch.
    pub last_error_at: Option<u64>,
}

/// A model that an engine offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ServedModel {
    /// The name to ask for it by.
    pub id: String,
    /// Whether it is in memory now; absent where the engine does not tell.
    pub loaded: Option<bool>,
    /// Tokens that its context holds.
    pub context_size: Option<u32>,
    /// Whether it takes pictures; absent where the engine does not tell.
    pub vision: Option<bool>,
}

/// A stretch of time in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ConnectionSpan {
    /// The state.
    pub state: ConnectionState,
    /// When it began, ms since the epoch.
    pub from: u64,
    /// When it ended; absent for the present one.
    pub until: Option<u64>,
    /// Why it was in it.
    pub reason: Option<ErrorInfo>,
}

/// The tunnel at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TunnelSample {
    /// When, ms since the epoch.
    pub at: u64,
    /// Round trip of the SSH keep-alive, milliseconds.
    pub round_trip_ms: Option<f64>,
    /// Streams open.
    pub open_streams: u32,
    /// Bytes received so far.
    pub bytes_down: u64,
    /// Bytes sent so far.
    pub bytes_up: u64,
}

/// The last hour of a host's connection: also of ended ones, since Slipway was started.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct ConnectionHistory {
    /// States in order, the present one last. Empty when it was never connected.
    pub spans: Vec<ConnectionSpan>,
    /// Samples in order, one each 5 s while connected.
    pub samples: Vec<TunnelSample>,
}
