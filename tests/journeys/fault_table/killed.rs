//! Slipway itself is killed in the middle of a deploy, and told to do the same again.

use std::io::{BufRead, BufReader};
use std::time::Instant;

use slipway_protocol::{DeployStep, ModelSource, TaskMessage};

use super::aftermath;
use super::cell::{is_deployed_before, is_moment, machine, model};
use crate::app;
use crate::cli::Cli;
use crate::engine_faults::stand_in;

/// The column of the table, behind those of [`super::Fault`].
const COLUMN: usize = 4;

/// Runs the cell.
pub async fn run(step: DeployStep) {
    let machine = machine(step, false);
    let cli = Cli::new();
    cli.add(&machine);
    let before = is_deployed_before(step, COLUMN);
    if before && step == DeployStep::Run {
        cli.ok(&["deploy", "box", "--engine-binary", &stand_in(&machine, "answer")]);
    } else if before {
        cli.ok(&["deploy", "box"]);
    }
    let model = match model(step) {
        ModelSource::LocalFile(path) => path,
        ModelSource::HostPath(path) => format!("host:{path}"),
        other => panic!("{other:?}"),
    };
    let arguments = ["deploy", "box", "--model", &model];
    let mut child = cli.spawn(&[&arguments[..], &["--json"]].concat());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let reached = lines.any(|line| {
        let message: TaskMessage = serde_json::from_str(&line).unwrap();
        assert!(!message.body.is_terminal(), "ended before the step: {line}");
        is_moment(&message.body, step)
    });
    assert!(reached, "{step:?} was not reached");
    child.kill().unwrap();
    child.wait().unwrap();
    if before {
        cli.ok(&["chat", "box", "Still there?", "--max-tokens", "5"]);
    }
    let again = Instant::now();
    cli.ok(&arguments);
    let again = again.elapsed().as_secs_f64();
    println!("{step:?} x killed app: then deployed in {again:.1} s");
    let program = app::open(&cli.data()).await.unwrap();
    aftermath::expect_order(&program, &machine).await;
    program.shutdown().await;
}
