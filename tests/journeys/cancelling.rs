//! A deploy cancelled at each of its steps ends once, leaves the host clean or in a state that the
//! next deploy repairs, and keeps nothing locked.

use std::fs;
use std::time::{Duration, Instant};

use slipway_protocol::{
    DeployStep, ErrorCode, HostRef, ModelSource, Progress, StepState, TaskBody, TaskMessage,
    TaskOutcome, TaskRef, TaskResult,
};

use crate::app::{App, uninstall};
use crate::engine;
use crate::files::files;
use crate::processes::eventually;
use crate::sshd::{Machine, Sshd};

/// Cancels a deploy when a step begins; how it ended.
async fn cancel_at(machine: &Sshd, app: &App, host: &slipway_protocol::HostId, step: DeployStep) {
    let request_id = app.start_deploy(host, ModelSource::Practice).await;
    let begun = |m: &TaskMessage| {
        m.request_id == request_id
            && matches!(&m.body, TaskBody::Progress(Progress::Step(now))
                if now.step == step && now.state == StepState::Running)
    };
    app.next(0, begun).await;
    let cancelled = Instant::now();
    app.program.task_cancel(&TaskRef { request_id: request_id.clone() });
    let outcome = app.outcome(&request_id).await;
    assert!(cancelled.elapsed() < Duration::from_secs(4), "{step:?} {:?}", cancelled.elapsed());
    match outcome {
        TaskOutcome::Error(error) => assert_eq!(error.code, ErrorCode::Cancelled, "{step:?}"),
        // The last step may be over before the cancel comes.
        TaskOutcome::Complete(_) => assert_eq!(step, DeployStep::Finish),
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(app.terminals(&request_id), 1, "{step:?}");
    let views = app.program.host_list().await.unwrap();
    let view = views.into_iter().find(|view| view.host.id == *host).unwrap();
    assert!(view.last_error.is_none(), "a cancel is no failure");
    // Nothing works on there any more, and nothing stays locked.
    let root = machine.root();
    assert!(eventually(10, || !root.join("lock").exists()), "{step:?} left its lock");
    let left = || -> Vec<String> {
        let files = crate::processes::output("find", &[root.to_str().unwrap(), "-name", "*.part*"]);
        files.lines().map(str::to_owned).collect()
    };
    assert!(eventually(5, || left().is_empty()), "{step:?} left {:?}", left());
}

#[tokio::test(flavor = "multi_thread")]
async fn at_each_step_and_the_next_deploy_repairs() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    for step in DeployStep::ALL {
        cancel_at(&machine, &app, &host, step).await;
        // A cancel that finds nothing to stop in a short step meets the next one.
        if step < DeployStep::Directory {
            assert!(!machine.deployment().exists(), "{step:?}");
        }
        // An engine that this deploy has started goes with it.
        if step < DeployStep::Finish {
            let working = || machine.engine_processes();
            assert!(eventually(5, || working().is_empty()), "{step:?} left {:?}", working());
        }
    }
    let task = app.program.host_check(HostRef { host_id: host.clone() }).await.unwrap();
    app.outcome(&task.request_id).await;
    let result = app.deploy(&host, ModelSource::Practice).await;
    assert_eq!(result.steps.len(), 7);
    app.connect(&host).await;
    let started = app.send(&host, "Fine after all?").await;
    app.answered(&started).await;
    assert_eq!(machine.engine_processes().len(), 2, "one supervisor and one engine");
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_engine_is_installed() {
    let machine = Sshd::with(&Machine { bare: true, ..Machine::default() });
    let app = App::open().await;
    let host = app.add(&machine).await;
    let request_id = app.start_deploy(&host, ModelSource::Practice).await;
    let installing = |m: &TaskMessage| {
        m.request_id == request_id
            && matches!(&m.body, TaskBody::Progress(Progress::Step(now))
                if now.step == DeployStep::Run && now.activity.is_some())
    };
    app.next(0, installing).await;
    app.program.task_cancel(&TaskRef { request_id: request_id.clone() });
    assert_eq!(app.failure(&request_id).await.code, ErrorCode::Cancelled);
    let engines = machine.root().join("engines");
    let empty = || fs::read_dir(&engines).map_or(0, Iterator::count) == 0;
    assert!(eventually(10, empty), "{:?}", fs::read_dir(&engines).map(Iterator::count));
    assert!(eventually(5, || machine.engine_processes().is_empty()));
    assert!(!machine.root().join("lock").exists());
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_model_is_uploaded_and_the_next_deploy_goes_on_there() {
    let machine = Sshd::start();
    let app = App::open().await;
    let host = app.add(&machine).await;
    // Large enough to be caught in the middle.
    let bytes = 200 << 20;
    let big = engine::padded_model(bytes).to_string_lossy().into_owned();
    let request_id = app.start_deploy(&host, ModelSource::LocalFile(big.clone())).await;
    let halfway = |m: &TaskMessage| {
        m.request_id == request_id
            && matches!(&m.body, TaskBody::Progress(Progress::Step(now))
                if now.activity.as_ref().is_some_and(|activity|
                    activity.done_bytes > Some(100 << 20) && activity.total_bytes == Some(bytes)))
    };
    app.next(0, halfway).await;
    let cancelled = Instant::now();
    app.program.task_cancel(&TaskRef { request_id: request_id.clone() });
    assert_eq!(app.failure(&request_id).await.code, ErrorCode::Cancelled);
    assert!(cancelled.elapsed() < Duration::from_secs(4), "{:?}", cancelled.elapsed());
    assert_eq!(app.terminals(&request_id), 1);
    println!("cancelled in {:?}", cancelled.elapsed());
    let models = machine.root().join("models");
    let names = || files(&models);
    // What has arrived is kept: the next deploy of this file goes on there.
    let [part] = &names()[..] else { panic!("left of the upload: {:?}", names()) };
    assert!(part.contains(".gguf.part-"), "{part}");
    app.deploy(&host, ModelSource::Practice).await;
    assert!(names().contains(part), "{:?}", names());
    let again = app.start_deploy(&host, ModelSource::LocalFile(big)).await;
    let first = |m: &TaskMessage| {
        m.request_id == again
            && matches!(&m.body, TaskBody::Progress(Progress::Step(now))
                if now.activity.as_ref().is_some_and(|a| a.total_bytes == Some(bytes)))
    };
    let TaskBody::Progress(Progress::Step(now)) = app.next(0, first).await.body else { panic!() };
    // The end of a part that was cut off is sent once more.
    assert!(now.activity.unwrap().done_bytes > Some(50 << 20), "begins anew");
    let outcome = app.outcome(&again).await;
    assert!(matches!(outcome, TaskOutcome::Complete(_)), "{outcome:?}");
    assert!(names().iter().all(|name| !name.contains(".part")), "{:?}", names());
    let task = app.program.uninstall_start(uninstall(&host)).await.unwrap();
    let outcome = app.outcome(&task.request_id).await;
    assert!(matches!(outcome, TaskOutcome::Complete(TaskResult::Uninstall(_))), "{outcome:?}");
    assert!(!machine.root().exists(), "left: {:?}", names());
    app.program.shutdown().await;
}
