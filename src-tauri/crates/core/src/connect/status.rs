//! A connection's status from its first moment on.

use slipway_protocol::{ConnectionState, ConnectionStatus, HostId, RequestId};

use crate::clock::now_ms;

/// A status that knows nothing yet.
pub(crate) fn fresh(
    host_id: HostId,
    request_id: RequestId,
    state: ConnectionState,
) -> ConnectionStatus {
    ConnectionStatus {
        host_id,
        request_id,
        state,
        reason: None,
        local_url: None,
        model: None,
        context_size: None,
        models: Vec::new(),
        since: now_ms(),
        round_trip_ms: None,
        reconnects: 0,
        attempt: None,
        next_attempt_at: None,
        open_streams: 0,
        bytes_down: 0,
        bytes_up: 0,
        gauges: None,
        last_error: None,
        last_error_at: None,
    }
}
