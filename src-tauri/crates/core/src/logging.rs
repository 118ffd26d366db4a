//! Structured logs: one layer writes each event as a JSON line to a rotated file and as a `log`
//! message to the bus, with the task's ids taken from the span and secrets taken out.

mod file;
mod layer;
mod redact;

use std::sync::Arc;

use slipway_protocol::LogRecord;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

pub use file::LogControl;

use crate::bus::Bus;
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::files::write_whole;
use crate::program::Program;

/// The request id of lines that belong to no task.
pub(crate) const NO_TASK: &str = "app";

/// Starts logging for this process; call once. `SLIPWAY_LOG` filters like `RUST_LOG`. Lines are on
/// disk when the returned control is dropped.
pub fn init(dir: &DataDir, bus: Arc<Bus>) -> Result<LogControl, Fault> {
    let control = LogControl::open(&dir.logs())?;
    let filter = EnvFilter::try_from_env("SLIPWAY_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,russh=warn,russh_sftp=warn,sqlx=warn,tao=warn"));
    let layer = layer::LogLayer::new(bus, control.writer());
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    Ok(control)
}

impl Program {
    /// The latest log lines: those of this run, and before them those of earlier runs still in the
    /// files.
    pub async fn log_list(&self, limit: u32) -> Vec<LogRecord> {
        let limit = usize::try_from(limit.min(20_000)).unwrap_or(20_000);
        let live: Vec<_> = self
            .bus()
            .log_lines(limit)
            .into_iter()
            .map(|(message, line)| {
                let request_id = Some(message.request_id).filter(|id| id.as_str() != NO_TASK);
                LogRecord { seq: message.seq, timestamp: message.timestamp, request_id, line }
            })
            .collect();
        let wanted = limit - live.len();
        let before = live.first().map_or(u64::MAX, |record| record.timestamp);
        let dir = self.dir().logs();
        let read = tokio::task::spawn_blocking(move || file::read_back(&dir, wanted, before));
        let mut all = read.await.unwrap_or_default();
        all.extend(live);
        all
    }

    /// Writes lines that the user filtered to a file of their choice.
    pub async fn log_save(&self, path: &str, text: String) -> Result<(), Fault> {
        write_whole(std::path::Path::new(path), text.as_bytes()).await
    }
}
