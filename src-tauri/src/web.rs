//! Where the web view may go: to the app's own pages and nowhere else.

use tauri::plugin::{Builder, TauriPlugin};
use tauri::{Runtime, Url};

/// A plugin that refuses to navigate away.
pub(crate) fn guard<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("stay-at-home").on_navigation(|_, url| is_own(url)).build()
}

/// The app's own addresses: `tauri://localhost`, on Windows `http(s)://tauri.localhost`, and the
/// development server in debug builds.
fn is_own(url: &Url) -> bool {
    let development =
        cfg!(debug_assertions) && url.host_str() == Some("127.0.0.1") && url.port() == Some(5183);
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost") || development,
        "about" => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_home() {
        let own = |text: &str| is_own(&text.parse().unwrap());
        assert!(own("tauri://localhost/index.html"));
        assert!(own("http://tauri.localhost/"));
        assert!(!own("https://example.org/"));
        assert!(!own("file:///etc/passwd"));
        assert!(!own("data:text/html,hi"));
        assert!(!own("tauri://elsewhere/"));
    }
}
