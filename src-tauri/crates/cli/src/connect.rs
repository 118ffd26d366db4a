//! `slipway connect`: holds a connection and shows its state.

use std::process::ExitCode;
use std::time::Duration;

use slipway_core::{Fault, Program};
use slipway_protocol::{
    ConnectionState, ConnectionStatus, HostRef, Progress, TaskBody, TaskMessage,
};

use crate::hosts;
use crate::messages::Messages;
use crate::output::Output;
use crate::question;
use crate::tunnel_line::{TunnelLine, state_name};

/// Between two drawings of the line while nothing is said: the time to the next try runs.
const REDRAW: Duration = Duration::from_millis(500);

/// Connects and stays until Ctrl-C, which ends the whole program in order.
pub(crate) async fn run(program: &Program, output: &Output, name: &str) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, name).await?;
    let task = program.connect_start(HostRef { host_id: host.id }).await?;
    let mut messages = Messages::of(program, output, &task.request_id);
    let mut view = View::new(output, name);
    loop {
        let message = match tokio::time::timeout(REDRAW, messages.next()).await {
            Ok(message) => message,
            Err(_) => {
                view.redraw();
                continue;
            }
        };
        match message.body {
            TaskBody::Progress(Progress::Connection(status)) => view.show(*status),
            TaskBody::Prompt(prompt) => {
                view.clear();
                question::ask(program, output, &prompt).await;
            }
            TaskBody::Complete(_) => return Ok(ExitCode::SUCCESS),
            TaskBody::Error(error) => {
                view.clear();
                return Err(error.into());
            }
            TaskBody::Progress(_) | TaskBody::Log(_) | TaskBody::Chunk(_) => {}
        }
    }
}

/// The URL as the result; the state as one line that is redrawn on a terminal, else as a line for
/// each change.
struct View<'a> {
    output: &'a Output,
    name: &'a str,
    line: Option<TunnelLine<'a>>,
    shown: Option<ConnectionStatus>,
}

impl<'a> View<'a> {
    fn new(output: &'a Output, name: &'a str) -> Self {
        let line = output.terminal.then(|| TunnelLine::new(output, name));
        Self { output, name, line, shown: None }
    }

    fn show(&mut self, status: ConnectionStatus) {
        let shown = self.shown.as_ref();
        if status.state == ConnectionState::Connected
            && let Some(url) = &status.local_url
            && shown.is_none_or(|shown| shown.state != ConnectionState::Connected)
        {
            self.clear();
            self.output.line(url);
        }
        match &mut self.line {
            Some(line) => line.show(&status),
            None => self.note(&status),
        }
        self.shown = Some(status);
    }

    /// Says what is new.
    fn note(&self, status: &ConnectionStatus) {
        let (shown, output) = (self.shown.as_ref(), self.output);
        let ended = status.state == ConnectionState::Disconnected
            || status.state == ConnectionState::NeedsAttention;
        if let Some(reason) = &status.reason
            && !ended
            && shown.and_then(|shown| shown.reason.as_ref()) != Some(reason)
        {
            output.note(output.say(&reason.message));
        }
        if shown.map(|shown| shown.state) != Some(status.state) {
            output.note(&format!("{}: {}", self.name, state_name(output, status.state)));
        }
    }

    fn redraw(&mut self) {
        if let (Some(line), Some(status)) = (&mut self.line, &self.shown) {
            line.show(status);
        }
    }

    fn clear(&mut self) {
        if let Some(line) = &mut self.line {
            line.clear();
        }
    }
}

/// Connects and returns once the engine answers.
pub(crate) async fn until_ready(
    program: &Program,
    output: &Output,
    host: HostRef,
) -> Result<(), Fault> {
    let task = program.connect_start(host).await?;
    let mut messages = Messages::of(program, output, &task.request_id);
    loop {
        let TaskMessage { body, .. } = messages.next().await;
        match body {
            TaskBody::Progress(Progress::Connection(status)) => match &status.reason {
                _ if status.state == ConnectionState::Connected => return Ok(()),
                Some(reason) if status.state == ConnectionState::Degraded => {
                    output.note(output.say(&reason.message));
                }
                _ => {}
            },
            TaskBody::Prompt(prompt) => question::ask(program, output, &prompt).await,
            TaskBody::Complete(_) => return Ok(()),
            TaskBody::Error(error) => return Err(error.into()),
            TaskBody::Progress(_) | TaskBody::Log(_) | TaskBody::Chunk(_) => {}
        }
    }
}
