//! Files that the user chose to be written.

use std::path::Path;

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
    let written = async {
        let mut file = File::create(&part).await.map_err(refused)?;
        write(&mut file).await?;
        file.flush().await.map_err(refused)?;
        file.sync_all().await.map_err(refused)?;
        tokio::fs::rename(&part, path).await.map_err(refused)
    };
    let written = written.await;
    if written.is_err() {
        let _ = tokio::fs::remove_file(&part).await;
    }
    written
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
