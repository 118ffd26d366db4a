//! A machine that is gone without a word, and comes back: nothing is closed, nothing answers.

use slipway_protocol::{DeployStep, Progress, Settings, TaskBody, TaskMessage};

use super::aftermath;
use super::cell::{is_moment, machine, model};
use crate::app::App;

async fn freeze_at(step: DeployStep) {
    let machine = machine(step, false);
    let app = App::open().await;
    let settings = Settings { keepalive_timeout_s: 3, ..Settings::default() };
    app.program.settings_set(settings).await.unwrap();
    let host = app.add(&machine).await;
    let request_id = app.start_deploy(&host, model(step)).await;
    let moment = |m: &TaskMessage| m.request_id == request_id && is_moment(&m.body, step);
    let begun = app.next(0, moment).await;
    machine.freeze();
    let frozen = std::time::Instant::now();
    let noticed = |m: &TaskMessage| {
        m.request_id == request_id
            && matches!(&m.body, TaskBody::Progress(Progress::Step(now))
                if now.activity.as_ref().is_some_and(|a| a.label.en.starts_with("The link dropped")))
    };
    app.next(begun.seq, noticed).await;
    println!("{step:?} x frozen: noticed after {:.1} s", frozen.elapsed().as_secs_f64());
    assert!(frozen.elapsed().as_secs() < 20, "{:?}", frozen.elapsed());
    machine.thaw();
    let outcome = app.outcome(&request_id).await;
    assert!(matches!(outcome, slipway_protocol::TaskOutcome::Complete(_)), "{outcome:?}");
    assert_eq!(app.terminals(&request_id), 1);
    aftermath::expect_order(&app.program, &machine).await;
    app.program.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn upload() {
    freeze_at(DeployStep::Upload).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn run() {
    freeze_at(DeployStep::Run).await;
}
