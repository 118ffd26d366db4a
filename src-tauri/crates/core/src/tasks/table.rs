//! What is known of each task, for windows that come later than its messages.

use std::collections::HashMap;

use slipway_protocol::{
    Progress, RequestId, TaskBody, TaskInfo, TaskKind, TaskOutcome, TaskState, TaskSubject,
};

use crate::clock::now_ms;

/// Ended tasks remembered.
const KEPT_ENDED: usize = 200;

/// All tasks that are not over, and the latest that are.
#[derive(Debug, Default)]
pub(super) struct TaskTable {
    tasks: HashMap<RequestId, TaskInfo>,
}

impl TaskTable {
    pub(super) fn queued(&mut self, request_id: &RequestId, subject: TaskSubject) {
        let info = TaskInfo {
            request_id: request_id.clone(),
            subject,
            state: TaskState::Queued,
            queued_at: now_ms(),
            started_at: None,
            ended_at: None,
            steps: Vec::new(),
            prompt: None,
            outcome: None,
        };
        self.tasks.insert(request_id.clone(), info);
    }

    pub(super) fn started(&mut self, request_id: &RequestId) {
        if let Some(info) = self.tasks.get_mut(request_id) {
            info.state = TaskState::Running;
            info.started_at = Some(now_ms());
        }
    }

    pub(super) fn cancelling(&mut self, request_id: &RequestId) {
        if let Some(info) = self.tasks.get_mut(request_id)
            && matches!(info.state, TaskState::Queued | TaskState::Running)
        {
            info.state = TaskState::Cancelling;
        }
    }

    /// Takes note of a message before it is published.
    pub(super) fn note(&mut self, request_id: &RequestId, body: &TaskBody) {
        let Some(info) = self.tasks.get_mut(request_id) else {
            return;
        };
        match body {
            TaskBody::Progress(Progress::Step(step)) => {
                match info.steps.iter_mut().find(|known| known.step == step.step) {
                    Some(known) => *known = step.clone(),
                    None => info.steps.push(step.clone()),
                }
            }
            TaskBody::Progress(Progress::PromptClosed(_)) => info.prompt = None,
            TaskBody::Prompt(prompt) => info.prompt = Some(prompt.clone()),
            TaskBody::Complete(result) => {
                Self::end(info, TaskState::Done, TaskOutcome::Complete(result.clone()));
            }
            TaskBody::Error(error) => {
                Self::end(info, TaskState::Failed, TaskOutcome::Error(error.clone()));
            }
            TaskBody::Progress(_) | TaskBody::Log(_) | TaskBody::Chunk(_) => {}
        }
        if body.is_terminal() {
            self.forget_oldest();
        }
    }

    fn end(info: &mut TaskInfo, state: TaskState, outcome: TaskOutcome) {
        info.state = state;
        info.ended_at = Some(now_ms());
        info.prompt = None;
        info.outcome = Some(outcome);
    }

    fn forget_oldest(&mut self) {
        let mut ended: Vec<_> = self
            .tasks
            .values()
            .filter_map(|info| info.ended_at.map(|at| (at, info.request_id.clone())))
            .collect();
        if ended.len() > KEPT_ENDED {
            ended.sort();
            for (_, request_id) in ended.drain(..KEPT_ENDED / 2) {
                self.tasks.remove(&request_id);
            }
        }
    }

    pub(super) fn get(&self, request_id: &RequestId) -> Option<&TaskInfo> {
        self.tasks.get(request_id)
    }

    /// The task of one of the kinds that is not over and is about the same host or conversation.
    pub(super) fn active(
        &self,
        kinds: &[TaskKind],
        same: impl Fn(&TaskSubject) -> bool,
    ) -> Option<&TaskInfo> {
        self.tasks.values().find(|info| {
            info.ended_at.is_none() && kinds.contains(&info.subject.kind) && same(&info.subject)
        })
    }

    /// All, oldest first.
    pub(super) fn list(&self) -> Vec<TaskInfo> {
        let mut all: Vec<_> = self.tasks.values().cloned().collect();
        all.sort_by(|a, b| (a.queued_at, &a.request_id).cmp(&(b.queued_at, &b.request_id)));
        all
    }
}
