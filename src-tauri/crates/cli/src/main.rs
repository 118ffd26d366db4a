//! `slipway`: the same program without a window.
//!
//! On a terminal it speaks to people; with `--json` it prints the very task messages that a window
//! gets, one per line. Exit codes: see [`exit`].

mod args;
mod chat;
mod check;
mod connect;
mod exit;
mod facts;
mod follow;
mod hosts;
mod messages;
mod output;
mod printable;
mod question;
mod report;
mod tunnel_line;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use slipway_core::{Bus, DataDir, Fault, Program, init_logging};
use slipway_protocol::{DeployRequest, HostRef, ModelSource, TaskResult};
use tokio::runtime::Runtime;

use args::{Args, Command, HostCommand, Switch};
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
    // A second Ctrl-C ends at once; the first one ends in order.
    let code = tokio::select! {
        code = dispatch(args.command, &program, output) => code,
        () = terminated() => Ok(ExitCode::from(exit::INTERRUPTED)),
    };
    tokio::select! {
        () = program.shutdown() => {}
        () = terminated() => {}
    }
    code
}

async fn dispatch(command: Command, program: &Program, output: &Output) -> Result<ExitCode, Fault> {
    match command {
        Command::Host { command } => match command {
            HostCommand::Add(add) => hosts::add(program, output, add).await,
            HostCommand::List => hosts::list(program, output).await,
            HostCommand::Remove { name } => hosts::remove(program, output, &name).await,
            HostCommand::Check { name } => check::run(program, output, &name).await,
            HostCommand::Keep { name, keep } => {
                hosts::keep(program, output, &name, keep == Switch::On).await
            }
        },
        Command::Deploy { name, model, sha256, context, parallel, engine_binary } => {
            let host = hosts::named(program, &name).await?;
            let model = model_source(&model, sha256);
            let request = DeployRequest {
                host_id: host.id.clone(),
                model,
                context_size: context,
                parallel,
                engine_binary,
            };
            let task = program.deploy_start(request).await?;
            let result = follow::task(program, output, &task.request_id).await?;
            if let TaskResult::Deploy(result) = &result {
                report::deployed(output, &host.name, result);
            }
            program.connect_stop(&HostRef { host_id: host.id });
            Ok(ExitCode::SUCCESS)
        }
        Command::Connect { name } => connect::run(program, output, &name).await,
        Command::Chat { name, text, no_stream, max_tokens, temperature, seed } => {
            let sampling = chat::Options { no_stream, max_tokens, temperature, seed };
            chat::run(program, output, &name, text, sampling).await
        }
        Command::Status => report::status(program, output).await,
        Command::Logs { lines } => report::logs(program, output, lines).await,
        Command::Uninstall { name } => {
            let host = hosts::named(program, &name).await?;
            let task = program.uninstall_start(HostRef { host_id: host.id }).await?;
            let result = follow::task(program, output, &task.request_id).await?;
            if let TaskResult::Uninstall(removed) = result {
                report::uninstalled(output, &host.name, removed.removed_bytes);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// `practice`, a web address, a GGUF file of this computer, or a path on the host.
fn model_source(model: &str, sha256: Option<String>) -> ModelSource {
    if model == "practice" {
        ModelSource::Practice
    } else if model.starts_with("https://") || model.starts_with("http://") {
        ModelSource::Url { url: model.to_owned(), sha256 }
    } else if let Some(path) = model.strip_prefix("host:") {
        ModelSource::HostPath(path.to_owned())
    } else {
        let absolute = std::path::absolute(model).unwrap_or_else(|_| model.into());
        ModelSource::LocalFile(absolute.to_string_lossy().into_owned())
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
