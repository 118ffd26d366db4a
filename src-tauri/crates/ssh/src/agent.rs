//! The keys of a running ssh-agent.

use std::path::Path;
use std::time::Duration;

use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::{Error as KeyError, HashAlg};
use russh::{AgentAuthError, Signer};

use crate::deadline::Deadline;
use crate::handler::ClientHandler;

/// For listing keys. An agent is a local program, unless it is forwarded.
const LIST_TIMEOUT: Duration = Duration::from_secs(5);
/// For a signature, which may need a person's touch or confirmation.
const SIGN_TIMEOUT: Duration = Duration::from_secs(60);

type Client = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// A connection to the agent.
pub(crate) struct Agent {
    client: Client,
    deadline: Deadline,
    /// A late answer would be taken for that to the next request, so there is none.
    silent: bool,
}

impl Agent {
    /// Connects and lists the keys. `Ok(None)` when no agent is set up.
    pub(crate) async fn open(
        handle: &Handle<ClientHandler>,
        socket: Option<&Path>,
        deadline: Deadline,
    ) -> Result<Option<(Self, Vec<AgentIdentity>)>, String> {
        let opening = async {
            let Some(mut client) = connect(socket).await? else {
                return Ok(None);
            };
            if let Some(binding) = handle.agent_session_binding() {
                // Agents before OpenSSH 8.9 do not know the request; unconstrained keys work anyway.
                if let Err(error) = client.bind_session(binding, false).await {
                    tracing::debug!(%error, "the agent does not bind sessions");
                }
            }
            let identities = client.request_identities().await?;
            Ok(Some((Self { client, deadline, silent: false }, identities)))
        };
        match tokio::time::timeout(LIST_TIMEOUT, opening).await {
            Ok(result) => result.map_err(|error: KeyError| error.to_string()),
            Err(_) => Err("no answer".to_owned()),
        }
    }

    /// A signer with one of the keys. That key signs for a certificate in a file too, which the
    /// agent does not know.
    pub(crate) fn signing_with<'a>(&'a mut self, key: &'a AgentIdentity) -> AgentSigner<'a> {
        AgentSigner { agent: self, key }
    }
}

#[cfg(unix)]
async fn connect(socket: Option<&Path>) -> Result<Option<Client>, KeyError> {
    if let Some(socket) = socket {
        return Ok(Some(AgentClient::connect_uds(socket).await?.dynamic()));
    }
    match AgentClient::connect_env().await {
        Ok(client) => Ok(Some(client.dynamic())),
        Err(KeyError::EnvVar(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(windows)]
async fn connect(pipe: Option<&Path>) -> Result<Option<Client>, KeyError> {
    if let Some(pipe) = pipe {
        return Ok(Some(AgentClient::connect_named_pipe(pipe).await?.dynamic()));
    }
    if let Ok(client) = AgentClient::connect_named_pipe(r"\\.\pipe\openssh-ssh-agent").await {
        return Ok(Some(client.dynamic()));
    }
    Ok(AgentClient::connect_pageant().await.ok().map(AgentClient::dynamic))
}

/// Signs with one key of the agent; the clock stands still meanwhile.
pub(crate) struct AgentSigner<'a> {
    agent: &'a mut Agent,
    key: &'a AgentIdentity,
}

impl Signer for AgentSigner<'_> {
    type Error = AgentAuthError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash_alg: Option<HashAlg>,
        to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, AgentAuthError> {
        if self.agent.silent {
            return Err(KeyError::AgentFailure.into());
        }
        let _pause = self.agent.deadline.pause();
        let signing = self.agent.client.sign_request(self.key, hash_alg, to_sign);
        match tokio::time::timeout(SIGN_TIMEOUT, signing).await {
            Ok(signed) => Ok(signed?),
            Err(_) => {
                self.agent.silent = true;
                Err(KeyError::AgentFailure.into())
            }
        }
    }
}
