//! The seven steps as messages: begun, moved on, ended.

use std::time::{Duration, Instant};

use slipway_protocol::{Activity, DeployStep, Progress, StepProgress, StepState, StepTiming, Text};

use crate::clock::{elapsed_ms, now_ms};
use crate::fault::Fault;
use crate::tasks::TaskContext;

/// Bytes are reported at most this often.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Speaks for the step that is under way.
pub(super) struct Steps<'a> {
    context: &'a TaskContext,
    current: Option<Current>,
    timings: Vec<StepTiming>,
}

struct Current {
    step: DeployStep,
    began: Instant,
    started_at: u64,
    reported: Option<Instant>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(context: &'a TaskContext) -> Self {
        Self { context, current: None, timings: Vec::new() }
    }

    /// The next step begins. One that goes on after the link was lost keeps its beginning; one that
    /// has ended already stays so, and the answer is false.
    pub(super) fn begin(&mut self, step: DeployStep) -> bool {
        if self.timings.iter().any(|timing| timing.step == step) {
            return false;
        }
        if self.current.as_ref().is_some_and(|current| current.step == step) {
            return true;
        }
        tracing::info!(target: "deploy", "step {}", name(step));
        let began = Instant::now();
        self.current = Some(Current { step, began, started_at: now_ms(), reported: None });
        self.emit(StepState::Running, None, None);
        true
    }

    /// The step works on something.
    pub(super) fn activity(&mut self, label: Text, bytes: Option<(u64, Option<u64>)>) {
        let Some(current) = &mut self.current else {
            return;
        };
        let whole = bytes.is_none_or(|(done, total)| Some(done) == total);
        if !whole && current.reported.is_some_and(|at| at.elapsed() < REPORT_EVERY) {
            return;
        }
        current.reported = Some(Instant::now());
        let activity = Activity {
            label,
            done_bytes: bytes.map(|(done, _)| done),
            total_bytes: bytes.and_then(|(_, total)| total),
        };
        self.emit(StepState::Running, None, Some(activity));
    }

    /// The step ended well.
    pub(super) fn done(&mut self, detail: Option<Text>) {
        self.emit(StepState::Done, detail, None);
        if let Some(current) = self.current.take() {
            let elapsed_ms = elapsed_ms(current.began);
            self.timings.push(StepTiming { step: current.step, elapsed_ms });
        }
    }

    /// Marks the step as failed if the result says so.
    pub(super) fn settle<T>(&mut self, result: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(fault) = &result {
            self.emit(StepState::Failed, Some(fault.message.clone()), None);
            self.current = None;
        }
        result
    }

    /// How long each ended step took.
    pub(super) fn timings(&self) -> Vec<StepTiming> {
        self.timings.clone()
    }

    fn emit(&self, state: StepState, detail: Option<Text>, activity: Option<Activity>) {
        let Some(current) = &self.current else { return };
        let ended = state != StepState::Running;
        self.context.progress(Progress::Step(StepProgress {
            step: current.step,
            state,
            started_at: current.started_at,
            elapsed_ms: ended.then(|| elapsed_ms(current.began)),
            detail,
            activity,
        }));
    }
}

/// The step's name in the log.
fn name(step: DeployStep) -> &'static str {
    match step {
        DeployStep::Connect => "1 of 7: connect",
        DeployStep::Check => "2 of 7: check the system",
        DeployStep::Directory => "3 of 7: make the directory",
        DeployStep::Upload => "4 of 7: upload",
        DeployStep::Run => "5 of 7: install and start",
        DeployStep::Verify => "6 of 7: verify with a real answer",
        DeployStep::Finish => "7 of 7: finish",
    }
}
