//! Where models come from, and what is wrong with them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use slipway_protocol::{
    DeployRequest, DeployStep, ErrorCode, HostId, ModelSource, Progress, TaskBody, TaskMessage,
    TaskOutcome,
};

use crate::app::{App, chat};
use crate::engine;
use crate::files::{files, files_with};
use crate::http::ModelServer;
use crate::processes::{eventually, output};
use crate::sshd::{Sshd, free_port};

fn on_host(path: &Path) -> ModelSource {
    ModelSource::HostPath(path.to_string_lossy().into_owned())
}

fn local(path: &Path) -> ModelSource {
    ModelSource::LocalFile(path.to_string_lossy().into_owned())
}

fn from(url: &str, sha256: Option<String>) -> ModelSource {
    ModelSource::Url { url: url.to_owned(), sha256 }
}

fn sum(path: &Path) -> String {
    output("sha256sum", &[path.to_str().unwrap()])[..64].to_owned()
}

/// The model's file as a server or a person would have it.
fn practice() -> Vec<u8> {
    fs::read(engine::practice_model(&[])).unwrap()
}

async fn answers(app: &App, host: &HostId) {
    app.connect(host).await;
    let mut send = chat(host, "Hello!");
    send.settings.sampling.max_tokens = Some(5);
    let started = app.program.chat_send(send).await.unwrap();
    app.answered(&started).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_on_the_host_then_one_of_this_computer_then_the_first_again() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let there = machine.path("There is one.gguf");
    fs::write(&there, practice()).unwrap();
    let result = app.deploy(&host, on_host(&there)).await;
    assert_eq!(result.deployment.model, "There is one");
    answers(&app, &host).await;

    let here = app.dir.path().join("Здесь 'mine' $(id).gguf");
    fs::write(&here, practice()).unwrap();
    let result = app.deploy(&host, local(&here)).await;
    assert!(result.changed);
    let models = machine.root().join("models");
    let uploaded = models.join(&sum(&here)[..16]).join(here.file_name().unwrap());
    assert_eq!(fs::read(&uploaded).unwrap(), practice());
    answers(&app, &host).await;
    // The second time the upload is left out or repeated; either way nothing has changed.
    let again = app.deploy(&host, local(&here)).await;
    println!("first upload {} ms, second {} ms", result.total_ms, again.total_ms);
    answers(&app, &host).await;

    let back = app.deploy(&host, on_host(&there)).await;
    assert!(back.changed && there.exists());
    answers(&app, &host).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_goes_on_where_it_was() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let server = ModelServer::start(practice());
    server.cut_after(700_000);
    let digest = sum(&engine::practice_model(&[]));
    let secret = format!("{}?token=query-horse-5517", server.url);
    let result = app.deploy(&host, from(&secret, Some(digest))).await;
    assert!(result.changed && result.deployment.practice);
    assert_eq!(server.ranges(), [None, Some("bytes=700000-".to_owned())]);
    answers(&app, &host).await;
    let again = app.deploy(&host, from(&secret, None)).await;
    assert!(!again.changed);
    assert_eq!(server.ranges().len(), 2, "nothing is fetched twice");
    app.program.shutdown().await;
    // An address may hold a secret: it is needed once, and kept nowhere.
    assert_eq!(files_with(app.dir.path(), "query-horse-5517"), Vec::<String>::new());
    assert_eq!(files_with(&machine.home(), "query-horse-5517"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_goes_on_while_the_link_is_down() {
    let mut machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    let server = ModelServer::start(practice());
    server.pause(Duration::from_millis(100));
    let request_id = app.start_deploy(&host, from(&server.url, None)).await;
    let loading = |m: &TaskMessage| {
        m.request_id == request_id
            && matches!(&m.body, TaskBody::Progress(Progress::Step(now))
                if now.step == DeployStep::Run
                    && now.activity.as_ref().is_some_and(|a| a.done_bytes > Some(400_000)))
    };
    app.next(0, loading).await;
    let asked = server.ranges();
    machine.kill();
    server.pause(Duration::ZERO);
    // What was loaded is there before the link is.
    let model = machine.root().join("models");
    let arrived = || files(&model).iter().any(|path| path.ends_with("m.gguf"));
    assert!(eventually(20, arrived), "{:?}", files(&model));
    machine.resume();
    let outcome = app.outcome(&request_id).await;
    assert!(matches!(outcome, TaskOutcome::Complete(_)), "{outcome:?}");
    assert_eq!(app.terminals(&request_id), 1);
    assert_eq!(server.ranges(), asked, "loaded without a break");
    answers(&app, &host).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_model_is_one_clear_error_and_the_running_engine_stays() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    app.deploy(&host, ModelSource::Practice).await;
    let process = engine::process(&machine.root());
    let file = |name: &str, content: &[u8]| {
        let path = machine.path(name);
        fs::write(&path, content).unwrap();
        path
    };
    let whole = practice();
    let cut = file("cut.gguf", &whole[..whole.len() / 2]);
    let text = file("text.gguf", b"This is no model at all.");
    let empty = file("empty.gguf", b"");
    let good = ModelServer::start(whole.clone());
    let page = ModelServer::start(b"<!doctype html><title>Sign in</title>".to_vec());
    let closed = format!("http://127.0.0.1:{}/m.gguf", free_port());
    let cases = [
        (on_host(&machine.path("no such.gguf")), ErrorCode::ModelNotFound),
        (on_host(&machine.home()), ErrorCode::ModelNotGguf),
        (on_host(&text), ErrorCode::ModelNotGguf),
        (on_host(&empty), ErrorCode::ModelNotGguf),
        (on_host(&cut), ErrorCode::ModelTruncated),
        (local(&cut), ErrorCode::ModelTruncated),
        (from(&good.url, Some("0".repeat(64))), ErrorCode::HashMismatch),
        (from(&page.url, None), ErrorCode::ModelNotGguf),
        (from(&good.url.replace("m.gguf", "missing"), None), ErrorCode::ModelNotFound),
        (from(&closed, None), ErrorCode::ModelUnreachable),
        (from("http://no-such-host.invalid/m.gguf", None), ErrorCode::ModelUnreachable),
    ];
    for (source, code) in cases {
        let shown = format!("{source:?}");
        // What the host cannot load this computer tries to bring, and it cannot either.
        let request =
            DeployRequest { bring: Some(true), ..DeployRequest::new(host.clone(), source) };
        let task = app.program.deploy_start(request).await.unwrap();
        let error = app.failure(&task.request_id).await;
        assert_eq!(error.code, code, "{shown}: {error:?}");
        for text in [&error.message, &error.fix] {
            assert!(!text.en.is_empty() && !text.ru.is_empty(), "{shown}: {text:?}");
        }
        assert!(!error.message.en.contains('?'), "{shown}: {error:?}");
    }
    // What cannot work is refused before anything is dialled.
    let refused = [
        (local(&machine.path("not here.gguf")), ErrorCode::ModelNotFound),
        (local(&text), ErrorCode::ModelNotGguf),
        (local(&empty), ErrorCode::ModelNotGguf),
        (local(&machine.home()), ErrorCode::ModelNotFound),
        (on_host(Path::new(" ")), ErrorCode::ModelNotFound),
        (from("ftp://example.org/m.gguf", None), ErrorCode::ModelUnreachable),
        (from(&good.url, Some("12ab".into())), ErrorCode::InvalidInput),
    ];
    for (model, code) in refused {
        let shown = format!("{model:?}");
        let request = DeployRequest::new(host.clone(), model);
        let error = app.program.deploy_start(request).await.unwrap_err();
        assert_eq!(error.code, code, "{shown}: {error}");
    }
    let view = app.program.host_list().await.unwrap();
    let view = view.into_iter().find(|view| view.host.id == host).unwrap();
    assert!(view.last_error.is_some());
    // Nothing is left of them, and what ran before runs on.
    let left = output("find", &[machine.root().join("models").to_str().unwrap(), "-type", "f"]);
    assert!(left.lines().all(|line| line.ends_with("practice.gguf")), "{left}");
    assert_eq!(engine::process(&machine.root()), process);
    let again = app.deploy(&host, ModelSource::Practice).await;
    assert!(!again.changed);
    let view = app.program.host_list().await.unwrap();
    assert!(view.iter().all(|view| view.last_error.is_none()));
    app.program.shutdown().await;
}
