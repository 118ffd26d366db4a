//! `slipway host engine-logs`: the engine's own words, as it wrote them.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{EngineLogRequest, LogLine, TaskBody};

use crate::hosts;
use crate::messages::Messages;
use crate::output::Output;
use crate::question;

/// Prints the latest lines, and with `follow` those that come until Ctrl-C or until nobody reads.
pub(crate) async fn run(
    program: &Program,
    output: &Output,
    name: &str,
    lines: u32,
    follow: bool,
) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, name).await?;
    let request = EngineLogRequest { host_id: host.id, lines, follow };
    let task = program.engine_log_start(request).await?;
    let mut messages = Messages::of(program, output, &task.request_id);
    loop {
        match messages.next().await.body {
            TaskBody::Log(line) if is_the_engines(&line) => output.line(&line.text),
            TaskBody::Prompt(prompt) => question::ask(program, output, &prompt).await,
            TaskBody::Complete(_) => return Ok(ExitCode::SUCCESS),
            TaskBody::Error(error) => return Err(error.into()),
            TaskBody::Log(_) | TaskBody::Progress(_) | TaskBody::Chunk(_) => {}
        }
        if output.is_closed() {
            program.task_cancel(&task);
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// The task has lines of its own too: of the way to the host.
fn is_the_engines(line: &LogLine) -> bool {
    line.target == "engine"
}
