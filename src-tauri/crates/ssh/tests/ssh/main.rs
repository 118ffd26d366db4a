//! The crate against a real OpenSSH server that each test starts for itself, and against a small
//! SSH server where sshd would need an account of the system.

mod dial;
mod exec;
mod forward;
mod forward_streams;
mod host_keys;
mod lifetime;
mod login;
mod password;
mod password_server;
mod questions;
mod sshd;
mod upload;
