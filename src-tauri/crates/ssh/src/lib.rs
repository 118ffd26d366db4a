//! SSH: connections, host keys, exec, SFTP upload and port forwarding (the only user of russh).

mod agent;
mod art;
mod auth;
pub mod config;
mod connect;
mod deadline;
mod error;
mod exec;
mod forward;
mod handler;
mod identity;
mod known_hosts;
mod options;
mod pump;
mod question;
mod queue;
mod route;
mod session;
mod sftp;
mod shell;
mod transport;
mod upload;

pub use connect::{connect, connect_in_stages};
pub use error::{Asked, ChangedHostKey, Error, LoginAttempt};
pub use exec::{Exec, ExecEvent, Output};
pub use forward::{ForwardError, ForwardStats, Forwarder};
pub use options::{ConnectOptions, KnownHosts};
pub use question::{InteractiveField, Question, RecordedAt, Stage};
pub use route::{Proxy, ProxyKind, ProxyLogin, Route};
pub use session::{DisconnectReason, Disconnected, Session};
pub use upload::{UploadSource, Uploaded};
