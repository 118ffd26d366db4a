//! The Slipway window: the only code that knows Tauri. Everything it does is one call into
//! `slipway_core`; what it shows comes over one channel per window.

mod announce;
mod background;
mod commands;
mod login_item;
mod paths;
mod prefetch;
mod quick;
mod quit;
mod rendering;
mod sink;
mod state;
mod web;

use std::process::ExitCode;

use tauri::{Builder, Manager, Runtime};

pub use state::Shell;

/// Opens the window and returns when it is closed and everything behind it has ended.
#[must_use]
pub fn run() -> ExitCode {
    if !rendering::has_display() {
        eprintln!(
            "Slipway cannot open a window: there is no display here, or it refuses connections.\n\
             In a terminal, the command line does the same: slipway --help"
        );
        return ExitCode::FAILURE;
    }
    let mut builder = Builder::default();
    if paths::own_data_dir().is_none() {
        // With a data directory of its own, a second Slipway beside the first is what was asked for.
        builder = builder
            .plugin(tauri_plugin_single_instance::init(|app, _, _| state::raise_window(app)))
            .plugin(tauri_plugin_autostart::Builder::new().build());
    }
    let app = builder
        .plugin(tauri_plugin_window_state::Builder::default().build())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_opener::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(quick::plugin())
        .plugin(rendering::plugin())
        .plugin(prefetch::plugin())
        .setup(|app| {
            let handle = app.handle().clone();
            if paths::own_data_dir().is_none() {
                handle.state::<Shell>().login_item.of(&handle);
            }
            background::begin(&handle);
            announce::open_clicked(&handle);
            // The database opens while the web view starts; the first command finds it ready.
            tauri::async_runtime::spawn(async move {
                let shell = handle.state::<Shell>();
                shell.begin().await;
                if let Some(program) = shell.opened() {
                    quick::apply(&handle, &program.settings());
                    tokio::join!(
                        background::follow(handle.clone(), program.clone()),
                        announce::follow(handle.clone(), program.clone()),
                    );
                }
            });
            Ok(())
        })
        .on_window_event(background::on_window_event);
    #[allow(clippy::disallowed_methods, reason = "generate_context! itself ends a broken build")]
    let context = tauri::generate_context!();
    match with_commands(app, Shell::open()).build(context) {
        Ok(app) => {
            quit::on_signals(app.handle());
            app.run(quit::on_event);
            ExitCode::SUCCESS
        }
        Err(error) => {
            tracing::error!(target: "app", "the window cannot open: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The commands, the state behind them, and the guard on where the web view may go; apart so that
/// tests can build the same on Tauri's mock runtime.
pub fn with_commands<R: Runtime>(builder: Builder<R>, shell: Shell) -> Builder<R> {
    builder.plugin(web::guard()).manage(shell).invoke_handler(commands::handler())
}
