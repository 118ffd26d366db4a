//! The crate against a real OpenSSH server that each test starts for itself, and against a small
//! SSH server where sshd would need an account of the system.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod account;
mod agent;
mod certificates;
mod config;
mod dial;
mod exec;
mod forward;
mod forward_endurance;
mod forward_refusals;
mod forward_streams;
mod host_keys;
mod hostile;
mod interactive;
mod key_formats;
mod lifetime;
mod login;
mod login_server;
mod long_line;
mod password;
mod proxies;
mod questions;
mod resumption;
mod resumption_faults;
mod routes;
mod security_key;
mod small_disk;
mod sshd;
mod upload;
mod upload_tree;
