//! A machine that can be worked on: this computer, or one reached over SSH. Everything above this
//! file treats both alike.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use slipway_protocol::{ErrorCode, Text};
use slipway_ssh::{ExecEvent, Session, UploadSource};

use super::local::LocalProcess;
use crate::fault::Fault;

/// Limit for a small file operation on this computer's own disk.
const SMALL_COMMAND: Duration = Duration::from_secs(20);

/// A machine with an open way to it.
#[derive(Clone)]
pub(crate) enum Machine {
    /// This computer.
    Local,
    /// Over SSH.
    Ssh(Session),
}

/// What a running command says.
pub(crate) enum Output {
    /// Bytes of its standard output.
    Stdout(Bytes),
    /// Bytes of its standard error.
    Stderr(Bytes),
    /// It ended. How does not matter: the script says itself how it went.
    Exit,
}

/// A running command; dropping it ends or abandons it.
pub(crate) enum Running {
    /// On this computer.
    Local(Box<LocalProcess>),
    /// Over SSH.
    Ssh(slipway_ssh::Exec),
}

impl Running {
    /// The next event; `None` when there is nothing more.
    pub(crate) async fn next(&mut self) -> Option<Output> {
        match self {
            Self::Local(process) => process.next().await,
            Self::Ssh(exec) => exec.next().await.map(|event| match event {
                ExecEvent::Stdout(bytes) => Output::Stdout(bytes),
                ExecEvent::Stderr(bytes) => Output::Stderr(bytes),
                ExecEvent::Exit(_) | ExecEvent::Signal(_) => Output::Exit,
            }),
        }
    }
}

impl Machine {
    /// Starts a command through the login's shell; `input` is its whole standard input.
    pub(crate) async fn exec(&self, command: &str, input: Vec<u8>) -> Result<Running, Fault> {
        match self {
            Self::Local => {
                LocalProcess::start(command, input).map(|process| Running::Local(Box::new(process)))
            }
            Self::Ssh(session) => Ok(Running::Ssh(session.exec(command, input).await?)),
        }
    }

    /// Runs a short command to its end, its words ignored.
    pub(crate) async fn run_quietly(&self, command: &str) -> Result<(), Fault> {
        let work = async {
            let mut running = self.exec(command, Vec::new()).await?;
            while running.next().await.is_some() {}
            Ok(())
        };
        tokio::time::timeout(SMALL_COMMAND, work)
            .await
            .map_err(|_| Fault::from(slipway_ssh::Error::ConnectionLost))?
    }

    /// Makes a directory and its parents, the last one with mode 0700.
    pub(crate) async fn make_dir_all(&self, path: &str) -> Result<(), Fault> {
        match self {
            Self::Local => {
                tokio::fs::create_dir_all(path).await.map_err(|error| local_fault(path, &error))?;
                restrict(Path::new(path), 0o700).await
            }
            Self::Ssh(session) => Ok(session.make_dir_all(path, 0o700).await?),
        }
    }

    /// Puts bytes into a file in one step: a reader sees the old content or the new, never a part.
    pub(crate) async fn write(
        &self,
        content: Arc<[u8]>,
        dest: &str,
        mode: u32,
        progress: impl FnMut(u64, u64) + Send,
    ) -> Result<String, Fault> {
        match self {
            Self::Local => {
                let part = format!("{dest}.part-{}", uuid::Uuid::new_v4().simple());
                let work = async {
                    tokio::fs::write(&part, &content).await?;
                    tokio::fs::rename(&part, dest).await
                };
                if let Err(error) = work.await {
                    let _ = tokio::fs::remove_file(&part).await;
                    return Err(local_fault(dest, &error));
                }
                restrict(Path::new(dest), mode).await?;
                Ok(sha256(&content))
            }
            Self::Ssh(session) => {
                let source = UploadSource::Bytes(content);
                Ok(session.upload(source, dest, mode, progress).await?.sha256)
            }
        }
    }

    /// Puts a large file of this computer onto the machine; one that was cut off goes on where it
    /// stopped. `progress` is told the bytes that are there and those in all.
    pub(crate) async fn upload_file(
        &self,
        file: &Path,
        dest: &str,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<(), Fault> {
        match self {
            Self::Local => {
                let part = format!("{dest}.part-{}", uuid::Uuid::new_v4().simple());
                let copied = async {
                    let bytes = tokio::fs::copy(file, &part).await?;
                    tokio::fs::rename(&part, dest).await?;
                    Ok(bytes)
                };
                match copied.await {
                    Ok(bytes) => {
                        progress(bytes, bytes);
                        Ok(())
                    }
                    Err(error) => {
                        let _ = tokio::fs::remove_file(&part).await;
                        Err(local_fault(dest, &error))
                    }
                }
            }
            Self::Ssh(session) => {
                session.upload_resumable(file, dest, 0o600, progress).await?;
                Ok(())
            }
        }
    }

    /// Whether the way to it is gone.
    pub(crate) fn is_lost(&self) -> bool {
        matches!(self, Self::Ssh(session) if session.is_closed())
    }

    /// Reads a small file.
    pub(crate) async fn read_file(&self, path: &str, max_bytes: u64) -> Result<Vec<u8>, Fault> {
        match self {
            Self::Local => {
                let size =
                    tokio::fs::metadata(path).await.map_err(|e| local_fault(path, &e))?.len();
                if size > max_bytes {
                    return Err(Fault::internal(format!("{path} has {size} bytes")));
                }
                tokio::fs::read(path).await.map_err(|error| local_fault(path, &error))
            }
            Self::Ssh(session) => Ok(session.read_file(path, max_bytes).await?),
        }
    }

    /// Removes a file; that it is gone already is no error.
    pub(crate) async fn remove_file(&self, path: &str) {
        let result = match self {
            Self::Local => {
                tokio::fs::remove_file(path).await.map_err(|error| local_fault(path, &error))
            }
            Self::Ssh(session) => session.remove_file(path).await.map_err(Fault::from),
        };
        if let Err(fault) = result {
            tracing::debug!(target: "host", "{path} not removed: {fault}");
        }
    }
}

/// The SHA-256 of some bytes in hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Takes a path away from other users of this computer.
#[cfg_attr(not(unix), allow(clippy::unused_async, reason = "ACLs of the profile directory do it"))]
async fn restrict(path: &Path, mode: u32) -> Result<(), Fault> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let permissions = std::fs::Permissions::from_mode(mode);
        tokio::fs::set_permissions(path, permissions)
            .await
            .map_err(|error| local_fault(&path.to_string_lossy(), &error))?;
    }
    #[cfg(not(unix))]
    let _ = (path, mode);
    Ok(())
}

/// A failure of this computer's disk.
fn local_fault(path: &str, error: &std::io::Error) -> Fault {
    Fault::new(
        ErrorCode::LocalDisk,
        Text::new(
            format!("{path} cannot be used: {error}."),
            format!("{path} недоступен: {error}."),
        ),
        Text::new(
            "Free some space, or give yourself the right to write there.",
            "Освободите место или дайте себе право записи.",
        ),
        error.to_string(),
    )
}
