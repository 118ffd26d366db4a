//! Journeys: what a person does, from the first deploy to the last answer, through `slipway-core` and
//! through the command line, against a real sshd and the real engine; and what goes wrong on the way.
//!
//! Each test starts its own sshd (or works on this computer) with a home directory and a data
//! directory of its own, and ends what it started. The engine is installed once by the host script
//! itself and linked into the homes; one journey installs it from nothing.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and one that is skipped says why"
)]

mod app;
mod cli;
mod cutter;
mod engine;
mod files;
mod http;
mod namespace;
mod processes;
mod small_disk;
mod sshd;
mod web;

mod bare_hosts;
mod cancelling;
mod chats;
mod command_line;
mod command_line_upkeep;
mod conversations;
mod diagnosis;
mod engine_faults;
mod fault_table;
mod first_deploy;
mod flapping;
mod healing;
mod host_faults;
mod hub;
mod input;
mod kills;
mod leftovers;
mod logins;
mod models;
mod second_user;
mod secrets;
mod soak;
mod states;
mod stopping;
mod versions;
