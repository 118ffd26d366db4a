//! Notices that the computer slept, or that its network changed: then no link may be trusted until
//! it has been probed, however quiet its timers were.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinSet;

/// Between two looks.
const TICK: Duration = Duration::from_secs(1);
/// A difference beyond this is a sleep (or a clock that was set), not a busy machine.
const JUMP: Duration = Duration::from_secs(5);

/// Where the clocks and addresses come from; tests bring their own.
pub(crate) struct Sources {
    /// The wall clock: it goes on while the computer sleeps.
    pub(crate) wall: Box<dyn Fn() -> SystemTime + Send>,
    /// The addresses of this computer's interfaces; `None` when they cannot be told.
    pub(crate) addresses: Box<dyn Fn() -> Option<BTreeSet<IpAddr>> + Send>,
}

impl Default for Sources {
    fn default() -> Self {
        Self { wall: Box::new(SystemTime::now), addresses: Box::new(addresses) }
    }
}

/// Watches for as long as it exists.
pub(crate) struct Vigil {
    alarms: watch::Receiver<u64>,
    _watching: JoinSet<()>,
}

impl Vigil {
    /// Begins to watch. Needs a tokio runtime.
    pub(crate) fn begin(sources: Sources) -> Self {
        let (sender, alarms) = watch::channel(0);
        let mut watching = JoinSet::new();
        watching.spawn(watch(sources, sender));
        Self { alarms, _watching: watching }
    }

    /// Changes with each alarm; those from before are not seen.
    pub(crate) fn alarms(&self) -> watch::Receiver<u64> {
        let mut alarms = self.alarms.clone();
        alarms.mark_unchanged();
        alarms
    }
}

async fn watch(sources: Sources, alarms: watch::Sender<u64>) {
    let mut known = (sources.addresses)();
    let mut wall = (sources.wall)();
    let mut steady = Instant::now();
    loop {
        tokio::time::sleep(TICK).await;
        let (wall_now, steady_now) = ((sources.wall)(), Instant::now());
        let passed = steady_now - steady;
        // On Linux and macOS the steady clock stands still during a sleep, on Windows it goes on.
        let jumped = difference(wall, wall_now).abs_diff(passed) > JUMP || passed > TICK + JUMP;
        (wall, steady) = (wall_now, steady_now);
        let addresses = (sources.addresses)().or_else(|| known.clone());
        let moved = addresses != known;
        if jumped {
            tracing::info!(target: "connect", "the computer slept, or its clock was set: probing");
        } else if moved {
            tracing::info!(target: "connect", "the network changed: probing");
        }
        known = addresses;
        if jumped || moved {
            alarms.send_modify(|count| *count += 1);
        }
    }
}

/// How far apart two times are; a clock that was set back counts as far as one that was set ahead.
fn difference(before: SystemTime, after: SystemTime) -> Duration {
    after.duration_since(before).unwrap_or_else(|error| JUMP + error.duration())
}

/// Addresses of the interfaces that are up, loopback and link-local ones not counted. Empty means
/// that this computer has no network, `None` that the system does not say.
pub(crate) fn addresses() -> Option<BTreeSet<IpAddr>> {
    match if_addrs::get_if_addrs() {
        Ok(all) => {
            let usable = all.iter().filter(|interface| {
                interface.is_oper_up() && !interface.is_loopback() && !interface.is_link_local()
            });
            Some(usable.map(if_addrs::Interface::ip).collect())
        }
        Err(error) => {
            tracing::debug!(target: "connect", "interfaces: {error}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::sync::{Arc, Mutex};

    use super::*;

    struct World {
        ahead: Arc<Mutex<Duration>>,
        addresses: Arc<Mutex<BTreeSet<IpAddr>>>,
        vigil: Vigil,
    }

    fn world() -> World {
        let ahead = Arc::new(Mutex::new(Duration::ZERO));
        let addresses = Arc::new(Mutex::new(BTreeSet::new()));
        let sources = Sources {
            wall: Box::new({
                let ahead = ahead.clone();
                move || SystemTime::now() + *ahead.lock().unwrap()
            }),
            addresses: Box::new({
                let addresses = addresses.clone();
                move || Some(addresses.lock().unwrap().clone())
            }),
        };
        World { ahead, addresses, vigil: Vigil::begin(sources) }
    }

    async fn alarmed(alarms: &mut watch::Receiver<u64>) -> bool {
        tokio::time::timeout(3 * TICK, alarms.changed()).await.is_ok()
    }

    #[tokio::test]
    async fn a_sleep_and_a_new_address_are_noticed_once_each() {
        let world = world();
        let mut alarms = world.vigil.alarms();
        assert!(!alarmed(&mut alarms).await);
        *world.ahead.lock().unwrap() = Duration::from_secs(3600);
        assert!(alarmed(&mut alarms).await);
        assert!(!alarmed(&mut alarms).await);
        world.addresses.lock().unwrap().insert(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        assert!(alarmed(&mut alarms).await);
        assert!(!alarmed(&mut alarms).await);
    }
}
