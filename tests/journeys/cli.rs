//! The built `slipway`, run as a person runs it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

use crate::engine;
use crate::sshd::Sshd;

/// One data directory and one home for a row of commands.
pub struct Cli {
    pub dir: TempDir,
}

/// What a command left behind.
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Cli {
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("slipway-cli-").tempdir().unwrap();
        std::fs::create_dir(dir.path().join("home")).unwrap();
        engine::prepare_index(&dir.path().join("home"));
        Self { dir }
    }

    /// Adds a machine that lets this computer in as `box`.
    pub fn add(&self, machine: &Sshd) {
        let host = machine.host_add();
        let (identity, fingerprint) = (host.identity.unwrap(), host.accepted_fingerprint.unwrap());
        let trusted = ["--identity", &identity, "--accept-new-host-key", &fingerprint];
        self.ok(&[&["host", "add", "box", &host.address][..], &trusted].concat());
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments)
            .env("HOME", self.dir.path().join("home"))
            .env_remove("SSH_AUTH_SOCK")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        for name in engine::pip_variables() {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The output of a command that has to succeed.
    pub fn ok(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}\n{}\n{}", ran.out, ran.err);
        ran
    }

    /// Starts a command that goes on.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}

impl Drop for Cli {
    fn drop(&mut self) {
        engine::end(&self.data().join("v1"));
    }
}

impl Ran {
    /// The lines of standard output as JSON.
    pub fn json(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

/// The program, built once unless SLIPWAY_CLI names one.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("SLIPWAY_CLI") {
            return path.into();
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .args(["build", "--quiet", "--locked", "-p", "slipway-cli"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.unwrap().success(), "cargo build -p slipway-cli");
        // target/debug/deps/journeys-… stands below the folder of the binaries.
        let own = std::env::current_exe().unwrap();
        own.ancestors().nth(2).unwrap().join("slipway")
    })
}
