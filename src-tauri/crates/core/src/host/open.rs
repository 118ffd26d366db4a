//! Opening a way to a host: connecting over SSH, and carrying its questions to the user.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use slipway_protocol::{
    Host, HostAddress, HostKeyQuestion, InteractiveField, InteractiveQuestion, PassphraseQuestion,
    PasswordQuestion, PromptQuestion, PromptReply, SshAddress,
};
use slipway_ssh::config::{Config, ConnectDefaults, Destination};
use slipway_ssh::{ConnectOptions, Question, Stage};
use tokio::sync::{mpsc, watch};

use super::address::parse_address;
use super::machine::Machine;
use super::ssh_config;
use crate::fault::Fault;
use crate::secrets::{SecretName, Secrets};
use crate::tasks::TaskContext;

/// How long a person may take for an answer; sshd itself waits 120 s for a login by default.
const ANSWER_LIMIT: Duration = Duration::from_secs(110);
/// For each step that waits for a machine on the way, unless `ConnectTimeout` says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Keep-alives lost in a row until the link counts as dead.
const KEEPALIVE_MAX: usize = 3;

/// How far the opening of a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenStage {
    /// On the way to the SSH server, or to a jump before it.
    Connecting,
    /// A server has answered and checks who we are.
    Authenticating,
    /// A question is open.
    WaitingForUser,
}

/// Opens hosts on behalf of one task.
pub(crate) struct Opener<'a> {
    /// Told how far it is.
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
    /// The same, telling how far it is.
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
        let options = self.options(address).await?;
        let at = format!("{}@{}:{}", options.user, options.host, options.port);
        let through = options.jumps().len();
        tracing::info!(target: "ssh", host_id = %host.id, "connecting to {at} through {through} jumps");

        let (sender, mut questions) = mpsc::channel(1);
        let progress = watch::Sender::new(Stage::Connecting { host: options.host.clone() });
        let mut stages = progress.subscribe();
        let connecting = slipway_ssh::connect_in_stages(&options, sender, &progress);
        tokio::pin!(connecting);
        // Secrets are remembered, and written down if the user says so, once the server took them.
        let mut given = Vec::new();
        let session = loop {
            let stage = match &*stages.borrow_and_update() {
                Stage::Connecting { .. } => OpenStage::Connecting,
                Stage::Authenticating { .. } => OpenStage::Authenticating,
            };
            self.enter(stage);
            let question = tokio::select! {
                result = &mut connecting => break result?,
                Some(question) = questions.recv() => question,
                Ok(()) = stages.changed() => continue,
            };
            // While the user thinks, the connection may end; then the question falls away.
            tokio::select! {
                result = &mut connecting => break result?,
                answered = self.answer(host, question, &mut given) => answered?,
            }
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

    async fn options(&self, address: &SshAddress) -> Result<ConnectOptions, Fault> {
        let defaults = ConnectDefaults {
            known_hosts: self.known_hosts.clone(),
            keepalive_interval: self.keepalive_timeout / 3,
            keepalive_max: KEEPALIVE_MAX,
            connect_timeout: CONNECT_TIMEOUT,
        };
        options(&ssh_config::config(), address, &defaults).await
    }

    /// The name and port that this computer itself dials: a jump's or a proxy's, if there is one.
    /// `None` when a command does it.
    pub(crate) async fn first_stop(
        &self,
        address: &SshAddress,
    ) -> Result<Option<(String, u16)>, Fault> {
        let options = self.options(address).await?;
        Ok(options.first_stop().map(|(host, port)| (host.to_owned(), port)))
    }

    /// Puts a question to the user.
    async fn ask(&self, host: &Host, question: PromptQuestion) -> Result<PromptReply, Fault> {
        self.enter(OpenStage::WaitingForUser);
        self.context.ask(&host.id, question, ANSWER_LIMIT).await
    }

    async fn answer(
        &self,
        host: &Host,
        question: Question,
        given: &mut Vec<Given>,
    ) -> Result<(), Fault> {
        match question {
            Question::HostKey {
                host: address,
                port,
                algorithm,
                fingerprint,
                randomart,
                known_by_other_key,
                answer,
            } => {
                let known_by_other_key = known_by_other_key.map(|place| place.to_string());
                let asked = PromptQuestion::HostKey(HostKeyQuestion {
                    address,
                    port,
                    algorithm,
                    fingerprint,
                    randomart,
                    known_by_other_key,
                });
                let accepted = match self.ask(host, asked).await {
                    Ok(reply) => matches!(reply, PromptReply::Accept),
                    // A declined key has an error of its own, which says what to do.
                    Err(_) if !self.context.token().is_cancelled() => false,
                    Err(fault) => return Err(fault),
                };
                let _ = answer.send(accepted);
            }
            Question::Password { user, host: address, port, attempt, answer } => {
                let name = SecretName::password(&format!("{user}@{address}:{port}"));
                let asked = PromptQuestion::Password(PasswordQuestion { user, address, attempt });
                let secret = self.secret(host, name, attempt, asked, given).await?;
                let _ = answer.send(Some(secret));
            }
            Question::Interactive { user, host: address, title, instructions, fields, answer } => {
                let field = |field: slipway_ssh::InteractiveField| InteractiveField {
                    label: field.label,
                    echo: field.echo,
                };
                let fields = fields.into_iter().map(field).collect();
                let asked = PromptQuestion::Interactive(InteractiveQuestion {
                    user,
                    address,
                    title,
                    instructions,
                    fields,
                });
                // Never kept: a code is good once.
                let PromptReply::Answers { values } = self.ask(host, asked).await? else {
                    return Err(Fault::cancelled());
                };
                let _ = answer.send(Some(values.into_iter().map(SecretString::from).collect()));
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
        match self.ask(host, question).await? {
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

/// What the configuration says about the line as it was typed. Where it does not know the alias any
/// more, what that stood for when the host was added.
async fn options(
    config: &Config,
    address: &SshAddress,
    defaults: &ConnectDefaults,
) -> Result<ConnectOptions, Fault> {
    let typed = parse_address(&address.line)?;
    let mut options = config.resolve(&typed, defaults).await?;
    if options.host == typed.host && address.host != typed.host {
        let stored = Destination {
            user: Some(address.user.clone()),
            host: address.host.clone(),
            port: Some(address.port),
        };
        options = config.resolve(&stored, defaults).await?;
    }
    options.identities = address.identity.iter().map(PathBuf::from).collect();
    options.accepted_fingerprint.clone_from(&address.accepted_fingerprint);
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(line: &str) -> SshAddress {
        SshAddress {
            line: line.to_owned(),
            user: "old".to_owned(),
            host: "192.0.2.1".to_owned(),
            port: 2222,
            identity: Some("/k/mine".to_owned()),
            accepted_fingerprint: None,
        }
    }

    #[tokio::test]
    async fn an_edit_of_the_configuration_takes_effect() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        let defaults = ConnectDefaults {
            known_hosts: dir.path().join("known_hosts"),
            keepalive_interval: Duration::from_secs(3),
            keepalive_max: KEEPALIVE_MAX,
            connect_timeout: CONNECT_TIMEOUT,
        };
        let config = Config::with_file(&file);
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        write("Host gpu\n  HostName 192.0.2.1\n  Port 2222\n  User old\n");
        let first = options(&config, &address("gpu"), &defaults).await.unwrap();
        assert_eq!((first.host.as_str(), first.port), ("192.0.2.1", 2222));
        write(
            "Host gpu\n  HostName 192.0.2.9\n  User new\n  ProxyJump gate\n  IdentityFile /k/c\n",
        );
        let edited = options(&config, &address("gpu"), &defaults).await.unwrap();
        assert_eq!((edited.host.as_str(), edited.user.as_str()), ("192.0.2.9", "new"));
        assert_eq!(edited.jumps().len(), 1);
        assert_eq!(edited.identities, [PathBuf::from("/k/mine")]);
        assert_eq!(edited.config_identities, [PathBuf::from("/k/c")]);
        // The alias is gone: what it stood for is dialled.
        write("Host other\n");
        let kept = options(&config, &address("gpu"), &defaults).await.unwrap();
        assert_eq!((kept.user.as_str(), kept.host.as_str(), kept.port), ("old", "192.0.2.1", 2222));
    }
}
