//! A command whose standard streams lead to the server (`ProxyCommand`).

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinSet;

use crate::error::Error;

/// How much of a command's complaints is kept.
const COMPLAINT_LIMIT: usize = 4 * 1024;

/// How long the last words of an ended command may take to arrive.
const COMPLAINT_TIMEOUT: Duration = Duration::from_millis(500);

/// The last words of a command on its standard error.
#[derive(Debug, Clone, Default)]
pub(crate) struct Complaint {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Ends with the last one who wants to hear.
    listener: Arc<Mutex<JoinSet<()>>>,
}

impl Complaint {
    /// The last line of a command that has ended, without control characters, at most 200 of them.
    pub(crate) async fn last_line(&self) -> Option<String> {
        let mut listener = std::mem::take(&mut *lock(&self.listener));
        let _ = tokio::time::timeout(COMPLAINT_TIMEOUT, listener.join_next()).await;
        let kept = lock(&self.kept);
        let text = String::from_utf8_lossy(&kept);
        let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
        Some(line.trim().chars().filter(|c| !c.is_control()).take(200).collect())
    }

    /// Reads on as long as the command runs, which would stand still otherwise.
    fn listen_to(&self, mut errors: ChildStderr) {
        let kept = self.kept.clone();
        lock(&self.listener).spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok(read @ 1..) = errors.read(&mut buffer).await {
                let mut kept = lock(&kept);
                kept.extend(buffer.iter().take(read));
                let surplus = kept.len().saturating_sub(COMPLAINT_LIMIT);
                kept.drain(..surplus);
            }
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The streams of a running command, which ends when this is dropped.
pub(super) struct Program {
    input: ChildStdin,
    output: ChildStdout,
    _complaint: Complaint,
    _child: Child,
}

/// A command line for the user's shell. It may hold a password, so only its first word is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyCommand(String);

impl ProxyCommand {
    /// A line as the shell gets it, with nothing left to replace.
    pub fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }

    /// The whole line.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.0
    }

    /// The program without its arguments.
    #[must_use]
    pub fn program(&self) -> &str {
        self.0.split_whitespace().next().unwrap_or_default()
    }
}

impl std::fmt::Debug for ProxyCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProxyCommand({} …)", self.program())
    }
}

/// Starts a command in the user's shell.
pub(super) fn run(proxy: &ProxyCommand) -> Result<(Program, Complaint), Error> {
    let failed = |detail: String| Error::ProxyFailed { proxy: proxy.program().to_owned(), detail };
    let mut command = shell(proxy.line());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let (Some(input), Some(output), Some(errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(failed("it has no standard streams".to_owned()));
    };
    let complaint = Complaint::default();
    complaint.listen_to(errors);
    Ok((Program { input, output, _complaint: complaint.clone(), _child: child }, complaint))
}

/// As OpenSSH does it: the user's shell, which becomes the command, so that ending it ends that.
#[cfg(unix)]
fn shell(line: &str) -> Command {
    let shell = std::env::var_os("SHELL").filter(|shell| !shell.is_empty());
    let mut command = Command::new(shell.unwrap_or_else(|| "/bin/sh".into()));
    command.arg("-c").arg(format!("exec {line}"));
    command
}

#[cfg(windows)]
fn shell(line: &str) -> Command {
    /// No console window (Win32 process creation flag CREATE_NO_WINDOW).
    const CREATE_NO_WINDOW: u32 = 0x0800_0000;
    let mut command = Command::new("cmd");
    command.arg("/C").raw_arg(line).creation_flags(CREATE_NO_WINDOW);
    command
}

impl AsyncRead for Program {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_read(cx, buf)
    }
}

impl AsyncWrite for Program {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.input).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(cx)
    }
}
