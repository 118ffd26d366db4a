//! `slipway connect`: holds a connection and shows its state.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{ConnectionState, HostRef, Progress, RequestId, TaskBody};

use crate::hosts;
use crate::messages::Messages;
use crate::output::Output;
use crate::question;

/// Connects and stays until Ctrl-C, which ends the whole program in order.
pub(crate) async fn run(program: &Program, output: &Output, name: &str) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, name).await?;
    let task = program.connect_start(HostRef { host_id: host.id }).await?;
    let mut shown = None;
    follow(program, output, &task.request_id, |state, url| {
        if shown.as_ref() != Some(&state) {
            if state == ConnectionState::Connected {
                output.line(url.unwrap_or_default());
            }
            output.note(&format!("{name}: {}", state_name(output, state)));
            shown = Some(state);
        }
        false
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

/// Connects and returns once the engine answers.
pub(crate) async fn until_ready(
    program: &Program,
    output: &Output,
    host: HostRef,
) -> Result<(), Fault> {
    let task = program.connect_start(host).await?;
    let ready = |state, _: Option<&str>| state == ConnectionState::Connected;
    follow(program, output, &task.request_id, ready).await
}

/// Follows a connection until `stop` says so or it ends.
async fn follow(
    program: &Program,
    output: &Output,
    request_id: &RequestId,
    mut stop: impl FnMut(ConnectionState, Option<&str>) -> bool,
) -> Result<(), Fault> {
    let mut messages = Messages::of(program, output, request_id);
    loop {
        match messages.next().await.body {
            TaskBody::Progress(Progress::Connection(status)) => {
                if let Some(reason) = &status.reason
                    && status.state != ConnectionState::Disconnected
                {
                    output.note(output.say(&reason.message));
                }
                if stop(status.state, status.local_url.as_deref()) {
                    return Ok(());
                }
            }
            TaskBody::Prompt(prompt) => question::ask(program, output, &prompt).await,
            TaskBody::Complete(_) => return Ok(()),
            TaskBody::Error(error) => return Err(error.into()),
            TaskBody::Progress(_) | TaskBody::Log(_) | TaskBody::Chunk(_) => {}
        }
    }
}

/// The state in a word.
pub(crate) fn state_name(output: &Output, state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connecting => output.pick("connecting", "подключение"),
        ConnectionState::Loading => output.pick("loading the model", "загружает модель"),
        ConnectionState::Connected => output.pick("connected", "подключён"),
        ConnectionState::Degraded => output.pick("degraded", "с перебоями"),
        ConnectionState::Reconnecting => output.pick("reconnecting", "переподключение"),
        ConnectionState::Disconnected => output.pick("disconnected", "отключён"),
    }
}
