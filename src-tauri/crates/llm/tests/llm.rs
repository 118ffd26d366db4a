//! The client against a real llama.cpp server, and against a raw TCP peer for what a real one
//! cannot be made to do: break off, stall, send garbage.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends by panicking, in its own functions as well"
)]

mod engine;
mod faults;
mod hostile;
mod offers;
mod prefill;
mod real;
mod real_prompts;
mod refusals;
mod stand_in;
