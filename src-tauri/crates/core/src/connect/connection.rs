//! One connection as a state machine: linking, serving, waiting to link again. Each phase owns its
//! parts, so leaving it ends them; the windows see [`ConnectionStatus`], a smaller view.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slipway_llm::{ChatMessage, ChatRequest, Client, Health, Role};
use slipway_protocol::{
    ConnectionState, ConnectionStatus, Host, HostAddress, Progress, TaskKind, TaskResult,
    TaskSubject,
};
use slipway_ssh::{ForwardError, Forwarder, RemoteTarget};
use tokio::sync::Notify;

use super::backoff::wait_before;
use super::registry::EngineAccess;
use super::route::{EnginePlace, client};
use crate::clock::{millis, now_ms};
use crate::deploy::{InstalledScript, ScriptRun, Subcommand};
use crate::fault::Fault;
use crate::fault_text::{forwarding_forbidden, script_fault};
use crate::host::Machine;
use crate::program::Program;
use crate::tasks::TaskContext;

/// Between looks at an engine that does not answer as it should.
const LOOK_WHILE_ILL: Duration = Duration::from_secs(1);
/// So many bad looks in a row until the host is asked what became of the engine.
const ASK_AFTER: u32 = 3;
/// Limit of the one-token completion that ends the connecting.
const PROOF_LIMIT: Duration = Duration::from_secs(120);

/// The body of the task of kind `connect`.
pub(super) async fn run(
    program: Program,
    context: TaskContext,
    host: Host,
    machine: Option<Machine>,
) -> Result<TaskResult, Fault> {
    let status = ConnectionStatus {
        host_id: host.id.clone(),
        request_id: context.request_id().clone(),
        state: ConnectionState::Connecting,
        reason: None,
        local_url: None,
        model: None,
        context_size: None,
        since: now_ms(),
        round_trip_ms: None,
        reconnects: 0,
        attempt: None,
        next_attempt_at: None,
        open_streams: 0,
        bytes_down: 0,
        bytes_up: 0,
    };
    let look_again = program.connections().begin(status.clone());
    let forwarder = match host.address {
        HostAddress::Local => None,
        HostAddress::Ssh(_) => Some(Forwarder::bind(None).await?),
    };
    let mut connection = Connection {
        program: &program,
        context: &context,
        host: &host,
        forwarder,
        look_again,
        status,
        machine: None,
        reached: false,
    };
    connection.publish(None);
    let result = connection.live(machine).await;
    let status = connection.end(result.as_ref().err()).await;
    result.map(|()| TaskResult::Connect(status))
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
    /// Whether the engine has answered once: from then on the connection heals by itself.
    reached: bool,
}

impl Connection<'_> {
    /// Links, serves, and links again until it is cancelled (`Ok`) or cannot go on.
    async fn live(&mut self, mut given: Option<Machine>) -> Result<(), Fault> {
        let mut attempt = 0;
        loop {
            let linked = match given.take() {
                Some(machine) => Ok(machine),
                None => self.program.opener(self.context).open(self.host).await,
            };
            let fault = match linked {
                Ok(machine) => {
                    self.machine = Some(machine.clone());
                    let ended = self.serve(&machine, &mut attempt).await;
                    self.machine = None;
                    if let Some(forwarder) = &self.forwarder {
                        forwarder.detach();
                    }
                    match ended {
                        Ok(()) => {
                            disconnect(&machine).await;
                            return Ok(());
                        }
                        Err(fault) => fault,
                    }
                }
                Err(_) if self.context.token().is_cancelled() => return Ok(()),
                Err(fault) => fault,
            };
            if !self.reached || !fault.is_transient() {
                return Err(fault);
            }
            attempt += 1;
            if !self.wait_to_link(attempt, &fault).await {
                return Ok(());
            }
        }
    }

    /// Waits for the next attempt; false when cancelled meanwhile.
    async fn wait_to_link(&mut self, attempt: u32, fault: &Fault) -> bool {
        let wait = wait_before(attempt);
        tracing::warn!(target: "connect", "link lost: {fault}; attempt {attempt} in {} ms", millis(wait));
        self.status.attempt = Some(attempt);
        self.status.next_attempt_at = Some(now_ms() + millis(wait));
        self.enter(ConnectionState::Reconnecting, Some(fault));
        tokio::select! {
            () = self.context.token().cancelled() => false,
            () = tokio::time::sleep(wait) => true,
            () = self.look_again.notified() => true,
        }
    }

    /// Serves over one link until it is lost (`Err`) or the connection is cancelled (`Ok`).
    async fn serve(&mut self, machine: &Machine, attempt: &mut u32) -> Result<(), Fault> {
        let token = self.context.token().clone();
        let lost = link_lost(machine);
        tokio::pin!(lost);
        let mut engine: Option<Engine> = None;
        let mut bad_looks = 0;
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
                () = token.cancelled() => return Ok(()),
                fault = &mut lost => return Err(fault),
                looked = look => looked,
            };
            let wait = match looked {
                Ok(true) => {
                    bad_looks = 0;
                    *attempt = 0;
                    Duration::from_secs(self.program.settings().monitor_interval_s.into())
                }
                Ok(false) => LOOK_WHILE_ILL,
                Err(fault) if !self.reached => return Err(fault),
                Err(fault) => {
                    bad_looks += 1;
                    self.enter(ConnectionState::Degraded, Some(&fault));
                    LOOK_WHILE_ILL
                }
            };
            tokio::select! {
                () = token.cancelled() => return Ok(()),
                fault = &mut lost => return Err(fault),
                () = self.look_again.notified() => engine = None,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Asks the host where its engine listens, starting it if it is not running, and leads the
    /// tunnel there.
    async fn find_engine(&mut self, machine: &Machine) -> Result<Engine, Fault> {
        let root = self.program.script_root(self.host);
        let run = ScriptRun::new(self.context, machine, root);
        let mut data = run.over_stdin(Subcommand::Status, json!({}), |_| ()).await?;
        if data["deployed"] != json!(true) {
            return Err(script_fault("not_deployed", "", &Default::default()));
        }
        if !matches!(data["state"].as_str(), Some("ready" | "loading" | "starting")) {
            data = self.start_engine(machine, &run).await?;
        }
        let place = EnginePlace::read(machine, &data).await?;
        let port = match (&self.forwarder, machine) {
            (Some(forwarder), Machine::Ssh(session)) => {
                forwarder.attach(session.clone(), RemoteTarget::tcp("127.0.0.1", place.port));
                forwarder.local_port()
            }
            _ => place.port,
        };
        self.status.local_url = Some(format!("http://127.0.0.1:{port}"));
        self.status.model = place.model.clone();
        let client = client(port, place.key, &self.program.settings())?;
        Ok(Engine { client, model: place.model })
    }

    /// After a restart of the host, or when the engine gave up.
    async fn start_engine(&self, machine: &Machine, run: &ScriptRun<'_>) -> Result<Value, Fault> {
        // What a deploy or an uninstall has just stopped is theirs to start.
        let here = |subject: &TaskSubject| subject.host_id.as_ref() == Some(&self.host.id);
        for kind in [TaskKind::Deploy, TaskKind::Uninstall] {
            if self.program.executor().active(kind, here).is_some() {
                return Err(slipway_llm::Error::ConnectionRefused.into());
            }
        }
        tracing::info!(target: "connect", "the engine does not run: starting it");
        let probe = run.over_stdin(Subcommand::Probe, json!({}), |_| ()).await?;
        let script = InstalledScript::below(probe["root"].as_str().unwrap_or_default());
        machine.make_dir_all(script.directory()).await?;
        script.upload(machine, |_, _| ()).await?;
        run.installed(&script, Subcommand::Start, json!({}), |_| ()).await
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
        self.status.round_trip_ms = Some(round_trip.as_secs_f64() * 1000.0);
        let context = models.first().and_then(|model| model.context);
        self.status.context_size = context.and_then(|tokens| u32::try_from(tokens).ok());
        if self.status.state != ConnectionState::Connected {
            prove(&engine.client).await?;
            if self.reached && self.status.state == ConnectionState::Reconnecting {
                self.status.reconnects += 1;
            }
            self.reached = true;
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

    fn count_bytes(&mut self) {
        if let Some(forwarder) = &self.forwarder {
            let stats = forwarder.stats();
            self.status.open_streams = u32::try_from(stats.open).unwrap_or(u32::MAX);
            (self.status.bytes_up, self.status.bytes_down) = (stats.bytes_up, stats.bytes_down);
        }
    }

    fn enter(&mut self, state: ConnectionState, fault: Option<&Fault>) {
        self.enter_with(state, fault, None);
    }

    fn enter_with(
        &mut self,
        state: ConnectionState,
        fault: Option<&Fault>,
        engine: Option<&Engine>,
    ) {
        if self.status.state != state {
            self.status.since = now_ms();
            tracing::info!(target: "connect", "{state:?}");
        }
        self.status.state = state;
        self.status.reason = fault.map(Fault::info);
        self.publish(engine);
    }

    fn publish(&self, engine: Option<&Engine>) {
        let access = match engine {
            Some(engine) => {
                EngineAccess::Ready { client: engine.client.clone(), model: engine.model.clone() }
            }
            None => EngineAccess::NotYet(self.status.reason.clone()),
        };
        self.program.connections().change(&self.status, Some(access), self.machine.as_ref());
        self.context.progress(Progress::Connection(self.status.clone()));
    }

    /// Closes the listener and says the last word.
    async fn end(mut self, fault: Option<&Fault>) -> ConnectionStatus {
        self.count_bytes();
        if let Some(forwarder) = self.forwarder.take() {
            forwarder.close().await;
        }
        self.status.state = ConnectionState::Disconnected;
        self.status.reason = fault.map(Fault::info);
        self.status.local_url = None;
        self.status.since = now_ms();
        self.status.attempt = None;
        self.status.next_attempt_at = None;
        self.program.connections().end(&self.status);
        self.context.progress(Progress::Connection(self.status.clone()));
        self.status
    }
}

/// An engine behind the tunnel.
struct Engine {
    client: Client,
    model: Option<String>,
}

/// Resolves when the link to the machine is gone, with what that means.
async fn link_lost(machine: &Machine) -> Fault {
    match machine {
        Machine::Local => std::future::pending().await,
        Machine::Ssh(session) => {
            let ended = session.closed().await;
            Fault::from(slipway_ssh::Error::ConnectionLost)
                .with_detail(format!("{:?}", ended.reason))
        }
    }
}

async fn disconnect(machine: &Machine) {
    if let Machine::Ssh(session) = machine {
        session.disconnect().await;
    }
}

/// One token, so that "connected" means that it answers.
async fn prove(client: &Client) -> Result<(), Fault> {
    let mut request = ChatRequest::new(vec![ChatMessage::new(Role::User, "Hi")]);
    request.max_tokens = Some(1);
    match tokio::time::timeout(PROOF_LIMIT, client.complete(&request)).await {
        Ok(answer) => Ok(answer.map(|_| ())?),
        Err(_) => Err(slipway_llm::Error::FirstTokenTimeout.into()),
    }
}
