//! The command line.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

const AFTER: &str = "\
First steps:
  slipway deploy local                     this computer, the built-in practice model
  slipway chat local \"Hello\"               a first answer

  slipway host add gpu me@192.0.2.7        a machine of yours, over SSH
  slipway host check gpu                   every link of the way there, and what it has
  slipway deploy gpu --model host:/models/qwen.gguf
  slipway connect gpu                      prints a local URL for other tools, until Ctrl-C

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 host not reachable, 4 login refused or
host key not trusted, 5 the host lacks something (Python, disk, rights…), 6 the model cannot be used,
7 the engine failed, 8 the database cannot be used, 130 interrupted.

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
    /// The machines that Slipway knows; `local` is this computer.
    Host {
        #[command(subcommand)]
        command: HostCommand,
    },
    /// Put an engine and a model on a host, start it, and prove it with a real answer.
    Deploy {
        /// The host.
        name: String,
        /// `practice`, a web address, a GGUF file of this computer, or host:PATH for one that is
        /// on the host already.
        #[arg(long, default_value = "practice", value_name = "MODEL")]
        model: String,
        /// The SHA-256 of what a web address gives, in hex.
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
        /// Tokens that one conversation may use; the model's own, at most 8192, by default.
        #[arg(long, value_name = "TOKENS")]
        context: Option<u32>,
        /// Answers at once.
        #[arg(long, value_name = "N")]
        parallel: Option<u32>,
        /// A llama-server that is on the host already, instead of the pinned engine.
        #[arg(long, value_name = "PATH")]
        engine_binary: Option<String>,
    },
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
    /// What is known of each host.
    Status,
    /// The latest lines of Slipway's log.
    Logs {
        /// How many.
        #[arg(long, default_value_t = 100, value_name = "N")]
        lines: u32,
    },
    /// Stop the engine and remove all that Slipway put on a host.
    Uninstall {
        /// The host.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum HostCommand {
    /// Add a machine.
    Add(HostAddArgs),
    /// List the machines.
    List,
    /// Take a machine off the list; what runs there stays.
    Remove {
        /// The host.
        name: String,
    },
    /// Find out which link of the way to a machine is broken (network, name, port, SSH, login,
    /// forwarding, engine), and what the machine has; writes nothing there.
    Check {
        /// The host.
        name: String,
    },
    /// Say whether a host's tunnel starts with Slipway's window.
    Keep {
        /// The host.
        name: String,
        /// From now on.
        keep: Switch,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct HostAddArgs {
    /// What to call it.
    pub(crate) name: String,
    /// user@host[:port], or an alias of ~/.ssh/config with what it says of jumps, keys and proxies.
    pub(crate) address: String,
    /// The key file to try first.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    /// Trust this host key without asking while the host is unknown (SHA256:…).
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) accept_new_host_key: Option<String>,
}
