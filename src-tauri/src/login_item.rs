//! Starting with the login session, as the system does it: an entry in ~/.config/autostart, a launch
//! agent, a value of the registry's Run key. The plugin is used from here only, never by the page.

use std::sync::OnceLock;

use slipway_core::{Fault, Program};
use slipway_protocol::Settings;
use tauri::{AppHandle, Runtime};
use tauri_plugin_autostart::ManagerExt;

type Switch = Box<dyn Fn(bool) -> Result<(), Fault> + Send + Sync>;

/// The entry of this program. Empty where a data directory of its own was asked for: what the
/// session starts would be another Slipway.
#[derive(Default)]
pub(crate) struct LoginItem(OnceLock<Switch>);

impl LoginItem {
    /// Takes the entry of an app that has the plugin.
    pub(crate) fn of<R: Runtime>(&self, app: &AppHandle<R>) {
        let app = app.clone();
        let _ = self.0.set(Box::new(move |on| {
            let entry = app.autolaunch();
            let changed = match on {
                true => can_be_named().and_then(|()| entry.enable().map_err(|e| e.to_string())),
                false => entry.disable().map_err(|error| error.to_string()),
            };
            changed.map_err(Fault::login_item)
        }));
    }

    /// Stores the settings once the system has taken over the one that is its own.
    pub(crate) async fn settings_set(
        &self,
        program: &Program,
        settings: Settings,
    ) -> Result<Settings, Fault> {
        let (before, wanted) = (program.settings().start_at_login, settings.start_at_login);
        if before == wanted {
            return program.settings_set(settings).await;
        }
        self.switch(wanted)?;
        let stored = program.settings_set(settings).await;
        if stored.is_err()
            && let Err(fault) = self.switch(before)
        {
            tracing::warn!(target: "app", "start at login: {fault}");
        }
        stored
    }

    /// Writes the entry anew if it is wanted, since the program may have been moved. One that is not
    /// wanted was removed when the setting changed.
    pub(crate) fn check(&self, settings: &Settings) {
        if settings.start_at_login
            && let Err(fault) = self.switch(true)
        {
            tracing::warn!(target: "app", "start at login: {fault}");
        }
    }

    fn switch(&self, on: bool) -> Result<(), Fault> {
        match self.0.get() {
            Some(switch) => switch(on),
            None => Err(Fault::login_item_of_another()),
        }
    }
}

/// The plugin writes the program's path into a desktop entry as it is, where a space ends it.
#[cfg(target_os = "linux")]
fn can_be_named() -> Result<(), String> {
    let path = std::env::current_exe().map_err(|error| error.to_string())?;
    let plain = |c: char| c.is_alphanumeric() || "/._-+@:,".contains(c);
    match path.to_str() {
        Some(text) if text.chars().all(plain) => Ok(()),
        _ => Err(format!("{} has characters that a desktop entry cannot hold", path.display())),
    }
}

#[cfg(not(target_os = "linux"))]
fn can_be_named() -> Result<(), String> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, reason = "tests, and what they share")]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::sync::Arc;

    use slipway_core::{Bus, DataDir};
    use slipway_protocol::ErrorCode;
    use tauri::test::{mock_builder, mock_context, noop_assets};

    use super::*;

    /// Names the folder in which the test runs alone, as its home.
    const HOME: &str = "SLIPWAY_TEST_HOME";

    async fn program(folder: &Path) -> Program {
        let dir = DataDir::new(Some(folder.join("data"))).unwrap();
        Program::open(dir, true, Arc::new(Bus::new()), None).await.unwrap()
    }

    fn with(start_at_login: bool) -> Settings {
        Settings { start_at_login, ..Settings::default() }
    }

    #[tokio::test]
    async fn without_an_entry_it_is_refused_and_not_stored() {
        let folder = tempfile::tempdir().unwrap();
        let program = program(folder.path()).await;
        let item = LoginItem::default();
        let fault = item.settings_set(&program, with(true)).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::InvalidInput);
        assert!(!program.settings().start_at_login);
        let other = Settings { chat_limit: 7, ..with(false) };
        assert_eq!(item.settings_set(&program, other).await.unwrap().chat_limit, 7);
    }

    #[tokio::test]
    async fn the_entry_comes_and_goes_with_the_setting() {
        let Some(home) = std::env::var_os(HOME) else {
            let folder = tempfile::tempdir().unwrap();
            let name = "login_item::tests::the_entry_comes_and_goes_with_the_setting";
            let ran = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name])
                .env("HOME", folder.path())
                .env(HOME, folder.path())
                .output()
                .unwrap();
            let out = String::from_utf8_lossy(&ran.stdout);
            assert!(ran.status.success() && out.contains("1 passed"), "{out}");
            return;
        };
        let home = Path::new(&home);
        let app = mock_builder()
            .plugin(tauri_plugin_autostart::Builder::new().app_name("Slipway").build())
            .build(mock_context(noop_assets()))
            .unwrap();
        let program = program(home).await;
        let item = LoginItem::default();
        item.of(app.handle());
        let entry = home.join(".config/autostart/Slipway.desktop");
        item.settings_set(&program, with(true)).await.unwrap();
        let own = std::env::current_exe().unwrap().to_string_lossy().into_owned();
        assert!(std::fs::read_to_string(&entry).unwrap().contains(&own));

        // A program that was moved, and an entry that was lost.
        std::fs::write(&entry, "Exec=/elsewhere").unwrap();
        item.check(&program.settings());
        assert!(std::fs::read_to_string(&entry).unwrap().contains(&own));

        // Refused settings leave the entry as it was.
        let refused = Settings { chat_limit: 0, ..with(false) };
        item.settings_set(&program, refused).await.unwrap_err();
        assert!(entry.exists() && program.settings().start_at_login);

        item.settings_set(&program, with(false)).await.unwrap();
        assert!(!entry.exists());
        item.check(&program.settings());
        assert!(!entry.exists());

        // A place that cannot be written.
        std::fs::remove_dir(home.join(".config/autostart")).unwrap();
        std::fs::write(home.join(".config/autostart"), "").unwrap();
        let fault = item.settings_set(&program, with(true)).await.unwrap_err();
        assert_eq!(fault.code, ErrorCode::LocalDisk);
        assert!(!program.settings().start_at_login);
    }
}
