//! The store against real SQLite files.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests, and what they share")]

mod archive;
mod durability;
mod figures;
mod kept;
mod open;
mod refused;
mod rows;
mod sample;
mod search;
mod speed;
mod tree;
mod turns;
mod upgrade;
