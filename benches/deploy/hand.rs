//! The same by hand, as somebody would type it who makes no mistake and needs no time to think: a
//! virtual environment with the engine, the model copied, the server started, one answer asked for.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use slipway_benches::Outcome;
use slipway_benches::place::Place;
use slipway_benches::server::succeed;

use crate::host::{self, Host};

/// The server's program.
const SERVER: &str = include_str!("by_hand.py");
/// As many tokens as Slipway asks for when it verifies.
const QUESTION: &str = r#"{"messages":[{"role":"user","content":"Say hello in one short sentence."}],"max_tokens":32}"#;

/// Seconds that each part of it took.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// Making the environment and installing the engine.
    pub install: f64,
    /// Copying the model and the server's program.
    pub copy: f64,
    /// From the start of the server until it says that it is ready.
    pub start: f64,
    /// The answer, whole.
    pub answer: f64,
}

impl Parts {
    /// All of it.
    pub fn sum(&self) -> f64 {
        self.install + self.copy + self.start + self.answer
    }
}

/// Somebody at the near end of a place.
pub struct Hand<'a> {
    place: &'a Place,
    host: &'a Host,
    /// As pip wants to be told: NAME==VERSION.
    package: String,
    port: u16,
}

impl<'a> Hand<'a> {
    /// Knows the host, the package and a free port.
    pub fn new(place: &'a Place, host: &'a Host, engine: &Path) -> Outcome<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        fs::write(host.home().join("serve.py"), SERVER)?;
        Ok(Self { place, host, package: package(engine)?, port })
    }

    /// All of it; what is there already is not made again, as far as pip and the shell see to that.
    pub fn deploy(&self, model: &Path) -> Outcome<Parts> {
        let install = self.shell(&format!(
            "mkdir -p ~/llm && {{ [ -d ~/llm/venv ] || python3 -m venv ~/llm/venv; }} && \
             ~/llm/venv/bin/pip install --quiet --disable-pip-version-check {}",
            self.package
        ))?;
        let copy = self.copy(&[model.to_owned(), self.host.home().join("serve.py")])?;
        let name = model.file_name().unwrap_or_default().to_string_lossy();
        let start = self.start(&name)?;
        let answer = self.shell(&format!(
            "curl -sSf -H 'Content-Type: application/json' -d '{QUESTION}' \
             http://127.0.0.1:{}/v1/chat/completions | grep -q choices",
            self.port
        ))?;
        Ok(Parts { install, copy, start, answer })
    }

    /// Stops the server and starts it again; only the start counts.
    pub fn restart(&self, model: &Path) -> Outcome<f64> {
        host::end(&self.host.home().join("llm/server.pid"));
        self.start(&model.file_name().unwrap_or_default().to_string_lossy())
    }

    /// Starts the server, in place of one that runs.
    fn start(&self, model: &str) -> Outcome<f64> {
        self.shell(&format!(
            "cd ~/llm && if [ -f server.pid ]; then kill $(cat server.pid) 2>/dev/null; fi; \
             while curl -s -o /dev/null http://127.0.0.1:{port}/health; do sleep 0.05; done; \
             nohup venv/bin/python serve.py {model} {port} >server.log 2>&1 </dev/null & \
             echo $! >~/llm/server.pid; \
             tries=0; until curl -sf -o /dev/null http://127.0.0.1:{port}/health; do \
             sleep 0.05; tries=$((tries + 1)); [ $tries -lt 1200 ] || exit 1; done",
            port = self.port
        ))
    }

    /// Runs a line on the host; gives its seconds.
    fn shell(&self, line: &str) -> Outcome<f64> {
        let began = Instant::now();
        let mut command = self.place.near.command("ssh");
        let server = &self.host.server;
        command.args(server.client_options()).arg(server.destination()).arg(line);
        succeed(&mut command)?;
        Ok(began.elapsed().as_secs_f64())
    }

    fn copy(&self, files: &[PathBuf]) -> Outcome<f64> {
        let began = Instant::now();
        let server = &self.host.server;
        let mut command = self.place.near.command("scp");
        command.arg("-q").args(server.client_options()).args(files);
        command.arg(format!("{}:{}/llm/", server.destination(), self.host.home().display()));
        succeed(command.stdin(Stdio::null()))?;
        Ok(began.elapsed().as_secs_f64())
    }
}

/// What pip is told, by the name of the wheel (PEP 427: NAME-VERSION-…).
fn package(engine: &Path) -> Outcome<String> {
    for entry in fs::read_dir(engine)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let mut words = name.split('-');
        if let (Some(package), Some(version), true) =
            (words.next(), words.next(), name.ends_with(".whl"))
        {
            return Ok(format!("{package}=={version}"));
        }
    }
    Err(format!("there is no wheel in {}", engine.display()).into())
}
