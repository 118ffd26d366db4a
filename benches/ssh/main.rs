//! `make bench-ssh`: Slipway's tunnel and uploads beside plain TCP, `ssh`, `sftp`, `scp` and `rsync`,
//! interleaved in one run, over loopback and over a line with 40 ms of round trip.
//!
//! The tunnel is held by a process of its own, so that its CPU time and memory are those of a
//! process that does nothing else, as those of `ssh` are.

#![cfg_attr(not(unix), allow(dead_code, reason = "there is no sshd to measure against"))]

mod contender;
mod load;
mod options;
mod report;
mod role;
mod suite;
mod target;
mod tunnel;
mod wire;

use std::process::ExitCode;

fn main() -> ExitCode {
    slipway_benches::role::main::<role::Role>("bench-ssh", |arguments| {
        match options::Options::parse(arguments)? {
            Some(options) => suite::run(&options),
            None => Ok(()),
        }
    })
}
