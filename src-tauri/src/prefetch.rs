//! Asks for the snapshot before the page's script is there: the answer comes while the script is loaded.

use tauri::Runtime;
use tauri::plugin::{Builder, TauriPlugin};

/// Runs when a page of the app begins, before anything of it is loaded. `ui/src/ipc/tauri.ts` takes the answer;
/// a refusal is told there, so it is not an error that nobody handles.
const ASK: &str =
    "window.slipwaySnapshot = window.__TAURI_INTERNALS__.invoke('snapshot', { req: {} });
window.slipwaySnapshot.catch(() => {});";

/// A plugin that asks in each window, and again when it is reloaded.
pub(crate) fn plugin<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("prefetch").js_init_script(ASK.to_owned()).build()
}
