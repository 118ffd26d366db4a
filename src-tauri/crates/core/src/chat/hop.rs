//! Where on its way an answer broke.

use slipway_protocol::{ConnectionState, ConnectionStatus, ErrorCode, Hop};

/// The part of the way that an error blames. `connection` is the host's as it is after the error:
/// a stream that breaks because the link is gone says only that it broke.
pub(super) fn hop_of(code: ErrorCode, connection: Option<&ConnectionStatus>) -> Hop {
    use ErrorCode as C;
    match code {
        C::LocalDisk
        | C::DatabaseLocked
        | C::DatabaseCorrupt
        | C::DatabaseNewer
        | C::Internal
        | C::InvalidInput
        | C::EmptyMessage
        | C::Busy
        | C::QueueFull
        | C::NotFound => Hop::ThisApp,
        C::StreamBroken | C::EngineError | C::StreamTimeout | C::ConnectionRefused => {
            match connection.map(|status| (status.state, status.reason.as_ref())) {
                Some((ConnectionState::Connected | ConnectionState::Loading, _)) => Hop::Engine,
                Some((ConnectionState::Degraded, reason)) => {
                    reason.map_or(Hop::Engine, |reason| known(reason.code))
                }
                None | Some(_) => Hop::Tunnel,
            }
        }
        _ => known(code),
    }
}

/// For codes that say it by themselves.
fn known(code: ErrorCode) -> Hop {
    use ErrorCode as C;
    match code {
        C::HostNotFound
        | C::HostUnreachable
        | C::SshProtocol
        | C::HostKeyChanged
        | C::HostKeyRejected
        | C::KnownHostsUnreadable
        | C::AuthenticationRefused
        | C::KeyFileUnusable
        | C::NoNetwork
        | C::ProxyFailed
        | C::SshConfigUnusable
        | C::ForwardingForbidden
        | C::ConnectionLost
        | C::NotConnected => Hop::Tunnel,
        C::ForeignPort
        | C::HostDiskFull
        | C::HostPermission
        | C::HostLocked
        | C::HostWorkLost
        | C::NotDeployed
        | C::ConnectionRefused => Hop::Server,
        _ => Hop::Engine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(state: ConnectionState) -> ConnectionStatus {
        crate::connect::fresh_status("h".into(), "r".into(), state)
    }

    #[test]
    fn the_same_break_is_blamed_on_what_is_broken_then() {
        let of = |state| hop_of(ErrorCode::StreamBroken, Some(&status(state)));
        assert_eq!(of(ConnectionState::Connected), Hop::Engine);
        assert_eq!(of(ConnectionState::Reconnecting), Hop::Tunnel);
        assert_eq!(hop_of(ErrorCode::StreamBroken, None), Hop::Tunnel);
        assert_eq!(hop_of(ErrorCode::LocalDisk, None), Hop::ThisApp);
        assert_eq!(hop_of(ErrorCode::EngineOutOfMemory, None), Hop::Engine);
        assert_eq!(hop_of(ErrorCode::ForeignPort, None), Hop::Server);
        let mut degraded = status(ConnectionState::Degraded);
        degraded.reason = Some(slipway_protocol::ErrorInfo {
            code: ErrorCode::ConnectionRefused,
            message: slipway_protocol::Text::new("", ""),
            fix: slipway_protocol::Text::new("", ""),
            detail_id: String::new(),
            facts: None,
        });
        assert_eq!(hop_of(ErrorCode::StreamBroken, Some(&degraded)), Hop::Server);
    }
}
