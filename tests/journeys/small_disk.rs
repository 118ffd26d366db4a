//! A disk of its own that is soon full.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// A file system in memory, until it is dropped.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// One of so many MiB; none without the right to mount.
    pub fn mount(size: usize) -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("slipway-disk-").tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}m"), "none"]).arg(dir.path());
        let mounted = mount.output().ok()?.status.success();
        mounted.then(|| Self(dir))
    }

    /// A folder on it.
    pub fn folder(&self) -> TempDir {
        tempfile::tempdir_in(self.0.path()).unwrap()
    }

    /// Takes all room that is left; the file that does.
    pub fn fill(&self) -> PathBuf {
        let ballast = self.0.path().join("ballast");
        let mut file = std::fs::File::create(&ballast).unwrap();
        while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: something may still be closing a file.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
