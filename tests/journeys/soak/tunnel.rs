//! One tunnel of the soak: its machine, what is done to it, and what it said meanwhile.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::StdRng;
use slipway_protocol::{
    ConnectionState, ConnectionStatus, HostAdd, HostId, HostRef, ModelSource, Progress, TaskBody,
};
use tokio::task::JoinSet;

use super::traffic::{self, Tally};
use crate::app::App;
use crate::cutter::{Cutter, Way};
use crate::processes;
use crate::sshd::Sshd;

/// A link that is silent for so long has to be given up: the keep-alive's 9 s and some more.
const SEEN_AFTER: Duration = Duration::from_secs(13);
/// A link that is silent for less has to live on.
const UNSEEN_BEFORE: Duration = Duration::from_secs(5);
/// The longest wait before a try, the try, and a busy computer.
const HEALED_WITHIN: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The connection is closed, and each new one.
    Closed,
    /// Nothing arrives any more.
    Mute,
    /// The server's processes stand still.
    Frozen,
    /// The server's processes are killed.
    Killed,
}

const CUTS: [Cut; 4] = [Cut::Closed, Cut::Mute, Cut::Frozen, Cut::Killed];

pub struct Tunnel {
    pub host: HostId,
    machine: Sshd,
    cutter: Cutter,
}

/// What became of it.
#[derive(Default)]
pub struct Record {
    pub cuts: u32,
    pub reconnects: u32,
    /// From the end of each cut that was seen until the engine answered again.
    pub healed: Vec<Duration>,
    pub chats: Tally,
    pub requests: Tally,
}

impl Tunnel {
    /// Deploys to a machine of its own behind a cutter, and connects once to warm up.
    pub async fn new(app: &App, number: usize) -> Self {
        let machine = Sshd::start();
        let cutter = Cutter::before(machine.port);
        let name = Some(format!("box{number}"));
        let add = HostAdd { name, ..cutter.host_add(&machine) };
        let host = app.program.host_add(add).await.unwrap().id;
        app.deploy(&host, ModelSource::Practice).await;
        let tunnel = Self { host, machine, cutter };
        app.connect(&tunnel.host).await;
        tunnel.stop(app).await;
        tunnel
    }

    /// Ends the connection; the machine has no session of it then.
    pub async fn stop(&self, app: &App) {
        let seq = app.program.bus().last_seq();
        app.program.connect_stop(&HostRef { host_id: self.host.clone() });
        app.state(seq, &self.host, ConnectionState::Disconnected).await;
        let sessions = || self.machine.sessions();
        let ended =
            tokio::task::block_in_place(|| processes::eventually(10, || sessions().is_empty()));
        assert!(ended, "sessions that stay: {:?}", sessions());
        assert_eq!(self.machine.engine_processes().len(), 2);
    }

    /// Connects, and cuts while requests run.
    pub async fn suffer(mut self, app: Arc<App>, cuts: u32, mut chance: StdRng) -> (Self, Record) {
        let first = app.connect(&self.host).await;
        let url = first.local_url.clone().unwrap();
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        let seen = Arc::new(Mutex::new(first));
        let stop = Arc::new(AtomicBool::new(false));
        let mut following = JoinSet::new();
        following.spawn(follow(app.clone(), self.host.clone(), seen.clone()));
        let (mut chats, mut requests) = (JoinSet::new(), JoinSet::new());
        chats.spawn(traffic::chats(app.clone(), self.host.clone(), stop.clone()));
        requests.spawn(traffic::requests(port, stop.clone()));

        let mut record = Record::default();
        let now = || seen.lock().unwrap().clone();
        for number in 0..cuts {
            tokio::time::sleep(Duration::from_millis(chance.random_range(300..2500))).await;
            let cut = CUTS[chance.random_range(0..CUTS.len())];
            // As many cuts below two and a half seconds as above.
            let length = Duration::from_secs_f64(0.1 * 600_f64.powf(chance.random()));
            let before = now().reconnects;
            self.begin(cut);
            tokio::time::sleep(length).await;
            self.end(cut);
            let ended = Instant::now();
            let hard = matches!(cut, Cut::Closed | Cut::Killed);
            let must_be_seen = hard || length >= SEEN_AFTER;
            if !must_be_seen {
                // A loss that was noticed late shows by now.
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            let well = |status: &ConnectionStatus| {
                status.state == ConnectionState::Connected
                    && (!must_be_seen || status.reconnects > before)
            };
            while !well(&now()) {
                assert!(ended.elapsed() < HEALED_WITHIN, "{cut:?} of {length:?}: {:#?}", now());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let rebuilt = now().reconnects - before;
            let mut words = format!("{} cut {number}: {cut:?} for {length:.1?}", self.host);
            if rebuilt > 0 {
                record.healed.push(ended.elapsed());
                let _ = write!(words, ", healed after {:.1?}", ended.elapsed());
            }
            println!("{words}");
            match must_be_seen {
                true => assert_eq!(rebuilt, 1, "{cut:?} of {length:?}"),
                false if length < UNSEEN_BEFORE => assert_eq!(rebuilt, 0, "{cut:?} of {length:?}"),
                false => assert!(rebuilt <= 1, "{cut:?} of {length:?}"),
            }
            assert_eq!(now().local_url.as_ref(), Some(&url));
            record.cuts += 1;
        }
        record.reconnects = now().reconnects;
        stop.store(true, Ordering::Relaxed);
        record.chats = chats.join_next().await.unwrap().unwrap();
        record.requests = requests.join_next().await.unwrap().unwrap();
        (self, record)
    }

    fn begin(&mut self, cut: Cut) {
        match cut {
            Cut::Closed => self.cutter.set(Way::Closed),
            Cut::Mute => self.cutter.set(Way::Mute),
            Cut::Frozen => tokio::task::block_in_place(|| self.machine.freeze()),
            Cut::Killed => tokio::task::block_in_place(|| self.machine.kill()),
        }
    }

    fn end(&mut self, cut: Cut) {
        match cut {
            Cut::Closed | Cut::Mute => self.cutter.set(Way::Open),
            Cut::Frozen => tokio::task::block_in_place(|| self.machine.thaw()),
            Cut::Killed => tokio::task::block_in_place(|| self.machine.resume()),
        }
    }
}

/// Notes the newest status of a connection, and that its port never changes.
async fn follow(app: Arc<App>, host: HostId, newest: Arc<Mutex<ConnectionStatus>>) {
    let url = newest.lock().unwrap().local_url.clone();
    let bus = app.program.bus();
    let mut seen = bus.last_seq();
    loop {
        bus.wait_after(seen).await;
        for message in bus.after(seen).messages {
            seen = message.seq;
            if let TaskBody::Progress(Progress::Connection(status)) = message.body
                && status.host_id == host
            {
                assert_eq!(status.local_url, url, "{status:#?}");
                *newest.lock().unwrap() = *status;
            }
        }
    }
}
