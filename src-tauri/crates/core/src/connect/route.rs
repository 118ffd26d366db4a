//! The way from this computer to an engine: a tunnel to its port or socket, or nothing in between.

use secrecy::SecretString;
use serde_json::Value;
use slipway_llm::{Client, Endpoint, Timeouts};
use slipway_protocol::Settings;
use slipway_ssh::{ForwardError, Forwarder, RemoteTarget};
use std::time::Duration;

use crate::fault::Fault;
use crate::fault_text::forwarding_forbidden;
use crate::host::Machine;

/// A key file is 64 characters; more is something else.
const KEY_BYTES: u64 = 4096;

/// Where an engine answers, and with which key.
pub(crate) struct Route {
    local_port: u16,
    engine: EnginePlace,
    /// Ends with the route.
    forwarder: Option<Forwarder>,
}

impl Route {
    /// Opens a way of its own for one use. `started` is the script's answer to `start`.
    pub(crate) async fn open(machine: &Machine, started: &Value) -> Result<Self, Fault> {
        let engine = EnginePlace::read(machine, started).await?;
        let (local_port, forwarder) = match machine {
            Machine::Local => (engine.local_port()?, None),
            Machine::Ssh(session) => {
                let forwarder = Forwarder::bind(None).await?;
                forwarder.attach(session.clone(), engine.target.clone());
                (forwarder.local_port(), Some(forwarder))
            }
        };
        Ok(Self { local_port, engine, forwarder })
    }

    /// What keeps the way itself from working, whatever the engine does.
    pub(crate) fn obstacle(&self) -> Option<Fault> {
        match self.forwarder.as_ref()?.last_error()? {
            ForwardError::ForwardingForbidden => Some(forwarding_forbidden()),
            _ => None,
        }
    }

    /// A client for it.
    pub(crate) fn client(&self, settings: &Settings) -> Result<Client, Fault> {
        client(self.local_port, &self.engine, settings)
    }
}

/// Where an engine listens on its host, and its key.
pub(crate) struct EnginePlace {
    pub(crate) target: RemoteTarget,
    /// Absent for engines that ask for none.
    key: Option<SecretString>,
    health_path: String,
    pub(crate) model: Option<String>,
}

impl EnginePlace {
    /// Reads it from the script's answer, and the key from the file named there.
    pub(crate) async fn read(machine: &Machine, data: &Value) -> Result<Self, Fault> {
        let unclear = || Fault::internal("the script named no port, socket or key file");
        let port = data["port"].as_u64().and_then(|port| u16::try_from(port).ok());
        let target = match (data["socket"].as_str(), port) {
            (Some(path), _) => RemoteTarget::unix(path),
            (None, Some(port)) => RemoteTarget::tcp("127.0.0.1", port),
            (None, None) => return Err(unclear()),
        };
        let asks_for_key = data["endpoints"]["key"].as_bool().unwrap_or(true);
        let key = if asks_for_key {
            let path = data["api_key_path"].as_str().ok_or_else(unclear)?;
            let key = machine.read_file(path, KEY_BYTES).await?;
            let key = String::from_utf8(key).map_err(|_| unclear())?;
            Some(SecretString::from(key.trim().to_owned()))
        } else {
            None
        };
        let health_path = data["endpoints"]["health"].as_str().unwrap_or("/health").to_owned();
        Ok(Self {
            target,
            key,
            health_path,
            // `start` says the label, `status` the whole record.
            model: data["model"]
                .as_str()
                .or_else(|| data["model"]["label"].as_str())
                .map(str::to_owned),
        })
    }
}

impl EnginePlace {
    /// The port of an engine of this computer, which needs no way.
    pub(crate) fn local_port(&self) -> Result<u16, Fault> {
        match &self.target {
            RemoteTarget::Tcp { port, .. } => Ok(*port),
            RemoteTarget::Unix { path } => {
                Err(Fault::internal(format!("an engine of this computer on {path}")))
            }
        }
    }
}

/// A client for an engine behind a port of this computer.
pub(crate) fn client(
    port: u16,
    engine: &EnginePlace,
    settings: &Settings,
) -> Result<Client, Fault> {
    let endpoint = Endpoint {
        base_url: format!("http://127.0.0.1:{port}"),
        api_key: engine.key.clone(),
        health_path: engine.health_path.clone(),
    };
    let timeouts = Timeouts {
        first_token: Duration::from_secs(settings.first_token_timeout_s.into()),
        ..Timeouts::default()
    };
    Ok(Client::new(endpoint, timeouts)?)
}
