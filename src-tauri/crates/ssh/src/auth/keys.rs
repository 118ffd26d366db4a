//! Logging in with keys: those of the agent and those in files.

use std::sync::Arc;

use russh::MethodKind;
use russh::keys::agent::AgentIdentity;
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey};

use super::{Login, MAX_REFUSALS, printable};
use crate::agent::Agent;
use crate::error::Error;
use crate::identity::Identity;

/// Refused keys after which a password is asked for, where the server takes one.
const MAX_KEY_REFUSALS_BEFORE_PASSWORD: usize = 4;

impl<'a> Login<'a> {
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
        let identities = self.identities;
        for candidate in candidates(&held, &identities.keys) {
            if !self.offers(MethodKind::PublicKey) {
                break;
            }
            if !self.keys_left() {
                self.tried.push("further keys: not tried, the server would hang up".to_owned());
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
    pub(super) async fn hash_for(&mut self, key: &PublicKey) -> Result<Option<HashAlg>, String> {
        if !key.algorithm().is_rsa() {
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
                    self.handle.authenticate_publickey_with(user, key.clone(), hash, agent);
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
                self.tried.push(format!("{what}: the agent does not sign ({error})"));
                Ok(false)
            }
            result => self.outcome(Some(what), result).await,
        }
    }

    async fn key_file(&mut self, identity: &Identity) -> Result<bool, Error> {
        let what = format!("key {}", identity.path().display());
        match identity {
            Identity::Public { .. } => {
                self.tried.push(format!("{what}: a public key, and no agent holds its other half"));
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
        let login = self.handle.authenticate_publickey(self.options.user.clone(), key);
        let result = self.deadline.run(login).await;
        self.outcome(Some(what), result).await
    }
}

/// A key to try.
enum Candidate<'a> {
    Agent(&'a AgentIdentity),
    File(&'a Identity),
}

/// Agent keys named by an identity come first, then the files (less those that the agent has), then
/// the other keys of the agent.
fn candidates<'a>(held: &'a [AgentIdentity], files: &'a [Identity]) -> Vec<Candidate<'a>> {
    let same = |held: &AgentIdentity, file: &Identity| {
        file.public_key().is_some_and(|key| key.key_data() == held.public_key().key_data())
    };
    let named = |held: &AgentIdentity| files.iter().any(|file| same(held, file));
    let mut order = Vec::new();
    order.extend(held.iter().filter(|key| named(key)).map(Candidate::Agent));
    let in_agent = |file: &Identity| held.iter().any(|key| same(key, file));
    order.extend(files.iter().filter(|file| !in_agent(file)).map(Candidate::File));
    order.extend(held.iter().filter(|key| !named(key)).map(Candidate::Agent));
    order
}

fn name(key: &AgentIdentity) -> String {
    match key.comment() {
        "" => key.public_key().fingerprint(HashAlg::Sha256).to_string(),
        comment => printable(comment),
    }
}
