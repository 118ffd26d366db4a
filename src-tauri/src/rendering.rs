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
    if let Err(error) = webview.with_webview(|view| linux::prepare(&view)) {
        tracing::warn!(target: "app", "the web view keeps its way of drawing and its face: {error}");
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
    use gtk::prelude::GtkSettingsExt;
    use tauri::webview::PlatformWebview;
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt, WebContextExt, WebViewExt};

    pub(super) fn prepare(view: &PlatformWebview) {
        let Some(settings) = WebViewExt::settings(&view.inner()) else { return };
        if !has_render_node() {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
        // The page asks for `sans-serif`, which is found much sooner than `system-ui`: here they are the same.
        if let Some(family) = desktop_face() {
            settings.set_sans_serif_font_family(&family);
        }
        if let Some(context) = view.inner().context().filter(|_| !has_language()) {
            context.set_preferred_languages(&["en"]);
        }
    }

    /// Whether the locale names a language. The page would get "C" as one, which `Intl` refuses: libraries
    /// that ask for the browser's language, as that for charts does, could not be loaded.
    fn has_language() -> bool {
        let names = gtk::glib::language_names();
        names.first().is_some_and(|name| !name.starts_with("C.") && name != "C" && name != "POSIX")
    }

    /// The family of the desktop's own face: "Cantarell" of "Cantarell 11".
    fn desktop_face() -> Option<String> {
        let name = gtk::Settings::default()?.gtk_font_name()?;
        Some(gtk::pango::FontDescription::from_string(&name).family()?.to_string())
    }

    /// Whether the kernel offers a graphics card to render on (`/dev/dri/renderD128` and on).
    fn has_render_node() -> bool {
        let Ok(nodes) = std::fs::read_dir("/dev/dri") else { return false };
        nodes.flatten().any(|node| node.file_name().to_string_lossy().starts_with("renderD"))
    }
}
