//! The user's settings: every value has a default, and takes effect without a restart.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::text::Language;

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// All settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct Settings {
    /// Language; the system's when absent.
    pub language: Option<Language>,
    /// Colours.
    pub theme: Theme,
    /// Answers at once, 1 to 32. Default 4.
    pub chat_limit: u32,
    /// Deploys at once over all hosts, 1 to 8. Default 2.
    pub deploy_limit: u32,
    /// Seconds between checks of a connected engine, 5 to 600. Default 30.
    pub monitor_interval_s: u32,
    /// Whether Slipway starts with the login session. Default no.
    pub start_at_login: bool,
    /// Seconds that a request to a tunnel waits for a link that is being rebuilt, 0 to 120. Default
    /// 10; after that it is answered with 503.
    pub tunnel_wait_s: u32,
    /// Seconds without an SSH answer until the link counts as dead, 3 to 120. Default 9.
    pub keepalive_timeout_s: u32,
    /// Seconds to wait for the first token, 5 to 3600. Default 120.
    pub first_token_timeout_s: u32,
    /// Sampling temperature of new chats, 0 to 2; the engine's own when absent.
    pub temperature: Option<f64>,
    /// Longest answer in tokens, 1 to 131072; the engine's own when absent.
    pub max_tokens: Option<u32>,
    /// Whether the model names a new conversation after its first turn. Default yes.
    pub title_by_model: bool,
    /// Days that the figures of requests are kept, 1 to 3650. Default 90.
    pub metrics_days: u32,
    /// Whether closing the window leaves Slipway in the tray. Default yes.
    pub close_to_tray: bool,
    /// Whether an answer that took long is announced when the window is not in front. Default yes.
    pub notify_answers: bool,
    /// Seconds that such an answer took at least, 1 to 3600. Default 10.
    pub notify_after_s: u32,
    /// The key combination that opens the quick window from anywhere, as `Alt+Space`; none when
    /// empty. Default none.
    pub quick_shortcut: String,
    /// Size of everything in the window in percent, 50 to 200. Default 100.
    pub zoom_percent: u32,
    /// Whether what is written is spell-checked. Default yes.
    pub spell_check: bool,
    /// Megabytes of log files kept, 1 to 1000. Default 50.
    pub log_megabytes: u32,
    /// The model hub. Default `https://huggingface.co`.
    pub hub_url: String,
    /// The Python package index that this computer fetches from for hosts without a way out; pip's
    /// own setting, or the host's, when empty. Default empty.
    pub package_index: String,
    /// What keeps a server running: the host's service manager if it can, or only Slipway's own
    /// supervisor. Default yes.
    pub use_service_manager: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            theme: Theme::System,
            chat_limit: 4,
            deploy_limit: 2,
            monitor_interval_s: 30,
            start_at_login: false,
            tunnel_wait_s: 10,
            keepalive_timeout_s: 9,
            first_token_timeout_s: 120,
            temperature: None,
            max_tokens: None,
            title_by_model: true,
            metrics_days: 90,
            close_to_tray: true,
            notify_answers: true,
            notify_after_s: 10,
            quick_shortcut: String::new(),
            zoom_percent: 100,
            spell_check: true,
            log_megabytes: 50,
            hub_url: "https://huggingface.co".to_owned(),
            package_index: String::new(),
            use_service_manager: true,
        }
    }
}
