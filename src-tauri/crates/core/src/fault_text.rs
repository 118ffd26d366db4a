//! What each failure means to a person, in both languages: one file per source of failures.

mod engine;
mod script;
mod ssh;
mod store;

pub(crate) use script::script_fault;
pub(crate) use ssh::forwarding_forbidden;
