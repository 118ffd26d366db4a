//! From nothing to a first answer: the path that everything else grows on.

use std::fs;

use slipway_protocol::{
    DeployStep, HostId, MessageState, ModelSource, Progress, StepState, TaskBody, TaskOutcome,
    TaskResult,
};

use crate::app::{App, chat, uninstall};
use crate::engine;
use crate::files::listing;
use crate::sshd::{Machine, Sshd};

#[tokio::test(flavor = "multi_thread")]
async fn over_ssh_from_an_empty_home_to_a_streamed_answer_and_back_to_nothing() {
    let machine = Sshd::with(&Machine { bare: true, ..Machine::default() });
    // The parents of Slipway's own folder are the user's, and stay.
    fs::create_dir_all(machine.home().join(".local/share")).unwrap();
    let before = listing(&machine.home());
    let app = App::open().await;
    let host = app.add(&machine).await;

    let request_id = app.start_deploy(&host, ModelSource::Practice).await;
    let outcome = app.outcome(&request_id).await;
    let TaskOutcome::Complete(TaskResult::Deploy(first)) = outcome else { panic!("{outcome:?}") };
    assert!(first.changed && first.deployment.practice && !first.sample.is_empty());
    assert_eq!(first.deployment.engine, "llama.cpp");
    assert!(first.deployment.first_token_ms.is_some());
    assert!(first.deployment.tokens_per_second.unwrap() > 0.0);
    assert!(first.deployment.context_size.is_some());
    let timed: Vec<_> = first.steps.iter().map(|timing| timing.step).collect();
    assert_eq!(timed, DeployStep::ALL);
    let sum: u64 = first.steps.iter().map(|timing| timing.elapsed_ms).sum();
    assert!(sum <= first.total_ms + 7);
    // Each step began, ended, and in order; the upload counted its bytes.
    let messages = app.messages(&request_id);
    let steps = messages.iter().filter_map(|message| match &message.body {
        TaskBody::Progress(Progress::Step(step)) => Some(step),
        _ => None,
    });
    let ended: Vec<_> =
        steps.clone().filter(|step| step.state == StepState::Done).map(|step| step.step).collect();
    assert_eq!(ended, DeployStep::ALL);
    let uploaded = steps
        .filter(|step| step.step == DeployStep::Upload)
        .filter_map(|step| step.activity.as_ref())
        .filter_map(|activity| activity.done_bytes)
        .max();
    assert!(uploaded.unwrap() > 50_000);
    assert_eq!(app.terminals(&request_id), 1);
    assert!(messages.windows(2).all(|pair| pair[0].seq < pair[1].seq));

    let status = app.connect(&host).await;
    assert_eq!(status.model.as_deref(), Some("practice"));
    assert!(status.round_trip_ms.is_some() && status.context_size.is_some());
    let started = app.send(&host, "Hello!").await;
    let (result, answer) = app.answered(&started).await;
    assert_eq!((answer.state, result.stopped), (MessageState::Complete, false));
    assert_eq!(answer.content, app.streamed(&started));
    assert!(!answer.content.is_empty());
    assert!(result.stats.completion_tokens.unwrap() > 0 && result.stats.prompt_tokens.is_some());
    assert!(result.stats.tokens_per_second.unwrap() > 0.0);
    assert_eq!(answer.model.as_deref(), Some("practice"));

    let mut whole = chat(&host, "And again, all at once?");
    (whole.stream, whole.session_id) = (false, Some(started.session.id.clone()));
    let whole = app.program.chat_send(whole).await.unwrap();
    let (_, answer) = app.answered(&whole).await;
    assert!(!answer.content.is_empty() && answer.position == 3);

    // Once more: nothing changes, and the running engine is left alone.
    let (supervisor, process) = (machine.supervisor(), engine::process(&machine.root()));
    let second = app.deploy(&host, ModelSource::Practice).await;
    println!("first deploy {} ms, second {} ms", first.total_ms, second.total_ms);
    assert!(!second.changed);
    assert!(supervisor.is_some() && supervisor == machine.supervisor());
    assert!(process.is_some() && process == engine::process(&machine.root()));
    let again = app.send(&host, "Still there?").await;
    app.answered(&again).await;

    remove(&app, &host).await;
    assert_eq!(listing(&machine.home()), before, "left on the host");
    assert!(machine.engine_processes().is_empty());
    assert!(app.program.host_list().await.unwrap().iter().all(|view| view.deployment.is_none()));
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn this_computer_needs_no_ssh() {
    let app = App::open().await;
    let root = app.dir.path().join("v1");
    engine::link_into(&root);
    let host = HostId::local();
    let result = app.deploy(&host, ModelSource::Practice).await;
    assert_eq!(result.steps.len(), 7);
    app.connect(&host).await;
    let started = app.send(&host, "Hello!").await;
    let (_, answer) = app.answered(&started).await;
    assert!(!answer.content.is_empty());
    let again = app.deploy(&host, ModelSource::Practice).await;
    assert!(!again.changed);
    remove(&app, &host).await;
    assert!(!root.exists(), "{:?}", listing(&root));
    assert!(crate::processes::with_argument(&root).is_empty());
    app.program.shutdown().await;
}

async fn remove(app: &App, host_id: &HostId) {
    let task = app.program.uninstall_start(uninstall(host_id)).await.unwrap();
    let outcome = app.outcome(&task.request_id).await;
    let TaskOutcome::Complete(TaskResult::Uninstall(removed)) = outcome else {
        panic!("{outcome:?}")
    };
    assert!(removed.removed_bytes > 0);
}
