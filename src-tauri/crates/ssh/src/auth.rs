//! Logging in: which methods are tried, in what order, and how often.

mod keys;
mod passphrase;
mod typed;

use std::time::Duration;

use russh::client::{AuthResult, Handle};
use russh::keys::HashAlg;
use russh::{MethodKind, MethodSet};
use secrecy::SecretString;
use tokio::sync::{mpsc, oneshot, watch};

use crate::deadline::{Deadline, Elapsed};
use crate::error::{Asked, Error};
use crate::handler::ClientHandler;
use crate::identity::{self, Identity};
use crate::options::{ConnectOptions, Question};
use crate::session::DisconnectReason;

/// Refusals after which no more is tried. sshd ends the connection at the sixth (MaxAuthTries).
const MAX_REFUSALS: usize = 5;
/// How often a person may try one secret.
const MAX_ANSWERS: u32 = 3;

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
            return Ok(Self { keys, chosen: false, notes });
        }
        let mut keys = Vec::new();
        for path in &options.identities {
            keys.push(Identity::load(path).await?);
        }
        Ok(Self { keys, chosen: true, notes: Vec::new() })
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
            tried.push(format!("nothing to try; the server takes {}", offered.join(", ")));
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
            AuthResult::Failure { remaining_methods, partial_success } => {
                if self.handle.is_closed() {
                    return Err(self.ended_early(what).await);
                }
                self.methods = remaining_methods;
                if let Some(what) = what {
                    if partial_success {
                        self.tried.push(format!("{what}: accepted, but more is needed"));
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
        self.tried.extend(what.map(|what| format!("{what}: refused")));
        self.tried.push(format!("the server ended the login: {}", printable(&message)));
        Error::AuthenticationRefused {
            user: self.options.user.clone(),
            host: self.options.host.clone(),
            tried: std::mem::take(&mut self.tried),
        }
    }
}

/// A server's words without control characters, at most 200 characters.
fn printable(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
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
