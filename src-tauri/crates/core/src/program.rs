//! The program: opened once per process by a front end, asked through one method per command.

use std::fs::File;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use slipway_protocol::{
    AppInfo, PromptAnswer, Settings, Snapshot, TaskInfo, TaskKind, TaskRef, TaskStats,
};
use slipway_store::Store;

use crate::bus::Bus;
use crate::chat::{FollowUp, LiveAnswers};
use crate::clock::{millis, now_ms};
use crate::computer::{Computer, disk_free_bytes, lock_file, system_language};
use crate::connect::Connections;
use crate::data_dir::DataDir;
use crate::fault::Fault;
use crate::host::Opener;
use crate::logging::LogControl;
use crate::prompts::Prompts;
use crate::secrets::Secrets;
use crate::settings::check_settings;
use crate::tasks::{TaskContext, TaskExecutor};
use crate::vigil::{Sources, Vigil};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long a removed conversation can be restored.
const RESTORABLE: Duration = DAY;
/// Limits of the shutdown: for the tasks, whose grace is 2 s, and for the database.
const SHUTDOWN: Duration = Duration::from_millis(2400);
const CLOSE: Duration = Duration::from_millis(500);

/// A cheap handle; clones are the same program.
#[derive(Clone)]
pub struct Program {
    inner: Arc<Inner>,
}

struct Inner {
    dir: DataDir,
    store: Store,
    bus: Arc<Bus>,
    executor: TaskExecutor,
    prompts: Arc<Prompts>,
    secrets: Secrets,
    connections: Connections,
    vigil: Vigil,
    live: LiveAnswers,
    follow_up: std::sync::OnceLock<FollowUp>,
    settings: RwLock<Settings>,
    log: Option<LogControl>,
    /// Held by the first process on this data directory; see [`Program::open`].
    _first: Option<File>,
}

/// A handle that does not keep the program open.
#[derive(Clone)]
pub(crate) struct WeakProgram(Weak<Inner>);

impl WeakProgram {
    /// The program, unless it is gone.
    pub(crate) fn upgrade(&self) -> Option<Program> {
        self.0.upgrade().map(|inner| Program { inner })
    }
}

impl Program {
    /// Opens the database and starts with nothing running. `own_dir` says that the user chose the
    /// data directory, so secrets stay there too. Several processes may share a data directory (the
    /// window and a command line); only the first one marks the answers that a crash interrupted.
    pub async fn open(
        dir: DataDir,
        own_dir: bool,
        bus: Arc<Bus>,
        log: Option<LogControl>,
    ) -> Result<Self, Fault> {
        let store = Store::open(&dir.database()).await?;
        let first = lock_file(dir.path().join("slipway.lock"));
        if first.is_some() {
            let interrupted = store.messages().mark_interrupted().await?;
            if interrupted > 0 {
                tracing::warn!(target: "chat", "{interrupted} answers were interrupted; their text is kept");
            }
            let old = now_ms().saturating_sub(millis(RESTORABLE));
            store.sessions().purge_deleted_before(old).await?;
            crate::chat::pause_conversations(&store).await?;
            store.attachments().purge_unsent_before(old).await?;
        }
        let settings = store.settings().get().await?;
        if first.is_some() {
            let kept = DAY * settings.metrics_days;
            store.requests().purge_before(now_ms().saturating_sub(millis(kept))).await?;
        }
        if let Some(log) = &log {
            log.set_megabytes(settings.log_megabytes);
        }
        let prompts = Arc::new(Prompts::default());
        let (chats, deploys) = (settings.chat_limit, settings.deploy_limit);
        let executor = TaskExecutor::new(bus.clone(), prompts.clone(), chats, deploys);
        let inner = Inner {
            secrets: Secrets::new(dir.secrets(), !own_dir),
            dir,
            store,
            bus,
            executor,
            prompts,
            connections: Connections::default(),
            vigil: Vigil::begin(Sources::default()),
            live: LiveAnswers::default(),
            follow_up: std::sync::OnceLock::new(),
            settings: RwLock::new(settings),
            log,
            _first: first,
        };
        let program = Self { inner: Arc::new(inner) };
        let watching = FollowUp::begin(WeakProgram(Arc::downgrade(&program.inner)));
        let _ = program.inner.follow_up.set(watching);
        Ok(program)
    }

    /// The stream of messages.
    #[must_use]
    pub fn bus(&self) -> &Arc<Bus> {
        &self.inner.bus
    }

    /// The task executor.
    #[must_use]
    pub fn executor(&self) -> &TaskExecutor {
        &self.inner.executor
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.inner.secrets
    }

    /// Names this data directory on hosts, so that work of its own is known from another's.
    pub(crate) fn owner(&self) -> String {
        let name = sysinfo::System::host_name().unwrap_or_default();
        let here = format!("{name} {}", self.dir().path().to_string_lossy());
        crate::host::sha256(here.as_bytes())[..16].to_owned()
    }

    pub(crate) fn dir(&self) -> &DataDir {
        &self.inner.dir
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.inner.connections
    }

    pub(crate) fn vigil(&self) -> &Vigil {
        &self.inner.vigil
    }

    pub(crate) fn live(&self) -> &LiveAnswers {
        &self.inner.live
    }

    /// Opens hosts on behalf of a task.
    pub(crate) fn opener<'a>(&'a self, context: &'a TaskContext) -> Opener<'a> {
        Opener {
            context,
            secrets: &self.inner.secrets,
            stages: None,
            known_hosts: self.inner.dir.known_hosts(),
            keepalive_timeout: Duration::from_secs(self.settings().keepalive_timeout_s.into()),
        }
    }

    /// The settings as they are now.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.inner.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Checks, stores and applies the settings.
    pub async fn settings_set(&self, settings: Settings) -> Result<Settings, Fault> {
        check_settings(&settings)?;
        self.store().settings().put(&settings).await?;
        self.executor().set_limit(TaskKind::Chat, settings.chat_limit);
        self.executor().set_limit(TaskKind::Deploy, settings.deploy_limit);
        if let Some(log) = &self.inner.log {
            log.set_megabytes(settings.log_megabytes);
        }
        *self.inner.settings.write().unwrap_or_else(PoisonError::into_inner) = settings.clone();
        Ok(settings)
    }

    /// Everything a window needs to paint. Its `seq` is taken first: what happens meanwhile is both
    /// in the snapshot and in the stream, never in neither.
    pub async fn snapshot(&self) -> Result<Snapshot, Fault> {
        let seq = self.bus().last_seq();
        Ok(Snapshot {
            seq,
            app: self.app_info(),
            settings: self.settings(),
            hosts: self.host_list().await?,
            connections: self.connections().list(),
            tasks: self.executor().tasks(),
            sessions: self.session_list().await?,
            folders: self.store().folders().list().await?,
            draft: self.store().drafts().get(None).await?,
        })
    }

    /// All known tasks.
    #[must_use]
    pub fn task_list(&self) -> Vec<TaskInfo> {
        self.executor().tasks()
    }

    /// Statistics per kind of task.
    #[must_use]
    pub fn task_stats(&self) -> Vec<TaskStats> {
        self.executor().stats()
    }

    /// Asks a task to end; that it is over already is no error.
    pub fn task_cancel(&self, task: &TaskRef) {
        self.executor().cancel(&task.request_id);
    }

    /// Delivers an answer to a question; that nobody waits for it any more is no error.
    pub fn prompt_answer(&self, answer: PromptAnswer) {
        self.inner.prompts.answer(&answer.prompt_id, answer.reply);
    }

    /// Ends everything within 3 s: tasks first (which closes tunnels and flushes answers), then the
    /// database.
    pub async fn shutdown(&self) {
        if !self.executor().shutdown(SHUTDOWN).await {
            tracing::warn!(target: "app", "some tasks did not end in time");
        }
        self.write_unsaved().await;
        // Another process that holds the database must not hold this one up: what was committed stays.
        if tokio::time::timeout(CLOSE, self.store().close()).await.is_err() {
            tracing::warn!(target: "app", "the database is busy");
        }
        tracing::info!(target: "app", "ended");
    }

    fn app_info(&self) -> AppInfo {
        let computer = Computer::look();
        AppInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            platform: std::env::consts::OS.to_owned(),
            system_language: system_language(),
            data_dir: self.dir().path().to_string_lossy().into_owned(),
            log_dir: self.dir().logs().to_string_lossy().into_owned(),
            cpu: computer.cpu,
            memory_total_bytes: computer.memory_total_bytes,
            disk_free_bytes: disk_free_bytes(self.dir().path()),
            hub_token: self.dir().hub_token_mark().exists(),
        }
    }
}
