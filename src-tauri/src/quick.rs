//! The quick window: a composer and its answer, brought up from anywhere by a key combination.

use slipway_core::Fault;
use slipway_protocol::{Settings, Text};
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, Runtime, WebviewUrl, WebviewWindowBuilder};
use tauri_plugin_global_shortcut::{Builder, GlobalShortcutExt, Shortcut, ShortcutState};

/// The window's label, which its page and the capabilities know too.
pub(crate) const LABEL: &str = "quick";

/// The plugin that hears the keys.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    Builder::new()
        .with_handler(|app, _, event| {
            if event.state() == ShortcutState::Pressed {
                toggle(app);
            }
        })
        .build()
}

/// Refuses a combination that cannot be one.
pub(crate) fn check(keys: &str) -> Result<(), Fault> {
    let is_usable = match keys.parse::<Shortcut>() {
        Ok(shortcut) => !shortcut.mods.is_empty(),
        Err(_) => false,
    };
    if keys.is_empty() || is_usable {
        return Ok(());
    }
    Err(Fault::invalid(
        Text::new(
            format!("“{keys}” is no key combination."),
            format!("«{keys}» — не сочетание клавиш."),
        ),
        Text::new(
            "Take a key with Ctrl, Alt, Shift or Super, as in Alt+Space.",
            "Возьмите клавишу с Ctrl, Alt, Shift или Super, например Alt+Space.",
        ),
    ))
}

/// Listens for the combination of the settings instead of the one before. Where the system gives it
/// to nobody (Wayland) or has given it away, the window is still in the tray's menu.
pub(crate) fn apply<R: Runtime>(app: &AppHandle<R>, settings: &Settings) {
    // Absent where the window runs without plugins.
    let Some(shortcuts) = app.try_state::<tauri_plugin_global_shortcut::GlobalShortcut<R>>() else {
        return;
    };
    let heard = shortcuts.unregister_all().and_then(|()| match settings.quick_shortcut.as_str() {
        "" => Ok(()),
        keys => app.global_shortcut().register(keys),
    });
    if let Err(error) = heard {
        tracing::warn!(target: "app", "the quick window's keys are not heard: {error}");
    }
}

/// Shows the window, or hides it when it is in front.
pub(crate) fn toggle<R: Runtime>(app: &AppHandle<R>) {
    let shown = match app.get_webview_window(LABEL) {
        Some(window) if window.is_focused().unwrap_or(false) => window.hide(),
        Some(window) => window.show().and_then(|()| window.set_focus()),
        None => WebviewWindowBuilder::new(app, LABEL, WebviewUrl::App("index.html?quick".into()))
            .title("Slipway")
            .inner_size(640.0, 420.0)
            .min_inner_size(420.0, 240.0)
            .always_on_top(true)
            .skip_taskbar(true)
            .center()
            // Files are dropped onto the page, as in the large window.
            .disable_drag_drop_handler()
            .build()
            .map(|_| ()),
    };
    if let Err(error) = shown {
        tracing::warn!(target: "app", "the quick window: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_need_a_modifier() {
        for good in ["", "Alt+Space", "CommandOrControl+Shift+K", "Super+J"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["Space", "K", "Alt", "Ctrl+Nothing", "💥", "Alt+"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
