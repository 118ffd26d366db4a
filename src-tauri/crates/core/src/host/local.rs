//! A command on this computer, with the same events as one over SSH.

use std::process::Stdio;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::task::JoinSet;

use super::machine::Output;
use crate::fault::Fault;

/// Bytes read at once.
const READ: usize = 64 * 1024;

/// A running command; dropping it ends it.
pub(crate) struct LocalProcess {
    child: Child,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// Writes standard input; owned so that it ends with the process.
    _stdin: JoinSet<()>,
}

impl LocalProcess {
    /// Starts `command` with `sh -c`.
    pub(super) fn start(command: &str, input: Vec<u8>) -> Result<Self, Fault> {
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(command).kill_on_drop(true);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C in a terminal reaches Slipway, which then ends it in order.
        #[cfg(unix)]
        shell.process_group(0);
        let failed = |error| Fault::internal(format!("sh cannot be started: {error}"));
        let mut child = shell.spawn().map_err(failed)?;
        let mut writer = JoinSet::new();
        if let Some(mut stdin) = child.stdin.take() {
            writer.spawn(async move {
                // A process that does not read its input is not an error.
                let _ = stdin.write_all(&input).await;
                let _ = stdin.shutdown().await;
            });
        }
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        Ok(Self { child, stdout, stderr, _stdin: writer })
    }

    /// The next event; `None` after the exit. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Option<Output> {
        let (mut out, mut err) = (BytesMut::with_capacity(READ), BytesMut::with_capacity(READ));
        while self.stdout.is_some() || self.stderr.is_some() {
            tokio::select! {
                read = read(&mut self.stdout, &mut out) => match read {
                    Some(bytes) => return Some(Output::Stdout(bytes)),
                    None => self.stdout = None,
                },
                read = read(&mut self.stderr, &mut err) => match read {
                    Some(bytes) => return Some(Output::Stderr(bytes)),
                    None => self.stderr = None,
                },
            }
        }
        self.child.id()?;
        self.child.wait().await.ok()?;
        Some(Output::Exit)
    }
}

/// Reads once; `None` at the end. An absent pipe never yields.
async fn read(
    pipe: &mut Option<impl AsyncReadExt + Unpin>,
    buffer: &mut BytesMut,
) -> Option<Bytes> {
    match pipe {
        Some(pipe) => match pipe.read_buf(buffer).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(buffer.split().freeze()),
        },
        None => std::future::pending().await,
    }
}
