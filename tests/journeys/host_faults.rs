//! Hosts that lack something or talk too much.

use std::fs;

use slipway_protocol::{
    DeployRequest, DeployStep, ErrorCode, Finding, HostRef, ModelSource, Progress, Severity,
    StepState, TaskBody, TaskMessage, TaskOutcome, TaskRef, TaskResult,
};

use crate::app::{App, uninstall};
use crate::engine;
use crate::files::listing;
use crate::processes::{output, signal};
use crate::sshd::{Machine, Sshd, can_mount};

/// Takes every Python out of sight that the search would find by its absolute path.
pub const HIDE_PYTHON: &str = "for p in /usr/bin/python3* /usr/local/bin/python3* \
     /opt/homebrew/bin/python3*; do if [ -x \"$p\" ] && [ ! -L \"$p\" ]; then \
     mount --bind /dev/null \"$p\"; fi; done";

/// The step that failed.
fn failed_step(messages: &[TaskMessage]) -> Option<DeployStep> {
    messages.iter().find_map(|message| match &message.body {
        TaskBody::Progress(Progress::Step(step)) if step.state == StepState::Failed => {
            Some(step.step)
        }
        _ => None,
    })
}

async fn fails(machine: &Sshd, model: ModelSource) -> (ErrorCode, Option<DeployStep>, String) {
    let app = App::open().await;
    let host = app.add(machine).await;
    let request_id = app.start_deploy(&host, model).await;
    let error = app.failure(&request_id).await;
    let step = failed_step(&app.messages(&request_id));
    app.program.shutdown().await;
    (error.code, step, error.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_python_at_all_and_one_that_is_too_old() {
    if !can_mount() {
        return;
    }
    let bin = tempfile::tempdir().unwrap();
    for tool in ["sh", "bash", "mkdir", "uname"] {
        let found = output("sh", &["-c", &format!("command -v {tool}")]);
        std::os::unix::fs::symlink(found, bin.path().join(tool)).unwrap();
    }
    let path = format!("PATH={}", bin.path().display());
    let machine = Sshd::with(&Machine {
        environment: &path,
        mounts: HIDE_PYTHON,
        bare: true,
        ..Machine::default()
    });
    let before = listing(&machine.home());
    // It is something to know of, since one can be brought; who wants none is not served.
    let found = without_python(&machine).await;
    assert!(found.severity == Severity::Warn && found.fix.en.contains("brings"), "{found:?}");

    // A stand-in for an old interpreter: it refuses the version test and names its version.
    let old = bin.path().join("python3");
    fs::write(&old, "#!/bin/sh\ncase \"$2\" in *exit*) exit 1;; *) echo 3.6.9;; esac\n").unwrap();
    fs::set_permissions(&old, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let found = without_python(&machine).await;
    assert!(found.message.en.contains("3.6.9"), "{found:?}");
    assert_eq!(listing(&machine.home()), before, "nothing is written before");
}

/// What is said of a missing Python, after a deploy that must bring none.
async fn without_python(machine: &Sshd) -> Finding {
    let app = App::open().await;
    let host = app.add(machine).await;
    let request = DeployRequest {
        bring: Some(false),
        ..DeployRequest::new(host.clone(), ModelSource::Practice)
    };
    let task = app.program.deploy_start(request).await.unwrap();
    assert_eq!(app.failure(&task.request_id).await.code, ErrorCode::Cancelled);
    let task = app.program.host_check(HostRef { host_id: host }).await.unwrap();
    let TaskResult::Check(report) = app.result(task).await else { panic!("no report") };
    app.program.shutdown().await;
    report.findings.into_iter().find(|finding| finding.code == "python_missing").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_too_small_for_the_engine_is_found_before_anything_is_written() {
    if !can_mount() {
        return;
    }
    let machine = Sshd::with(&Machine {
        mounts: "mount -t tmpfs -o size=4m,mode=700 tmpfs \"$HOME_DIR\"",
        bare: true,
        ..Machine::default()
    });
    let (code, step, words) = fails(&machine, ModelSource::Practice).await;
    assert_eq!((code, step), (ErrorCode::HostDiskFull, Some(DeployStep::Check)), "{words}");
    assert_eq!(fs::read_dir(machine.home_inside()).unwrap().count(), 0);

    // With an engine of its own the host needs next to nothing.
    let app = App::open().await;
    let host = app.add(&machine).await;
    let binary = crate::engine_faults::stand_in(&machine, "answer");
    let request = crate::engine_faults::request(&host, binary);
    let task = app.program.deploy_start(request).await.unwrap();
    let outcome = app.outcome(&task.request_id).await;
    assert!(matches!(outcome, TaskOutcome::Complete(_)), "{outcome:?}");
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fills_up_during_an_upload_gets_its_space_back() {
    if !can_mount() {
        return;
    }
    let mounts = format!(
        "mount -t tmpfs -o size=4m,mode=700 tmpfs \"$HOME_DIR\"; {}",
        engine::link_commands()
    );
    let machine = Sshd::with(&Machine { mounts: &mounts, bare: true, ..Machine::default() });
    let big = engine::padded_model(8 << 20);
    let source = ModelSource::LocalFile(big.to_string_lossy().into_owned());
    let (code, step, words) = fails(&machine, source).await;
    assert_eq!((code, step), (ErrorCode::HostDiskFull, Some(DeployStep::Upload)), "{words}");
    let inside = machine.home_inside();
    let left = output("find", &[inside.to_str().unwrap(), "-name", "padded*"]);
    assert_eq!(left, "");
    // There is room for what is small.
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_that_cannot_be_written() {
    if !can_mount() {
        return;
    }
    let machine = Sshd::with(&Machine {
        mounts: "mount -t tmpfs -o ro,mode=500 tmpfs \"$HOME_DIR\"",
        bare: true,
        ..Machine::default()
    });
    let (code, step, words) = fails(&machine, ModelSource::Practice).await;
    assert_eq!((code, step), (ErrorCode::HostPermission, Some(DeployStep::Check)), "{words}");
    let app = App::open().await;
    let host = HostRef { host_id: app.add(&machine).await };
    let task = app.program.host_check(host).await.unwrap();
    let outcome = app.outcome(&task.request_id).await;
    let TaskOutcome::Complete(TaskResult::Check(report)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(report.findings[0].severity, Severity::Error, "worst first");
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_noisy_login_disturbs_nothing() {
    let banner = tempfile::NamedTempFile::new().unwrap();
    fs::write(banner.path(), "*** {\"event\":\"result\"} Authorised use only ***\n".repeat(50))
        .unwrap();
    let config = format!("Banner {}", banner.path().display());
    let machine = Sshd::with(&Machine { config: &config, ..Machine::default() });
    let noise = "echo 'Welcome to the machine!'; printf 'no line end'; echo oops >&2\n\
                 printf '\\033[1mstatus: \\342\\200\\224\\033[0m\\n{\"event\":\"error\"}\\n'\n";
    for name in [".bashrc", ".profile", ".bash_profile", ".zshenv"] {
        fs::write(machine.home().join(name), noise).unwrap();
    }
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let started = app.send(&host, "Quiet, please.").await;
    app.answered(&started).await;
    let task = app.program.uninstall_start(uninstall(&host)).await.unwrap();
    assert!(matches!(app.outcome(&task.request_id).await, TaskOutcome::Complete(_)));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_interrupted_work_do_not_disturb() {
    let machine = Sshd::start();
    let root = machine.root();
    for folder in ["models", "lock", "engines/.tmp-99999", "deployments/default/run"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::write(root.join("models/practice.gguf"), b"GGUF, but half").unwrap();
    fs::create_dir_all(root.join("script/0a1b2c3d4e5f")).unwrap();
    let cut = [
        root.join("models/cut.gguf.part-0a1b2c3d"),
        root.join("script/0a1b2c3d4e5f/deploy_llm_server.py.part-0a1b2c3d"),
    ];
    for cut in &cut {
        fs::write(cut, b"half").unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH;
        fs::File::options().write(true).open(cut).unwrap().set_modified(long_ago).unwrap();
    }
    let growing = root.join("models/new.gguf.part-4e5f6071");
    fs::write(&growing, b"half").unwrap();
    fs::write(root.join("deployments/default/manifest.json"), b"{\"engine\": {").unwrap();
    fs::write(root.join("deployments/default/api.key"), b"").unwrap();
    // The pid of a process that lives and has nothing to do with it.
    let run = root.join("deployments/default/run");
    fs::write(run.join("supervisor.pid"), format!("{} 1\n", std::process::id())).unwrap();
    fs::write(run.join("state.json"), b"not json").unwrap();
    let owner = format!(
        "{{\"pid\": 999999, \"host\": \"{}\", \"user\": \"me\", \"start_time\": \"1\", \
         \"since\": 1, \"what\": \"install\"}}",
        output("hostname", &[])
    );
    fs::write(root.join("lock/owner.json"), owner).unwrap();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    let started = app.send(&host, "Hello!").await;
    app.answered(&started).await;
    assert!(!root.join("lock").exists() && !root.join("engines/.tmp-99999").exists());
    assert!(
        cut.iter().all(|cut| !cut.exists()) && growing.exists(),
        "only an upload that nobody goes on with is removed"
    );
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forbids_forwarding_is_named_before_anything_is_written() {
    // With the first OpenSSH carries nothing to unix sockets either.
    for config in ["AllowTcpForwarding no", "DisableForwarding yes"] {
        let machine = Sshd::with(&Machine { config, bare: true, ..Machine::default() });
        let before = listing(&machine.home());
        let (code, step, words) = fails(&machine, ModelSource::Practice).await;
        let named = (code, step);
        let expected = (ErrorCode::ForwardingForbidden, Some(DeployStep::Check));
        assert_eq!(named, expected, "{config}: {words}");
        assert_eq!(listing(&machine.home()), before, "{config}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_another_run_is_waited_for_and_then_named() {
    let machine = Sshd::start();
    let root = machine.root();
    // A live owner: a process of this host whose start time is right.
    let mut owner = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", owner.id())).unwrap_or_default();
    let Some((_, fields)) = stat.rsplit_once(')') else {
        owner.kill().unwrap();
        owner.wait().unwrap();
        println!("skipped: start times are read from /proc here");
        return;
    };
    let start = fields.split_whitespace().nth(19).unwrap();
    fs::create_dir_all(root.join("lock")).unwrap();
    let text = format!(
        "{{\"pid\": {}, \"host\": \"{}\", \"user\": \"ann\", \"start_time\": \"{start}\", \
         \"since\": 1, \"what\": \"install\"}}",
        owner.id(),
        output("hostname", &[])
    );
    fs::write(root.join("lock/owner.json"), text).unwrap();
    let (code, _, words) = fails(&machine, ModelSource::Practice).await;
    assert_eq!(code, ErrorCode::HostLocked);
    assert!(words.contains("ann"), "{words}");
    signal(owner.id(), "KILL");
    owner.wait().unwrap();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    // Two deploys to one host at once: the second is refused at once.
    let first = app.start_deploy(&host, ModelSource::Practice).await;
    let request = DeployRequest::new(host.clone(), ModelSource::Practice);
    let refused = app.program.deploy_start(request).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Busy);
    app.program.task_cancel(&TaskRef { request_id: first.clone() });
    app.outcome(&first).await;
    app.program.shutdown().await;
}
