//! How the web view draws where there is no graphics card.

use tauri::Runtime;
use tauri::plugin::{Builder, TauriPlugin};

/// A plugin that has WebKitGTK draw on the processor where the machine has no render node: emulated
/// GL takes half a second longer to the first picture there, and more processor time for each after
/// it. Elsewhere, and on macOS and Windows, the web view decides.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    let builder = Builder::new("rendering");
    #[cfg(target_os = "linux")]
    let builder = builder.on_webview_ready(|webview| {
        if linux::has_render_node() {
            return;
        }
        if let Err(error) = webview.with_webview(|view| linux::draw_on_processor(&view)) {
            tracing::warn!(target: "app", "the web view keeps its way of drawing: {error}");
        }
    });
    builder.build()
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
