//! Answers, conversations between models, comparisons, and the conversations as a library.

use slipway_core::{Fault, Program};
use slipway_protocol::{
    Attachment, AttachmentAdd, AttachmentContent, AttachmentRef, ChatMeasure, ChatRetry, ChatSend,
    ChatStarted, CompactionRef, CompareStart, ContextUse, ConversationPut, ConversationRun,
    ConversationSay, DraftPut, ExportRequest, Exported, Folder, FolderPut, FolderRef,
    ImportRequest, MessageEdit, MessageRef, Metrics, MetricsExport, MetricsQuery, Nothing, Preset,
    PresetPut, PresetRef, QueuePut, QueueRef, QueuedMessage, SearchResult, Session, SessionChange,
    SessionCompact, SessionConfigure, SessionDuplicate, SessionQuery, SessionRef, SessionView,
    Snippet, SnippetPut, SnippetRef, TaskRef,
};

use super::Answer;

/// Handlers that hand the request to the program's method of the same name.
macro_rules! forward {
    ($($name:ident($request:ty) -> $response:ty;)*) => {
        $(pub(super) async fn $name(program: Program, request: $request) -> Answer<$response> {
            program.$name(request).await.map_err(Fault::into_info)
        })*
    };
}

/// The same where there is nothing to answer.
macro_rules! forward_silent {
    ($($name:ident($request:ty);)*) => {
        $(pub(super) async fn $name(program: Program, request: $request) -> Answer<Nothing> {
            program.$name(request).await.map_err(Fault::into_info)?;
            Ok(Nothing {})
        })*
    };
}

forward! {
    chat_send(ChatSend) -> ChatStarted;
    chat_retry(ChatRetry) -> ChatStarted;
    chat_continue(ChatRetry) -> ChatStarted;
    chat_measure(ChatMeasure) -> ContextUse;
    queue_put(QueuePut) -> Vec<QueuedMessage>;
    queue_drop(QueueRef) -> Vec<QueuedMessage>;
    attachment_add(AttachmentAdd) -> Attachment;
    attachment_get(AttachmentRef) -> AttachmentContent;
    message_show(MessageRef) -> SessionView;
    message_edit(MessageEdit) -> SessionView;
    session_change(SessionChange) -> Vec<Session>;
    session_duplicate(SessionDuplicate) -> Session;
    session_search(SessionQuery) -> SearchResult;
    session_compact(SessionCompact) -> TaskRef;
    compaction_remove(CompactionRef) -> SessionView;
    compare_start(CompareStart) -> SessionView;
    compare_take(SessionRef) -> Session;
    conversation_put(ConversationPut) -> SessionView;
    conversation_run(ConversationRun) -> TaskRef;
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
}

forward_silent! {
    attachment_drop(AttachmentRef);
    draft_put(DraftPut);
    session_configure(SessionConfigure);
    conversation_pause(SessionRef);
}
