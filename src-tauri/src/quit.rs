//! Leaving: the window, SIGTERM and SIGINT all lead through the program's shutdown.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tauri::{AppHandle, Manager, RunEvent, Runtime};

use crate::state::Shell;

/// The promise is three seconds; the program's own limit is a little less.
const LIMIT: Duration = Duration::from_secs(3);

const RUNNING: u8 = 0;
const LEAVING: u8 = 1;
const DONE: u8 = 2;

/// One process has one way out.
static STAGE: AtomicU8 = AtomicU8::new(RUNNING);

/// Holds the exit back until the program has ended.
pub(crate) fn on_event<R: Runtime>(app: &AppHandle<R>, event: RunEvent) {
    if let RunEvent::ExitRequested { api, .. } = event {
        match STAGE.compare_exchange(RUNNING, LEAVING, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => {
                api.prevent_exit();
                leave(app.clone());
            }
            Err(LEAVING) => api.prevent_exit(),
            Err(_) => {}
        }
    }
}

fn leave<R: Runtime>(app: AppHandle<R>) {
    tauri::async_runtime::spawn(async move {
        if let Some(program) = app.state::<Shell>().opened().cloned() {
            let _ = tokio::time::timeout(LIMIT, program.shutdown()).await;
        }
        STAGE.store(DONE, Ordering::SeqCst);
        app.exit(0);
    });
}

/// Turns signals into the same exit.
pub(crate) fn on_signals<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            match signal(SignalKind::terminate()) {
                Ok(mut terminate) => tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                },
                Err(_) => {
                    let _ = tokio::signal::ctrl_c().await;
                }
            }
        }
        #[cfg(not(unix))]
        {
            let _ = tokio::signal::ctrl_c().await;
        }
        app.exit(0);
    });
}
