//! `make bench-deploy`: deploys by Slipway beside the same by hand, from the click to the first
//! token, on a clean host and again, split by step; rollbacks, plans, uploads and one that was cut.
//!
//! Slipway's side is the program itself, in a process of its own (see [`visit`]); the other side is
//! what a person would type who knows exactly what to do ([`hand`]). Both go to hosts of their own
//! that are made for them, take turns in one run, and use the same engine and models.

#![cfg_attr(not(unix), allow(dead_code, reason = "there is no sshd to measure against"))]

mod hand;
mod host;
mod models;
mod options;
mod relay;
mod resumption;
mod role;
mod rows;
mod suite;
mod visit;

use std::process::ExitCode;

fn main() -> ExitCode {
    slipway_benches::role::main::<role::Role>("bench-deploy", |arguments| {
        match options::Options::parse(arguments)? {
            Some(options) => suite::run(&options),
            None => Ok(()),
        }
    })
}
