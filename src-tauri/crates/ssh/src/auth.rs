//! Logging in: which methods are tried, in what order, and how often.

mod candidates;
mod files;
mod identities;
mod keys;
mod typed;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{AuthResult, Handle};
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use russh::{MethodKind, MethodSet};
use tokio::sync::{mpsc, oneshot, watch};

pub(crate) use self::identities::Identities;
use crate::deadline::{Deadline, Elapsed};
use crate::error::{Asked, Error, LoginAttempt};
use crate::handler::ClientHandler;
use crate::options::ConnectOptions;
use crate::question::Question;
use crate::session::DisconnectReason;

/// Refusals after which no more is tried. sshd ends the connection at the sixth (MaxAuthTries).
const MAX_REFUSALS: usize = 5;
/// How often a person may try one secret.
const MAX_ANSWERS: u32 = 3;

/// Steps of a login of several (partial success) beyond which it makes no sense.
const MAX_STEPS: usize = 8;

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
    tried: Vec<LoginAttempt>,
    refusals: usize,
    /// Steps that the server accepted and wants more than.
    progress: usize,
    /// The keys among them.
    accepted_keys: Vec<PublicKey>,
    /// Key files whose passphrase was given.
    unlocked: HashMap<PathBuf, Arc<PrivateKey>>,
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
            progress: 0,
            accepted_keys: Vec::new(),
            unlocked: HashMap::new(),
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

    /// Tries agent keys, key files, then what a person can type; again after each step that the
    /// server accepts but that is not enough for it.
    pub(crate) async fn run(mut self) -> Result<(), Error> {
        loop {
            let before = self.progress;
            if self.offers(MethodKind::PublicKey) && self.public_keys().await? {
                return Ok(());
            }
            if self.typed().await? {
                return Ok(());
            }
            if self.progress == before || self.progress > MAX_STEPS {
                return Err(self.refused());
            }
        }
    }

    fn note(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.tried.push(LoginAttempt::new(what, why));
    }

    fn offers(&self, method: MethodKind) -> bool {
        self.methods.contains(&method)
    }

    fn refused(self) -> Error {
        let mut tried = self.tried;
        if tried.is_empty() {
            let offered: Vec<&str> = self.methods.iter().map(Into::into).collect();
            let why = format!("the server takes {}", offered.join(", "));
            tried.push(LoginAttempt::new("nothing to try", why));
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
                        self.progress += 1;
                        self.note(what, "accepted, but more is needed");
                    } else {
                        self.refusals += 1;
                        self.note(what, "refused");
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
        self.tried.extend(what.map(|what| LoginAttempt::new(what, "refused")));
        self.note("the server ended the login", printable(&message));
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
async fn ask<A>(
    questions: &mpsc::Sender<Question>,
    question: Question,
    reply: oneshot::Receiver<Option<A>>,
    ended: &mut watch::Receiver<Option<DisconnectReason>>,
    asked: Asked,
) -> Result<A, Error> {
    let asking = async {
        questions.send(question).await.ok()?;
        reply.await.ok().flatten()
    };
    tokio::select! {
        answer = asking => answer.ok_or(Error::Cancelled(asked)),
        _ = ended.wait_for(Option::is_some) => Err(Error::ConnectionLost),
    }
}
