//! What the web view shows before the page, and how it draws where there is no graphics card.

use tauri::plugin::{Builder, TauriPlugin};
use tauri::utils::config::Color;
use tauri::{Runtime, Theme, Webview};

/// `--bg-main` of `ui/src/styles/tokens.css`, light and dark: no white flash on a dark desktop.
const LIGHT: Color = Color(0xfc, 0xfb, 0xf9, 0xff);
const DARK: Color = Color(0x1f, 0x1e, 0x1b, 0xff);

/// A plugin that prepares each web view before its page is there.
///
/// WebKitGTK is told to draw on the processor where the machine has no render node: emulated GL
/// takes half a second longer to the first picture there, and more processor time for each after
/// it. Elsewhere, and on macOS and Windows, the web view decides.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("rendering").on_webview_ready(|webview| prepare(&webview)).build()
}

fn prepare<R: Runtime>(webview: &Webview<R>) {
    let ground = match webview.window().theme() {
        Ok(Theme::Dark) => DARK,
        _ => LIGHT,
    };
    if let Err(error) = webview.set_background_color(Some(ground)) {
        tracing::debug!(target: "app", "no colour before the page: {error}");
    }
    #[cfg(target_os = "linux")]
    if !linux::has_render_node()
        && let Err(error) = webview.with_webview(|view| linux::draw_on_processor(&view))
    {
        tracing::warn!(target: "app", "the web view keeps its way of drawing: {error}");
    }
}

/// Whether there is a display to open a window on. Tauri would panic where there is none.
pub(crate) fn has_display() -> bool {
    #[cfg(target_os = "linux")]
    return gtk::init().is_ok();
    #[cfg(not(target_os = "linux"))]
    true
}

#[cfg(target_os = "linux")]
mod linux {
    use tauri::webview::PlatformWebview;
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebViewExt};

    /// Whether the kernel offers a graphics card to render on (`/dev/dri/renderD128` and on).
    pub(super) fn has_render_node() -> bool {
        let Ok(nodes) = std::fs::read_dir("/dev/dri") else { return false };
        nodes.flatten().any(|node| node.file_name().to_string_lossy().starts_with("renderD"))
    }

    pub(super) fn draw_on_processor(view: &PlatformWebview) {
        if let Some(settings) = WebViewExt::settings(&view.inner()) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    }
}
