//! The link beneath a connection: whether it is still there.

use std::time::Duration;

use crate::fault::Fault;
use crate::host::Machine;

/// For the answer of a link that is in doubt.
pub(super) const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// Resolves when the link to the machine is gone, with what that means.
pub(super) async fn lost(machine: &Machine) -> Fault {
    match machine {
        Machine::Local => std::future::pending().await,
        Machine::Ssh(session) => {
            let ended = session.closed().await;
            Fault::from(slipway_ssh::Error::ConnectionLost)
                .with_detail(format!("{:?}", ended.reason))
        }
    }
}

/// Makes sure of a link after a sleep or a change of network: its own timers may not have run.
pub(super) async fn still_there(machine: &Machine) -> Result<(), Fault> {
    let Machine::Ssh(session) = machine else { return Ok(()) };
    match tokio::time::timeout(PROBE_LIMIT, session.ping()).await {
        Ok(answered) => Ok(answered.map(|_| ())?),
        Err(_) => {
            let detail = "no answer to a probe after a sleep or a change of network".to_owned();
            Err(Fault::from(slipway_ssh::Error::ConnectionLost).with_detail(detail))
        }
    }
}

/// Says good-bye.
pub(super) async fn disconnect(machine: &Machine) {
    if let Machine::Ssh(session) = machine {
        session.disconnect().await;
    }
}
