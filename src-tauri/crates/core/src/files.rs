//! Files that the user chose to be written.

use std::path::Path;

use crate::fault::Fault;

/// Writes a file as a whole: beside it first, then in its place, so that a full disk leaves what was
/// there.
pub(crate) async fn write_whole(path: &Path, content: Vec<u8>) -> Result<(), Fault> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let part = path.with_file_name(name);
    let written = async {
        tokio::fs::write(&part, content).await?;
        tokio::fs::rename(&part, path).await
    };
    if let Err(error) = written.await {
        let _ = tokio::fs::remove_file(&part).await;
        let (path, detail) = (path.to_owned(), error.to_string());
        return Err(slipway_store::Error::Disk { path, detail }.into());
    }
    Ok(())
}
