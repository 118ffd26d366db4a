//! The log.

use slipway_core::{Fault, Program};
use slipway_protocol::{LogQuery, LogRecord, LogSave, Nothing};

use super::Answer;

pub(super) async fn log_list(program: Program, query: LogQuery) -> Answer<Vec<LogRecord>> {
    Ok(program.log_list(query.limit).await)
}

pub(super) async fn log_save(program: Program, save: LogSave) -> Answer<Nothing> {
    program.log_save(&save.path, save.text).await.map_err(Fault::into_info)?;
    Ok(Nothing {})
}
