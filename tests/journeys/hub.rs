//! Models of a hub: listed, planned with their memory, loaded by the host itself, and kept from
//! those without a token.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use slipway_protocol::{
    DeployRequest, ErrorCode, ErrorInfo, FitVerdict, HostAdd, HostId, HubListing, HubModel,
    HubQuery, HubTokenSet, ModelSource, Settings, Severity, TaskOutcome, TaskResult,
};

use crate::app::App;
use crate::engine;
use crate::files::{files, files_with};
use crate::processes::{output, telling};
use crate::sshd::Sshd;
use crate::web::{Answer, Request, Web};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "hf_horsehorsehorse7733";
const FILE: &str = "tiny-Q4_K_M.gguf";

/// The hub's interface, with the practice model in it: `org/open` is for everybody, `org/gated` for
/// whoever has the token.
pub fn hub() -> Web {
    let model = engine::practice_model(&[]);
    let sum = output("sha256sum", &[model.to_str().unwrap()])[..64].to_owned();
    let content = std::fs::read(model).unwrap();
    Web::start(move |request| answer(request, &content, &sum))
}

fn answer(request: &Request, content: &[u8], sum: &str) -> Answer {
    let path = request.path.split('?').next().unwrap();
    let path = path.strip_prefix("/api/models").unwrap_or(path);
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let [owner, name, what, revision, rest @ ..] = &parts[..] else { return Answer::new(500, "") };
    let said = |code: &str, status| Answer::new(status, "").with("X-Error-Code", code);
    let given = request.authorization.as_deref();
    match (*owner, *name) {
        ("org", "open") => {}
        ("org", "gated") if given == Some(&format!("Bearer {TOKEN}")) => {}
        ("org", "gated") if given.is_some() => return Answer::new(401, ""),
        ("org", "gated") => return said("GatedRepo", 401),
        _ => return said("RepoNotFound", if given.is_some() { 404 } else { 401 }),
    }
    if !["main", COMMIT].contains(revision) {
        return said("RevisionNotFound", 404);
    }
    let file = |path: &str, size: usize| {
        let lfs = json!({ "oid": sum, "size": size });
        json!({ "type": "file", "path": path, "size": size, "lfs": lfs })
    };
    match (*what, rest) {
        ("revision", []) => {
            let gated = if *name == "gated" { json!("manual") } else { json!(false) };
            Answer::new(200, json!({ "sha": COMMIT, "gated": gated, "private": false }).to_string())
        }
        ("tree", []) => {
            let listed = [
                json!({ "type": "file", "path": "README.md", "size": 1 }),
                file("tiny-F16.gguf", content.len() + 1),
                file(FILE, content.len()),
            ];
            Answer::new(200, json!(listed).to_string())
        }
        ("resolve", [FILE]) => Answer::new(200, content).with("ETag", "\"x\""),
        _ => said("EntryNotFound", 404),
    }
}

/// A program that asks the stand-in, and a machine that it is connected to.
async fn connected(hub: &Web) -> (Sshd, App, HostId) {
    let machine = Sshd::start();
    let app = App::open().await;
    let settings = Settings { hub_url: hub.url.clone(), ..Settings::default() };
    app.program.settings_set(settings).await.unwrap();
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    app.connect(&host).await;
    (machine, app, host)
}

async fn list(app: &App, host: &HostId, repo: &str) -> Result<HubListing, ErrorInfo> {
    let query = HubQuery { host_id: host.clone(), repo: repo.into(), revision: None };
    let task = app.program.hub_list(query).await.unwrap();
    match app.outcome(&task.request_id).await {
        TaskOutcome::Complete(TaskResult::Hub(listing)) => Ok(listing),
        TaskOutcome::Error(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

fn model(repo: &str) -> ModelSource {
    let file = Some(FILE.to_owned());
    ModelSource::HuggingFace(HubModel { repo: repo.into(), file, revision: None })
}

async fn set_token(app: &App, token: Option<&str>) {
    let token = token.map(str::to_owned);
    app.program.hub_token_set(HubTokenSet { token }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_listed_planned_and_loaded_by_the_host_itself() {
    let hub = hub();
    let (machine, app, host) = connected(&hub).await;
    let listing = list(&app, &host, "org/open").await.unwrap();
    assert!(!listing.from_here && !listing.gated && listing.commit == COMMIT, "{listing:?}");
    let names: Vec<_> = listing.choices.iter().map(|choice| choice.file.as_deref()).collect();
    assert_eq!(names, [Some(FILE), Some("tiny-F16.gguf")], "smallest first");
    assert_eq!(listing.choices[0].quantisation.as_deref(), Some("Q4_K_M"));

    let request = DeployRequest::new(host.clone(), model("org/open"));
    let TaskResult::Plan(planned) =
        app.result(app.program.deploy_plan(request).await.unwrap()).await
    else {
        panic!("no plan")
    };
    let plan = planned.plan.unwrap();
    let fit = plan.fit.unwrap();
    assert!(fit.contexts.iter().all(|context| context.verdict == FitVerdict::Fits), "{fit:?}");
    assert_eq!(fit.context_train, Some(4096));
    assert!(plan.brought.is_empty() && plan.model_label == FILE, "{:?}", plan.brought);
    let fetched = || files(&machine.root().join("models"));
    assert!(fetched().iter().all(|path| path.ends_with("practice.gguf")), "{:?}", fetched());

    let result = app.deploy(&host, model("org/open")).await;
    assert_eq!(result.deployment.model, "tiny-Q4_K_M");
    assert!(fetched().iter().any(|path| path.ends_with(FILE)), "{:?}", fetched());
    let asked = hub.seen().len();
    assert!(!app.deploy(&host, model("org/open")).await.changed);
    let again: Vec<_> = hub.seen().drain(asked..).collect();
    assert!(again.iter().all(|request| !request.path.contains("/resolve/")), "{again:?}");
    assert!(hub.seen().iter().all(|request| request.authorization.is_none()));
    for repo in ["org/absent", "other/model"] {
        let error = list(&app, &host, repo).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ModelNotFound, "{repo}: {error:?}");
    }
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_connection_this_computer_asks() {
    let hub = hub();
    let app = App::open().await;
    let settings = Settings { hub_url: hub.url.clone(), ..Settings::default() };
    app.program.settings_set(settings).await.unwrap();
    let add = HostAdd {
        address: "me@192.0.2.7".into(),
        name: None,
        identity: None,
        accepted_fingerprint: None,
    };
    let host = app.program.host_add(add).await.unwrap().id;
    let listing = list(&app, &host, "org/open").await.unwrap();
    assert!(listing.from_here && listing.choices.len() == 2, "{listing:?}");
    let error = list(&app, &host, "org/gated").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelGated, "{error:?}");
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_is_gated_and_is_written_nowhere() {
    let hub = hub();
    let (machine, app, host) = connected(&hub).await;
    let error = list(&app, &host, "org/gated").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelGated, "{error:?}");
    let error = app.try_deploy(&host, model("org/gated")).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelGated, "{error:?}");
    set_token(&app, Some("hf_another")).await;
    let error = list(&app, &host, "org/gated").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::HubTokenRefused, "{error:?}");

    set_token(&app, Some(TOKEN)).await;
    assert!(list(&app, &host, "org/gated").await.unwrap().gated);
    let watch = Watch::start();
    let result = app.deploy(&host, model("org/gated")).await;
    assert_eq!(watch.seen(), Vec::<String>::new(), "told to other users");
    assert_eq!(result.deployment.model, "tiny-Q4_K_M");
    let loads = |request: &Request| request.path.contains("/gated/resolve/");
    let given = format!("Bearer {TOKEN}");
    let requests = hub.seen();
    let loads: Vec<_> = requests.iter().filter(|request| loads(request)).collect();
    assert!(!loads.is_empty());
    assert!(loads.iter().any(|request| request.authorization.as_ref() == Some(&given)));
    for message in app.program.bus().after(0).messages {
        assert!(!serde_json::to_string(&message).unwrap().contains(TOKEN), "{message:?}");
    }
    for folder in [app.dir.path(), &machine.home()] {
        assert_eq!(files_with(folder, TOKEN), Vec::<String>::new());
    }
    set_token(&app, None).await;
    let error = list(&app, &host, "org/gated").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelGated, "forgotten");
    app.program.shutdown().await;
}

/// Looks for the token in what processes tell of themselves.
struct Watch {
    ended: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<Vec<String>>,
}

impl Watch {
    fn start() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let over = ended.clone();
        let thread = std::thread::spawn(move || {
            let mut found = Vec::new();
            while !over.load(Ordering::Relaxed) {
                found.extend(telling(TOKEN));
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            found
        });
        Self { ended, thread }
    }

    fn seen(self) -> Vec<String> {
        self.ended.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_that_memory_is_short_for_stops_a_deploy_unless_it_is_overridden() {
    if !crate::sshd::can_mount() {
        return;
    }
    let memory = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(
        memory.path(),
        "MemTotal: 900000 kB\nMemFree: 300000 kB\nMemAvailable: 300000 kB\n",
    )
    .unwrap();
    let mounts = format!("mount --bind {} /proc/meminfo", memory.path().display());
    let machine = Sshd::with(&crate::sshd::Machine { mounts: &mounts, ..Default::default() });
    let app = App::open().await;
    let host = app.add(&machine).await;
    let file: &Path = &engine::practice_model(&["--context", "32768"]);
    let source = ModelSource::LocalFile(file.to_string_lossy().into_owned());
    let wish = |context_size, overrides: &[&str]| DeployRequest {
        context_size,
        parallel: Some(1),
        overrides: overrides.iter().map(ToString::to_string).collect(),
        ..DeployRequest::new(host.clone(), source.clone())
    };
    let plan = async |request| {
        let task = app.program.deploy_plan(request).await.unwrap();
        let TaskResult::Plan(planned) = app.result(task).await else { panic!("no plan") };
        *planned
    };
    // The file is on this computer, so its header is read here.
    let small = plan(wish(None, &[])).await;
    let fit = small.plan.unwrap().fit.unwrap();
    assert_eq!(fit.context_train, Some(32_768));
    assert_eq!(fit.free_bytes, Some(300_000 * 1024));
    assert!(small.report.findings.iter().all(|finding| finding.code != "model_too_big"));
    let huge = Some(1 << 20);
    let planned = plan(wish(huge, &[])).await;
    let found = planned.report.findings.iter().find(|finding| finding.code == "model_too_big");
    let found = found.unwrap();
    assert!(found.severity == Severity::Error && found.can_override, "{found:?}");
    assert!(!machine.root().join("models").exists(), "only planned");

    let task = app.program.deploy_start(wish(huge, &[])).await.unwrap();
    assert_eq!(app.failure(&task.request_id).await.code, ErrorCode::ModelTooBig);
    assert!(!machine.root().join("models").exists());
    let task = app.program.deploy_start(wish(huge, &["model_too_big"])).await.unwrap();
    let TaskResult::Deploy(result) = app.result(task).await else { panic!("no deploy") };
    assert!(result.changed && !result.sample.is_empty(), "{result:?}");
    app.program.shutdown().await;
}
