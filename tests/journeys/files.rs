//! What lies in folders.

use std::fs;
use std::path::Path;

/// All that lies below a folder, by its whole path.
pub fn listing(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            found.push(entry.path().to_string_lossy().into_owned());
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// The files below a folder, by their path in it; folders that are empty are left out.
pub fn files(folder: &Path) -> Vec<String> {
    let start = format!("{}/", folder.display());
    let found = listing(folder).into_iter().filter(|path| !Path::new(path).is_dir());
    found.map(|path| path.strip_prefix(&start).unwrap().to_owned()).collect()
}

/// The files below a folder that hold a word.
pub fn files_with(folder: &Path, word: &str) -> Vec<String> {
    let holds = |path: &String| {
        let path = Path::new(path);
        // A socket or a pipe would keep the reader.
        path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
            && fs::read(path).is_ok_and(|bytes| {
                bytes.windows(word.len()).any(|window| window == word.as_bytes())
            })
    };
    listing(folder).into_iter().filter(holds).collect()
}
