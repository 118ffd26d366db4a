//! Running a command on the host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use russh::{ChannelMsg, Sig};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::Error;
use crate::queue::{self, Consumer, Producer, PushError};
use crate::session::{CLEANUP_TIMEOUT, Session, SshChannel};

/// What [`Session::run`] keeps of a command's output, both streams together.
const MAX_OUTPUT: usize = 64 * 1024 * 1024;

/// Something a running command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecEvent {
    /// It wrote to its standard output. The pieces are as they came, not lines.
    Stdout(Bytes),
    /// It wrote to its standard error.
    Stderr(Bytes),
    /// It ended with this status.
    Exit(u32),
    /// It was ended by this signal (`"KILL"`, `"TERM"`…).
    Signal(String),
}

/// A running command. Dropping it before the end sends the command's process group `SIGTERM`
/// (OpenSSH 7.9 or newer) and closes its pipes. What has put itself into a session of its own
/// lives on.
///
/// Output that nobody takes is kept up to 64 MiB; beyond that the command is cut off and the
/// stream ends without [`ExecEvent::Exit`].
pub struct Exec {
    events: Consumer<ExecEvent>,
    closed_properly: Arc<AtomicBool>,
    /// The connection lives as long as the command.
    _session: Session,
}

/// What a command left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// All of its standard error.
    pub stderr: Vec<u8>,
    /// Its status; `None` when a signal ended it or the server did not tell.
    pub exit: Option<u32>,
}

impl Exec {
    /// The next event; `None` when the command and its streams have ended, or when the connection
    /// is gone (see [`Exec::was_cut_off`]).
    pub async fn next(&mut self) -> Option<ExecEvent> {
        self.events.pop().await
    }

    /// After the last event: whether the stream ended because the connection went or the output
    /// piled up, rather than because the command was done.
    #[must_use]
    pub fn was_cut_off(&self) -> bool {
        !self.closed_properly.load(Ordering::Acquire)
    }
}

impl Session {
    /// Starts a command through the login's shell, which may print things of its own before.
    ///
    /// `stdin` is written while output is read, then closed.
    ///
    /// # Errors
    /// [`Error::SessionRefused`] if the server allows no (further) session,
    /// [`Error::ConnectionLost`], [`Error::Stalled`] if no channel opens within 15 s.
    pub async fn exec(&self, command: &str, stdin: Vec<u8>) -> Result<Exec, Error> {
        let (sender, pieces) = mpsc::channel(1);
        // It is empty, and has room for one.
        let _ = sender.try_send(stdin.into());
        drop(sender);
        self.exec_streaming(command, pieces).await
    }

    /// The same, with a standard input that comes piece by piece and ends with its sender.
    pub(crate) async fn exec_streaming(
        &self,
        command: &str,
        stdin: mpsc::Receiver<Bytes>,
    ) -> Result<Exec, Error> {
        let channel = self.open_session_channel().await?;
        channel.write.exec(true, command).await?;
        let (producer, events) = queue::bounded();
        let closed_properly = Arc::new(AtomicBool::new(false));
        let flag = closed_properly.clone();
        self.inner.spawn(drive(channel, stdin, producer, flag));
        Ok(Exec { events, closed_properly, _session: self.clone() })
    }

    /// Runs a command to its end and keeps what it wrote.
    ///
    /// # Errors
    /// Those of [`Session::exec`]; [`Error::Stalled`] when `limit` passes (the command is then
    /// cut off); [`Error::OutputTooLarge`] beyond 64 MiB.
    pub async fn run(
        &self,
        command: &str,
        stdin: Vec<u8>,
        limit: Duration,
    ) -> Result<Output, Error> {
        let running = async {
            let mut exec = self.exec(command, stdin).await?;
            let mut output = Output { stdout: Vec::new(), stderr: Vec::new(), exit: None };
            while let Some(event) = exec.next().await {
                match event {
                    ExecEvent::Stdout(bytes) => output.stdout.extend_from_slice(&bytes),
                    ExecEvent::Stderr(bytes) => output.stderr.extend_from_slice(&bytes),
                    ExecEvent::Exit(status) => output.exit = Some(status),
                    ExecEvent::Signal(_) => {}
                }
                if output.stdout.len() + output.stderr.len() > MAX_OUTPUT {
                    return Err(Error::OutputTooLarge { limit: MAX_OUTPUT });
                }
            }
            if exec.was_cut_off() { Err(Error::ConnectionLost) } else { Ok(output) }
        };
        timeout(limit, running)
            .await
            .unwrap_or(Err(Error::Stalled { what: "a command", seconds: limit.as_secs() }))
    }
}

/// Feeds a command and collects what it does, until it ends or nobody listens.
async fn drive(
    mut channel: SshChannel,
    mut stdin: mpsc::Receiver<Bytes>,
    events: Producer<ExecEvent>,
    closed_properly: Arc<AtomicBool>,
) {
    let write = channel.write.clone();
    let feed = async move {
        while let Some(piece) = stdin.recv().await {
            if write.data_bytes(piece).await.is_err() {
                return;
            }
        }
        let _ = write.eof().await;
    };
    tokio::pin!(feed);
    let mut feeding = true;
    loop {
        let message = tokio::select! {
            message = channel.read.wait() => message,
            () = &mut feed, if feeding => {
                feeding = false;
                continue;
            }
            () = events.abandoned() => {
                // Closing alone lets it run, and hold one of the ten sessions that sshd allows.
                let _ = timeout(CLEANUP_TIMEOUT, channel.write.signal(Sig::TERM)).await;
                return;
            }
        };
        let pushed = match message {
            Some(ChannelMsg::Data { data }) => events.push(data.len(), ExecEvent::Stdout(data)),
            // 1 is standard error, and the only kind there is (RFC 4254, 5.2).
            Some(ChannelMsg::ExtendedData { data, ext: 1 }) => {
                events.push(data.len(), ExecEvent::Stderr(data))
            }
            // It comes after the end of the streams, so those must not end the loop.
            Some(ChannelMsg::ExitStatus { exit_status }) => {
                events.push(0, ExecEvent::Exit(exit_status))
            }
            Some(ChannelMsg::ExitSignal { signal_name, .. }) => {
                events.push(0, ExecEvent::Signal(signal(&signal_name)))
            }
            Some(ChannelMsg::Close) => {
                channel.guard.disarm();
                closed_properly.store(true, Ordering::Release);
                return;
            }
            // The server does not run the command; it does not close the channel by itself.
            Some(ChannelMsg::Failure) => {
                closed_properly.store(true, Ordering::Release);
                return;
            }
            Some(_) => Ok(()),
            None => return,
        };
        match pushed {
            Ok(()) => {}
            Err(PushError::Gone) => return,
            Err(PushError::Full) => {
                tracing::warn!("the output of a command piled up; it is cut off");
                return;
            }
        }
    }
}

fn signal(signal: &Sig) -> String {
    match signal {
        Sig::Custom(name) => name.clone(),
        known => format!("{known:?}"),
    }
}
