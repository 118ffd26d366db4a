//! What a host keeps beside what it serves: the version before, to go back to, and what is left over.

use std::fs;
use std::path::Path;
use std::time::Duration;

use slipway_protocol::{
    CleanRequest, Cleaned, DeployRequest, Device, EngineChoice, ErrorCode, HostId, HostRef,
    ModelSource, RollbackRequest, RolledBack, TaskResult, UninstallRequest, VersionList,
    VersionRole,
};

use crate::app::{App, chat, uninstall};
use crate::engine;
use crate::engine_faults::{request, stand_in};
use crate::files::{files, listing};
use crate::processes::{eventually, output};
use crate::sshd::{Machine, Sshd};

/// Another model than the practice model, by its path on the host.
fn another() -> ModelSource {
    let path = engine::practice_model(&["--context", "2048"]);
    ModelSource::HostPath(path.to_string_lossy().into_owned())
}

async fn versions(app: &App, host: &HostId) -> VersionList {
    let task = app.program.versions_list(HostRef { host_id: host.clone() }).await.unwrap();
    match app.result(task).await {
        TaskResult::Versions(list) => list,
        other => panic!("{other:?}"),
    }
}

fn back_to(host: &HostId, version: Option<&str>) -> RollbackRequest {
    RollbackRequest { host_id: host.clone(), version: version.map(str::to_owned) }
}

async fn roll_back(app: &App, host: &HostId) -> RolledBack {
    let task = app.program.rollback_start(back_to(host, None)).await.unwrap();
    match app.result(task).await {
        TaskResult::Rollback(rolled) => rolled,
        other => panic!("{other:?}"),
    }
}

/// The model that answers.
async fn answering(app: &App, host: &HostId) -> String {
    app.connect(host).await;
    let mut send = chat(host, "Who is there?");
    send.settings.sampling.max_tokens = Some(5);
    let started = app.program.chat_send(send).await.unwrap();
    app.answered(&started).await.1.model.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_goes_back_to_the_version_before_and_forth_again() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let first = app.deploy(&host, ModelSource::Practice).await;
    let second = app.deploy(&host, another()).await;
    assert_ne!(first.deployment.version, second.deployment.version);
    let list = versions(&app, &host).await;
    let roles: Vec<_> = list.versions.iter().map(|version| version.role).collect();
    assert_eq!(roles, [VersionRole::Current, VersionRole::Previous]);
    let [current, previous] = &list.versions[..] else { panic!("{list:?}") };
    assert!(current.running && !previous.running && current.usable && previous.usable, "{list:?}");
    let bytes = |options: &[&str]| engine::practice_model(options).metadata().unwrap().len();
    assert_eq!(current.model_bytes, Some(bytes(&["--context", "2048"])));
    assert_eq!(previous.model_bytes, Some(bytes(&[])));
    assert_eq!(previous.model.as_deref(), Some("practice"));
    assert!(list.total_bytes > 0 && list.disk_free_bytes > Some(0), "{list:?}");
    assert_eq!(list.directory, machine.root().to_string_lossy());

    let rolled = roll_back(&app, &host).await;
    println!("gone back in {} ms", rolled.total_ms);
    assert_eq!(rolled.model, "practice");
    assert_eq!(rolled.left, second.deployment.version);
    assert_eq!(Some(&rolled.version), first.deployment.version.as_ref());
    assert!(rolled.total_ms < 10_000, "{} ms", rolled.total_ms);
    assert_eq!(answering(&app, &host).await, "practice");
    let views = app.program.host_list().await.unwrap();
    let kept = views.into_iter().find_map(|view| view.deployment).unwrap();
    assert!(kept.practice && kept.version == first.deployment.version, "{kept:?}");

    let task = app.program.rollback_start(back_to(&host, Some("no-such"))).await.unwrap();
    assert_eq!(app.failure(&task.request_id).await.code, ErrorCode::VersionUnusable);
    assert_eq!(answering(&app, &host).await, "practice");
    assert_eq!(roll_back(&app, &host).await.model, second.deployment.model);
    assert_eq!(machine.engine_processes().len(), 2);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_whose_answer_is_wrong_does_not_take_the_place_of_one_that_answers() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let first = app.deploy(&host, ModelSource::Practice).await;
    let task =
        app.program.deploy_start(request(&host, stand_in(&machine, "broken"))).await.unwrap();
    let error = app.failure(&task.request_id).await;
    assert_eq!(error.code, ErrorCode::EngineError, "{error:?}");
    assert_eq!(answering(&app, &host).await, "practice");
    let list = versions(&app, &host).await;
    let current =
        list.versions.iter().find(|version| version.role == VersionRole::Current).unwrap();
    assert_eq!(Some(&current.version), first.deployment.version.as_ref());
    assert!(current.running && list.versions.iter().all(|v| v.role != VersionRole::Candidate));
    assert_eq!(machine.engine_processes().len(), 2);
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_planned_for_and_not_used_is_a_failure() {
    let tools = tempfile::tempdir().unwrap();
    let smi = "#!/bin/sh\ncase \"$*\" in\n\
        *query-gpu*) echo '0, GPU-1, NVIDIA L4, 23034, 22000, 570.86, 8.9';;\n\
        *query-compute*) ;;\n*) echo 'CUDA Version: 12.8';;\nesac\n";
    executable(&tools.path().join("nvidia-smi"), smi);
    let path = format!("PATH={}:/usr/local/bin:/usr/bin:/bin", tools.path().display());
    let machine = Sshd::with(&Machine { environment: &path, ..Machine::default() });
    let app = App::open().await;
    let host = app.add(&machine).await;
    // It needs no card, whatever the host has.
    let first = app.deploy(&host, ModelSource::Practice).await;
    assert_eq!(first.deployment.device, Some(Device::Cpu));
    fs::copy(stand_in(&machine, "processor"), tools.path().join("llama-server")).unwrap();
    let wish = DeployRequest::new(host.clone(), another());
    let task = app.program.deploy_plan(wish.clone()).await.unwrap();
    let TaskResult::Plan(planned) = app.result(task).await else { panic!("no plan") };
    let plan = planned.plan.unwrap();
    assert_eq!(plan.device, Some(Device::Gpu));
    assert!(matches!(plan.engine, EngineChoice::LlamaCpp { binary: Some(_) }), "{plan:?}");
    let task = app.program.deploy_start(wish).await.unwrap();
    let error = app.failure(&task.request_id).await;
    assert_eq!(error.code, ErrorCode::GpuNotUsed, "{error:?}");
    assert_eq!(answering(&app, &host).await, "practice");
    app.program.shutdown().await;
}

fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_up_takes_what_nothing_uses_and_tells_it_before() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.deploy(&host, another()).await;
    let root = machine.root();
    fs::write(root.join("models/forgotten.gguf"), vec![0; 70_000]).unwrap();
    fs::create_dir(root.join("engines/llama_cpp-0.0.1")).unwrap();
    fs::write(root.join("engines/llama_cpp-0.0.1/engine"), vec![0; 30_000]).unwrap();
    let before = files(&root.join("models"));
    let told = clean(&app, &host, true).await;
    assert!(told.dry_run && told.removed_bytes >= 100_000, "{told:?}");
    let names: Vec<_> = told.removed.iter().map(|gone| gone.path.as_str()).collect();
    for name in ["models/forgotten.gguf", "engines/llama_cpp-0.0.1"] {
        assert!(names.contains(&&*root.join(name).to_string_lossy()), "{name}: {names:?}");
    }
    assert_eq!(files(&root.join("models")), before, "only told");
    assert!(versions(&app, &host).await.unused_bytes >= 100_000);

    let done = clean(&app, &host, false).await;
    assert_eq!((done.dry_run, done.removed_bytes), (false, told.removed_bytes));
    assert!(!root.join("models/forgotten.gguf").exists());
    assert!(!root.join("engines/llama_cpp-0.0.1").exists());
    assert!(clean(&app, &host, true).await.removed.is_empty());
    let list = versions(&app, &host).await;
    assert!(list.versions.len() == 2 && list.versions.iter().all(|v| v.usable), "{list:?}");
    assert_eq!(roll_back(&app, &host).await.model, "practice");
    app.program.shutdown().await;
}

async fn clean(app: &App, host: &HostId, dry_run: bool) -> Cleaned {
    let task = app.program.clean_start(CleanRequest { host_id: host.clone(), dry_run }).await;
    match app.result(task.unwrap()).await {
        TaskResult::Clean(cleaned) => cleaned,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_engine_is_gone_and_the_next_connect_starts_it() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let stop = || app.program.engine_stop_start(HostRef { host_id: host.clone() });
    for was_running in [true, false] {
        let TaskResult::Stop(stopped) = app.result(stop().await.unwrap()).await else { panic!() };
        assert_eq!(stopped.was_running, was_running);
        let working = || machine.engine_processes();
        assert!(eventually(5, || working().is_empty()), "left {:?}", working());
    }
    // Nothing starts it again by itself.
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(machine.engine_processes().is_empty());
    assert_eq!(answering(&app, &host).await, "practice");
    let again = app.deploy(&host, ModelSource::Practice).await;
    println!("deployed again in {} ms", again.total_ms);
    assert!(!again.changed && again.total_ms < 10_000, "{again:?}");
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstall_leaves_what_was_there_before_or_the_model_as_well() {
    let machine = Sshd::with(&Machine { bare: true, ..Machine::default() });
    fs::create_dir_all(machine.home().join(".local/share")).unwrap();
    let before = listing(&machine.home());
    let app = App::open().await;
    let host = app.add(&machine).await;
    let here = app.dir.path().join("mine.gguf");
    fs::copy(engine::practice_model(&["--context", "2048"]), &here).unwrap();
    let mine = ModelSource::LocalFile(here.to_string_lossy().into_owned());
    app.deploy(&host, mine.clone()).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.deploy(&host, mine.clone()).await;
    let request = UninstallRequest { host_id: host.clone(), keep_models: true };
    app.result(app.program.uninstall_start(request).await.unwrap()).await;
    assert!(eventually(5, || machine.engine_processes().is_empty()));
    let left = files(&machine.root());
    let sum = &output("sha256sum", &[here.to_str().unwrap()])[..16];
    assert!(left.contains(&format!("models/{sum}/mine.gguf")), "{left:?}");
    assert!(left.iter().all(|path| path.starts_with("models/")), "{left:?}");

    app.deploy(&host, mine).await;
    app.result(app.program.uninstall_start(uninstall(&host)).await.unwrap()).await;
    assert_eq!(listing(&machine.home()), before, "left on the host");
    assert!(machine.engine_processes().is_empty());
    app.program.shutdown().await;
}
