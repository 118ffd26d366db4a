//! Running deploy_llm_server.py on a machine: finding a Python, giving it parameters, reading its
//! events, cancelling it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::events::ScriptEvent;
use super::following::Following;
use super::host_work::HostWork;
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::{Machine, Output, Running};
use crate::tasks::TaskContext;

/// What runs on the host: one file, put together from `deploy/` by build.rs.
pub(crate) const SCRIPT: &str = include_str!(concat!(env!("OUT_DIR"), "/deploy_llm_server.py"));

/// The line of the script that a token takes the place of.
const NO_SECRETS: &str = "\nSECRETS = {}\n";

/// The script says something at least this often; a package installer may be silent for minutes.
const SILENCE: Duration = Duration::from_secs(900);
/// How long a cancelled script may take to clean up; within the executor's grace.
const CLEAN_UP: Duration = Duration::from_millis(1500);

/// Becomes the newest usable Python with the arguments behind the first two. One line and no single
/// quotes, so that it survives any login shell. `$1` is the marker, `$2` a Python that Slipway
/// brought, if it is not at its usual place.
const FIND_PYTHON: &str = concat!(
    "m=$1; b=${2:-$HOME/.local/share/slipway/v1/python/bin/python3}; shift 2; v=; ",
    "for p in python3 python3.14 python3.13 python3.12 python3.11 python3.10 ",
    "python3.9 python3.8 /usr/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3 \"$b\"; do ",
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
    Versions,
    Commit,
    Rollback,
    Clean,
    Hub,
    Fit,
    Logs,
    Watch,
    Listen,
    Cancel,
}

impl Subcommand {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Probe => "probe",
            Self::Install => "install",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Status => "status",
            Self::Uninstall => "uninstall",
            Self::Versions => "versions",
            Self::Commit => "commit",
            Self::Rollback => "rollback",
            Self::Clean => "clean",
            Self::Hub => "hub",
            Self::Fit => "fit",
            Self::Logs => "logs",
            Self::Watch => "watch",
            Self::Listen => "listen",
            Self::Cancel => "cancel",
        }
    }

    /// Whether it speaks until it is told to end: silence is no sign of trouble then.
    fn endless(self) -> bool {
        matches!(self, Self::Logs | Self::Watch)
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

    /// Removes what an upload left that was cut off: nobody goes on with it.
    pub(super) async fn forget_cut_uploads(&self, machine: &Machine) -> Result<(), Fault> {
        let parts = format!("{}/deploy_llm_server.py.part-", self.directory);
        machine.run_quietly(&format!("rm -f -- {}*", quoted(&parts))).await
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

/// The token of the model hub, if one is kept and wanted.
#[derive(Clone, Copy)]
pub(crate) struct HubToken<'a>(pub(crate) Option<&'a SecretString>);

impl HubToken<'_> {
    /// The script's source, which finds the token in itself.
    fn with_source(self) -> Vec<u8> {
        match self.0 {
            None => SCRIPT.as_bytes().to_vec(),
            Some(token) => {
                let secrets = json!({ "hub_token": token.expose_secret() });
                SCRIPT.replacen(NO_SECRETS, &format!("\nSECRETS = {secrets}\n"), 1).into_bytes()
            }
        }
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
        self.over_stdin_with(subcommand, params, HubToken(None), on_event).await
    }

    /// The same with the hub's token, which goes with the source: nobody else on the host sees it,
    /// and it is on no disk.
    pub(crate) async fn over_stdin_with(
        &self,
        subcommand: Subcommand,
        params: Value,
        token: HubToken<'_>,
        on_event: impl FnMut(&ScriptEvent) + Send,
    ) -> Result<Value, Fault> {
        let marker = new_marker();
        let params = BASE64.encode(self.with_common(params, &marker).to_string());
        let arguments = ["-", subcommand.name(), "--params-b64", &params];
        let command = self.command(&marker, &arguments);
        let running = self.machine.exec(&command, token.with_source()).await?;
        let mut following = Following::new(subcommand, &marker, on_event, None);
        self.follow(running, &mut following).await
    }

    /// Runs a subcommand of the uploaded script; the parameters go by its standard input, since an
    /// address may hold a secret, and a file would take several round trips.
    pub(crate) async fn installed(
        &self,
        script: &InstalledScript,
        subcommand: Subcommand,
        params: Value,
        on_event: impl FnMut(&ScriptEvent) + Send,
    ) -> Result<Value, Fault> {
        self.uploaded(script, subcommand, params, on_event, None).await
    }

    /// Runs a subcommand as work that goes on when the link drops; called again with the same
    /// `work` it follows that work from where it was left.
    pub(crate) async fn detached(
        &self,
        script: &InstalledScript,
        subcommand: Subcommand,
        mut params: Value,
        work: &mut HostWork,
        on_event: impl FnMut(&ScriptEvent) + Send,
    ) -> Result<Value, Fault> {
        params["run"] = json!({
            "id": work.id,
            "fingerprint": work.fingerprint,
            "owner": work.owner,
            "offset": work.offset,
            "attach": work.begun,
        });
        self.uploaded(script, subcommand, params, on_event, Some(work)).await
    }

    async fn uploaded(
        &self,
        script: &InstalledScript,
        subcommand: Subcommand,
        params: Value,
        on_event: impl FnMut(&ScriptEvent) + Send,
        work: Option<&mut HostWork>,
    ) -> Result<Value, Fault> {
        let marker = new_marker();
        let path = format!("{}/deploy_llm_server.py", script.directory);
        let params = self.with_common(params, &marker).to_string().into_bytes();
        let command = self.command(&marker, &[&path, subcommand.name(), "--params", "-"]);
        let running = self.machine.exec(&command, params).await?;
        let mut following = Following::new(subcommand, &marker, on_event, work);
        self.follow(running, &mut following).await
    }

    fn with_common(&self, mut params: Value, marker: &str) -> Value {
        params["marker"] = marker.into();
        params["root"] = self.root.clone().into();
        params["deployment"] = "default".into();
        params
    }

    /// The command line that finds a Python and becomes it.
    fn command(&self, marker: &str, arguments: &[&str]) -> String {
        let brought =
            self.root.as_ref().map(|root| format!("{root}/python/bin/python3")).unwrap_or_default();
        let finder = quoted(FIND_PYTHON);
        let mut line = format!("exec sh -c {finder} slipway {marker} {}", quoted(&brought));
        for argument in arguments {
            line.push(' ');
            line.push_str(&quoted(argument));
        }
        line
    }

    /// Reads events until the terminal one; ends the script when the task is cancelled.
    async fn follow<F: FnMut(&ScriptEvent) + Send>(
        &self,
        mut running: Running,
        following: &mut Following<'_, F>,
    ) -> Result<Value, Fault> {
        let mut deadline = tokio::time::Instant::now() + SILENCE;
        let mut cancelled = false;
        loop {
            let output = tokio::select! {
                () = self.context.token().cancelled(), if !cancelled => {
                    cancelled = true;
                    deadline = tokio::time::Instant::now() + CLEAN_UP;
                    if let Some(pid) = following.pid {
                        let kill = format!("kill -TERM {pid}");
                        let _ = tokio::time::timeout(CLEAN_UP, self.machine.run_quietly(&kill)).await;
                    }
                    continue;
                }
                () = tokio::time::sleep_until(deadline), if cancelled || !following.subcommand.endless() => {
                    if cancelled {
                        return Err(Fault::cancelled());
                    }
                    let words = format!("silent for {} s", SILENCE.as_secs());
                    return Err(script_fault("script_failed", &words, &BTreeMap::new()));
                }
                output = running.next() => output,
            };
            match output {
                Some(Output::Stdout(bytes)) => following.stdout(&bytes),
                Some(Output::Stderr(bytes)) => following.stderr(&bytes),
                Some(Output::Exit) => continue,
                None => break,
            }
            if !cancelled {
                deadline = tokio::time::Instant::now() + SILENCE;
            }
        }
        following.end();
        match following.outcome.take() {
            Some(result) if !cancelled => result,
            _ if cancelled => Err(Fault::cancelled()),
            _ if self.machine.is_lost() => Err(slipway_ssh::Error::ConnectionLost.into()),
            _ => Err(script_fault("script_failed", &following.last_words, &BTreeMap::new())),
        }
    }
}

/// A word that nothing else on the host says.
fn new_marker() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// A word quoted for a POSIX shell.
pub(super) fn quoted(word: &str) -> String {
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
    fn a_token_goes_with_the_source() {
        let token = SecretString::from("hf_\"x");
        let source = String::from_utf8(HubToken(Some(&token)).with_source()).unwrap();
        assert!(source.contains("\nSECRETS = {\"hub_token\":\"hf_\\\"x\"}\n"));
        assert_eq!(HubToken(None).with_source(), SCRIPT.as_bytes());
        assert!(SCRIPT.contains(NO_SECRETS));
    }

    #[test]
    fn the_finder_survives_quoting() {
        assert!(!FIND_PYTHON.contains('\'') && !FIND_PYTHON.contains('\n'));
        assert_eq!(quoted("it's"), "'it'\\''s'");
    }
}
