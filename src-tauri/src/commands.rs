//! The commands of `slipway_protocol::commands!`, one thin function each. The macro below turns the
//! list into Tauri's handlers: one that is missing here, or has other types, does not compile.

mod chat;
mod deploy;
mod hosts;
mod logs;
mod sessions;
mod tasks;

use slipway_protocol::*;
use tauri::ipc::{Channel, Invoke};
use tauri::{Manager as _, Runtime, State, Webview};

use crate::state::Shell;
use chat::*;
use deploy::{
    clean_start, connect_start, connect_stop, connection_history, deploy_plan, deploy_start,
    engine_log_start, engine_stop_start, host_check, host_diagnose, hub_list, hub_token_set,
    rollback_start, uninstall_start, versions_list,
};
use hosts::{
    host_add, host_keep, host_list, host_remove, host_rename, host_restore, host_suggestions,
};
use logs::{log_list, log_save};
use sessions::{
    session_delete, session_get, session_list, session_pin, session_rename, session_restore,
};
use tasks::{prompt_answer, settings_set, snapshot, task_cancel, task_list, task_stats};

/// What a command answers.
type Answer<T> = Result<T, ErrorInfo>;

macro_rules! answer {
    // The system has a part in it: what starts with the login session, the quick window's keys.
    (settings_set, $webview:ident, $shell:ident, $request:ident) => {
        super::settings_set($webview.app_handle(), &$shell, $request).await
    };
    ($name:ident, $webview:ident, $shell:ident, $request:ident) => {
        super::$name($shell.program().await?, $request).await
    };
}

macro_rules! handlers {
    ($($name:ident($request:ty) -> $response:ty;)*) => {
        mod generated {
            use super::*;
            $(
                #[tauri::command]
                #[allow(unused_variables, reason = "only some need the window")]
                pub(super) async fn $name<R: Runtime>(
                    webview: Webview<R>,
                    shell: State<'_, Shell>,
                    req: $request,
                ) -> Answer<$response> {
                    answer!($name, webview, shell, req)
                }
            )*

            /// Apart from the list because of its channel.
            #[tauri::command]
            pub(super) async fn subscribe<R: Runtime>(
                webview: Webview<R>,
                shell: State<'_, Shell>,
                req: Subscribe,
                channel: Channel<Vec<TaskMessage>>,
            ) -> Answer<Subscribed> {
                let bus = shell.program().await?.bus().clone();
                Ok(shell.sink.attach(webview.label(), bus, req.after_seq, channel))
            }
        }

        /// All commands for Tauri.
        pub(crate) fn handler<R: Runtime>() -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
            tauri::generate_handler![$(generated::$name,)* generated::subscribe]
        }
    };
}

slipway_protocol::commands!(handlers);
