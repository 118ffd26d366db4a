//! The TypeScript twin of this crate, as text.

use std::fmt::Write as _;

use ts_rs::{Config, TS};

use crate::*;

macro_rules! declarations {
    ($config:ident, $out:ident, $($name:ty),* $(,)?) => {
        $( let _ = writeln!($out, "export {}\n", <$name as TS>::decl(&$config)); )*
    };
}

/// The whole of `ui/src/ipc/bindings.ts`.
#[must_use]
pub fn typescript() -> String {
    let config = Config::new().with_large_int("number");
    let mut out = String::from(
        "// Generated from the crate slipway-protocol by `make bindings`. Do not edit.\n\n",
    );
    declarations!(
        config,
        out,
        HostId,
        RequestId,
        SessionId,
        MessageId,
        PromptId,
        FolderId,
        AttachmentId,
        QueuedId,
        PresetId,
        SnippetId,
        CompactionId,
        Language,
        Text,
        ErrorCode,
        ErrorInfo,
        ErrorFacts,
        ChangedHostKey,
        LoginAttempt,
        Hop,
        TaskMessage,
        TaskBody,
        Progress,
        QueueState,
        ConversationProgress,
        TransferProgress,
        ChatPhase,
        TaskKind,
        TaskSubject,
        TaskResult,
        Uninstalled,
        Stopped,
        ChatResult,
        TaskState,
        TaskInfo,
        TaskOutcome,
        TaskStats,
        LogLevel,
        LogLine,
        LogRecord,
        Prompt,
        PromptQuestion,
        HostKeyQuestion,
        PasswordQuestion,
        PassphraseQuestion,
        InteractiveQuestion,
        InteractiveField,
        BringQuestion,
        PromptReply,
        PromptAnswer,
        PromptClosed,
        HostAddress,
        SshAddress,
        Host,
        HostView,
        HostAdd,
        HostRename,
        HostKeep,
        HostSuggestion,
        EngineKind,
        EngineChoice,
        OllamaArchive,
        ContainerEngine,
        CustomEngine,
        Severity,
        Finding,
        Gpu,
        GpuProcess,
        PythonFound,
        DirectoryFound,
        ForwardingFound,
        PreflightReport,
        DeployStep,
        StepState,
        StepProgress,
        Activity,
        ModelSource,
        HubModel,
        HubQuery,
        HubListing,
        HubChoice,
        HubTokenSet,
        DeployRequest,
        Deployment,
        DeployResult,
        StepTiming,
        Device,
        PlannedDeploy,
        DeployPlan,
        EngineOption,
        Brought,
        BroughtPart,
        Fit,
        ContextFit,
        FitVerdict,
        VersionList,
        VersionRole,
        DeployedVersion,
        RollbackRequest,
        RolledBack,
        CleanRequest,
        Cleaned,
        CleanedPath,
        UninstallRequest,
        EngineLogRequest,
        HostGauges,
        GpuGauge,
        ConnectionState,
        ConnectionStatus,
        ServedModel,
        ConnectionSpan,
        TunnelSample,
        ConnectionHistory,
        DiagnosisLink,
        LinkState,
        LinkFinding,
        Diagnosis,
        Sampling,
        ChatSettings,
        Overflow,
        ChatSend,
        ChatRetry,
        QueuedMessage,
        QueuePut,
        QueueRef,
        ChatMeasure,
        ContextUse,
        ChatStarted,
        Chunk,
        ChunkPart,
        AnswerStats,
        Continued,
        SessionKind,
        Session,
        Role,
        MessageState,
        Message,
        Attachment,
        AttachmentKind,
        AttachmentAdd,
        AttachmentRef,
        AttachmentContent,
        Compaction,
        SessionView,
        SessionRename,
        SessionPin,
        SessionChange,
        SessionConfigure,
        SessionDuplicate,
        MessageRef,
        MessageEdit,
        Draft,
        DraftPut,
        SessionCompact,
        CompactionRef,
        Participant,
        SpeakingOrder,
        ConversationSetup,
        ConversationState,
        Conversation,
        ConversationPut,
        ConversationRun,
        ConversationSay,
        CompareStart,
        CompareColumn,
        Folder,
        FolderPut,
        FolderRef,
        SessionQuery,
        SearchResult,
        SearchHit,
        SnippetPiece,
        Preset,
        PresetPut,
        PresetRef,
        Snippet,
        SnippetPut,
        SnippetRef,
        ExportFormat,
        ExportRequest,
        Exported,
        ImportRequest,
        ImportSource,
        Imported,
        MetricsQuery,
        Metrics,
        MetricsFigures,
        Percentiles,
        MetricsBucket,
        MetricsOfModel,
        MetricsDay,
        MetricsExport,
        Theme,
        Settings,
        AppInfo,
        Snapshot,
        HostRef,
        TaskRef,
        SessionRef,
        SessionRead,
        Nothing,
        LogQuery,
        LogSave,
        Subscribe,
        Subscribed,
    );

    let mut map = String::from(
        "/** Every command with what it takes and returns. */\nexport type Commands = {\n",
    );
    macro_rules! entries {
        ($($name:ident($request:ty) -> $response:ty;)*) => {
            $( let _ = writeln!(
                map,
                "  {}: {{ request: {}; response: {} }};",
                stringify!($name),
                <$request as TS>::name(&config),
                <$response as TS>::name(&config),
            ); )*
        };
    }
    commands!(entries);
    map.push_str("};\n");
    out.push_str(&map);
    out
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// `UPDATE_BINDINGS=1 cargo test -p slipway-protocol` (that is `make bindings`) writes the file.
    #[test]
    fn committed_bindings_are_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../ui/src/ipc/bindings.ts");
        let now = super::typescript();
        if std::env::var_os("UPDATE_BINDINGS").is_some() {
            std::fs::write(&path, &now).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == now, "ui/src/ipc/bindings.ts is stale: run `make bindings`");
    }
}
