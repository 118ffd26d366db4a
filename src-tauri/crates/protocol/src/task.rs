//! Tasks: the one event form for everything that runs for longer than a click.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::chat::{AnswerStats, ChatStarted, Chunk, QueuedMessage};
use crate::connect::ConnectionStatus;
use crate::conversation::Conversation;
use crate::deploy::{DeployResult, StepProgress};
use crate::diagnosis::{Diagnosis, LinkFinding};
use crate::error::ErrorInfo;
use crate::hub::HubListing;
use crate::id::{HostId, MessageId, RequestId, SessionId};
use crate::library::{Exported, Imported};
use crate::log::LogLine;
use crate::plan::PlannedDeploy;
use crate::preflight::PreflightReport;
use crate::prompt::{Prompt, PromptClosed};
use crate::session::{Compaction, Session};
use crate::versions::{Cleaned, RolledBack, VersionList};

/// One event of one task. `seq` grows by one over all tasks of a program run, so one number says
/// what a window has seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskMessage {
    /// The task.
    pub request_id: RequestId,
    /// Position in the program's stream of messages, from 1.
    pub seq: u64,
    /// Milliseconds since the Unix epoch.
    pub timestamp: u64,
    /// What happened.
    pub body: TaskBody,
}

/// What a [`TaskMessage`] says. Exactly one `complete` or `error` ends each task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum TaskBody {
    /// Something moved on.
    Progress(Progress),
    /// A line for the log.
    Log(LogLine),
    /// A piece of an answer.
    Chunk(Chunk),
    /// The task asks the user and waits; answered by the command `prompt_answer`.
    Prompt(Prompt),
    /// Terminal: it worked, and what it reports is durable.
    Complete(TaskResult),
    /// Terminal: it did not.
    Error(ErrorInfo),
}

impl TaskBody {
    /// Whether this ends its task.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        match self {
            Self::Complete(_) | Self::Error(_) => true,
            Self::Progress(_) | Self::Log(_) | Self::Chunk(_) | Self::Prompt(_) => false,
        }
    }
}

/// A non-terminal step forward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Progress {
    /// The executor took the task in.
    Queued(TaskSubject),
    /// The executor started it.
    Started(TaskSubject),
    /// A step of a deploy, check or uninstall changed.
    Step(StepProgress),
    /// A diagnosis has looked at a link.
    Link(LinkFinding),
    /// The connection to a host changed; the task of kind `connect` lives as long as it.
    Connection(Box<ConnectionStatus>),
    /// A question was answered, timed out or fell away.
    PromptClosed(PromptClosed),
    /// The chat waits for this.
    ChatPhase(ChatPhase),
    /// An answer begins; said by the task that writes it, before its first chunk.
    TurnBegan(Box<ChatStarted>),
    /// A conversation changed otherwise: its title, folder, tags, pin or archive, what it shows.
    /// Said by the task that changed it, or by none (an empty `request_id`) after a command.
    SessionChanged(Box<Session>),
    /// A conversation was deleted. As `SessionChanged`.
    SessionRemoved(SessionId),
    /// What a conversation shows is another branch, or its messages are others: read it again. As
    /// `SessionChanged`.
    ThreadChanged(SessionId),
    /// The messages that wait in a conversation. As `SessionChanged`.
    QueueChanged(QueueState),
    /// A conversation between models moved on.
    ConversationChanged(ConversationProgress),
    /// Bytes of a file that were read or written so far.
    Transfer(TransferProgress),
}

/// The messages that wait in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct QueueState {
    /// The conversation.
    pub session_id: SessionId,
    /// In order.
    pub queue: Vec<QueuedMessage>,
}

/// A conversation between models moved on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ConversationProgress {
    /// Which.
    pub session_id: SessionId,
    /// As it is now.
    pub conversation: Conversation,
}

/// How far a file was read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TransferProgress {
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, if known.
    pub total: Option<u64>,
}

/// What an answer waits for before its first token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ChatPhase {
    /// For the tunnel.
    Connecting,
    /// For the engine to load its model.
    Loading,
    /// For the engine to read the prompt.
    Prompt,
}

/// What kind of work a task is; limits are per kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Look at a host, writing nothing.
    Check,
    /// Find out which link of the way to an engine is broken.
    Diagnose,
    /// Look at a host and say what a deploy would do there, writing nothing.
    Plan,
    /// List the files of a model of the hub.
    Hub,
    /// Put an engine and a model on a host and start it.
    Deploy,
    /// List the versions that a host keeps.
    Versions,
    /// Go back to another version.
    Rollback,
    /// Remove what nothing uses any more from a host.
    Clean,
    /// Read the engine's own log.
    EngineLog,
    /// Stop the engine; what is installed stays.
    Stop,
    /// Remove everything from a host.
    Uninstall,
    /// Hold a tunnel to a host's engine.
    Connect,
    /// One answer.
    Chat,
    /// Models that speak with each other.
    Conversation,
    /// The model names a conversation.
    Title,
    /// The model summarises the oldest turns of a conversation.
    Compact,
    /// Write conversations into a file.
    Export,
    /// Read conversations from a file.
    Import,
}

/// What a task is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaskSubject {
    /// Its kind.
    pub kind: TaskKind,
    /// The host it works on.
    pub host_id: Option<HostId>,
    /// The conversation it answers in.
    pub session_id: Option<SessionId>,
    /// The message it writes.
    pub message_id: Option<MessageId>,
}

/// What a finished task reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum TaskResult {
    /// Of a check.
    Check(Box<PreflightReport>),
    /// Of a plan.
    Plan(Box<PlannedDeploy>),
    /// Of a listing of the hub.
    Hub(HubListing),
    /// Of a diagnosis; that it found a broken link is not an error of the task.
    Diagnose(Diagnosis),
    /// Of a deploy.
    Deploy(Box<DeployResult>),
    /// Of a listing of versions.
    Versions(VersionList),
    /// Of a rollback.
    Rollback(RolledBack),
    /// Of a clean-up.
    Clean(Cleaned),
    /// Of an engine's log that was read to its end or closed on purpose.
    EngineLog,
    /// Of a stop.
    Stop(Stopped),
    /// Of an uninstall: bytes freed on the host.
    Uninstall(Uninstalled),
    /// Of a connection that was closed on purpose.
    Connect(Box<ConnectionStatus>),
    /// Of an answer.
    Chat(ChatResult),
    /// Of a conversation between models that paused, ended or was stopped.
    Conversation(ConversationProgress),
    /// Of naming a conversation.
    Title(Box<Session>),
    /// Of leaving out the oldest turns.
    Compact(Compaction),
    /// Of an export.
    Export(Exported),
    /// Of an import.
    Import(Imported),
}

/// What an uninstall removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Uninstalled {
    /// Bytes freed on the host.
    pub removed_bytes: u64,
}

/// An engine that was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Stopped {
    /// Whether it ran.
    pub was_running: bool,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ChatResult {
    /// The conversation.
    pub session_id: SessionId,
    /// The answer; its whole text is in the database.
    pub message_id: MessageId,
    /// True when the user stopped it; the partial text is kept.
    pub stopped: bool,
    /// Figures.
    pub stats: AnswerStats,
}

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for its turn.
    Queued,
    /// Works.
    Running,
    /// Asked to end, and given its grace period.
    Cancelling,
    /// Ended with `complete`.
    Done,
    /// Ended with `error`.
    Failed,
}

/// A task as the task table knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskInfo {
    /// Its id.
    pub request_id: RequestId,
    /// What it is about.
    pub subject: TaskSubject,
    /// Where it is.
    pub state: TaskState,
    /// When it was taken in, ms since the epoch.
    pub queued_at: u64,
    /// When it began, ms since the epoch.
    pub started_at: Option<u64>,
    /// When it ended, ms since the epoch.
    pub ended_at: Option<u64>,
    /// The steps so far, for a window that comes later.
    pub steps: Vec<StepProgress>,
    /// Open question, if it waits for the user.
    pub prompt: Option<Prompt>,
    /// Its terminal message, once ended.
    pub outcome: Option<TaskOutcome>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum TaskOutcome {
    /// With a result.
    Complete(TaskResult),
    /// With an error.
    Error(ErrorInfo),
}

/// Counts and durations of one kind of task since the program started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct TaskStats {
    /// The kind.
    pub kind: TaskKind,
    /// How many may run at once.
    pub limit: u32,
    /// Waiting now.
    pub queued: u32,
    /// Running now.
    pub running: u32,
    /// Ended well.
    pub done: u64,
    /// Ended with an error, cancellation included.
    pub failed: u64,
    /// Median duration of the last 256 ended ones, milliseconds.
    pub p50_ms: Option<u64>,
    /// 95th percentile of the same, milliseconds.
    pub p95_ms: Option<u64>,
}
