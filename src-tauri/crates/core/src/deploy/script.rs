//! Running deploy_llm_server.py on a machine: finding a Python, giving it parameters, reading its
//! events, cancelling it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use slipway_protocol::LogLevel;

use super::events::{EventReader, Line, ScriptEvent};
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::{Machine, Output, Running};
use crate::tasks::TaskContext;

/// What runs on the host: one file, put together from `deploy/` by build.rs.
pub(crate) const SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/deploy_llm_server.py"));

/// The script says something at least this often; a package installer may be silent for minutes.
const SILENCE: Duration = Duration::from_secs(900);
/// How long a cancelled script may take to clean up; within the executor's grace.
const CLEAN_UP: Duration = Duration::from_millis(1500);

/// Becomes the newest usable Python with the arguments behind the marker. One line and no single
/// quotes, so that it survives any login shell. `$1` is the marker.
const FIND_PYTHON: &str = concat!(
    "m=$1; shift; v=; for p in python3 python3.14 python3.13 python3.12 python3.11 python3.10 ",
    "python3.9 python3.8 /usr/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3; do ",
    "if command -v \"$p\" >/dev/null 2>&1; then ",
    "if \"$p\" -c \"import sys; sys.exit(sys.version_info < (3, 8))\" >/dev/null 2>&1; then ",
    "printf \"%s{\\\"event\\\":\\\"started\\\",\\\"pid\\\":%s}%s\\n\" \"$m\" \"$$\" \"$m\"; ",
    "exec \"$p\" \"$@\"; ",
    "fi; v=$(\"$p\" -c \"import sys; print(sys.version.split()[0])\" 2>/dev/null || printf %s \"$v\"); fi; done; ",
    "printf \"\\n%s{\\\"event\\\":\\\"error\\\",\\\"code\\\":\\\"python_missing\\\",",
    "\\\"params\\\":{\\\"found\\\":\\\"%s\\\"}}%s\\n\" \"$m\" \"$v\" \"$m\"; exit 1",
);

/// The script's subcommands that are called from here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subcommand {
    Probe,
    Install,
    Start,
    Stop,
    Status,
    Uninstall,
}

impl Subcommand {
    fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Install => "install",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Status => "status",
            Self::Uninstall => "uninstall",
        }
    }
}

/// The script in its directory on a host.
#[derive(Clone, Debug)]
pub(crate) struct InstalledScript {
    directory: String,
}

impl InstalledScript {
    /// Its place below `root`, named by its content: another version goes elsewhere.
    pub(crate) fn below(root: &str) -> Self {
        let version = crate::host::sha256(SCRIPT.as_bytes());
        Self { directory: format!("{root}/script/{}", &version[..12]) }
    }

    /// The directory.
    pub(crate) fn directory(&self) -> &str {
        &self.directory
    }

    /// Uploads the file; returns its size.
    pub(crate) async fn upload(
        &self,
        machine: &Machine,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<u64, Fault> {
        let total = SCRIPT.len() as u64;
        let dest = format!("{}/deploy_llm_server.py", self.directory);
        let content: Arc<[u8]> = SCRIPT.as_bytes().into();
        machine.write(content, &dest, 0o600, |done, _| progress(done, total)).await?;
        Ok(total)
    }
}

/// Runs the script on one machine for one task.
pub(crate) struct ScriptRun<'a> {
    context: &'a TaskContext,
    machine: &'a Machine,
    root: Option<String>,
}

impl<'a> ScriptRun<'a> {
    /// `root` is where the script keeps its files; absent for its own default.
    pub(crate) fn new(
        context: &'a TaskContext,
        machine: &'a Machine,
        root: Option<String>,
    ) -> Self {
        Self { context, machine, root }
    }

    /// Runs a subcommand with the script's source on standard input: nothing need be on the host.
    /// The parameters are visible to other users of the host and must hold no secret.
    pub(crate) async fn over_stdin(
        &self,
        subcommand: Subcommand,
        params: Value,
        on_event: impl FnMut(&ScriptEvent) + Send,
    ) -> Result<Value, Fault> {
        let marker = new_marker();
        let params = BASE64.encode(self.with_common(params, &marker).to_string());
        let arguments = ["-", subcommand.name(), "--params-b64", &params];
        let command = command(&marker, &arguments);
        let running = self.machine.exec(&command, SCRIPT.as_bytes().to_vec()).await?;
        self.follow(running, &marker, on_event).await
    }

    /// Runs a subcommand of the uploaded script; the parameters go by a file that only the login can
    /// read, since an address may hold a secret.
    pub(crate) async fn installed(
        &self,
        script: &InstalledScript,
        subcommand: Subcommand,
        params: Value,
        on_event: impl FnMut(&ScriptEvent) + Send,
    ) -> Result<Value, Fault> {
        let marker = new_marker();
        let file = format!("{}/params-{marker}.json", script.directory);
        let path = format!("{}/deploy_llm_server.py", script.directory);
        let content: Arc<[u8]> = self.with_common(params, &marker).to_string().into_bytes().into();
        self.machine.write(content, &file, 0o600, |_, _| ()).await?;
        let command = command(&marker, &[&path, subcommand.name(), "--params", &file]);
        let result = match self.machine.exec(&command, Vec::new()).await {
            Ok(running) => self.follow(running, &marker, on_event).await,
            Err(fault) => Err(fault),
        };
        self.machine.remove_file(&file).await;
        result
    }

    fn with_common(&self, mut params: Value, marker: &str) -> Value {
        params["marker"] = marker.into();
        params["root"] = self.root.clone().into();
        params["deployment"] = "default".into();
        params
    }

    /// Reads events until the terminal one; ends the script when the task is cancelled.
    async fn follow(
        &self,
        mut running: Running,
        marker: &str,
        mut on_event: impl FnMut(&ScriptEvent) + Send,
    ) -> Result<Value, Fault> {
        let mut reader = EventReader::new(marker);
        let mut errors = EventReader::new(marker);
        let mut pid = None;
        let mut outcome = None;
        let mut last_words = String::new();
        let mut deadline = tokio::time::Instant::now() + SILENCE;
        let mut cancelled = false;
        loop {
            let output = tokio::select! {
                () = self.context.token().cancelled(), if !cancelled => {
                    cancelled = true;
                    deadline = tokio::time::Instant::now() + CLEAN_UP;
                    if let Some(pid) = pid {
                        let kill = format!("kill -TERM {pid}");
                        let _ = tokio::time::timeout(CLEAN_UP, self.machine.run_quietly(&kill)).await;
                    }
                    continue;
                }
                () = tokio::time::sleep_until(deadline) => {
                    if cancelled {
                        return Err(Fault::cancelled());
                    }
                    let words = format!("silent for {} s", SILENCE.as_secs());
                    return Err(script_fault("script_failed", &words, &Default::default()));
                }
                output = running.next() => output,
            };
            let lines = match output {
                Some(Output::Stdout(bytes)) => reader.push(&bytes),
                Some(Output::Stderr(bytes)) => errors.push(&bytes),
                Some(Output::Exit) => continue,
                None => break,
            };
            if !cancelled {
                deadline = tokio::time::Instant::now() + SILENCE;
            }
            for line in lines {
                note(line, &mut pid, &mut outcome, &mut last_words, &mut on_event);
            }
        }
        for line in reader.finish().into_iter().chain(errors.finish()) {
            note(line, &mut pid, &mut outcome, &mut last_words, &mut on_event);
        }
        match outcome {
            Some(result) if !cancelled => result,
            _ if cancelled => Err(Fault::cancelled()),
            _ if self.is_lost() => Err(slipway_ssh::Error::ConnectionLost.into()),
            _ => Err(script_fault("script_failed", &last_words, &Default::default())),
        }
    }

    fn is_lost(&self) -> bool {
        matches!(self.machine, Machine::Ssh(session) if session.is_closed())
    }
}

/// Takes one line in: log lines to the log, terminal events to the outcome.
fn note(
    line: Line,
    pid: &mut Option<u32>,
    outcome: &mut Option<Result<Value, Fault>>,
    last_words: &mut String,
    on_event: &mut impl FnMut(&ScriptEvent),
) {
    let event = match line {
        Line::Noise(text) => {
            tracing::info!(target: "host", "{text}");
            *last_words = text;
            return;
        }
        Line::Event(event) => event,
    };
    match &event {
        ScriptEvent::Started { pid: number } => *pid = Some(*number),
        ScriptEvent::Log { level: LogLevel::Error, text } => {
            tracing::error!(target: "host", "{text}")
        }
        ScriptEvent::Log { level: LogLevel::Warn, text } => {
            tracing::warn!(target: "host", "{text}")
        }
        ScriptEvent::Log { text, .. } => tracing::info!(target: "host", "{text}"),
        ScriptEvent::Progress { .. } => {}
        ScriptEvent::Result { data } => {
            // The first terminal event counts.
            outcome.get_or_insert(Ok(data.clone()));
        }
        ScriptEvent::Error { code, message, params } => {
            outcome.get_or_insert_with(|| Err(script_fault(code, message, params)));
        }
    }
    on_event(&event);
}

/// A word that nothing else on the host says.
fn new_marker() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The command line that finds a Python and becomes it.
fn command(marker: &str, arguments: &[&str]) -> String {
    let mut line = format!("exec sh -c {} slipway {marker}", quoted(FIND_PYTHON));
    for argument in arguments {
        line.push(' ');
        line.push_str(&quoted(argument));
    }
    line
}

/// A word quoted for a POSIX shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_python_tests_run_the_same_bytes() {
        let bundle = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../deploy/bundle.py");
        let printed = std::process::Command::new("python3").arg(bundle).output().unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        assert!(printed.stdout == SCRIPT.as_bytes(), "bundle.py and build.rs disagree");
    }

    #[test]
    fn the_finder_survives_quoting() {
        assert!(!FIND_PYTHON.contains('\'') && !FIND_PYTHON.contains('\n'));
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
