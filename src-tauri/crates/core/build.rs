//! Puts the sources of the host script together to the one file that is sent to a host. It is what
//! `deploy/bundle.py` prints; neither knows a list of files, so neither can forget one.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Where the sources go.
const MARK: &str = "# SOURCES\n";

fn main() -> io::Result<()> {
    let deploy = Path::new("../../../deploy");
    let mut files = vec![deploy.join("practice_model.py")];
    collect(&deploy.join("slipway_host"), &mut files)?;
    files[1..].sort_by_key(|file| portable(file, deploy));
    for watched in ["deploy_llm_server.py", "practice_model.py", "slipway_host"] {
        println!("cargo::rerun-if-changed={}", deploy.join(watched).display());
    }
    let header = text(&deploy.join("deploy_llm_server.py"))?;
    let (before, after) =
        header.split_once(MARK).ok_or_else(|| io::Error::other("the mark for sources is gone"))?;
    let mut bundle = String::from(before);
    for file in &files {
        let name = portable(file, deploy);
        let source = text(file)?;
        if source.contains("'''") {
            return Err(io::Error::other(format!("{name} holds three single quotes")));
        }
        bundle.push_str(&format!("SOURCES[\"{name}\"] = r'''{source}'''\n"));
    }
    bundle.push_str(after);
    let target = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("no OUT_DIR"))?;
    fs::write(PathBuf::from(target).join("deploy_llm_server.py"), bundle)
}

/// The Python files below a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "py") {
            files.push(path);
        }
    }
    Ok(())
}

/// A path below `deploy`, with `/` on every system.
fn portable(file: &Path, deploy: &Path) -> String {
    let below = file.strip_prefix(deploy).unwrap_or(file);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// A text file; a checkout on Windows may have turned its line ends.
fn text(file: &Path) -> io::Result<String> {
    Ok(fs::read_to_string(file)?.replace("\r\n", "\n"))
}
