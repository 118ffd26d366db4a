//! SSH: connections, host keys, exec, SFTP upload and port forwarding (the only user of russh).

mod agent;
mod auth;
mod backlog;
mod connect;
mod deadline;
mod error;
mod exec;
mod forward;
mod gateway_error;
mod handler;
mod identity;
mod known_hosts;
mod listener;
mod network;
mod options;
mod pump;
mod queue;
mod session;
mod sftp;
mod shell;
mod source;
mod stream;
mod transport;
mod tree;
mod tree_archive;
mod tree_sftp;
mod upload;

pub use connect::connect;
pub use error::{Asked, Error};
pub use exec::{Exec, ExecEvent, Output};
pub use forward::{ForwardError, ForwardStats, Forwarder, RemoteTarget};
pub use options::{ConnectOptions, KnownHosts, Question};
pub use session::{DisconnectReason, Disconnected, Session};
pub use source::UploadSource;
pub use tree::{TreeFile, UploadedTree};
pub use upload::Uploaded;
