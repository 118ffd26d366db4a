//! What russh calls back: the host key check, and the end of the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use russh::client::{ChannelOpenHandle, DisconnectReason as RusshReason, Handler, Msg, Session};
use russh::keys::{HashAlg, PublicKey, PublicKeyOrCertificate};
use russh::{Channel, Error as RusshError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::deadline::Deadline;
use crate::error::{Asked, Error};
use crate::known_hosts::{self, HostRecord, Verdict};
use crate::options::{ConnectOptions, Question};
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
        let (host, port) = (self.options.host.clone(), self.options.port);
        let fingerprint = shown.fingerprint(HashAlg::Sha256).to_string();
        match self.record.judge(&shown) {
            Verdict::Known => {}
            Verdict::Revoked(key) => {
                let (file, line) = (key.file.clone(), key.line);
                return Err(Error::HostKeyRevoked { host, port, file, line, fingerprint });
            }
            Verdict::Changed(key) => {
                return Err(Error::HostKeyChanged {
                    host,
                    port,
                    file: key.file.clone(),
                    line: key.line,
                    expected_fingerprint: key.key.fingerprint(HashAlg::Sha256).to_string(),
                    actual_fingerprint: fingerprint,
                });
            }
            Verdict::Unknown => {
                if self.options.accepted_fingerprint.as_deref() != Some(fingerprint.as_str()) {
                    self.ask(&shown, fingerprint).await?;
                }
                known_hosts::append(&self.options.known_hosts.own, &host, port, &shown).await?;
            }
        }
        self.accepted = Some(shown);
        self.questions = None;
        Ok(true)
    }

    async fn ask(&self, shown: &PublicKey, fingerprint: String) -> Result<(), Error> {
        let (host, port) = (self.options.host.clone(), self.options.port);
        let (answer, decision) = oneshot::channel();
        let question = Question::HostKey {
            host: host.clone(),
            port,
            algorithm: shown.algorithm().to_string(),
            fingerprint: fingerprint.clone(),
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
            // None is offered in the key exchange, so a server that sends one breaks the protocol.
            PublicKeyOrCertificate::Certificate(_) => Ok(false),
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
