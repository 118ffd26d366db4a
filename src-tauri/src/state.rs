//! What the commands share: the program, opened beside the first paint, and the window's channel.

use std::path::PathBuf;
use std::sync::Arc;

use slipway_core::{Bus, DataDir, Fault, Program, init_logging};
use slipway_protocol::ErrorInfo;
use tauri::{AppHandle, Manager, Runtime};
use tokio::sync::OnceCell;

use crate::login_item::LoginItem;
use crate::paths;
use crate::sink::Sink;

/// Managed by Tauri.
pub struct Shell {
    program: OnceCell<Result<Program, ErrorInfo>>,
    dir: Option<PathBuf>,
    bus: Arc<Bus>,
    pub(crate) sink: Sink,
    pub(crate) login_item: LoginItem,
}

impl Shell {
    /// On the data directory of this process.
    #[must_use]
    pub fn open() -> Self {
        Self::on(paths::own_data_dir())
    }

    /// On a given data directory, or the system's place.
    #[must_use]
    pub fn on(dir: Option<PathBuf>) -> Self {
        Self {
            program: OnceCell::new(),
            dir,
            bus: Arc::new(Bus::new()),
            sink: Sink::default(),
            login_item: LoginItem::default(),
        }
    }

    /// The program; opened by whoever asks first. That it cannot be opened (a database of a newer
    /// version, a full disk) is every command's answer, and the window shows it.
    pub async fn program(&self) -> Result<Program, ErrorInfo> {
        let opened = self.program.get_or_init(|| async {
            start(self.dir.clone(), self.bus.clone()).await.map_err(Fault::into_info)
        });
        opened.await.clone()
    }

    /// Opens the program, and begins what is to begin with the window: the kept tunnels.
    pub(crate) async fn begin(&self) {
        // Why it cannot be opened is every command's answer.
        let Ok(program) = self.program().await else { return };
        self.login_item.check(&program.settings());
        if let Err(fault) = program.connect_kept().await {
            tracing::warn!(target: "app", "kept tunnels: {fault}");
        }
    }

    /// The program if it was opened.
    pub(crate) fn opened(&self) -> Option<&Program> {
        self.program.get().and_then(|program| program.as_ref().ok())
    }
}

async fn start(dir: Option<PathBuf>, bus: Arc<Bus>) -> Result<Program, Fault> {
    let own_dir = dir.is_some();
    let dir = DataDir::new(dir)
        .ok_or_else(|| Fault::internal("the system names no place for application data"))?;
    let log = init_logging(&dir, bus.clone())?;
    Program::open(dir, own_dir, bus, Some(log)).await
}

/// Brings the window to the front.
pub(crate) fn raise_window<R: Runtime>(app: &AppHandle<R>) {
    if let Some(window) = app.get_webview_window("main") {
        let raised =
            window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
        if let Err(error) = raised {
            tracing::warn!(target: "app", "the window was not raised: {error}");
        }
    }
}
