//! A disk that is soon full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system of its own on a folder, until it is dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// One of so many MiB; none without root or the right to mount.
    pub fn mount(dir: &Path, size: usize) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}m"), "none"]).arg(dir);
        let mounted = mount.output().ok()?.status.success();
        mounted.then(|| Self(dir.to_path_buf()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the server may still be closing the file.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
