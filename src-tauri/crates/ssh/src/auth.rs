//! Logging in: which methods are tried, in what order, and how often.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{AuthResult, Handle, KeyboardInteractiveAuthResponse as Interactive, Prompt};
use russh::keys::agent::AgentIdentity;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};
use russh::{MethodKind, MethodSet, SendError, Signer};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{mpsc, oneshot, watch};

use crate::agent::Agent;
use crate::deadline::{Deadline, Elapsed};
use crate::error::{Asked, Error};
use crate::handler::ClientHandler;
use crate::identity::{self, Identity};
use crate::options::{ConnectOptions, Question};
use crate::session::DisconnectReason;

/// Refusals after which no more is tried. sshd ends the connection at the sixth (MaxAuthTries).
const MAX_REFUSALS: usize = 5;
/// Refused keys after which a password is asked for, where the server takes one.
const MAX_KEY_REFUSALS_BEFORE_PASSWORD: usize = 4;
/// How often a person may try one secret.
const MAX_ANSWERS: u32 = 3;
/// A keyboard-interactive server that keeps asking beyond this is not going to stop.
const MAX_ROUNDS: usize = 10;

/// The identities to try, loaded before the connection is made.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    pub(crate) keys: Vec<Identity>,
    /// Whether they are the user's choice: their faults are then errors, not notes.
    pub(crate) chosen: bool,
    /// What could not be used.
    pub(crate) notes: Vec<String>,
}

impl Identities {
    pub(crate) async fn load(options: &ConnectOptions) -> Result<Self, Error> {
        if options.identities.is_empty() {
            if !options.default_identities {
                return Ok(Self::default());
            }
            let (keys, notes) = identity::defaults().await;
            return Ok(Self {
                keys,
                chosen: false,
                notes,
            });
        }
        let mut keys = Vec::new();
        for path in &options.identities {
            keys.push(Identity::load(path).await?);
        }
        Ok(Self {
            keys,
            chosen: true,
            notes: Vec::new(),
        })
    }
}

/// One login on one connection.
pub(crate) struct Login<'a> {
    pub(crate) handle: &'a mut Handle<ClientHandler>,
    pub(crate) options: &'a ConnectOptions,
    pub(crate) identities: &'a Identities,
    pub(crate) questions: &'a mpsc::Sender<Question>,
    pub(crate) deadline: &'a Deadline,
    pub(crate) ended: watch::Receiver<Option<DisconnectReason>>,
    /// What the server still takes.
    methods: MethodSet,
    /// What was tried and why it failed.
    tried: Vec<String>,
    refusals: usize,
    /// The hash for RSA signatures, asked from the server once: `None` inside means SHA-1 only.
    rsa_hash: Option<Option<HashAlg>>,
}

/// A key to try.
enum Candidate<'a> {
    Agent(&'a AgentIdentity),
    File(&'a Identity),
}

impl<'a> Login<'a> {
    pub(crate) fn new(
        handle: &'a mut Handle<ClientHandler>,
        options: &'a ConnectOptions,
        identities: &'a Identities,
        questions: &'a mpsc::Sender<Question>,
        deadline: &'a Deadline,
        ended: watch::Receiver<Option<DisconnectReason>>,
    ) -> Self {
        Self {
            handle,
            options,
            identities,
            questions,
            deadline,
            ended,
            methods: MethodSet::empty(),
            tried: identities.notes.clone(),
            refusals: 0,
            rsa_hash: None,
        }
    }

    /// Asks what the server takes. `true` means that it takes anybody.
    pub(crate) async fn greet(&mut self) -> Result<bool, Error> {
        // sshd does not count this one.
        let user = self.options.user.clone();
        let answer = self.deadline.run(self.handle.authenticate_none(user)).await;
        self.outcome(None, answer).await
    }

    /// Tries agent keys, key files, then what a person can type.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        if self.offers(MethodKind::PublicKey) && self.public_keys().await? {
            return Ok(());
        }
        if self.interactive().await? {
            return Ok(());
        }
        Err(self.refused())
    }

    fn offers(&self, method: MethodKind) -> bool {
        self.methods.contains(&method)
    }

    fn refused(self) -> Error {
        let mut tried = self.tried;
        if tried.is_empty() {
            let offered: Vec<&str> = self.methods.iter().map(Into::into).collect();
            tried.push(format!(
                "nothing to try; the server takes {}",
                offered.join(", ")
            ));
        }
        Error::AuthenticationRefused {
            user: self.options.user.clone(),
            host: self.options.host.clone(),
            tried,
        }
    }

    /// Takes note of an answer of the server. `true` means logged in. Without a name the try is
    /// neither recorded nor counted.
    async fn outcome<E>(
        &mut self,
        what: Option<String>,
        result: Result<Result<AuthResult, E>, Elapsed>,
    ) -> Result<bool, Error> {
        let answer = result.map_err(|Elapsed| Error::Timeout {
            host: self.options.host.clone(),
            port: self.options.port,
        })?;
        let Ok(answer) = answer else {
            return Err(self.ended_early(what).await);
        };
        match answer {
            AuthResult::Success => Ok(true),
            AuthResult::Failure {
                remaining_methods,
                partial_success,
            } => {
                if self.handle.is_closed() {
                    return Err(self.ended_early(what).await);
                }
                self.methods = remaining_methods;
                if let Some(what) = what {
                    if partial_success {
                        self.tried
                            .push(format!("{what}: accepted, but more is needed"));
                    } else {
                        self.refusals += 1;
                        self.tried.push(format!("{what}: refused"));
                    }
                }
                Ok(false)
            }
        }
    }

    /// The server ended the connection during the login: with a word it is a refusal.
    async fn ended_early(&mut self, what: Option<String>) -> Error {
        let spoken = self.ended.wait_for(Option::is_some);
        let reason = match tokio::time::timeout(Duration::from_secs(1), spoken).await {
            Ok(Ok(reason)) => reason.clone(),
            _ => None,
        };
        let Some(DisconnectReason::ByServer { message }) = reason else {
            return Error::ConnectionLost;
        };
        self.tried
            .extend(what.map(|what| format!("{what}: refused")));
        self.tried.push(format!(
            "the server ended the login: {}",
            printable(&message)
        ));
        Error::AuthenticationRefused {
            user: self.options.user.clone(),
            host: self.options.host.clone(),
            tried: std::mem::take(&mut self.tried),
        }
    }

    fn keys_left(&self) -> bool {
        let typed =
            self.offers(MethodKind::Password) || self.offers(MethodKind::KeyboardInteractive);
        self.refusals
            < if typed {
                MAX_KEY_REFUSALS_BEFORE_PASSWORD
            } else {
                MAX_REFUSALS
            }
    }

    async fn public_keys(&mut self) -> Result<bool, Error> {
        let (mut agent, held) = match self.open_agent().await {
            Some((agent, held)) => (Some(agent), held),
            None => (None, Vec::new()),
        };
        let identities = self.identities;
        for candidate in candidates(&held, &identities.keys) {
            if !self.offers(MethodKind::PublicKey) {
                break;
            }
            if !self.keys_left() {
                self.tried
                    .push("further keys: not tried, the server would hang up".to_owned());
                break;
            }
            let done = match (candidate, agent.as_mut()) {
                (Candidate::Agent(key), Some(agent)) => self.agent_key(agent, key).await?,
                (Candidate::File(identity), _) => self.key_file(identity).await?,
                (Candidate::Agent(_), None) => false,
            };
            if done {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn open_agent(&mut self) -> Option<(Agent, Vec<AgentIdentity>)> {
        if !self.options.use_agent {
            return None;
        }
        let socket = self.options.agent_socket.as_deref();
        match Agent::open(self.handle, socket, self.deadline.clone()).await {
            Ok(opened) => opened,
            Err(note) => {
                self.tried.push(note);
                None
            }
        }
    }

    /// The hash to sign with; `Err` with a note when only SHA-1 would be left.
    async fn hash_for(&mut self, key: &PublicKey) -> Result<Option<HashAlg>, String> {
        if !key.algorithm().is_rsa() {
            return Ok(None);
        }
        if self.rsa_hash.is_none() {
            let answer = self
                .deadline
                .run(self.handle.best_supported_rsa_hash())
                .await;
            // Without the extension most servers take SHA-512.
            self.rsa_hash = Some(match answer {
                Ok(Ok(Some(hash))) => hash,
                _ => Some(HashAlg::Sha512),
            });
        }
        match self.rsa_hash.flatten() {
            Some(hash) => Ok(Some(hash)),
            None => Err("the server takes RSA keys only with SHA-1".to_owned()),
        }
    }

    async fn agent_key(&mut self, agent: &mut Agent, key: &AgentIdentity) -> Result<bool, Error> {
        let what = format!("agent key {}", name(key));
        let hash = match self.hash_for(&key.public_key()).await {
            Ok(hash) => hash,
            Err(note) => {
                self.tried.push(format!("{what}: {note}"));
                return Ok(false);
            }
        };
        let user = self.options.user.clone();
        let result = match key {
            AgentIdentity::PublicKey { key, .. } => {
                let signing =
                    self.handle
                        .authenticate_publickey_with(user, key.clone(), hash, agent);
                self.deadline.run(signing).await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                let signing = self.handle.authenticate_certificate_with(
                    user,
                    certificate.clone(),
                    hash,
                    agent,
                );
                self.deadline.run(signing).await
            }
        };
        match result {
            Ok(Err(error)) if !self.handle.is_closed() => {
                self.tried
                    .push(format!("{what}: the agent does not sign ({error})"));
                Ok(false)
            }
            result => self.outcome(Some(what), result).await,
        }
    }

    async fn key_file(&mut self, identity: &Identity) -> Result<bool, Error> {
        let what = format!("key {}", identity.path().display());
        match identity {
            Identity::Public { .. } => {
                self.tried.push(format!(
                    "{what}: a public key, and no agent holds its other half"
                ));
                Ok(false)
            }
            Identity::Plain { key, .. } => self.private_key(what, key.clone()).await,
            Identity::Encrypted { public, .. } => {
                let unlocked = match public {
                    // The server is asked first, so that nobody types a passphrase in vain.
                    Some(public) => self.unlock_if_accepted(&what, public, identity).await?,
                    None => {
                        let mut unlock = self.unlocker(identity);
                        unlock.failure = unlock.ask().await.err();
                        self.unlocked(&what, unlock)?
                    }
                };
                match unlocked {
                    Some(key) => self.private_key(what, key).await,
                    None => Ok(false),
                }
            }
        }
    }

    async fn private_key(&mut self, what: String, key: Arc<PrivateKey>) -> Result<bool, Error> {
        let hash = match self.hash_for(key.public_key()).await {
            Ok(hash) => hash,
            Err(note) => {
                self.tried.push(format!("{what}: {note}"));
                return Ok(false);
            }
        };
        let key = PrivateKeyWithHashAlg::new(key, hash);
        let login = self
            .handle
            .authenticate_publickey(self.options.user.clone(), key);
        let result = self.deadline.run(login).await;
        self.outcome(Some(what), result).await
    }

    fn unlocker<'b>(&self, identity: &'b Identity) -> Unlocker<'b>
    where
        'a: 'b,
    {
        Unlocker {
            identity,
            questions: self.questions,
            deadline: self.deadline,
            ended: self.ended.clone(),
            key: None,
            failure: None,
        }
    }

    async fn unlock_if_accepted(
        &mut self,
        what: &str,
        public: &PublicKey,
        identity: &Identity,
    ) -> Result<Option<Arc<PrivateKey>>, Error> {
        let hash = match self.hash_for(public).await {
            Ok(hash) => hash,
            Err(note) => {
                self.tried.push(format!("{what}: {note}"));
                return Ok(None);
            }
        };
        let mut unlock = self.unlocker(identity);
        let user = self.options.user.clone();
        let asking =
            self.handle
                .authenticate_publickey_with(user, public.clone(), hash, &mut unlock);
        let result = self.deadline.run(asking).await;
        if unlock.failure.is_none() && unlock.key.is_none() {
            self.outcome(Some(what.to_owned()), result).await?;
        }
        self.unlocked(what, unlock)
    }

    /// A wrong passphrase for a key that the user named ends the login; for one that merely lies
    /// in `~/.ssh` the next method has its turn.
    fn unlocked(
        &mut self,
        what: &str,
        unlock: Unlocker<'_>,
    ) -> Result<Option<Arc<PrivateKey>>, Error> {
        match unlock.failure {
            Some(Error::WrongPassphrase { .. }) if !self.identities.chosen => {
                self.tried.push(format!("{what}: wrong passphrase"));
                Ok(None)
            }
            Some(error) => Err(error),
            None => Ok(unlock.key),
        }
    }

    async fn interactive(&mut self) -> Result<bool, Error> {
        let mut keyboard = true;
        for attempt in 1..=MAX_ANSWERS {
            if self.refusals >= MAX_REFUSALS {
                break;
            }
            if keyboard && self.offers(MethodKind::KeyboardInteractive) {
                match self.keyboard_interactive(attempt).await? {
                    Some(true) => return Ok(true),
                    Some(false) => continue,
                    // It asked nothing: there is no device behind it.
                    None => keyboard = false,
                }
            }
            if !self.offers(MethodKind::Password) {
                break;
            }
            let password = self.ask_password(None, attempt).await?;
            let login = self
                .handle
                .authenticate_password(self.options.user.clone(), password.expose_secret());
            let result = self.deadline.run(login).await;
            if self.outcome(Some("password".to_owned()), result).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `None` when the server refused without having asked anything.
    async fn keyboard_interactive(&mut self, attempt: u32) -> Result<Option<bool>, Error> {
        let what = || Some("keyboard-interactive".to_owned());
        let mut asked = false;
        let user = self.options.user.clone();
        let start = self
            .handle
            .authenticate_keyboard_interactive_start(user, None);
        let mut result = self.deadline.run(start).await;
        for _ in 0..MAX_ROUNDS {
            match result {
                Ok(Ok(Interactive::InfoRequest {
                    instructions,
                    prompts,
                    ..
                })) => {
                    let mut answers = Vec::new();
                    for Prompt { prompt, .. } in prompts {
                        asked = true;
                        let words = printable(&format!("{instructions} {prompt}"));
                        let secret = self.ask_password(Some(words), attempt).await?;
                        answers.push(secret.expose_secret().to_owned());
                    }
                    // A server may send a request without prompts; it wants an empty answer.
                    let respond = self
                        .handle
                        .authenticate_keyboard_interactive_respond(answers);
                    result = self.deadline.run(respond).await;
                }
                Ok(Ok(Interactive::Success)) => return Ok(Some(true)),
                Ok(Ok(Interactive::Failure {
                    remaining_methods,
                    partial_success,
                })) => {
                    let failure = AuthResult::Failure {
                        remaining_methods,
                        partial_success,
                    };
                    self.outcome(what(), Ok(Ok::<_, SendError>(failure)))
                        .await?;
                    return Ok(asked.then_some(false));
                }
                Ok(Err(error)) => {
                    return self.outcome(what(), Ok(Err(error))).await.map(Some);
                }
                Err(Elapsed) => {
                    return self
                        .outcome(what(), Err::<Result<_, SendError>, _>(Elapsed))
                        .await
                        .map(Some);
                }
            }
        }
        self.tried
            .push("keyboard-interactive: the server keeps asking".to_owned());
        Ok(None)
    }

    async fn ask_password(
        &mut self,
        prompt: Option<String>,
        attempt: u32,
    ) -> Result<SecretString, Error> {
        let (answer, reply) = oneshot::channel();
        let question = Question::Password {
            user: self.options.user.clone(),
            host: self.options.host.clone(),
            prompt,
            attempt,
            answer,
        };
        ask(
            self.questions,
            question,
            reply,
            &mut self.ended,
            Asked::Password,
        )
        .await
    }
}

/// Agent keys named by an identity come first, then the files (less those that the agent has), then
/// the other keys of the agent.
fn candidates<'a>(held: &'a [AgentIdentity], files: &'a [Identity]) -> VecDeque<Candidate<'a>> {
    let same = |held: &AgentIdentity, file: &Identity| {
        file.public_key()
            .is_some_and(|key| key.key_data() == held.public_key().key_data())
    };
    let named = |held: &AgentIdentity| files.iter().any(|file| same(held, file));
    let mut order = VecDeque::new();
    order.extend(held.iter().filter(|key| named(key)).map(Candidate::Agent));
    let in_agent = |file: &Identity| held.iter().any(|key| same(key, file));
    order.extend(
        files
            .iter()
            .filter(|file| !in_agent(file))
            .map(Candidate::File),
    );
    order.extend(held.iter().filter(|key| !named(key)).map(Candidate::Agent));
    order
}

fn name(key: &AgentIdentity) -> String {
    match key.comment() {
        "" => key.public_key().fingerprint(HashAlg::Sha256).to_string(),
        comment => printable(comment),
    }
}

/// A server's words without control characters, at most 200 characters.
fn printable(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    line.trim().chars().take(200).collect()
}

/// Puts a question and waits for the answer, as long as the connection lasts.
async fn ask(
    questions: &mpsc::Sender<Question>,
    question: Question,
    reply: oneshot::Receiver<Option<SecretString>>,
    ended: &mut watch::Receiver<Option<DisconnectReason>>,
    asked: Asked,
) -> Result<SecretString, Error> {
    let asking = async {
        questions.send(question).await.ok()?;
        reply.await.ok().flatten()
    };
    tokio::select! {
        secret = asking => secret.ok_or(Error::Cancelled(asked)),
        _ = ended.wait_for(Option::is_some) => Err(Error::ConnectionLost),
    }
}

/// Stands in for a signer: is called only if the server accepts the key, asks for the passphrase
/// then, keeps the key and declines to sign. The login goes on with the key itself.
struct Unlocker<'a> {
    identity: &'a Identity,
    questions: &'a mpsc::Sender<Question>,
    deadline: &'a Deadline,
    ended: watch::Receiver<Option<DisconnectReason>>,
    key: Option<Arc<PrivateKey>>,
    failure: Option<Error>,
}

impl Unlocker<'_> {
    async fn ask(&mut self) -> Result<(), Error> {
        let Identity::Encrypted { path, text, .. } = self.identity else {
            return Ok(());
        };
        let _pause = self.deadline.pause();
        for attempt in 1..=MAX_ANSWERS {
            let (answer, reply) = oneshot::channel();
            let question = Question::Passphrase {
                path: path.clone(),
                attempt,
                answer,
            };
            let secret = ask(
                self.questions,
                question,
                reply,
                &mut self.ended,
                Asked::Passphrase,
            )
            .await?;
            if let Some(key) = identity::decrypt(text, secret).await {
                self.key = Some(Arc::new(key));
                return Ok(());
            }
        }
        Err(Error::WrongPassphrase { path: path.clone() })
    }
}

impl Signer for Unlocker<'_> {
    type Error = SendError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        _: Vec<u8>,
    ) -> Result<Vec<u8>, SendError> {
        self.failure = self.ask().await.err();
        Err(SendError {})
    }
}
