//! Starts a real llama.cpp server (the `xllamacpp` Python package) with the practice model.
//!
//! The package is installed once into `target/engine-venv` of the repository, with pinned hashes.
//! Needs Python 3.10 or newer with `venv`, and libgomp.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as AsyncCommand};
use tokio::time::timeout;

/// Linux x86_64, Linux aarch64, macOS arm64.
const REQUIREMENTS: &str = "xllamacpp==2026.10.11549 \
    --hash=sha256:c54e7d13520ecc989c63dc99d55de3065e2f343a91f43f053d16b5e62077c261 \
    --hash=sha256:e2a3e79e775515de4ad197e667f874070446ef9ac9cf2044bc9866bc4c72289e \
    --hash=sha256:4ecda27a308b2403aa13c9d04b270befab95edc556c24ed00b2f8a98bd7f6781\n";

/// Ends with its standard input, so that it never outlives a test that was killed.
const SERVER: &str = r#"
import os, sys
from xllamacpp import CommonParams, Server
model, context, slots, template = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
p = CommonParams()
p.model.path = model
p.model_alias = {"practice"}
p.hostnames = ["127.0.0.1"]
p.port = 0
p.n_ctx = context
p.n_parallel = slots
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.n_gpu_layers = 0
p.use_jinja = True
if template:
    p.chat_template = template
p.endpoint_slots = True
p.api_keys = [os.environ["ENGINE_API_KEY"]]
server = Server(p)
print(server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
"#;

/// How the engine is started.
#[derive(Clone, Copy)]
pub struct Settings {
    /// Answers never end by themselves.
    pub endless: bool,
    /// Tokens of context, shared by the slots.
    pub context: u32,
    /// Requests answered at once.
    pub slots: u32,
    /// Jinja, instead of the model's own when not empty.
    pub template: &'static str,
}

/// A running engine; ends when dropped.
pub struct Engine {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    /// The key that it asks for.
    pub api_key: String,
    // Held for its drop, which ends the process.
    _child: Child,
    _model: TempDir,
}

impl Engine {
    /// Starts an engine and waits until its model is loaded.
    pub async fn start(settings: Settings) -> Self {
        let python = python();
        let model = TempDir::new().unwrap();
        let file = model.path().join("practice.gguf");
        let mut generator = Command::new(&python);
        generator
            .arg(repository().join("deploy/practice_model.py"))
            .arg(&file)
            .args(["--context", &settings.context.to_string()]);
        if settings.endless {
            generator.arg("--endless");
        }
        run(&mut generator);

        let api_key = "practice-key-for-tests".to_owned();
        let log = model.path().join("engine.log");
        let mut child = AsyncCommand::new(python)
            .args(["-c", SERVER])
            .arg(&file)
            .args([settings.context, settings.slots].map(|number| number.to_string()))
            .arg(settings.template)
            .env("ENGINE_API_KEY", &api_key)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = timeout(Duration::from_secs(60), lines.next_line()).await;
        let url = match started {
            Ok(Ok(Some(line))) => line,
            other => panic!(
                "the engine did not start: {other:?}\n{}",
                fs::read_to_string(&log).unwrap_or_default()
            ),
        };
        Self { url, api_key, _child: child, _model: model }
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// The Python of the shared environment, which is made on first use.
fn python() -> PathBuf {
    static ONE_THREAD: Mutex<()> = Mutex::new(());
    let _one_thread = ONE_THREAD.lock();
    let target = repository().join("target");
    let environment = target.join("engine-venv");
    let python = environment.join("bin/python");
    let ready = environment.join("requirements.txt");
    let is_ready = || fs::read_to_string(&ready).is_ok_and(|text| text == REQUIREMENTS);
    if is_ready() {
        return python;
    }
    fs::create_dir_all(&target).unwrap();
    let _one_process = DirectoryLock::take(target.join("engine-venv.lock"));
    if is_ready() {
        return python;
    }
    let base = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    run(Command::new(base).args(["-m", "venv", "--clear"]).arg(&environment));
    let wanted = environment.join("wanted.txt");
    fs::write(&wanted, REQUIREMENTS).unwrap();
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--no-cache-dir", "--no-deps"])
        .args(["--only-binary=:all:", "--require-hashes", "-r"])
        .arg(&wanted));
    // Under its final name only once everything is there.
    fs::rename(&wanted, &ready).unwrap();
    python
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A lock between test processes. One older than five minutes was left by a process that died.
struct DirectoryLock(PathBuf);

impl DirectoryLock {
    const STALE: Duration = Duration::from_secs(300);

    fn take(path: PathBuf) -> Self {
        let start = Instant::now();
        while fs::create_dir(&path).is_err() {
            let age = fs::metadata(&path)
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|made| SystemTime::now().duration_since(made).ok());
            if age.is_some_and(|age| age > Self::STALE) {
                let _ = fs::remove_dir(&path);
            }
            assert!(start.elapsed() < Self::STALE * 2, "{} stays locked", path.display());
            thread::sleep(Duration::from_millis(100));
        }
        Self(path)
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
