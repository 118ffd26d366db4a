//! The program without a front end: tasks, hosts, deploys, connections and chats.
//!
//! [`Program`] is what a front end opens and calls; one method per command of the protocol. Work
//! that takes longer than a click runs as a task of the [`TaskExecutor`], and everything a front end
//! shows of it comes through the [`Bus`]. This crate composes `ssh`, `llm` and `store`; none of them
//! knows the others, and no front end knows them.

mod bus;
mod chat;
mod clock;
mod computer;
mod connect;
mod data_dir;
mod deploy;
mod diagnosis;
mod exchange;
mod fault;
mod fault_text;
mod files;
mod host;
mod logging;
mod metrics;
mod program;
mod prompts;
mod secrets;
mod settings;
mod tasks;
mod vigil;

pub use bus::{Batch, Bus};
pub use computer::system_language;
pub use data_dir::DataDir;
pub use fault::Fault;
pub use host::address::parse_address;
pub use logging::{LogControl, init as init_logging};
pub use program::Program;
pub use tasks::{TaskContext, TaskExecutor};
