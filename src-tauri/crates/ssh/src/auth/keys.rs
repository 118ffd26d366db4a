//! Logging in with keys: those of the agent and those in files, with and without certificates.

use std::fmt::Display;
use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::agent::AgentIdentity;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};
use russh::{MethodKind, Signer};

use super::candidates::{Candidate, Holder, Shown, candidates};
use super::{Login, MAX_REFUSALS};
use crate::agent::Agent;
use crate::error::{Error, LoginAttempt};

/// Refused keys after which a password is asked for, where the server takes one.
const MAX_KEY_REFUSALS_BEFORE_PASSWORD: usize = 4;

impl Login<'_> {
    fn keys_left(&self) -> bool {
        let typed =
            self.offers(MethodKind::Password) || self.offers(MethodKind::KeyboardInteractive);
        self.refusals < if typed { MAX_KEY_REFUSALS_BEFORE_PASSWORD } else { MAX_REFUSALS }
    }

    pub(super) async fn public_keys(&mut self) -> Result<bool, Error> {
        let (mut agent, held) = match self.open_agent().await {
            Some((agent, held)) => (Some(agent), held),
            None => (None, Vec::new()),
        };
        for candidate in candidates(&held, self.identities) {
            if !self.offers(MethodKind::PublicKey) {
                break;
            }
            // A key that was one half of what is needed is not the other half too.
            if candidate.public_key().is_some_and(|key| self.accepted_keys.contains(&key)) {
                continue;
            }
            if !self.keys_left() {
                self.note("further keys", "not tried, the server would hang up");
                break;
            }
            let before = self.progress;
            let done = match (&candidate.holder, agent.as_mut()) {
                (Holder::Agent(signs), Some(agent)) => {
                    self.agent_key(&candidate, agent, signs).await?
                }
                (Holder::File(identity), _) => self.key_file(&candidate, identity).await?,
                (Holder::Agent(_), None) => false,
            };
            if done {
                return Ok(true);
            }
            if self.progress > before {
                self.accepted_keys.extend(candidate.public_key());
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
            Err(why) => {
                self.note("agent", why);
                None
            }
        }
    }

    async fn agent_key(
        &mut self,
        candidate: &Candidate<'_>,
        agent: &mut Agent,
        signs: &AgentIdentity,
    ) -> Result<bool, Error> {
        let Some(shown) = &candidate.shown else {
            return Ok(false);
        };
        let mut signer = agent.signing_with(signs);
        match self.offer(&candidate.what, shown, &mut signer).await? {
            Offered::Answered(done) => Ok(done),
            Offered::NotSigned(why) => {
                self.note(&candidate.what, format!("the agent does not sign ({why})"));
                Ok(false)
            }
        }
    }

    /// Shows a key or certificate to the server, which asks for a signature if it would take it.
    pub(super) async fn offer<S>(
        &mut self,
        what: &str,
        shown: &Shown<'_>,
        signer: &mut S,
    ) -> Result<Offered, Error>
    where
        S: Signer,
        S::Error: Display,
    {
        let hash = match self.hash_for(shown.algorithm()).await {
            Ok(hash) => hash,
            Err(why) => return Ok(Offered::NotSigned(why)),
        };
        let user = self.options.user.clone();
        let result = match shown {
            Shown::Key(key) => {
                let key = PublicKey::clone(key);
                let login = self.handle.authenticate_publickey_with(user, key, hash, signer);
                self.deadline.run(login).await
            }
            Shown::Certificate(certificate) => {
                let certificate = Certificate::clone(certificate);
                let login =
                    self.handle.authenticate_certificate_with(user, certificate, hash, signer);
                self.deadline.run(login).await
            }
        };
        match result {
            Ok(Err(error)) if !self.handle.is_closed() => Ok(Offered::NotSigned(error.to_string())),
            result => {
                let before = self.refusals;
                let done = self.outcome(Some(what.to_owned()), result).await?;
                if self.refusals > before {
                    self.explain_refusal(shown);
                }
                Ok(Offered::Answered(done))
            }
        }
    }

    /// Adds what can be seen from here to the last refusal.
    fn explain_refusal(&mut self, shown: &Shown<'_>) {
        let Shown::Certificate(certificate) = shown else {
            return;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let fault = if now >= certificate.valid_before() {
            "it has expired".to_owned()
        } else if now < certificate.valid_after() {
            "it is not valid yet".to_owned()
        } else if !certificate.valid_principals().contains(&self.options.user) {
            format!("it is for {}", certificate.valid_principals().join(", "))
        } else {
            return;
        };
        if let Some(LoginAttempt { why, .. }) = self.tried.last_mut() {
            *why = format!("{why} ({fault})");
        }
    }

    /// The hash to sign with; `Err` with a reason when only SHA-1 would be left.
    async fn hash_for(&mut self, algorithm: Algorithm) -> Result<Option<HashAlg>, String> {
        if !algorithm.is_rsa() {
            return Ok(None);
        }
        if self.rsa_hash.is_none() {
            let answer = self.deadline.run(self.handle.best_supported_rsa_hash()).await;
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
}

/// What came of showing a key.
pub(super) enum Offered {
    /// The server's answer: whether the login is done.
    Answered(bool),
    /// The server would take the key, but there is no signature: why.
    NotSigned(String),
}
