//! Says by the system's notifications that an answer that took long is there, while nobody looks; a
//! click on one opens its conversation.

use std::time::Duration;

use slipway_core::Program;
use slipway_protocol::{
    ConversationState, Language, SessionId, Settings, TaskBody, TaskKind, TaskMessage, TaskResult,
};
use tauri::{AppHandle, Emitter, Manager, Runtime};
use tauri_plugin_notification::NotificationExt;

use crate::state;

/// Asks the large window's page to open a conversation (`ui/src/ipc/window.ts`).
const OPEN_SESSION: &str = "open-session";

/// What a notification holds beside its words: its conversation.
const SESSION: &str = "session_id";

/// Opens the conversation of a notification that is clicked, where the system tells of clicks.
pub(crate) fn open_clicked<R: Runtime>(app: &AppHandle<R>) {
    let window = app.clone();
    let heard = app.notification().on_action(move |clicked| {
        state::raise_window(&window);
        let session = clicked.notification().and_then(|one| one.extra().get(SESSION));
        if let Some(session) = session
            && let Err(error) = window.emit_to("main", OPEN_SESSION, session)
        {
            tracing::warn!(target: "app", "the conversation is not opened: {error}");
        }
    });
    if let Err(error) = heard {
        tracing::debug!(target: "app", "no clicks on notifications: {error}");
    }
}

/// Follows the program's messages for as long as it is awaited.
pub(crate) async fn follow<R: Runtime>(app: AppHandle<R>, program: Program) {
    let bus = program.bus().clone();
    let mut seq = bus.last_seq();
    loop {
        bus.wait_after(seq).await;
        for message in bus.after(seq).messages {
            seq = message.seq;
            let settings = program.settings();
            if !settings.notify_answers || !worth_it(&program, &settings, &message) {
                continue;
            }
            if let Some(session) = session_of(&program, &message)
                && !is_looked_at(&app)
            {
                announce(&app, &program, &settings, session, &message.body).await;
            }
        }
    }
}

/// An answer that ended by itself after some time.
fn worth_it(program: &Program, settings: &Settings, message: &TaskMessage) -> bool {
    let took =
        |ms: u64| Duration::from_millis(ms) >= Duration::from_secs(settings.notify_after_s.into());
    match &message.body {
        TaskBody::Complete(TaskResult::Chat(result)) => {
            !result.stopped && result.stats.total_ms.is_some_and(took)
        }
        TaskBody::Complete(TaskResult::Conversation(progress)) => {
            progress.conversation.state == ConversationState::Finished
        }
        TaskBody::Error(error) => {
            let task = program.executor().task(&message.request_id);
            let is_chat = task.as_ref().is_some_and(|task| {
                matches!(task.subject.kind, TaskKind::Chat | TaskKind::Conversation)
            });
            let ms = task.and_then(|task| Some(task.ended_at?.saturating_sub(task.started_at?)));
            is_chat && error.code != slipway_protocol::ErrorCode::Cancelled && ms.is_some_and(took)
        }
        _ => false,
    }
}

fn session_of(program: &Program, message: &TaskMessage) -> Option<SessionId> {
    program.executor().task(&message.request_id)?.subject.session_id
}

fn is_looked_at<R: Runtime>(app: &AppHandle<R>) -> bool {
    app.webview_windows().values().any(|window| window.is_focused().unwrap_or(false))
}

async fn announce<R: Runtime>(
    app: &AppHandle<R>,
    program: &Program,
    settings: &Settings,
    session_id: SessionId,
    body: &TaskBody,
) {
    let Some(title) = program.session_title(&session_id).await else { return };
    let language = crate::background::language(settings);
    let words = match (body, language) {
        (TaskBody::Error(_), Language::En) => "The answer broke off.",
        (TaskBody::Error(_), Language::Ru) => "Ответ оборвался.",
        (TaskBody::Complete(TaskResult::Conversation(_)), Language::En) => {
            "The models have finished."
        }
        (TaskBody::Complete(TaskResult::Conversation(_)), Language::Ru) => {
            "Модели закончили беседу."
        }
        (_, Language::En) => "The answer is ready.",
        (_, Language::Ru) => "Ответ готов.",
    };
    // Only the title: what was said is nobody's business on a locked screen.
    let notification = app.notification().builder().title(title).body(words);
    let shown = notification.extra(SESSION, session_id.as_str()).show();
    if let Err(error) = shown {
        tracing::debug!(target: "app", "no notification: {error}");
    }
}
