//! SQLite: hosts, deployments, sessions and what belongs to them, figures, settings (the only user
//! of sqlx).
//!
//! [`Store::open`] opens or creates the database; its methods, such as [`Store::sessions`] and
//! [`Store::messages`], group the queries by table, one file each. What goes in and comes out are the types of
//! `slipway-protocol`.
//!
//! Every method is one transaction and waits for other writers at most
//! [`StoreOptions::busy_timeout`]. Dropping a method's future is safe: either all of its change is
//! written or nothing.
//!
//! Migrations are only ever added. An enum of the protocol that is stored as text (role, message
//! state, kind of host or conversation, source of a model) gains a value only together with a migration: older
//! programs then refuse the database instead of failing at the first row that they cannot read.

mod archive;
mod attachments;
mod column;
mod compactions;
mod deployments;
mod drafts;
mod error;
mod folders;
mod hosts;
mod messages;
mod presets;
mod probe;
mod queue;
mod requests;
mod search;
mod sessions;
mod settings;
mod snippets;
mod store;
mod turn;

pub use archive::{Archive, Merge, StoredSession};
pub use attachments::Attachments;
pub use compactions::Compactions;
pub use deployments::Deployments;
pub use drafts::Drafts;
pub use error::{Error, Result};
pub use folders::Folders;
pub use hosts::Hosts;
pub use messages::Messages;
pub use presets::Presets;
pub use queue::Queue;
pub use requests::{RequestOutcome, RequestRow, Requests};
pub use sessions::Sessions;
pub use settings::SettingsTable;
pub use snippets::Snippets;
pub use store::{Store, StoreOptions};
pub use turn::Turn;
