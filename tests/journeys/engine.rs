//! The engine, installed once by the host script itself and linked into the homes of the machines;
//! and the practice models that the journeys serve.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::processes::{eventually, is_running, signal};

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name)
}

/// A folder that outlives the run, held by a lock while something is made in it.
fn workshop() -> (PathBuf, File) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("journeys");
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    (folder, lock)
}

/// Variables that would win over the pip.conf of [`prepare_index`].
pub fn pip_variables() -> &'static [&'static str] {
    match std::env::var_os("SLIPWAY_ENGINE") {
        Some(_) => &["PIP_FIND_LINKS", "PIP_INDEX_URL"],
        None => &[],
    }
}

/// Lets pip below a home find the wheel that `scripts/engine.sh` has fetched, if it has.
pub fn prepare_index(home: &Path) {
    if let Some(wheels) = std::env::var_os("SLIPWAY_ENGINE") {
        let folder = home.join(".config/pip");
        fs::create_dir_all(&folder).unwrap();
        let lines =
            format!("[global]\nno-index = true\nfind-links = {}\n", Path::new(&wheels).display());
        fs::write(folder.join("pip.conf"), lines).unwrap();
    }
}

/// The engine's folder, made by the script's own install.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let (workshop, _lock) = workshop();
        let home = workshop.join("home");
        prepare_index(&home);
        let root = workshop.join("v1");
        let params = workshop.join("params.json");
        fs::create_dir_all(&home).unwrap();
        let text = serde_json::json!({ "marker": "journeys-install", "root": root });
        fs::write(&params, text.to_string()).unwrap();
        let mut install = Command::new("python3");
        install.arg(source("deploy_llm_server.py")).args(["install", "--params"]).arg(&params);
        for name in pip_variables() {
            install.env_remove(name);
        }
        let output = install.env("HOME", &home).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        let mut engines = fs::read_dir(root.join("engines")).unwrap();
        engines.next().unwrap().unwrap().path()
    })
}

/// Lets a root of the script use it.
pub fn link_into(root: &Path) {
    let engine = installed();
    fs::create_dir_all(root.join("engines")).unwrap();
    let link = root.join("engines").join(engine.file_name().unwrap());
    std::os::unix::fs::symlink(engine, link).unwrap();
}

/// Shell commands that do the same inside a machine whose home is mounted over.
pub fn link_commands() -> String {
    let engine = installed();
    let root = "$HOME_DIR/.local/share/slipway/v1";
    format!("mkdir -p {root}/engines; ln -s {} {root}/engines/", engine.display())
}

/// Shell commands that do what [`prepare_index`] does there.
pub fn index_commands() -> String {
    let Some(wheels) = std::env::var_os("SLIPWAY_ENGINE") else { return ":".to_owned() };
    let lines =
        format!("[global]\\nno-index = true\\nfind-links = {}\\n", Path::new(&wheels).display());
    let folder = "$HOME_DIR/.config/pip";
    format!("mkdir -p {folder}; printf '{lines}' >{folder}/pip.conf")
}

/// A practice model made by `deploy/practice_model.py` with the given options.
pub fn practice_model(options: &[&str]) -> PathBuf {
    let (workshop, _lock) = workshop();
    let path = workshop.join(format!("practice{}.gguf", options.concat()));
    if !path.exists() {
        let part = path.with_extension("part");
        let made = Command::new("python3")
            .arg("-B")
            .arg(source("practice_model.py"))
            .arg(&part)
            .args(options)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::rename(part, &path).unwrap();
    }
    path
}

/// A model whose answers never end by themselves.
pub fn endless_model() -> PathBuf {
    practice_model(&["--endless", "--context", "32768"])
}

/// The practice model with as many zeros behind it as make it this large, so that its way takes time.
pub fn padded_model(bytes: u64) -> PathBuf {
    let model = practice_model(&[]);
    let (workshop, _lock) = workshop();
    let path = workshop.join(format!("padded-{bytes}.gguf"));
    if !path.exists() {
        let part = path.with_extension("part");
        fs::copy(model, &part).unwrap();
        File::options().write(true).open(&part).unwrap().set_len(bytes).unwrap();
        fs::rename(part, &path).unwrap();
    }
    path
}

/// The process that keeps the engine of a root alive.
pub fn supervisor(root: &Path) -> Option<u32> {
    let text = fs::read_to_string(root.join("deployments/default/run/supervisor.pid")).ok()?;
    let pid = text.split_whitespace().next()?.parse().ok()?;
    is_running(pid).then_some(pid)
}

/// What the supervisor of a root wrote down; null before it has.
pub fn state(root: &Path) -> serde_json::Value {
    let text = fs::read_to_string(root.join("deployments/default/run/state.json"));
    text.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// The engine's own process, as the supervisor wrote it down.
pub fn process(root: &Path) -> Option<u32> {
    let pid = u32::try_from(state(root)["engine_pid"].as_u64()?).ok()?;
    is_running(pid).then_some(pid)
}

/// Ends the engine of a root.
pub fn end(root: &Path) {
    if let Some(pid) = supervisor(root) {
        signal(pid, "TERM");
        if !eventually(10, || !is_running(pid)) {
            signal(pid, "KILL");
        }
    }
}
