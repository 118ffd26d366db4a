//! One connection as a state machine: linking, serving, waiting to link again. Each phase owns its
//! parts, so leaving it ends them; the windows see [`ConnectionStatus`], a smaller view.

mod telling;

use std::sync::Arc;
use std::time::{Duration, Instant};

use slipway_llm::Health;
use slipway_protocol::{
    ConnectionState, ConnectionStatus, Host, HostAddress, ServedModel, TaskResult,
};
use slipway_ssh::{ForwardError, Forwarder};
use tokio::sync::{Notify, watch};
use tokio::time::MissedTickBehavior;

use super::backoff::wait_before;
use super::engine::{self, Engine};
use super::gauges::Gauges;
use super::{link, status};
use crate::clock::{millis, now_ms};
use crate::fault::Fault;
use crate::fault_text::forwarding_forbidden;
use crate::host::{Machine, OpenStage};
use crate::program::Program;
use crate::tasks::TaskContext;

/// Between looks at an engine that does not answer as it should.
const LOOK_WHILE_ILL: Duration = Duration::from_secs(1);
/// The same, once it has been ill for long.
const LONGEST_LOOK_WHILE_ILL: Duration = Duration::from_secs(30);
/// So many bad looks in a row until the host is asked what became of the engine.
const ASK_AFTER: u32 = 3;
/// Between two samples of the tunnel's figures.
const SAMPLE: Duration = Duration::from_secs(5);

/// From when on a connection waits for what may pass: a host that is off, a network that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Once the engine has answered. Before, a failure is told to whoever asked.
    OnceReached,
    /// From the start: nobody waits for it.
    FromTheStart,
}

/// The body of the task of kind `connect`.
pub(super) async fn run(
    program: Program,
    context: TaskContext,
    host: Host,
    machine: Option<Machine>,
    persistence: Persistence,
) -> Result<TaskResult, Fault> {
    let (host_id, request_id) = (host.id.clone(), context.request_id().clone());
    let status = status::fresh(host_id, request_id, ConnectionState::Connecting);
    let forwarder = match host.address {
        HostAddress::Local => None,
        HostAddress::Ssh(_) => Some(Forwarder::bind(None).await?),
    };
    let look_again = program.connections().begin(status.clone());
    let mut connection = Connection {
        program: &program,
        context: &context,
        host: &host,
        forwarder,
        look_again,
        status,
        machine: None,
        persistence,
        reached: false,
        rebuilding: false,
        attempt: 0,
        alarms: program.vigil().alarms(),
    };
    connection.publish(None);
    let result = connection.live(machine).await;
    let status = connection.end(result.as_ref().err()).await;
    result.map(|()| TaskResult::Connect(Box::new(status)))
}

struct Connection<'a> {
    program: &'a Program,
    context: &'a TaskContext,
    host: &'a Host,
    /// Held across links, so that the local port stays the same.
    forwarder: Option<Forwarder>,
    look_again: Arc<Notify>,
    status: ConnectionStatus,
    machine: Option<Machine>,
    /// Whether a failure that may pass is waited out although the engine has never answered.
    persistence: Persistence,
    /// Whether the engine has answered once: from then on the connection heals by itself.
    reached: bool,
    /// Whether a link that was up is being rebuilt.
    rebuilding: bool,
    /// Failed attempts since the engine last answered.
    attempt: u32,
    /// Says that the computer slept or its network changed.
    alarms: watch::Receiver<u64>,
}

impl Connection<'_> {
    /// Links, serves, and links again until it is cancelled (`Ok`) or cannot go on.
    async fn live(&mut self, mut given: Option<Machine>) -> Result<(), Fault> {
        loop {
            let linked = match given.take() {
                Some(machine) => Ok(machine),
                None => self.open().await,
            };
            let fault = match linked {
                Ok(machine) => {
                    self.machine = Some(machine.clone());
                    let ended = self.serve(&machine).await;
                    self.machine = None;
                    if let Some(forwarder) = &self.forwarder {
                        forwarder.detach();
                    }
                    match ended {
                        Ok(()) => {
                            link::disconnect(&machine).await;
                            return Ok(());
                        }
                        Err(fault) => {
                            self.rebuilding |= self.reached;
                            fault
                        }
                    }
                }
                Err(_) if self.context.token().is_cancelled() => return Ok(()),
                Err(fault) => fault,
            };
            if !self.waits_out(&fault) {
                return Err(fault);
            }
            if !self.wait_to_link(&fault).await {
                return Ok(());
            }
        }
    }

    /// Opens a way to the host and shows how far it is. While a link is rebuilt it stays
    /// "reconnecting", unless the user is asked something.
    async fn open(&mut self) -> Result<Machine, Fault> {
        let (sender, mut stages) = watch::channel(OpenStage::Connecting);
        let (program, context, host) = (self.program, self.context, self.host);
        let rebuilding = self.status.state == ConnectionState::Reconnecting;
        let fault = self.status.reason.clone();
        self.status.next_attempt_at = None;
        let opener = program.opener(context).reporting(sender);
        let opening = opener.open(host);
        tokio::pin!(opening);
        loop {
            let stage = *stages.borrow_and_update();
            match stage {
                OpenStage::WaitingForUser => self.enter(ConnectionState::WaitingForUser, None),
                _ if rebuilding => {
                    self.enter_with(ConnectionState::Reconnecting, fault.clone(), None)
                }
                OpenStage::Connecting => self.enter(ConnectionState::Connecting, None),
                OpenStage::Authenticating => self.enter(ConnectionState::Authenticating, None),
            }
            tokio::select! {
                opened = &mut opening => return opened,
                Ok(()) = stages.changed() => {}
                // What is being dialled may be a way that is gone: the next attempt is made at once.
                Ok(()) = self.alarms.changed(), if stage != OpenStage::WaitingForUser => {
                    self.attempt = 0;
                    self.alarms.mark_changed();
                    let detail = "the network changed while it was dialled".to_owned();
                    return Err(Fault::from(slipway_ssh::Error::ConnectionLost).with_detail(detail));
                }
            }
        }
    }

    /// Waits for the next attempt; false when cancelled meanwhile.
    async fn wait_to_link(&mut self, fault: &Fault) -> bool {
        self.attempt += 1;
        let attempt = self.attempt;
        let wait = wait_before(attempt);
        tracing::info!(target: "connect", "attempt {attempt} in {} ms", millis(wait));
        (self.status.open_streams, self.status.round_trip_ms) = (0, None);
        self.status.attempt = Some(attempt);
        self.status.next_attempt_at = Some(now_ms() + millis(wait));
        self.enter(ConnectionState::Reconnecting, Some(fault));
        tokio::select! {
            () = self.context.token().cancelled() => false,
            () = tokio::time::sleep(wait) => true,
            () = self.look_again.notified() => true,
            Ok(()) = self.alarms.changed() => {
                self.attempt = 0;
                true
            }
        }
    }

    /// Serves over one link until it is lost (`Err`) or the connection is cancelled (`Ok`).
    async fn serve(&mut self, machine: &Machine) -> Result<(), Fault> {
        let token = self.context.token().clone();
        let lost = link::lost(machine);
        tokio::pin!(lost);
        let gauges = Gauges::default();
        let (program, context, host) = (self.program, self.context, self.host);
        let watching = gauges.watch(program, context, host, machine);
        tokio::pin!(watching);
        let mut sampling = tokio::time::interval(SAMPLE);
        sampling.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.alarms.mark_unchanged();
        let mut engine: Option<Engine> = None;
        let mut bad_looks = 0;
        let mut patience = LOOK_WHILE_ILL;
        loop {
            let look = async {
                if engine.is_none() || bad_looks >= ASK_AFTER {
                    engine = None;
                    bad_looks = 0;
                    engine = Some(self.find_engine(machine).await?);
                }
                match &engine {
                    Some(engine) => self.look(machine, engine).await,
                    None => Ok(false),
                }
            };
            let looked = tokio::select! {
                biased;
                () = token.cancelled() => return Ok(()),
                fault = &mut lost => return Err(fault),
                looked = look => looked,
            };
            let wait = match looked {
                Ok(true) => {
                    bad_looks = 0;
                    self.attempt = 0;
                    patience = LOOK_WHILE_ILL;
                    Duration::from_secs(self.program.settings().monitor_interval_s.into())
                }
                Ok(false) => LOOK_WHILE_ILL,
                Err(fault) if !self.reached && !self.waits_out(&fault) => return Err(fault),
                Err(fault) => {
                    bad_looks += 1;
                    self.enter(ConnectionState::Degraded, Some(&fault));
                    // An engine that crashes at each start must not be started each second for ever.
                    patience = (patience * 2).min(LONGEST_LOOK_WHILE_ILL);
                    patience / 2
                }
            };
            let next_look = tokio::time::sleep(wait);
            tokio::pin!(next_look);
            loop {
                tokio::select! {
                    () = token.cancelled() => return Ok(()),
                    fault = &mut lost => return Err(fault),
                    () = self.look_again.notified() => {
                        engine = None;
                        patience = LOOK_WHILE_ILL;
                        break;
                    }
                    Ok(()) = self.alarms.changed() => {
                        patience = LOOK_WHILE_ILL;
                        tokio::select! {
                            () = token.cancelled() => return Ok(()),
                            there = link::still_there(machine) => there?,
                        }
                        break;
                    }
                    () = &mut next_look => break,
                    () = &mut watching => {}
                    _ = sampling.tick() => {
                        if let Some(seen) = gauges.read(engine.as_ref()).await {
                            self.status.gauges = Some(seen);
                            self.publish(engine.as_ref().filter(|_| self.answers()));
                        }
                        self.sample(machine, engine.as_ref()).await;
                    }
                }
            }
        }
    }

    /// Only an engine that has passed its looks is open to chats.
    fn answers(&self) -> bool {
        self.status.state == ConnectionState::Connected
    }

    fn waits_out(&self, fault: &Fault) -> bool {
        (self.reached || self.persistence == Persistence::FromTheStart) && fault.is_transient()
    }

    /// Takes the tunnel's figures; says so when they changed.
    async fn sample(&mut self, machine: &Machine, engine: Option<&Engine>) {
        let before = self.status.clone();
        if let Machine::Ssh(session) = machine {
            let answered = tokio::select! {
                () = self.context.token().cancelled() => return,
                // A probe is more urgent than a figure.
                Ok(()) = self.alarms.changed() => {
                    self.alarms.mark_changed();
                    return;
                }
                answered = tokio::time::timeout(link::PROBE_LIMIT, session.ping()) => answered,
            };
            if let Ok(Ok(round_trip)) = answered {
                self.status.round_trip_ms = Some(to_ms(round_trip));
            }
        }
        self.count_bytes();
        self.program.connections().sample(&self.status);
        if self.status != before {
            self.publish(engine.filter(|_| self.answers()));
        }
    }

    async fn find_engine(&mut self, machine: &Machine) -> Result<Engine, Fault> {
        let forwarder = self.forwarder.as_ref();
        let engine =
            engine::find(self.program, self.context, self.host, machine, forwarder).await?;
        self.status.local_url = Some(engine.url());
        self.status.model.clone_from(&engine.model);
        Ok(engine)
    }

    /// One look: true when the engine answers, false when it loads.
    async fn look(&mut self, machine: &Machine, engine: &Engine) -> Result<bool, Fault> {
        let began = Instant::now();
        let health = engine.client.health().await;
        let health_time = began.elapsed();
        match health {
            Ok(Health::Loading { .. }) => {
                self.enter(ConnectionState::Loading, None);
                return Ok(false);
            }
            Ok(Health::Ready) => {}
            Err(error) => return Err(self.blame(error)),
        }
        let models = engine.client.models().await.map_err(|error| self.blame(error))?;
        let round_trip = match machine {
            Machine::Local => health_time,
            Machine::Ssh(session) => session.ping().await?,
        };
        self.status.round_trip_ms = Some(to_ms(round_trip));
        let context = models.first().and_then(|model| model.context);
        self.status.context_size = context.and_then(|tokens| u32::try_from(tokens).ok());
        self.status.models = models.into_iter().map(served).collect();
        if self.status.state != ConnectionState::Connected {
            engine::prove(&engine.client).await?;
            self.reached = true;
        }
        if std::mem::take(&mut self.rebuilding) {
            self.status.reconnects += 1;
        }
        self.status.attempt = None;
        self.status.next_attempt_at = None;
        self.count_bytes();
        self.enter_with(ConnectionState::Connected, None, Some(engine));
        Ok(true)
    }

    /// A failure of the engine's port, told apart by what the tunnel saw.
    fn blame(&self, error: slipway_llm::Error) -> Fault {
        match self.forwarder.as_ref().and_then(Forwarder::last_error) {
            Some(ForwardError::ForwardingForbidden) => forwarding_forbidden(),
            _ => error.into(),
        }
    }
}

/// A model as front ends know it.
fn served(model: slipway_llm::Model) -> ServedModel {
    ServedModel {
        id: model.id,
        loaded: model.loaded,
        context_size: model.context.and_then(|tokens| u32::try_from(tokens).ok()),
        vision: model.vision,
    }
}

/// Milliseconds to a tenth: more would make each sample a change.
fn to_ms(round_trip: Duration) -> f64 {
    (round_trip.as_secs_f64() * 10_000.0).round() / 10.0
}
