//! A cell of the table: a deploy that meets a fault while Slipway lives, and the same deploy again.

use std::time::{Duration, Instant};

use slipway_protocol::{
    DeployRequest, DeployStep, HostId, ModelSource, Progress, StepState, TaskBody, TaskOutcome,
};

use super::aftermath;
use super::fault::Fault;
use crate::app::App;
use crate::engine;
use crate::engine_faults::{request, stand_in};
use crate::sshd::{Machine, Sshd, can_mount};

/// Bytes of a model that is caught in the middle of its way.
const UPLOAD: u64 = 48 << 20;

/// Runs the cell.
pub async fn run(step: DeployStep, fault: Fault) {
    if fault == Fault::Disk && !can_mount() {
        return;
    }
    let mut machine = machine(step, fault == Fault::Disk);
    let app = App::open().await;
    let host = app.add(&machine).await;
    let before = is_deployed_before(step, fault as usize);
    if before {
        deploy_before(&app, &host, &machine, step).await;
    }
    let model = model(step);
    let request_id = app.start_deploy(&host, model.clone()).await;
    app.next(0, |m| m.request_id == request_id && is_moment(&m.body, step)).await;
    let ballast = fault.strike(&mut machine, &app, &request_id).await;
    let outcome = app.outcome(&request_id).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(app.terminals(&request_id), 1);
    fault.expect(step, &outcome);
    drop(ballast);
    let ended = match &outcome {
        TaskOutcome::Complete(_) => "deployed all the same".to_owned(),
        TaskOutcome::Error(error) => format!("{:?}", error.code),
    };
    if before && matches!(outcome, TaskOutcome::Error(_)) {
        aftermath::served_before(&app, &host).await;
    }
    let again = Instant::now();
    app.deploy(&host, model).await;
    let again = again.elapsed().as_secs_f64();
    println!("{step:?} x {fault:?}: {ended}, then deployed in {again:.1} s");
    aftermath::expect_order(&app.program, &machine).await;
    app.program.shutdown().await;
}

/// A machine on which the step takes long enough to be caught: what is uploaded is large, and where
/// the engine runs it has to be installed first.
pub fn machine(step: DeployStep, small_disk: bool) -> Sshd {
    let bare = step == DeployStep::Run;
    let link = if bare { ":".to_owned() } else { engine::link_commands() };
    let megabytes = if bare { 900 } else { 160 };
    let mounts = format!(
        "mount -t tmpfs -o size={megabytes}m,mode=700 tmpfs \"$HOME_DIR\"; {link}; {}",
        engine::index_commands()
    );
    Sshd::with(&Machine {
        mounts: if small_disk { &mounts } else { "" },
        bare: bare || small_disk,
        ..Machine::default()
    })
}

/// Whether something is served already: in about half of the cells.
pub fn is_deployed_before(step: DeployStep, column: usize) -> bool {
    (step as usize + column) % 2 == 1
}

/// Serves the practice model, on a bare machine by an engine that needs no install.
async fn deploy_before(app: &App, host: &HostId, machine: &Sshd, step: DeployStep) {
    if step == DeployStep::Run {
        let request: DeployRequest = request(host, stand_in(machine, "answer"));
        let task = app.program.deploy_start(request).await.unwrap();
        let outcome = app.outcome(&task.request_id).await;
        assert!(matches!(outcome, TaskOutcome::Complete(_)), "{outcome:?}");
    } else {
        app.deploy(host, ModelSource::Practice).await;
    }
}

/// What the cell deploys.
pub fn model(step: DeployStep) -> ModelSource {
    let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    if step == DeployStep::Upload {
        ModelSource::LocalFile(text(engine::padded_model(UPLOAD)))
    } else {
        ModelSource::HostPath(text(engine::practice_model(&["--context", "2048"])))
    }
}

/// Whether a message tells that the fault shall come now: the step has begun, and where it works for
/// longer it is in the middle.
pub fn is_moment(body: &TaskBody, step: DeployStep) -> bool {
    let TaskBody::Progress(Progress::Step(now)) = body else { return false };
    if now.step != step || now.state != StepState::Running {
        return false;
    }
    match step {
        DeployStep::Upload => now.activity.as_ref().is_some_and(|activity| {
            activity.total_bytes == Some(UPLOAD)
                && activity.done_bytes > Some(1 << 20)
                && activity.done_bytes < Some(UPLOAD)
        }),
        DeployStep::Run => now.activity.is_some(),
        _ => true,
    }
}
