//! What russh calls back: the host key check, and the end of the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use russh::client::{ChannelOpenHandle, DisconnectReason as RusshReason, Handler, Msg, Session};
use russh::keys::{Certificate, HashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, Error as RusshError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::art::randomart;
use crate::deadline::Deadline;
use crate::error::{Asked, ChangedHostKey, Error};
use crate::known_hosts::{self, HostRecord, RecordedKey, Refusal, Verdict};
use crate::options::ConnectOptions;
use crate::question::{Question, RecordedAt};
use crate::session::DisconnectReason;

/// What ends russh's session loop: a refusal of ours, or a failure of the connection.
#[derive(Debug)]
pub(crate) enum HandlerError {
    Ours(Error),
    Russh(RusshError),
}

impl From<RusshError> for HandlerError {
    fn from(error: RusshError) -> Self {
        Self::Russh(error)
    }
}

impl From<Error> for HandlerError {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

/// Checks the host key and tells the session why it ended. Knows no UI: an unknown key becomes a
/// [`Question`], a wrong one an error.
pub(crate) struct ClientHandler {
    pub(crate) options: ConnectOptions,
    pub(crate) record: HostRecord,
    /// Let go of once the key is accepted, so that its receiver sees the end of the questions.
    pub(crate) questions: Option<mpsc::Sender<Question>>,
    pub(crate) deadline: Deadline,
    /// The only sender: when it goes without a word, the session died without calling back.
    pub(crate) ended: watch::Sender<Option<DisconnectReason>>,
    /// The key of this connection, once accepted: a rekey must show the same one.
    pub(crate) accepted: Option<PublicKey>,
    /// Set once a person was asked, which may have outlasted the server's patience.
    pub(crate) asked: Arc<AtomicBool>,
    /// Ends a question that nobody waits for any more.
    pub(crate) abandoned: CancellationToken,
}

impl ClientHandler {
    async fn check(&mut self, shown: PublicKey) -> Result<bool, Error> {
        if let Some(accepted) = &self.accepted {
            return Ok(accepted.key_data() == shown.key_data());
        }
        let fingerprint = shown.fingerprint(HashAlg::Sha256).to_string();
        match self.record.judge(&shown) {
            Verdict::Known => {}
            Verdict::Revoked(key) => return Err(self.revoked(key)),
            Verdict::Changed(key) => return Err(self.changed(key, fingerprint)),
            Verdict::Unknown { other } => {
                let expected = self.options.accepted_fingerprint.as_deref();
                let other = other.map(RecordedKey::place);
                // A fingerprint given beforehand does not override what is on record.
                if other.is_some() || expected != Some(fingerprint.as_str()) {
                    self.ask(&shown, fingerprint, other).await?;
                }
                known_hosts::append(&self.options, &shown).await?;
            }
        }
        self.accept(shown);
        Ok(true)
    }

    /// A certificate that nobody on record vouches for counts as the bare key in it, as in
    /// OpenSSH; but it is never a first use, since an authority is on record.
    fn check_certificate(&mut self, shown: &Certificate) -> Result<bool, Error> {
        let key = PublicKey::new(shown.public_key().clone(), "");
        if let Some(accepted) = &self.accepted {
            return Ok(accepted.key_data() == key.key_data());
        }
        let (host, port) = (self.options.host.clone(), self.options.port);
        let name = self.options.host_key_alias.as_ref().unwrap_or(&host);
        match self.record.vouches(shown, name) {
            Ok(()) => {}
            Err(Refusal::Revoked(key)) => return Err(self.revoked(key)),
            Err(Refusal::Invalid(detail)) => match self.record.judge(&key) {
                Verdict::Known => tracing::warn!(host, detail, "host certificate not used"),
                Verdict::Revoked(known) => return Err(self.revoked(known)),
                Verdict::Changed(known) => {
                    return Err(self.changed(known, key.fingerprint(HashAlg::Sha256).to_string()));
                }
                Verdict::Unknown { .. } => {
                    return Err(Error::HostCertificateRefused { host, port, detail });
                }
            },
        }
        self.accept(key);
        Ok(true)
    }

    fn accept(&mut self, key: PublicKey) {
        self.accepted = Some(key);
        self.questions = None;
    }

    fn revoked(&self, key: &RecordedKey) -> Error {
        Error::HostKeyRevoked {
            host: self.options.host.clone(),
            port: self.options.port,
            file: key.file.clone(),
            line: key.line,
            fingerprint: key.key.fingerprint(HashAlg::Sha256).to_string(),
        }
    }

    fn changed(&self, key: &RecordedKey, actual_fingerprint: String) -> Error {
        Error::HostKeyChanged(Box::new(ChangedHostKey {
            host: self.options.host.clone(),
            port: self.options.port,
            file: key.file.clone(),
            line: key.line,
            expected_fingerprint: key.key.fingerprint(HashAlg::Sha256).to_string(),
            actual_fingerprint,
            command: known_hosts::removal_command(
                &known_hosts::record_name(&self.options),
                &key.file,
            ),
        }))
    }

    async fn ask(
        &self,
        shown: &PublicKey,
        fingerprint: String,
        known_by_other_key: Option<RecordedAt>,
    ) -> Result<(), Error> {
        let (host, port) = (self.options.host.clone(), self.options.port);
        let (answer, decision) = oneshot::channel();
        let question = Question::HostKey {
            host: host.clone(),
            port,
            algorithm: shown.algorithm().to_string(),
            fingerprint: fingerprint.clone(),
            randomart: randomart(shown),
            known_by_other_key,
            answer,
        };
        let _pause = self.deadline.pause();
        self.asked.store(true, Ordering::Relaxed);
        let asking = async {
            self.questions.as_ref()?.send(question).await.ok()?;
            decision.await.ok()
        };
        let decision = tokio::select! {
            decision = asking => decision,
            () = self.abandoned.cancelled() => None,
        };
        match decision {
            Some(true) => Ok(()),
            Some(false) => Err(Error::HostKeyRejectedByUser { host, port, fingerprint }),
            None => Err(Error::Cancelled(Asked::HostKey)),
        }
    }
}

impl Handler for ClientHandler {
    type Error = HandlerError;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> Result<bool, HandlerError> {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => Ok(self.check(key.clone()).await?),
            PublicKeyOrCertificate::Certificate(shown) => Ok(self.check_certificate(shown)?),
        }
    }

    async fn auth_banner(&mut self, banner: &str, _: &mut Session) -> Result<(), HandlerError> {
        tracing::debug!(host = %self.options.host, banner, "login banner");
        Ok(())
    }

    async fn disconnected(
        &mut self,
        reason: RusshReason<HandlerError>,
    ) -> Result<(), HandlerError> {
        let reason = match reason {
            RusshReason::ReceivedDisconnect(info) => {
                DisconnectReason::ByServer { message: info.message }
            }
            RusshReason::Error(HandlerError::Russh(RusshError::KeepaliveTimeout)) => {
                DisconnectReason::KeepAliveTimeout
            }
            // The server's last word on a login: it names no method that is left.
            RusshReason::Error(HandlerError::Russh(RusshError::NoAuthMethod)) => {
                DisconnectReason::ByServer { message: "no method is left".to_owned() }
            }
            RusshReason::Error(HandlerError::Russh(error)) => match Error::from(error) {
                Error::ConnectionLost => DisconnectReason::Lost,
                other => DisconnectReason::Failed { detail: other.to_string() },
            },
            RusshReason::Error(HandlerError::Ours(error)) => {
                DisconnectReason::Failed { detail: error.to_string() }
            }
        };
        tracing::debug!(host = %self.options.host, ?reason, "SSH connection ended");
        self.ended.send_replace(Some(reason));
        Ok(())
    }

    // A server has no business to open channels to us: none was offered. Dropping the handle
    // declines; russh's own defaults would accept.

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _: Channel<Msg>,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), HandlerError> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _: Channel<Msg>,
        _: &str,
        _: u32,
        _: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), HandlerError> {
        Ok(())
    }
}
