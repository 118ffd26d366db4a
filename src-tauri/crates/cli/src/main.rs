//! `slipway`: the same program without a window.
//!
//! On a terminal it speaks to people; with `--json` it prints the very task messages that a window
//! gets, one per line. Exit codes: see [`exit`].

mod args;
mod bring;
mod chat;
mod check;
mod clean;
mod connect;
mod deploy;
mod engine;
mod engine_log;
mod exit;
mod facts;
mod figures;
mod follow;
mod hosts;
mod hub;
mod messages;
mod model;
mod output;
mod planned;
mod preflight;
mod printable;
mod question;
mod report;
mod tunnel_line;
mod versions;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use slipway_core::{Bus, DataDir, Fault, Program, init_logging};
use tokio::runtime::Runtime;

use args::{Args, Command, HostCommand, HubTokenCommand, Switch};
use output::Output;

/// For what is left when everything has ended: a question that still waits for a line of standard
/// input cannot be called off.
const LEFTOVERS: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let args = Args::parse();
    let output = Output::new(args.json);
    let ended = Runtime::new()
        .map_err(|error| Fault::internal(format!("no runtime: {error}")))
        .and_then(|runtime| {
            let ended = runtime.block_on(run(args, &output));
            runtime.shutdown_timeout(LEFTOVERS);
            ended
        });
    match ended {
        Ok(code) => code,
        Err(fault) => {
            output.error(&fault.info());
            exit::of(fault.code)
        }
    }
}

async fn run(args: Args, output: &Output) -> Result<ExitCode, Fault> {
    let own_dir = args.data_dir.is_some();
    let dir = DataDir::new(args.data_dir)
        .ok_or_else(|| Fault::internal("no data directory: give one with --data-dir"))?;
    let bus = Arc::new(Bus::new());
    let log = init_logging(&dir, bus.clone())?;
    let program = Program::open(dir, own_dir, bus, Some(log)).await?;
    let interrupted = args.command.when_interrupted();
    // A second Ctrl-C ends at once; the first one ends in order. It is listened for before anything is
    // said that somebody might answer with it.
    let code = tokio::select! {
        biased;
        () = terminated() => Ok(ExitCode::from(interrupted)),
        code = dispatch(args.command, &program, output) => code,
    };
    tokio::select! {
        () = program.shutdown() => {}
        () = terminated() => {}
    }
    code
}

async fn dispatch(command: Command, program: &Program, output: &Output) -> Result<ExitCode, Fault> {
    match command {
        Command::Host { command } => dispatch_host(command, program, output).await,
        Command::Deploy(args) => deploy::run(program, output, *args).await,
        Command::Connect { name } => connect::run(program, output, &name).await,
        Command::Chat { name, text, no_stream, max_tokens, temperature, seed } => {
            let sampling = chat::Options { no_stream, max_tokens, temperature, seed };
            chat::run(program, output, &name, text, sampling).await
        }
        Command::Status => report::status(program, output).await,
        Command::Logs { lines } => report::logs(program, output, lines).await,
        Command::Uninstall(args) => hosts::uninstall(program, output, args).await,
        Command::HubToken { command: HubTokenCommand::Set } => {
            hub::token_set(program, output).await
        }
        Command::HubToken { command: HubTokenCommand::Forget } => {
            hub::token_forget(program, output).await
        }
    }
}

async fn dispatch_host(
    command: HostCommand,
    program: &Program,
    output: &Output,
) -> Result<ExitCode, Fault> {
    match command {
        HostCommand::Add(add) => hosts::add(program, output, add).await,
        HostCommand::List => hosts::list(program, output).await,
        HostCommand::Remove { name } => hosts::remove(program, output, &name).await,
        HostCommand::Check { name } => check::run(program, output, &name).await,
        HostCommand::Keep { name, keep } => {
            hosts::keep(program, output, &name, keep == Switch::On).await
        }
        HostCommand::Models { name, model } => hub::models(program, output, &name, &model).await,
        HostCommand::Plan(args) => deploy::plan(program, output, *args).await,
        HostCommand::Deploy(args) => deploy::run(program, output, *args).await,
        HostCommand::Versions { name } => versions::list(program, output, &name).await,
        HostCommand::Rollback { name, to } => versions::rollback(program, output, &name, to).await,
        HostCommand::Clean { name, yes } => clean::run(program, output, &name, yes).await,
        HostCommand::EngineLogs { name, lines, follow } => {
            engine_log::run(program, output, &name, lines, follow).await
        }
        HostCommand::Stop { name } => hosts::stop(program, output, &name).await,
        HostCommand::Uninstall(args) => hosts::uninstall(program, output, args).await,
    }
}

/// Resolves on Ctrl-C or SIGTERM.
async fn terminated() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut term) => tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            },
            Err(_) => {
                let _ = tokio::signal::ctrl_c().await;
            }
        }
    }
    #[cfg(not(unix))]
    {
        let _ = tokio::signal::ctrl_c().await;
    }
}
