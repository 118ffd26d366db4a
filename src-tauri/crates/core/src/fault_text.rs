//! What each failure means to a person, in both languages: one file per source of failures.

mod engine;
mod exchange;
mod fetch;
mod finding;
mod host_key;
mod login_item;
mod script;
mod script_engine;
mod script_host;
mod script_model;
mod ssh;
mod store;
mod way;

pub(crate) use finding::{finding_note, finding_subject};
pub(crate) use script::script_fault;
pub(crate) use ssh::forwarding_forbidden;
pub(crate) use way::{engine_stopped, foreign_port, forwarding_forbidden_by, no_network};
