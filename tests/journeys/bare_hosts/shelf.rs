//! What this computer brings to a host: a Python made of this machine's own, the engine's package
//! and a model, on a web server that stands in for the real ones. Only this computer reaches it.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::engine;
use crate::processes::output;
use crate::web::{Answer, Web};

/// Packs the running Python as its builds for elsewhere are packed: a folder `python` with
/// `bin/python3` and the standard library.
const PACK: &str = r#"
import os, sys, sysconfig, tarfile
library = sysconfig.get_paths()["stdlib"]
name = os.path.basename(library)
left_out = {"test", "site-packages", "dist-packages", "idlelib", "tkinter", "turtledemo", "lib2to3", "__pycache__"}
def wanted(member):
    parts = member.name.split("/")[3:]
    return None if any(part in left_out or part.startswith("config-") for part in parts) else member
executable = os.path.realpath(os.path.join(sys.base_prefix, "bin", name))
with tarfile.open(sys.argv[1], "w:gz", compresslevel=1) as archive:
    archive.add(executable, "python/bin/" + name)
    archive.add(library, "python/lib/" + name, filter=wanted)
    link = tarfile.TarInfo("python/bin/python3")
    link.type, link.linkname = tarfile.SYMTYPE, name
    archive.addfile(link)
print(sys.version.split()[0])
"#;

/// Serves it all; `builds` is where the list of Pythons that can be brought is written to.
pub fn shelf(builds: &Path) -> Web {
    let archive = builds.with_file_name("python.tar.gz");
    let version = output("python3", &["-c", PACK, archive.to_str().unwrap()]);
    let sum = output("sha256sum", &[archive.to_str().unwrap()])[..64].to_owned();
    let python = fs::read(archive).unwrap();
    let model = fs::read(engine::practice_model(&[])).unwrap();
    let (wheel_name, wheel) = wheel();
    let web = Web::start(move |request| match request.path.as_str() {
        "/python.tar.gz" => Answer::new(200, python.clone()),
        "/m.gguf" => Answer::new(200, model.clone()),
        path if path == format!("/files/{wheel_name}") => Answer::new(200, wheel.clone()),
        path if path.starts_with("/simple/") => {
            let link = format!("<!DOCTYPE html><a href=\"/files/{wheel_name}\">{wheel_name}</a>");
            Answer::new(200, link).with("Content-Type", "text/html")
        }
        _ => Answer::new(404, ""),
    });
    let build = json!([{
        "os": "Linux", "arch": output("uname", &["-m"]), "libc": libc(), "version": version,
        "url": format!("{}/python.tar.gz", web.url), "sha256": sum,
    }]);
    fs::write(builds, build.to_string()).unwrap();
    web
}

/// The engine's package, in the folder where `scripts/engine.sh` has put it.
fn wheel() -> (String, Vec<u8>) {
    let folder = match std::env::var_os("SLIPWAY_ENGINE") {
        Some(folder) => folder.into(),
        None => Path::new(&output("scripts/engine.sh", &[])).to_owned(),
    };
    let mut entries = fs::read_dir(folder).unwrap().flatten();
    let found = entries.find(|entry| entry.path().extension().is_some_and(|kind| kind == "whl"));
    let found = found.expect("scripts/engine.sh fetches the engine's package");
    (found.file_name().to_string_lossy().into_owned(), fs::read(found.path()).unwrap())
}

/// The C library of this machine, as the list of builds names it.
fn libc() -> &'static str {
    let mut entries = fs::read_dir("/lib").into_iter().flatten().flatten();
    let is_musl = entries.any(|entry| entry.file_name().to_string_lossy().starts_with("ld-musl-"));
    if is_musl { "musl" } else { "glibc" }
}
