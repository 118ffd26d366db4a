//! SQLite: hosts, deployments, sessions, messages, settings (the only user of sqlx).
//!
//! [`Store::open`] opens or creates the database; its methods [`Store::hosts`],
//! [`Store::deployments`], [`Store::sessions`], [`Store::messages`] and [`Store::settings`] group
//! the queries by table, one file each. What goes in and comes out are the types of
//! `slipway-protocol`.
//!
//! Every method is one transaction and waits for other writers at most
//! [`StoreOptions::busy_timeout`]. Dropping a method's future is safe: either all of its change is
//! written or nothing.
//!
//! Migrations are only ever added. An enum of the protocol that is stored as text (role, message
//! state, kind of host, source of a model) gains a value only together with a migration: older
//! programs then refuse the database instead of failing at the first row that they cannot read.

mod column;
mod deployments;
mod error;
mod hosts;
mod messages;
mod probe;
mod sessions;
mod settings;
mod store;
mod turn;

pub use deployments::Deployments;
pub use error::{Error, Result};
pub use hosts::Hosts;
pub use messages::Messages;
pub use sessions::Sessions;
pub use settings::SettingsTable;
pub use store::{Store, StoreOptions};
pub use turn::Turn;
