//! What `slipway host` may be told.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use super::deploy::{DeployArgs, PlanArgs};

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
    /// List what a model of the hub comes in, as the host would load it.
    Models {
        /// The host.
        name: String,
        /// OWNER/NAME, with @REVISION for a branch, tag or commit.
        #[arg(value_name = "OWNER/NAME")]
        model: String,
    },
    /// Say what `deploy` would do and why, and change nothing.
    Plan(Box<PlanArgs>),
    /// The same as `slipway deploy`.
    Deploy(Box<DeployArgs>),
    /// List the versions that a host keeps, and what they take up.
    Versions {
        /// The host.
        name: String,
    },
    /// Go back to the version before, or to another one that is still there.
    Rollback {
        /// The host.
        name: String,
        /// As `host versions` names it.
        #[arg(long, value_name = "VERSION")]
        to: Option<String>,
    },
    /// Remove what no version uses any more. Lists it and asks first.
    Clean {
        /// The host.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Print the engine's own log.
    EngineLogs {
        /// The host.
        name: String,
        /// So many of the latest lines, up to 5000.
        #[arg(
            long,
            default_value_t = 100,
            value_name = "N",
            value_parser = clap::value_parser!(u32).range(..=5000)
        )]
        lines: u32,
        /// Go on with new lines until Ctrl-C.
        #[arg(long)]
        follow: bool,
    },
    /// Stop the engine; what is installed stays.
    Stop {
        /// The host.
        name: String,
    },
    /// The same as `slipway uninstall`.
    Uninstall(UninstallArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct UninstallArgs {
    /// The host.
    pub(crate) name: String,
    /// Leave the model files for the next deploy.
    #[arg(long)]
    pub(crate) keep_models: bool,
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
