//! Key files under a passphrase.

use std::sync::Arc;

use russh::keys::agent::AgentIdentity;
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use russh::{SendError, Signer};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Login, MAX_ANSWERS, ask};
use crate::deadline::Deadline;
use crate::error::{Asked, Error};
use crate::identity::{self, Identity};
use crate::options::Question;
use crate::session::DisconnectReason;

impl<'a> Login<'a> {
    pub(super) fn unlocker<'b>(&self, identity: &'b Identity) -> Unlocker<'b>
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

    pub(super) async fn unlock_if_accepted(
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
            self.handle.authenticate_publickey_with(user, public.clone(), hash, &mut unlock);
        let result = self.deadline.run(asking).await;
        if unlock.failure.is_none() && unlock.key.is_none() {
            self.outcome(Some(what.to_owned()), result).await?;
        }
        self.unlocked(what, unlock)
    }

    /// A wrong passphrase for a key that the user named ends the login; for one that merely lies
    /// in `~/.ssh` the next method has its turn.
    pub(super) fn unlocked(
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
}

/// Stands in for a signer: is called only if the server accepts the key, asks for the passphrase
/// then, keeps the key and declines to sign. The login goes on with the key itself.
pub(super) struct Unlocker<'a> {
    identity: &'a Identity,
    questions: &'a mpsc::Sender<Question>,
    deadline: &'a Deadline,
    ended: watch::Receiver<Option<DisconnectReason>>,
    pub(super) key: Option<Arc<PrivateKey>>,
    pub(super) failure: Option<Error>,
}

impl Unlocker<'_> {
    pub(super) async fn ask(&mut self) -> Result<(), Error> {
        let Identity::Encrypted { path, text, .. } = self.identity else {
            return Ok(());
        };
        let _pause = self.deadline.pause();
        for attempt in 1..=MAX_ANSWERS {
            let (answer, reply) = oneshot::channel();
            let question = Question::Passphrase { path: path.clone(), attempt, answer };
            let secret =
                ask(self.questions, question, reply, &mut self.ended, Asked::Passphrase).await?;
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
