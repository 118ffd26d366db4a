//! Where this process keeps its files.

use std::path::PathBuf;

/// The directory that the user asks for with `SLIPWAY_DATA_DIR`, as on the command line.
pub(crate) fn own_data_dir() -> Option<PathBuf> {
    std::env::var_os("SLIPWAY_DATA_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from)
}
