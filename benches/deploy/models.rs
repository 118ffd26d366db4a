//! The models that are deployed: the practice model in two forms, and one as large as the big file.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use slipway_benches::Outcome;
use slipway_benches::server::succeed;
use slipway_benches::upload::write_noise;
use tempfile::TempDir;

/// What makes them; it is on the host too, but there it is Slipway's.
const PRACTICE_MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/practice_model.py");

/// Files in a folder that goes with them.
#[derive(Debug)]
pub struct Models {
    folder: TempDir,
    /// The practice model.
    pub first: PathBuf,
    /// The same with another context, so that it is another file and another version.
    pub second: PathBuf,
}

impl Models {
    /// Makes the two small ones.
    pub fn make() -> Outcome<Self> {
        let folder = tempfile::Builder::new().prefix("slipway-bench-models-").tempdir()?;
        let first = folder.path().join("first.gguf");
        let second = folder.path().join("second.gguf");
        practice_model(&first, &[])?;
        practice_model(&second, &["--context", "2048"])?;
        Ok(Self { folder, first, second })
    }

    /// A model of a size, each time with other bytes: the practice model and noise behind it, which
    /// no tensor refers to.
    pub fn big(&self, bytes: u64, number: usize) -> Outcome<PathBuf> {
        let path = self.folder.path().join("big.gguf");
        let noise = self.folder.path().join("noise");
        let model = fs::read(&self.first)?;
        if !noise.exists() {
            write_noise(&noise, bytes.saturating_sub(model.len() as u64))?;
        }
        let mut file = File::create(&path)?;
        file.write_all(&model)?;
        std::io::copy(&mut File::open(&noise)?, &mut file)?;
        writeln!(file, "{number}")?;
        file.sync_all()?;
        Ok(path)
    }
}

fn practice_model(path: &Path, options: &[&str]) -> Outcome<()> {
    let mut command = Command::new("python3");
    succeed(command.arg("-B").arg(PRACTICE_MODEL).arg(path).args(options))
}
