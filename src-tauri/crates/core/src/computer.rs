//! What there is to know of this computer.

use std::fs::File;
use std::path::{Path, PathBuf};

use slipway_protocol::Language;
use sysinfo::{CpuRefreshKind, Disks, MemoryRefreshKind, RefreshKind, System};

/// This computer's own figures.
pub(crate) struct Computer {
    pub(crate) cpu: String,
    pub(crate) memory_total_bytes: Option<u64>,
}

impl Computer {
    /// Asks the system; takes about a millisecond.
    pub(crate) fn look() -> Self {
        let what = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = System::new_with_specifics(what);
        let brand = system.cpus().first().map(|cpu| cpu.brand().trim().to_owned());
        Self {
            cpu: brand.filter(|b| !b.is_empty()).unwrap_or_else(|| std::env::consts::ARCH.into()),
            memory_total_bytes: Some(system.total_memory()).filter(|bytes| *bytes > 0),
        }
    }
}

/// Free bytes of the disk that holds a path.
pub(crate) fn disk_free_bytes(path: &Path) -> Option<u64> {
    let path = path.canonicalize().ok()?;
    let disks = Disks::new_with_refreshed_list();
    let holding = disks.iter().filter(|disk| path.starts_with(disk.mount_point()));
    holding
        .max_by_key(|disk| disk.mount_point().as_os_str().len())
        .map(|disk| disk.available_space())
}

/// The system's language, English for all that the interface does not speak.
#[must_use]
pub fn system_language() -> Language {
    match sys_locale::get_locale() {
        Some(locale) if locale.to_lowercase().starts_with("ru") => Language::Ru,
        _ => Language::En,
    }
}

/// Takes a lock that ends with the process. `None` when another process holds it.
pub(crate) fn lock_file(path: PathBuf) -> Option<File> {
    let file = File::options().create(true).truncate(false).write(true).open(path).ok()?;
    file.try_lock().ok()?;
    Some(file)
}
