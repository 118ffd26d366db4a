//! Downloads from servers that each test starts for itself: small ones of its own that break off,
//! stall, redirect and refuse as it wants, and Python's where a real one will do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking, in its own functions as well"
)]

mod disk;
mod hub;
mod hub_rules;
mod index;
mod refusals;
mod resuming;
mod routes;
mod stand_in;
