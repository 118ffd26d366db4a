//! Exit codes, as documented in `slipway --help` and the README.

use std::process::ExitCode;

use slipway_protocol::ErrorCode;

/// Ctrl-C or SIGTERM, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of an error.
pub(crate) fn of(code: ErrorCode) -> ExitCode {
    use ErrorCode as E;
    ExitCode::from(match code {
        E::InvalidInput | E::EmptyMessage | E::NotFound | E::SshConfigUnusable => 2,
        E::NoNetwork
        | E::HostNotFound
        | E::ProxyFailed
        | E::ConnectionRefused
        | E::HostUnreachable
        | E::SshProtocol
        | E::ConnectionLost
        | E::ForwardingForbidden => 3,
        E::HostKeyChanged
        | E::HostKeyRejected
        | E::KnownHostsUnreadable
        | E::AuthenticationRefused
        | E::KeyFileUnusable => 4,
        E::PythonMissing
        | E::VenvMissing
        | E::LibraryMissing
        | E::PlatformUnsupported
        | E::HostDiskFull
        | E::HostPermission
        | E::HostLocked
        | E::IndexUnreachable => 5,
        E::ModelNotFound
        | E::ModelNotGguf
        | E::ModelTruncated
        | E::ModelUnreachable
        | E::HashMismatch => 6,
        E::EngineInstallFailed
        | E::EngineCrashed
        | E::EngineOutOfMemory
        | E::EngineNotHealthy
        | E::EngineLoading
        | E::EngineUnauthorized
        | E::ForeignPort
        | E::EngineError
        | E::StreamBroken
        | E::StreamTimeout
        | E::ContextExceeded => 7,
        E::DatabaseLocked | E::DatabaseCorrupt | E::DatabaseNewer | E::LocalDisk => 8,
        E::Cancelled => INTERRUPTED,
        E::Busy
        | E::QueueFull
        | E::Internal
        | E::ScriptFailed
        | E::NotDeployed
        | E::NotConnected => 1,
    })
}
