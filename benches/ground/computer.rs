//! The computer that measures, as it stands beside the figures, and how figures are written.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sysinfo::System;

use crate::Outcome;

/// Writes figures to a file, beside the moment and the computer that they are of.
pub fn write(file: &Path, mut figures: Value) -> Outcome<()> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    figures["at"] = since.as_secs().into();
    figures["machine"] = json!({
        "system": System::long_os_version(), "kernel": System::kernel_version(),
        "cores": std::thread::available_parallelism().map_or(0, usize::from),
        "load": System::load_average().one,
    });
    figures["ssh"] = ssh_version().into();
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(file, serde_json::to_string_pretty(&figures)?)?)
}

/// Three digits that matter.
pub fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn ssh_version() -> String {
    let output = Command::new("ssh").arg("-V").output();
    output.map_or_else(|_| String::new(), |o| String::from_utf8_lossy(&o.stderr).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn figures_keep_three_digits() {
        let shown = [0.123_4, 9.876, 12.345, 1234.5, -45.67].map(short);
        assert_eq!(shown, ["0.12", "9.88", "12.3", "1234", "-45.7"]);
    }
}
