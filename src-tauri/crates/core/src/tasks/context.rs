//! What a running task holds: its name, its token, and the ways in which it speaks.

use std::sync::Arc;
use std::time::Duration;

use slipway_protocol::{
    HostId, Progress, Prompt, PromptClosed, PromptId, PromptQuestion, PromptReply, RequestId,
    TaskBody, TaskSubject,
};
use tokio_util::sync::CancellationToken;

use super::executor::Shared;
use crate::clock::{millis, now_ms};
use crate::fault::Fault;

/// Handed to the body of a task.
#[derive(Clone)]
pub struct TaskContext {
    pub(super) shared: Arc<Shared>,
    pub(super) request_id: RequestId,
    pub(super) subject: TaskSubject,
    pub(super) token: CancellationToken,
}

impl TaskContext {
    /// The task's name.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// What it is about.
    #[must_use]
    pub fn subject(&self) -> &TaskSubject {
        &self.subject
    }

    /// Becomes cancelled when the task is asked to end. It then has its grace period to end by
    /// itself with whatever result is right; after that it is aborted.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// The same task for work that has to be done although it was cancelled: the token of what this
    /// returns is never cancelled.
    #[must_use]
    pub(crate) fn uncancelled(&self) -> Self {
        Self { token: CancellationToken::new(), ..self.clone() }
    }

    /// Says something that is not the end; the executor alone says how a task ended.
    pub fn emit(&self, body: TaskBody) {
        debug_assert!(!body.is_terminal(), "the executor emits the terminal message");
        self.shared.publish(&self.request_id, body);
    }

    /// Says that something moved on.
    pub fn progress(&self, progress: Progress) {
        self.emit(TaskBody::Progress(progress));
    }

    /// Does the work unless the task is cancelled first; then the work is dropped.
    pub async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        tokio::select! {
            () = self.token.cancelled() => Err(Fault::cancelled()),
            done = work => done,
        }
    }

    /// Asks the user and waits for the answer, the limit of time or a cancel. The last two, and a
    /// [`PromptReply::Decline`], are the fault `cancelled`.
    pub async fn ask(
        &self,
        host_id: &HostId,
        question: PromptQuestion,
        limit: Duration,
    ) -> Result<PromptReply, Fault> {
        let prompt_id = PromptId::new();
        let receiver = self.shared.prompts.open(prompt_id.clone());
        let _closed = ClosePrompt { context: self, prompt_id: prompt_id.clone() };
        self.emit(TaskBody::Prompt(Prompt {
            prompt_id,
            host_id: host_id.clone(),
            expires_at: now_ms() + millis(limit),
            question,
        }));
        tokio::select! {
            () = self.token.cancelled() => Err(Fault::cancelled()),
            reply = tokio::time::timeout(limit, receiver) => match reply {
                Ok(Ok(PromptReply::Decline)) | Err(_) | Ok(Err(_)) => Err(Fault::cancelled()),
                Ok(Ok(reply)) => Ok(reply),
            },
        }
    }
}

/// Tells the windows that a question is over, also when its task is aborted.
struct ClosePrompt<'a> {
    context: &'a TaskContext,
    prompt_id: PromptId,
}

impl Drop for ClosePrompt<'_> {
    fn drop(&mut self) {
        self.context.shared.prompts.close(&self.prompt_id);
        let closed = PromptClosed { prompt_id: self.prompt_id.clone() };
        self.context.progress(Progress::PromptClosed(closed));
    }
}
