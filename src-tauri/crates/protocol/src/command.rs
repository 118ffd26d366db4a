//! The one list of commands. It expands to Tauri's handlers in the desktop crate (a missing or
//! wrongly typed handler does not compile) and to the typed map of `ui/src/ipc/bindings.ts`.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{HostId, RequestId, SessionId};

/// Names one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct HostRef {
    /// Which.
    pub host_id: HostId,
}

/// Names one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TaskRef {
    /// Which.
    pub request_id: RequestId,
}

/// Names one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SessionRef {
    /// Which.
    pub session_id: SessionId,
}

/// Nothing: a command without arguments or without a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Nothing {}

/// The command `log_list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogQuery {
    /// At most so many lines, the latest ones; up to 20000.
    pub limit: u32,
}

/// The command `engine_log_start`: the engine's own log as lines of the task, their target
/// `engine`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct EngineLogRequest {
    /// Whose.
    pub host_id: HostId,
    /// So many of the latest lines first, up to 5000.
    pub lines: u32,
    /// Whether new lines follow until the task is cancelled.
    pub follow: bool,
}

/// The command `log_save`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct LogSave {
    /// Where to, chosen by the user in a dialog.
    pub path: String,
    /// The lines, as they were filtered.
    pub text: String,
}

/// Calls `$callback!` with `name(Request) -> Response;` for every command.
#[macro_export]
macro_rules! commands {
    ($callback:ident) => {
        $callback! {
            snapshot(Nothing) -> Snapshot;
            settings_set(Settings) -> Settings;
            host_add(HostAdd) -> Host;
            host_rename(HostRename) -> Host;
            host_remove(HostRef) -> Nothing;
            host_restore(HostRef) -> Host;
            host_list(Nothing) -> Vec<HostView>;
            host_suggestions(Nothing) -> Vec<HostSuggestion>;
            host_keep(HostKeep) -> Host;
            host_check(HostRef) -> TaskRef;
            hub_list(HubQuery) -> TaskRef;
            hub_token_set(HubTokenSet) -> Nothing;
            deploy_plan(DeployRequest) -> TaskRef;
            host_diagnose(HostRef) -> TaskRef;
            deploy_start(DeployRequest) -> TaskRef;
            versions_list(HostRef) -> TaskRef;
            rollback_start(RollbackRequest) -> TaskRef;
            clean_start(CleanRequest) -> TaskRef;
            engine_log_start(EngineLogRequest) -> TaskRef;
            engine_stop_start(HostRef) -> TaskRef;
            uninstall_start(UninstallRequest) -> TaskRef;
            connect_start(HostRef) -> TaskRef;
            connect_stop(HostRef) -> Nothing;
            connection_history(HostRef) -> ConnectionHistory;
            chat_send(ChatSend) -> ChatStarted;
            chat_retry(ChatRetry) -> ChatStarted;
            chat_continue(ChatRetry) -> ChatStarted;
            chat_measure(ChatMeasure) -> ContextUse;
            queue_put(QueuePut) -> Vec<QueuedMessage>;
            queue_drop(QueueRef) -> Vec<QueuedMessage>;
            attachment_add(AttachmentAdd) -> Attachment;
            attachment_drop(AttachmentRef) -> Nothing;
            attachment_get(AttachmentRef) -> AttachmentContent;
            draft_put(DraftPut) -> Nothing;
            message_show(MessageRef) -> SessionView;
            message_edit(MessageEdit) -> SessionView;
            session_change(SessionChange) -> Vec<Session>;
            session_configure(SessionConfigure) -> Nothing;
            session_duplicate(SessionDuplicate) -> Session;
            session_search(SessionQuery) -> SearchResult;
            session_compact(SessionCompact) -> TaskRef;
            compaction_remove(CompactionRef) -> SessionView;
            compare_start(CompareStart) -> SessionView;
            compare_take(SessionRef) -> Session;
            conversation_put(ConversationPut) -> SessionView;
            conversation_run(ConversationRun) -> TaskRef;
            conversation_pause(SessionRef) -> Nothing;
            conversation_say(ConversationSay) -> SessionView;
            folder_put(FolderPut) -> Vec<Folder>;
            folder_remove(FolderRef) -> Vec<Folder>;
            preset_list(Nothing) -> Vec<Preset>;
            preset_put(PresetPut) -> Vec<Preset>;
            preset_remove(PresetRef) -> Vec<Preset>;
            snippet_list(Nothing) -> Vec<Snippet>;
            snippet_put(SnippetPut) -> Vec<Snippet>;
            snippet_remove(SnippetRef) -> Vec<Snippet>;
            export_start(ExportRequest) -> TaskRef;
            import_start(ImportRequest) -> TaskRef;
            metrics_query(MetricsQuery) -> Metrics;
            metrics_export(MetricsExport) -> Exported;
            session_list(Nothing) -> Vec<Session>;
            session_get(SessionRead) -> SessionView;
            session_rename(SessionRename) -> Session;
            session_pin(SessionPin) -> Session;
            session_delete(SessionRef) -> Nothing;
            session_restore(SessionRef) -> Session;
            task_list(Nothing) -> Vec<TaskInfo>;
            task_stats(Nothing) -> Vec<TaskStats>;
            task_cancel(TaskRef) -> Nothing;
            prompt_answer(PromptAnswer) -> Nothing;
            log_list(LogQuery) -> Vec<LogRecord>;
            log_save(LogSave) -> Nothing;
        }
    };
}

/// The command `subscribe`, apart because it also takes the window's channel of
/// `Vec<TaskMessage>`: everything after `after_seq` is sent, then what comes. Answered with
/// [`Subscribed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Subscribe {
    /// The last message that the window has seen, from [`crate::Snapshot::seq`] or the channel.
    pub after_seq: u64,
}

/// Whether a subscription could begin where the window left off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Subscribed {
    /// False when older messages are gone: take a new snapshot.
    pub complete: bool,
}
