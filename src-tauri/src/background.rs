//! Life without a window: the tray, its menu of running tasks, and closing that only hides.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use slipway_core::Program;
use slipway_protocol::{Language, Settings, TaskBody, TaskKind, TaskState, Text};
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Runtime, Window, WindowEvent};

use crate::quick;
use crate::state::{Shell, raise_window};

/// The tray's id.
const TRAY: &str = "slipway";
/// Running tasks that the menu names.
const SHOWN: usize = 6;
/// Between two looks at what runs.
const EVERY: Duration = Duration::from_secs(1);

/// The language of what is outside the page.
pub(crate) fn language(settings: &Settings) -> Language {
    settings.language.unwrap_or_else(slipway_core::system_language)
}

/// Puts the icon into the tray, where the desktop has one. Called on the main thread.
pub(crate) fn begin<R: Runtime>(app: &AppHandle<R>) {
    if !desktop_has_tray() {
        tracing::info!(target: "app", "this desktop has no tray");
        return;
    }
    // The library behind it on Linux panics where a part of it is missing.
    let built = catch_unwind(AssertUnwindSafe(|| build(app)));
    match built {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(target: "app", "no tray: {error}"),
        Err(_) => tracing::warn!(target: "app", "no tray: its library is missing"),
    }
}

fn build<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let menu = menu(app, Language::En, &[])?;
    let mut tray = TrayIconBuilder::with_id(TRAY).tooltip("Slipway").menu(&menu);
    if let Some(icon) = app.default_window_icon() {
        tray = tray.icon(icon.clone());
    }
    tray.on_menu_event(|app, event| match event.id().as_ref() {
        "quit" => app.exit(0),
        "quick" => quick::toggle(app),
        _ => raise_window(app),
    })
    .build(app)?;
    Ok(())
}

/// Keeps the menu true for as long as it is awaited.
pub(crate) async fn follow<R: Runtime>(app: AppHandle<R>, program: Program) {
    let Some(tray) = app.tray_by_id(TRAY) else { return };
    let bus = program.bus().clone();
    let (mut seq, mut shown) = (0, None);
    loop {
        let now = (language(&program.settings()), running(&program).await);
        if shown.as_ref() != Some(&now) {
            show(&app, &tray, &now);
            shown = Some(now);
        }
        bus.wait_after(seq).await;
        let batch = bus.after(seq).messages;
        seq = batch.last().map_or(seq, |message| message.seq);
        // Pieces of answers come by the hundred.
        if batch.iter().all(|message| matches!(message.body, TaskBody::Chunk(_) | TaskBody::Log(_)))
        {
            tokio::time::sleep(EVERY).await;
        }
    }
}

fn show<R: Runtime>(app: &AppHandle<R>, tray: &TrayIcon<R>, now: &(Language, Vec<Text>)) {
    let shown = menu(app, now.0, &now.1).and_then(|menu| tray.set_menu(Some(menu)));
    if let Err(error) = shown {
        tracing::debug!(target: "app", "the tray's menu: {error}");
    }
}

/// What runs and is worth naming, as the menu says it.
async fn running(program: &Program) -> Vec<Text> {
    let mut words = Vec::new();
    for task in program.task_list() {
        let active =
            matches!(task.state, TaskState::Queued | TaskState::Running | TaskState::Cancelling);
        let Some((en, ru)) = kind_words(task.subject.kind).filter(|_| active) else { continue };
        let title = match &task.subject.session_id {
            Some(id) => program.session_title(id).await,
            None => None,
        };
        words.push(match title {
            Some(title) => Text::new(format!("{en}: {title}"), format!("{ru}: {title}")),
            None => Text::new(en, ru),
        });
        if words.len() == SHOWN {
            break;
        }
    }
    words
}

/// How the menu calls a kind of task; nothing for those that are not worth a line.
fn kind_words(kind: TaskKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        TaskKind::Chat => ("Answering", "Ответ"),
        TaskKind::Conversation => ("Conversation", "Беседа"),
        TaskKind::Deploy => ("Deploying", "Развёртывание"),
        TaskKind::Export => ("Exporting chats", "Экспорт чатов"),
        TaskKind::Import => ("Importing chats", "Импорт чатов"),
        _ => return None,
    })
}

fn menu<R: Runtime>(
    app: &AppHandle<R>,
    language: Language,
    running: &[Text],
) -> tauri::Result<Menu<R>> {
    let word = |text: &Text| match language {
        Language::En => text.en.clone(),
        Language::Ru => text.ru.clone(),
    };
    let menu = Menu::new(app)?;
    let item = |id: &str, text: &Text, enabled| {
        MenuItem::with_id(app, id, word(text), enabled, None::<&str>)
    };
    menu.append(&item("open", &Text::new("Open Slipway", "Открыть Slipway"), true)?)?;
    menu.append(&item("quick", &Text::new("Quick chat", "Быстрый чат"), true)?)?;
    menu.append(&PredefinedMenuItem::separator(app)?)?;
    for (place, text) in running.iter().enumerate() {
        menu.append(&item(&format!("task-{place}"), text, true)?)?;
    }
    if running.is_empty() {
        menu.append(&item(
            "idle",
            &Text::new("Nothing is running", "Ничего не выполняется"),
            false,
        )?)?;
    }
    menu.append(&PredefinedMenuItem::separator(app)?)?;
    menu.append(&item("quit", &Text::new("Quit", "Выйти"), true)?)?;
    Ok(menu)
}

/// Closing hides where there is a tray and the person wants it; else it leaves in order. The quick
/// window is only ever hidden.
pub(crate) fn on_window_event<R: Runtime>(window: &Window<R>, event: &WindowEvent) {
    let WindowEvent::CloseRequested { api, .. } = event else { return };
    let app = window.app_handle();
    let stays = app.tray_by_id(TRAY).is_some()
        && app.state::<Shell>().opened().is_some_and(|program| program.settings().close_to_tray);
    api.prevent_close();
    if window.label() == quick::LABEL || stays {
        if let Err(error) = window.hide() {
            tracing::warn!(target: "app", "the window was not hidden: {error}");
        }
    } else {
        app.exit(0);
    }
}

/// Whether an icon would be seen. On Linux a desktop may have no tray at all, and a window that hides
/// there would be lost.
#[cfg(target_os = "linux")]
fn desktop_has_tray() -> bool {
    use gtk::gio::{BusType, Cancellable, DBusCallFlags, bus_get_sync};
    use gtk::glib::{VariantTy, prelude::ToVariant as _};
    let Ok(bus) = bus_get_sync(BusType::Session, None::<&Cancellable>) else { return false };
    let name = ("org.kde.StatusNotifierWatcher",).to_variant();
    let answer = bus.call_sync(
        Some("org.freedesktop.DBus"),
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "NameHasOwner",
        Some(&name),
        VariantTy::new("(b)").ok(),
        DBusCallFlags::NONE,
        2000,
        None::<&Cancellable>,
    );
    answer.ok().and_then(|answer| answer.get::<(bool,)>()).is_some_and(|(owned,)| owned)
}

#[cfg(not(target_os = "linux"))]
fn desktop_has_tray() -> bool {
    true
}
