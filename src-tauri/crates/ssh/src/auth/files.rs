//! Logging in with key files, those under a passphrase too.

use std::sync::Arc;

use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_encoding::Encode;
use russh::keys::ssh_key::private::KeypairData;
use russh::keys::ssh_key::{self, Signature};
use russh::keys::{HashAlg, PrivateKey};
use russh::{SendError, Signer};
use tokio::sync::{mpsc, oneshot, watch};

use super::candidates::{Candidate, Shown};
use super::keys::Offered;
use super::{Login, MAX_ANSWERS, ask};
use crate::deadline::Deadline;
use crate::error::{Asked, Error};
use crate::identity::{self, Identity};
use crate::question::Question;
use crate::session::DisconnectReason;

impl Login<'_> {
    pub(super) async fn key_file(
        &mut self,
        candidate: &Candidate<'_>,
        identity: &Identity,
    ) -> Result<bool, Error> {
        let what = candidate.what.as_str();
        let mut signer = match identity {
            Identity::Public { .. } => {
                self.note(what, "a public key, and no agent holds its other half");
                return Ok(false);
            }
            Identity::Plain { key, .. } => self.signer(identity, Some(key.clone())),
            Identity::Encrypted { path, .. } => {
                self.signer(identity, self.unlocked.get(path).cloned())
            }
        };
        let offered = match &candidate.shown {
            // The server is asked first, so that nobody types a passphrase in vain.
            Some(shown) => self.offer(what, shown, &mut signer).await?,
            None => {
                if let Err(error) = signer.unlock().await {
                    signer.failure = Some(error);
                }
                match signer.key.clone() {
                    Some(key) => {
                        self.offer(what, &Shown::Key(key.public_key()), &mut signer).await?
                    }
                    None => Offered::NotSigned(String::new()),
                }
            }
        };
        let FileSigner { key, failure, .. } = signer;
        self.unlocked.extend(key.map(|key| (identity.path().to_path_buf(), key)));
        match (failure, offered) {
            // A wrong passphrase for a key that the user chose ends the login; for one that merely
            // lies there the next method has its turn.
            (Some(Error::WrongPassphrase { .. }), _) if !self.identities.is_chosen(identity) => {
                self.note(what, "wrong passphrase");
                Ok(false)
            }
            (Some(error), _) => Err(error),
            (None, Offered::Answered(done)) => Ok(done),
            (None, Offered::NotSigned(why)) => {
                self.note(what, why);
                Ok(false)
            }
        }
    }

    fn signer<'b>(&self, identity: &'b Identity, key: Option<Arc<PrivateKey>>) -> FileSigner<'b>
    where
        Self: 'b,
    {
        FileSigner {
            identity,
            questions: self.questions.clone(),
            deadline: self.deadline.clone(),
            ended: self.ended.clone(),
            key,
            failure: None,
        }
    }
}

/// Signs with a key file, once the server wants it; asks for the passphrase then.
struct FileSigner<'a> {
    identity: &'a Identity,
    questions: mpsc::Sender<Question>,
    deadline: Deadline,
    ended: watch::Receiver<Option<DisconnectReason>>,
    key: Option<Arc<PrivateKey>>,
    failure: Option<Error>,
}

impl FileSigner<'_> {
    async fn unlock(&mut self) -> Result<(), Error> {
        let Identity::Encrypted { path, text, .. } = self.identity else {
            return Ok(());
        };
        let _pause = self.deadline.pause();
        for attempt in 1..=MAX_ANSWERS {
            let (answer, reply) = oneshot::channel();
            let question = Question::Passphrase { path: path.clone(), attempt, answer };
            let secret =
                ask(&self.questions, question, reply, &mut self.ended, Asked::Passphrase).await?;
            if let Some(key) = identity::decrypt(text, secret).await {
                self.key = Some(Arc::new(key));
                return Ok(());
            }
        }
        Err(Error::WrongPassphrase { path: path.clone() })
    }
}

impl Signer for FileSigner<'_> {
    type Error = SendError;

    async fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        hash: Option<HashAlg>,
        mut to_sign: Vec<u8>,
    ) -> Result<Vec<u8>, SendError> {
        if self.key.is_none() {
            self.failure = self.unlock().await.err();
        }
        let key = self.key.as_ref().ok_or(SendError {})?;
        let signed = sign(key, hash, &to_sign).and_then(|signature| {
            let blob = signature.encode_vec()?;
            // What was signed goes on, with its signature behind it.
            Ok(blob.encode(&mut to_sign)?)
        });
        match signed {
            Ok(()) => Ok(to_sign),
            Err(error) => {
                self.failure = Some(Error::KeyFileUnusable {
                    path: self.identity.path().to_path_buf(),
                    detail: error.to_string(),
                });
                Err(SendError {})
            }
        }
    }
}

fn sign(key: &PrivateKey, hash: Option<HashAlg>, data: &[u8]) -> ssh_key::Result<Signature> {
    Ok(match key.key_data() {
        KeypairData::Rsa(rsa) => (rsa, hash).try_sign(data)?,
        other => other.try_sign(data)?,
    })
}
