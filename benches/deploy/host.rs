//! A clean host: a private sshd whose sessions find an empty home, and a package index that holds
//! the engine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use slipway_benches::Outcome;
use slipway_benches::place::Place;
use slipway_benches::server::Sshd;

/// For a server to end by itself.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// Files below the home that name a server's process: Slipway's supervisor, and what was started by
/// hand.
const PID_FILES: [&str; 2] =
    [".local/share/slipway/v1/deployments/default/run/supervisor.pid", "llm/server.pid"];

/// The host. Dropping it ends what was started there, and removes it.
#[derive(Debug)]
pub struct Host {
    /// Its sshd; the folder is the home.
    pub server: Sshd,
}

impl Host {
    /// Sets one up at the far end of a place. pip finds the engine in a folder: what an index and
    /// the way to it cost is no matter of the program's.
    pub fn clean(place: &Place, engine: &Path) -> Outcome<Self> {
        let host = Self { server: Sshd::start(place)? };
        let settings = host.home().join(".config/pip");
        fs::create_dir_all(&settings)?;
        let lines = format!("[global]\nno-index = true\nfind-links = {}\n", engine.display());
        fs::write(settings.join("pip.conf"), lines)?;
        Ok(host)
    }

    /// The login's home.
    pub fn home(&self) -> PathBuf {
        self.server.path("")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for file in PID_FILES {
            end(&self.home().join(file));
        }
    }
}

/// Ends the process that a file names, and waits until it is gone.
pub fn end(pid_file: &Path) {
    let text = fs::read_to_string(pid_file).unwrap_or_default();
    let Some(pid) = text.split_whitespace().next().filter(|word| word.parse::<u32>().is_ok())
    else {
        return;
    };
    let until = Instant::now() + END_TIMEOUT;
    signal("TERM", pid);
    while is_running(pid) {
        if Instant::now() > until {
            signal("KILL", pid);
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
}

fn signal(name: &str, pid: &str) {
    let mut command = Command::new("kill");
    command.arg(format!("-{name}")).arg(pid);
    // That it is gone already is all the better.
    let _ = command.stderr(Stdio::null()).status();
}

fn is_running(pid: &str) -> bool {
    let listed = Command::new("ps").args(["-o", "stat=", "-p", pid]).output();
    let state = listed.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    // One that nobody has waited for yet (Z) has ended.
    state.is_ok_and(|state| !state.is_empty() && !state.starts_with('Z'))
}
