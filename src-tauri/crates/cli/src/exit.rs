//! Exit codes, as documented in `slipway --help` and the README.

use std::process::ExitCode;

use slipway_protocol::ErrorCode;

/// It worked.
pub(crate) const DONE: u8 = 0;
/// The host lacks something.
pub(crate) const HOST: u8 = 5;
/// The model cannot be used.
pub(crate) const MODEL: u8 = 6;
/// Ctrl-C or SIGTERM, as shells count it.
pub(crate) const INTERRUPTED: u8 = 130;

/// The exit code of an error.
pub(crate) fn of(code: ErrorCode) -> ExitCode {
    ExitCode::from(number(code))
}

/// The number that stands for a finding which stops a deploy, by its stable name: whether the model
/// is to blame, or else the host.
pub(crate) fn of_finding(code: &str) -> u8 {
    let known = serde_json::from_value(code.into()).map(number).ok();
    let about_model = code.starts_with("model_") || known == Some(MODEL);
    if about_model { MODEL } else { HOST }
}

fn number(code: ErrorCode) -> u8 {
    use ErrorCode as E;
    match code {
        E::InvalidInput
        | E::EmptyMessage
        | E::NotFound
        | E::SshConfigUnusable
        | E::VersionUnusable => 2,
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
        | E::IndexUnreachable
        | E::EngineUnavailable => HOST,
        E::ModelNotFound
        | E::ModelNotGguf
        | E::ModelTruncated
        | E::ModelUnreachable
        | E::ModelGated
        | E::HubTokenRefused
        | E::ModelUnsupported
        | E::ModelTooBig
        | E::HashMismatch => MODEL,
        E::EngineInstallFailed
        | E::EngineCrashed
        | E::EngineOutOfMemory
        | E::EngineNotHealthy
        | E::EngineLoading
        | E::EngineUnauthorized
        | E::GpuNotUsed
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
        | E::HostWorkLost
        | E::ScriptFailed
        | E::NotDeployed
        | E::NotConnected => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_blames_the_model_or_the_host() {
        for code in ["model_not_found", "hub_token_refused", "hash_mismatch", "model_odd"] {
            assert_eq!(of_finding(code), 6, "{code}");
        }
        for code in ["python_missing", "engine_unavailable", "glibc_too_old"] {
            assert_eq!(of_finding(code), 5, "{code}");
        }
    }
}
