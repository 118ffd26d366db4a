//! Files that the user chose to be written.

use std::path::{Path, PathBuf};

use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use crate::fault::Fault;

/// Writes a file beside the wanted one first and then in its place, so that a full disk leaves what
/// was there.
pub(crate) async fn write_beside(
    path: &Path,
    write: impl AsyncFnOnce(&mut File) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let part = path.with_file_name(name);
    let refused = |error: std::io::Error| -> Fault {
        slipway_store::Error::Disk { path: path.to_owned(), detail: error.to_string() }.into()
    };
    let part = Part(part);
    let written = async {
        let mut file = File::create(&part.0).await.map_err(refused)?;
        write(&mut file).await?;
        file.flush().await.map_err(refused)?;
        file.sync_all().await.map_err(refused)?;
        tokio::fs::rename(&part.0, path).await.map_err(refused)
    };
    written.await
}

/// What is written before it is in its place: goes with whoever writes it, also when that is
/// cancelled.
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Writes a text of the program's own.
pub(crate) async fn write_whole(path: &Path, content: &[u8]) -> Result<(), Fault> {
    let written = write_beside(path, async |file| {
        file.write_all(content).await.map_err(|error| {
            Fault::from(slipway_store::Error::Disk {
                path: path.to_owned(),
                detail: error.to_string(),
            })
        })
    });
    written.await
}
