//! Other users of the host: they neither ask the engine nor read its key.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use slipway_protocol::{ModelSource, Settings};

use crate::app::App;
use crate::engine;
use crate::http;
use crate::processes::telling;
use crate::sshd::{Machine, Sshd};

/// Connects to the unix socket that its argument names.
const KNOCK: &str = "import socket, sys\n\
    s = socket.socket(socket.AF_UNIX)\n\
    s.settimeout(5)\n\
    s.connect(sys.argv[1])\n\
    print('connected')";
/// Asks the server of its argument for the models, without a key; prints the status.
const ASK: &str = "import sys, urllib.error, urllib.request\n\
    try:\n    print(urllib.request.urlopen(sys.argv[1], timeout=5).status)\n\
    except urllib.error.HTTPError as error:\n    print(error.code)";

/// Runs a program as the user `nobody`; absent where this one must not.
fn as_nobody(program: &str, arguments: &[&str]) -> Option<Output> {
    let other = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"];
    let can = Command::new("setpriv").args(other).arg("true").output();
    if !can.is_ok_and(|ran| ran.status.success()) {
        println!("skipped: becoming another user needs root and setpriv");
        return None;
    }
    Some(Command::new("setpriv").args(other).arg(program).args(arguments).output().unwrap())
}

/// A Python that every user may run: the first one on the path may be one user's own.
fn python() -> &'static str {
    if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" }
}

fn words(output: &Output) -> String {
    [&output.stdout[..], &output.stderr].concat().iter().map(|byte| char::from(*byte)).collect()
}

/// Lets everybody into the folders down to the home directory, as on most machines: what is closed
/// then is what Slipway has closed.
fn open_up(machine: &Sshd) {
    let home = machine.home();
    for folder in [home.parent().unwrap(), &home, &home.join(".local"), &home.join(".local/share")]
    {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_socket_and_the_key_are_closed_to_them() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let result = app.deploy(&host, ModelSource::Practice).await;
    assert!(result.deployment.socket, "on a socket where the server carries one");
    open_up(&machine);
    let socket = engine::state(&machine.root())["socket"].as_str().unwrap().to_owned();
    let mine = Command::new(python()).args(["-c", KNOCK, &socket]).output().unwrap();
    assert!(words(&mine).contains("connected"), "{}", words(&mine));
    let Some(theirs) = as_nobody(python(), &["-c", KNOCK, &socket]) else { return };
    assert!(words(&theirs).contains("PermissionError"), "{}", words(&theirs));
    expect_a_closed_key(&machine);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_wants_the_key_that_they_cannot_read() {
    let config = "AllowStreamLocalForwarding no";
    let machine = Sshd::with(&Machine { config, ..Machine::default() });
    let app = App::open().await;
    let host = app.add(&machine).await;
    let result = app.deploy(&host, ModelSource::Practice).await;
    assert!(!result.deployment.socket, "the server carries no sockets");
    open_up(&machine);
    let port = engine::state(&machine.root())["port"].as_u64().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let Some(theirs) = as_nobody(python(), &["-c", ASK, &format!("{url}/v1/models")]) else {
        return;
    };
    assert_eq!(words(&theirs).trim(), "401");
    let key = fs::read_to_string(machine.deployment().join("api.key")).unwrap();
    assert_eq!(http::get(&url, "/v1/models", Some(key.trim())).unwrap().0, 200);
    expect_a_closed_key(&machine);
    app.program.shutdown().await;
}

/// Nobody else reads the key: not in its file, and in no process's arguments or environment.
fn expect_a_closed_key(machine: &Sshd) {
    let file = machine.deployment().join("api.key");
    let Some(theirs) = as_nobody("cat", &[file.to_str().unwrap()]) else { return };
    assert!(!theirs.status.success() && theirs.stdout.is_empty(), "{}", words(&theirs));
    let key = fs::read_to_string(file).unwrap();
    assert_eq!(key.trim().len(), 64);
    assert_eq!(telling(key.trim()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_uploaded_is_theirs_neither() {
    let machine = Sshd::start();
    let app = App::open().await;
    let settings = Settings { use_service_manager: false, ..Settings::default() };
    app.program.settings_set(settings).await.unwrap();
    let host = app.add(&machine).await;
    let model = engine::practice_model(&["--context", "2048"]);
    let source = ModelSource::LocalFile(model.to_string_lossy().into_owned());
    app.deploy(&host, source).await;
    open_up(&machine);
    for path in crate::files::listing(&machine.root()) {
        if Path::new(&path).is_dir() || path.contains("/engines/") {
            continue;
        }
        let Some(theirs) = as_nobody("cat", &[&path]) else { return };
        assert!(!theirs.status.success(), "{path} can be read by others");
    }
    app.program.shutdown().await;
}
