//! The task executor: everything that runs for longer than a click.

mod context;
mod executor;
mod stats;
mod table;

pub use context::TaskContext;
pub use executor::TaskExecutor;
pub(crate) use executor::busy;
