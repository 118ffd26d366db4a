//! SSH: connections, host keys, exec, SFTP upload and port forwarding (the only user of russh).

mod agent;
mod auth;
mod connect;
mod deadline;
mod error;
mod exec;
mod handler;
mod identity;
mod known_hosts;
mod options;
mod queue;
mod session;
mod sftp;
mod shell;
mod transport;
mod upload;

pub use connect::connect;
pub use error::{Asked, Error};
pub use exec::{Exec, ExecEvent, Output};
pub use options::{ConnectOptions, KnownHosts, Question};
pub use session::{DisconnectReason, Disconnected, Session};
pub use upload::{UploadSource, Uploaded};
