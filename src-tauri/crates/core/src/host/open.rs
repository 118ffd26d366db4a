//! Opening a way to a host: connecting over SSH, and carrying its questions to the user.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use slipway_protocol::{
    Host, HostAddress, HostKeyQuestion, PassphraseQuestion, PasswordQuestion, PromptQuestion,
    PromptReply, SshAddress,
};
use slipway_ssh::{ConnectOptions, KnownHosts, Question};
use tokio::sync::{mpsc, watch};

use super::machine::Machine;
use crate::fault::Fault;
use crate::secrets::{SecretName, Secrets};
use crate::tasks::TaskContext;

/// How long a person may take for an answer; sshd itself waits 120 s for a login by default.
const ANSWER_LIMIT: Duration = Duration::from_secs(110);
/// Keep-alives lost in a row until the link counts as dead.
const KEEPALIVE_MAX: usize = 3;

/// How far the opening of a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenStage {
    /// On its way to the SSH server.
    Connecting,
    /// The server is there and checks who we are.
    Authenticating,
    /// A question to the user is open.
    WaitingForUser,
}

/// Opens hosts on behalf of one task.
pub(crate) struct Opener<'a> {
    pub(crate) stages: Option<watch::Sender<OpenStage>>,
    pub(crate) context: &'a TaskContext,
    pub(crate) secrets: &'a Secrets,
    pub(crate) known_hosts: PathBuf,
    /// Silence after which the link counts as dead.
    pub(crate) keepalive_timeout: Duration,
}

/// A secret that the user typed.
struct Given {
    name: SecretName,
    secret: SecretString,
    /// Keep it beyond this run.
    keep: bool,
}

impl Opener<'_> {
    /// Says how far it is, too.
    pub(crate) fn reporting(mut self, stages: watch::Sender<OpenStage>) -> Self {
        self.stages = Some(stages);
        self
    }

    fn enter(&self, stage: OpenStage) {
        if let Some(stages) = &self.stages {
            stages.send_replace(stage);
        }
    }

    /// Reaches the host; asks the user where it must. Ends early when the task is cancelled.
    pub(crate) async fn open(&self, host: &Host) -> Result<Machine, Fault> {
        match &host.address {
            HostAddress::Local => Ok(Machine::Local),
            HostAddress::Ssh(address) => {
                tokio::select! {
                    () = self.context.token().cancelled() => Err(Fault::cancelled()),
                    session = self.connect(host, address) => Ok(Machine::Ssh(session?)),
                }
            }
        }
    }

    async fn connect(
        &self,
        host: &Host,
        address: &SshAddress,
    ) -> Result<slipway_ssh::Session, Fault> {
        let known_hosts = KnownHosts::with_own(&self.known_hosts);
        let mut options =
            ConnectOptions::new(&address.host, address.port, &address.user, known_hosts);
        options.identities = address.identity.iter().map(PathBuf::from).collect();
        options.accepted_fingerprint.clone_from(&address.accepted_fingerprint);
        options.keepalive_max = KEEPALIVE_MAX;
        options.keepalive_interval = self.keepalive_timeout / 3;
        let at = format!("{}@{}:{}", address.user, address.host, address.port);
        tracing::info!(target: "ssh", host_id = %host.id, "connecting to {at}");

        let (sender, mut questions) = mpsc::channel(1);
        let connecting = slipway_ssh::connect(&options, sender);
        tokio::pin!(connecting);
        // Secrets are remembered, and written down if the user says so, once the server took them.
        let mut given = Vec::new();
        let session = loop {
            let question = tokio::select! {
                result = &mut connecting => break result?,
                Some(question) = questions.recv() => question,
            };
            // While the user thinks, the connection may end; then the question falls away.
            self.enter(OpenStage::WaitingForUser);
            tokio::select! {
                result = &mut connecting => break result?,
                answered = self.answer(host, &at, question, &mut given) => answered?,
            }
            self.enter(OpenStage::Authenticating);
        };
        for Given { name, secret, keep } in given {
            self.secrets.accept(&name, &secret);
            if keep {
                self.secrets.put(&name, &secret).await;
            }
        }
        tracing::info!(target: "ssh", host_id = %host.id, "connected to {at}");
        Ok(session)
    }

    async fn answer(
        &self,
        host: &Host,
        at: &str,
        question: Question,
        given: &mut Vec<Given>,
    ) -> Result<(), Fault> {
        match question {
            Question::HostKey { host: address, port, algorithm, fingerprint, answer } => {
                let key = HostKeyQuestion {
                    address,
                    port,
                    algorithm,
                    fingerprint,
                    randomart: String::new(),
                    known_by_other_key: None,
                };
                let asked = PromptQuestion::HostKey(key);
                let accepted = match self.context.ask(&host.id, asked, ANSWER_LIMIT).await {
                    Ok(reply) => matches!(reply, PromptReply::Accept),
                    // A declined key has an error of its own, which says what to do.
                    Err(_) if !self.context.token().is_cancelled() => false,
                    Err(fault) => return Err(fault),
                };
                let _ = answer.send(accepted);
            }
            Question::Password { user, host: address, attempt, answer, .. } => {
                let asked = PromptQuestion::Password(PasswordQuestion { user, address, attempt });
                let name = SecretName::password(at);
                let secret = self.secret(host, name, attempt, asked, given).await?;
                let _ = answer.send(Some(secret));
            }
            Question::Passphrase { path, attempt, answer } => {
                let path = path.to_string_lossy().into_owned();
                let name = SecretName::passphrase(&path);
                let asked = PromptQuestion::Passphrase(PassphraseQuestion { path, attempt });
                let secret = self.secret(host, name, attempt, asked, given).await?;
                let _ = answer.send(Some(secret));
            }
        }
        Ok(())
    }

    /// The known secret on the first attempt, else the user's answer.
    async fn secret(
        &self,
        host: &Host,
        name: SecretName,
        attempt: u32,
        question: PromptQuestion,
        given: &mut Vec<Given>,
    ) -> Result<SecretString, Fault> {
        if attempt <= 1
            && let Some(kept) = self.secrets.get(&name).await
        {
            return Ok(kept);
        }
        match self.context.ask(&host.id, question, ANSWER_LIMIT).await? {
            PromptReply::Secret { value, remember: keep } => {
                let secret = SecretString::from(value);
                given.retain(|earlier| earlier.name != name);
                given.push(Given { name, secret: secret.clone(), keep });
                Ok(secret)
            }
            PromptReply::Accept | PromptReply::Answers { .. } | PromptReply::Decline => {
                Err(Fault::cancelled())
            }
        }
    }
}
