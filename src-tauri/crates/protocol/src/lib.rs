//! What crosses between the backend and its front ends (window, command line).
//!
//! Types only: no I/O, no logic beyond constructors. Every type is serialised with `serde` and has a
//! TypeScript twin made by `ts-rs`; [`bindings::typescript`] prints them all and a test fails when
//! `ui/src/ipc/bindings.ts` is stale. Rules of the wire: snake_case names, enums tagged with `type`
//! (or plain strings when they carry nothing), times in milliseconds since the Unix epoch UTC,
//! durations in milliseconds, sizes in bytes. Secrets never cross towards the front end; the
//! places where one crosses towards the backend are fields of [`prompt::PromptAnswer`] and
//! [`hub::HubTokenSet`].

pub mod app;
pub mod bindings;
pub mod chat;
pub mod command;
pub mod connect;
pub mod conversation;
pub mod deploy;
pub mod diagnosis;
pub mod engine;
pub mod error;
pub mod gauges;
pub mod host;
pub mod hub;
pub mod id;
pub mod library;
pub mod log;
pub mod metrics;
pub mod plan;
pub mod preflight;
pub mod prompt;
pub mod session;
pub mod settings;
pub mod task;
pub mod text;
pub mod versions;

pub use app::*;
pub use chat::*;
pub use command::*;
pub use connect::*;
pub use conversation::*;
pub use deploy::*;
pub use diagnosis::*;
pub use engine::*;
pub use error::*;
pub use gauges::*;
pub use host::*;
pub use hub::*;
pub use id::*;
pub use library::*;
pub use log::*;
pub use metrics::*;
pub use plan::*;
pub use preflight::*;
pub use prompt::*;
pub use session::*;
pub use settings::*;
pub use task::*;
pub use text::*;
pub use versions::*;
