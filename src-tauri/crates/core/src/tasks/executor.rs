//! Owns every spawned job: queue, limit per kind, cancel with grace, one terminal message.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use slipway_protocol::{
    ErrorCode, Progress, RequestId, TaskBody, TaskInfo, TaskKind, TaskResult, TaskStats,
    TaskSubject, Text,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::context::TaskContext;
use super::stats::{self, KindStats};
use super::table::TaskTable;
use crate::bus::Bus;
use crate::clock::elapsed_ms;
use crate::fault::Fault;
use crate::prompts::Prompts;

/// How long a cancelled task may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// Tasks of one kind that may wait.
const QUEUE_LIMIT: usize = 1000;

type Work = Pin<Box<dyn Future<Output = Result<TaskResult, Fault>> + Send>>;

/// Runs tasks.
#[derive(Clone)]
pub struct TaskExecutor {
    shared: Arc<Shared>,
}

/// What the executor and the contexts of its tasks share.
pub(super) struct Shared {
    bus: Arc<Bus>,
    pub(super) prompts: Arc<Prompts>,
    state: Mutex<State>,
    /// Number of tasks that are not over, for the shutdown.
    active: watch::Sender<usize>,
}

struct State {
    table: TaskTable,
    kinds: BTreeMap<TaskKind, KindStats>,
    queues: HashMap<TaskKind, VecDeque<Waiting>>,
    tokens: HashMap<RequestId, CancellationToken>,
    closed: bool,
}

struct Waiting {
    context: TaskContext,
    work: Work,
}

impl Waiting {
    /// Whether it runs although it was cancelled in the queue: an answer is on disk already, and
    /// only its own task writes down that it was stopped. It sees its token and ends at once.
    fn has_to_run(&self) -> bool {
        self.context.subject.kind == TaskKind::Chat
    }
}

impl State {
    /// Counts a task as running.
    fn start(&mut self, context: &TaskContext) {
        if let Some(stats) = self.kinds.get_mut(&context.subject.kind) {
            stats.running += 1;
        }
        self.table.started(&context.request_id);
    }
}

impl TaskExecutor {
    /// An executor that speaks on `bus`, with the limits of chats and deploys at once.
    pub(crate) fn new(
        bus: Arc<Bus>,
        prompts: Arc<Prompts>,
        chat_limit: u32,
        deploy_limit: u32,
    ) -> Self {
        let state = State {
            table: TaskTable::default(),
            kinds: stats::initial(chat_limit, deploy_limit),
            queues: HashMap::new(),
            tokens: HashMap::new(),
            closed: false,
        };
        let active = watch::Sender::new(0);
        Self { shared: Arc::new(Shared { bus, prompts, state: Mutex::new(state), active }) }
    }

    /// Takes a task in; it starts when its kind has room. `excludes` names the kinds of which no
    /// task may be active for the same subject: then the fault is `busy` and nothing starts.
    pub(crate) fn submit<F, W>(
        &self,
        request_id: RequestId,
        subject: TaskSubject,
        excludes: &[TaskKind],
        body: F,
    ) -> Result<RequestId, Fault>
    where
        F: FnOnce(TaskContext) -> W,
        W: Future<Output = Result<TaskResult, Fault>> + Send + 'static,
    {
        let kind = subject.kind;
        let context = TaskContext {
            shared: self.shared.clone(),
            request_id: request_id.clone(),
            subject: subject.clone(),
            token: CancellationToken::new(),
        };
        let mut state = self.shared.lock();
        if state.closed {
            return Err(Fault::cancelled());
        }
        let same = |other: &TaskSubject| match kind {
            TaskKind::Chat | TaskKind::Conversation | TaskKind::Title | TaskKind::Compact => {
                other.session_id == subject.session_id
            }
            _ => other.host_id == subject.host_id,
        };
        if let Some(other) = state.table.active(excludes, same) {
            return Err(busy(other));
        }
        if state.queues.get(&kind).is_some_and(|queue| queue.len() >= QUEUE_LIMIT) {
            return Err(queue_full());
        }
        state.table.queued(&request_id, subject.clone());
        state.tokens.insert(request_id.clone(), context.token.clone());
        self.shared.active.send_modify(|active| *active += 1);
        // Published under the lock, so that a start can never overtake it.
        let queued = TaskBody::Progress(Progress::Queued(subject));
        self.shared.bus.publish(&request_id, queued);
        let work: Work = Box::pin(body(context.clone()));
        state.queues.entry(kind).or_default().push_back(Waiting { context, work });
        drop(state);
        Shared::start_waiting(&self.shared, kind);
        Ok(request_id)
    }

    /// Asks a task to end. False when it is over or unknown.
    pub fn cancel(&self, request_id: &RequestId) -> bool {
        let (token, waiting) = {
            let mut state = self.shared.lock();
            let token = state.tokens.get(request_id).cloned();
            let waiting = state.queues.values_mut().find_map(|queue| {
                let place = queue.iter().position(|w| w.context.request_id == *request_id)?;
                queue.remove(place)
            });
            if let Some(waiting) = waiting.as_ref().filter(|waiting| waiting.has_to_run()) {
                state.start(&waiting.context);
            }
            state.table.cancelling(request_id);
            (token, waiting)
        };
        if let Some(token) = &token {
            token.cancel();
        }
        match waiting {
            Some(waiting) if waiting.has_to_run() => Shared::spawn(&self.shared, waiting),
            Some(Waiting { context, work }) => {
                drop(work);
                let info = Fault::cancelled().into_info();
                self.shared.ended(&context, TaskBody::Error(info), None);
            }
            None => {}
        }
        token.is_some()
    }

    /// The active task of a kind for which `same` holds.
    pub(crate) fn active(
        &self,
        kind: TaskKind,
        same: impl Fn(&TaskSubject) -> bool,
    ) -> Option<TaskInfo> {
        self.shared.lock().table.active(&[kind], same).cloned()
    }

    /// All known tasks, oldest first.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskInfo> {
        self.shared.lock().table.list()
    }

    /// One task.
    #[must_use]
    pub fn task(&self, request_id: &RequestId) -> Option<TaskInfo> {
        self.shared.lock().table.get(request_id).cloned()
    }

    /// Statistics of every kind.
    #[must_use]
    pub fn stats(&self) -> Vec<TaskStats> {
        let state = self.shared.lock();
        let queued = |kind| state.queues.get(kind).map_or(0, VecDeque::len);
        let count = |kind| u32::try_from(queued(kind)).unwrap_or(u32::MAX);
        state.kinds.iter().map(|(kind, stats)| stats.report(*kind, count(kind))).collect()
    }

    /// Changes how many tasks of a kind may run at once; those that wait start at once.
    pub(crate) fn set_limit(&self, kind: TaskKind, limit: u32) {
        if let Some(stats) = self.shared.lock().kinds.get_mut(&kind) {
            stats.limit = limit.max(1);
        }
        Shared::start_waiting(&self.shared, kind);
    }

    /// Cancels everything, takes nothing in any more, and waits until all has ended, at most
    /// `limit`. True when all ended in time.
    pub async fn shutdown(&self, limit: Duration) -> bool {
        let ids: Vec<_> = {
            let mut state = self.shared.lock();
            state.closed = true;
            state.tokens.keys().cloned().collect()
        };
        for id in &ids {
            self.cancel(id);
        }
        let mut active = self.shared.active.subscribe();
        tokio::time::timeout(limit, active.wait_for(|active| *active == 0)).await.is_ok()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a message in the table and publishes it.
    pub(super) fn publish(&self, request_id: &RequestId, body: TaskBody) {
        // Under the lock, so that the table and the stream never disagree on the order.
        let mut state = self.lock();
        state.table.note(request_id, &body);
        self.bus.publish(request_id, body);
    }

    /// Starts as many waiting tasks of a kind as there is room for.
    fn start_waiting(shared: &Arc<Self>, kind: TaskKind) {
        loop {
            let waiting = {
                let mut state = shared.lock();
                let room = state.kinds.get(&kind).is_some_and(|stats| stats.running < stats.limit);
                if !room {
                    return;
                }
                let Some(waiting) = state.queues.get_mut(&kind).and_then(VecDeque::pop_front)
                else {
                    return;
                };
                state.start(&waiting.context);
                waiting
            };
            Self::spawn(shared, waiting);
        }
    }

    fn spawn(shared: &Arc<Self>, waiting: Waiting) {
        let (shared, Waiting { context, work }) = (shared.clone(), waiting);
        #[allow(clippy::disallowed_methods, reason = "the one place where tasks are spawned")]
        tokio::spawn(async move { run(shared, context, work).await });
    }

    /// The one place that ends a task.
    fn ended(self: &Arc<Self>, context: &TaskContext, body: TaskBody, ran_ms: Option<u64>) {
        let kind = context.subject.kind;
        let ok = matches!(body, TaskBody::Complete(_));
        {
            let mut state = self.lock();
            state.table.note(&context.request_id, &body);
            state.tokens.remove(&context.request_id);
            if let Some(stats) = state.kinds.get_mut(&kind) {
                if ran_ms.is_some() {
                    stats.running = stats.running.saturating_sub(1);
                }
                stats.ended(ok, ran_ms.unwrap_or(0));
            }
            self.bus.publish(&context.request_id, body);
        }
        self.active.send_modify(|active| *active = active.saturating_sub(1));
        Self::start_waiting(self, kind);
    }
}

/// Runs one task from its start message to its terminal message.
async fn run(shared: Arc<Shared>, context: TaskContext, work: Work) {
    let began = Instant::now();
    let span = tracing::info_span!(
        "task",
        request_id = %context.request_id,
        host_id = context.subject.host_id.as_ref().map(tracing::field::display),
    );
    let started = Progress::Started(context.subject.clone());
    shared.bus.publish(&context.request_id, TaskBody::Progress(started));
    let outcome = supervise(&context, work.instrument(span.clone())).await;
    let body = span.in_scope(|| match outcome {
        Ok(result) => TaskBody::Complete(result),
        Err(fault) => TaskBody::Error(fault.into_info()),
    });
    shared.ended(&context, body, Some(elapsed_ms(began)));
}

/// Drives the work on a task of its own, so that a panic is caught, and ends it after the grace
/// period when it is cancelled.
async fn supervise(
    context: &TaskContext,
    work: impl Future<Output = Result<TaskResult, Fault>> + Send + 'static,
) -> Result<TaskResult, Fault> {
    #[allow(clippy::disallowed_methods, reason = "aborted below or awaited to its end")]
    let mut handle = tokio::spawn(work);
    let joined = tokio::select! {
        joined = &mut handle => joined,
        () = context.token.cancelled() => {
            match tokio::time::timeout(GRACE, &mut handle).await {
                Ok(joined) => joined,
                Err(_) => {
                    handle.abort();
                    handle.await
                }
            }
        }
    };
    match joined {
        Ok(result) => result,
        Err(error) if error.is_panic() => Err(Fault::internal(format!("task panicked: {error}"))),
        Err(_) => Err(Fault::cancelled()),
    }
}

/// The refusal of work that another task excludes.
pub(crate) fn busy(other: &TaskInfo) -> Fault {
    let (en, ru) = match other.subject.kind {
        TaskKind::Check => ("A check of this server is running.", "Этот сервер уже проверяется."),
        TaskKind::Diagnose => {
            ("This server is being diagnosed.", "Этот сервер уже диагностируется.")
        }
        TaskKind::Plan | TaskKind::Hub | TaskKind::Versions | TaskKind::EngineLog => {
            ("This server is being looked at.", "Этот сервер уже осматривается.")
        }
        TaskKind::Rollback => (
            "This server goes back to another version.",
            "Этот сервер возвращается к другой версии.",
        ),
        TaskKind::Clean => ("This server is being cleaned up.", "Этот сервер уже очищается."),
        TaskKind::Stop => ("The engine is being stopped.", "Движок уже останавливается."),
        TaskKind::Deploy => {
            ("A deploy to this server is running.", "На этот сервер уже идёт развёртывание.")
        }
        TaskKind::Uninstall => {
            ("Slipway is being removed from this server.", "Slipway удаляется с этого сервера.")
        }
        TaskKind::Connect => ("This server is connected.", "Этот сервер уже подключён."),
        TaskKind::Chat => ("This chat is still being answered.", "В этом чате ещё пишется ответ."),
        TaskKind::Conversation => ("The models are talking.", "Модели ещё беседуют."),
        TaskKind::Title => ("This chat is being named.", "Чату подбирается название."),
        TaskKind::Compact => ("This chat is being summarised.", "Чат сейчас сокращается."),
        TaskKind::Export => ("Chats are being exported.", "Чаты уже экспортируются."),
        TaskKind::Import => ("Chats are being imported.", "Чаты уже импортируются."),
    };
    Fault::new(
        ErrorCode::Busy,
        Text::new(en, ru),
        Text::new("Wait for it to end, or stop it.", "Дождитесь конца или остановите."),
        format!("active task {}", other.request_id),
    )
}

fn queue_full() -> Fault {
    Fault::new(
        ErrorCode::QueueFull,
        Text::new("Too many tasks are waiting.", "В очереди слишком много задач."),
        Text::new("Stop some of them, or wait.", "Остановите часть из них или подождите."),
        format!("queue limit {QUEUE_LIMIT}"),
    )
}

#[cfg(test)]
#[path = "executor_tests.rs"]
mod tests;
