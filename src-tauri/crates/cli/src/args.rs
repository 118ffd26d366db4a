//! The command line.

mod deploy;
mod host;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(crate) use deploy::{ContainerServes, DeployArgs, EngineArgs, EngineName, PlanArgs, YesNo};
pub(crate) use host::{HostAddArgs, HostCommand, Switch, UninstallArgs};

use crate::exit;

const AFTER: &str = "\
First steps:
  slipway deploy local                     this computer, the built-in practice model
  slipway chat local \"Hello\"               a first answer

  slipway host add gpu me@192.0.2.7        a machine of yours, over SSH
  slipway host check gpu                   every link of the way there, and what it has
  slipway host models gpu OWNER/NAME       what a model of the hub comes in
  slipway deploy gpu --model hf:OWNER/NAME:FILE --plan     what would be done and why
  slipway deploy gpu --model hf:OWNER/NAME:FILE            doing it
  slipway connect gpu                      prints a local URL for other tools, until Ctrl-C

`slipway host deploy|plan|uninstall NAME` are `slipway deploy`, `deploy --plan` and `uninstall`.

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 host not reachable, 4 login refused or
host key not trusted, 5 the host lacks something (Python, disk, rights, what the engine needs…),
6 the model cannot be used or its hub refuses, 7 the engine failed, 8 the database cannot be used,
130 interrupted.

The interface speaks English or Russian after LC_ALL, LC_MESSAGES or LANG.";

/// Your own LLM server in one click: deploy, connect and chat, without a window.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, about, after_help = AFTER, max_term_width = 100)]
pub(crate) struct Args {
    /// Keep everything in this directory instead of the system's place for application data;
    /// secrets stay there too instead of the keychain.
    #[arg(long, global = true, value_name = "DIR", env = "SLIPWAY_DATA_DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Print the task messages as JSON lines.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The machines that Slipway knows, and what runs there; `local` is this computer.
    Host {
        #[command(subcommand)]
        command: HostCommand,
    },
    /// Put an engine and a model on a host, start it, and prove it with a real answer.
    Deploy(Box<DeployArgs>),
    /// Hold a tunnel to a host's engine, print its local URL, and stay until Ctrl-C. On a terminal
    /// one line shows its state as it is: round trip, bytes, open streams, the next try.
    Connect {
        /// The host.
        name: String,
    },
    /// Ask a host's model.
    Chat {
        /// The host.
        name: String,
        /// What to ask; `-` reads standard input.
        text: String,
        /// Wait for the whole answer.
        #[arg(long)]
        no_stream: bool,
        /// Longest answer.
        #[arg(long, value_name = "TOKENS")]
        max_tokens: Option<u32>,
        /// 0 to 2.
        #[arg(long, value_name = "T")]
        temperature: Option<f64>,
        /// For repeatable answers.
        #[arg(long, value_name = "N")]
        seed: Option<u32>,
    },
    /// What is known of each host, without asking it.
    Status,
    /// The latest lines of Slipway's log.
    Logs {
        /// How many.
        #[arg(long, default_value_t = 100, value_name = "N")]
        lines: u32,
    },
    /// Stop the engine and remove all that Slipway put on a host.
    Uninstall(UninstallArgs),
    /// The token for models of the hub whose owner has to let one in.
    HubToken {
        #[command(subcommand)]
        command: HubTokenCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum HubTokenCommand {
    /// Keep a token: its first line of standard input, or what is typed unseen on a terminal.
    Set,
    /// Forget it.
    Forget,
}

impl Command {
    /// The exit code when it is interrupted: what runs until Ctrl-C was done by then.
    pub(crate) fn when_interrupted(&self) -> u8 {
        match self {
            Self::Host { command: HostCommand::EngineLogs { follow: true, .. } } => exit::DONE,
            _ => exit::INTERRUPTED,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn command(line: &str) -> Command {
        Args::try_parse_from(line.split(' ')).unwrap().command
    }

    #[test]
    fn the_declaration_contradicts_itself_nowhere() {
        Args::command().debug_assert();
    }

    #[test]
    fn both_forms_of_a_command_take_the_same_options() {
        let options = "gpu --model practice --engine container --image x --context 4096 --bring no";
        let Command::Deploy(short) = command(&format!("slipway deploy {options} --plan")) else {
            panic!("deploy")
        };
        let HostCommand::Deploy(long) = host(&format!("slipway host deploy {options}")) else {
            panic!("host deploy")
        };
        let HostCommand::Plan(plan) = host(&format!("slipway host plan {options}")) else {
            panic!("host plan")
        };
        assert!(short.only_plan && !long.only_plan);
        assert_eq!(short.plan, long.plan);
        assert_eq!(long.plan, *plan);
    }

    #[test]
    fn only_what_runs_until_it_is_interrupted_is_done_then() {
        let code = |line: &str| command(line).when_interrupted();
        assert_eq!(code("slipway host engine-logs gpu --follow"), exit::DONE);
        assert_eq!(code("slipway host engine-logs gpu"), exit::INTERRUPTED);
        assert_eq!(code("slipway deploy gpu"), exit::INTERRUPTED);
    }

    #[test]
    fn a_token_has_no_place_among_the_arguments() {
        let line = ["slipway", "hub-token", "set", "hf_secret"];
        assert!(Args::try_parse_from(line).is_err());
    }

    fn host(line: &str) -> HostCommand {
        match command(line) {
            Command::Host { command } => command,
            other => panic!("{other:?}"),
        }
    }
}
