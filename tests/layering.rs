//! The arrows of ARCHITECTURE.md, asserted: which crate may depend on which, who may use which
//! library, and which folder of the interface may import which.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Every package of the workspace and the packages of the workspace that it may use.
const ARROWS: &[(&str, &[&str])] = &[
    ("slipway-protocol", &[]),
    ("slipway-ssh", &[]),
    ("slipway-llm", &[]),
    ("slipway-fetch", &[]),
    ("slipway-store", &["slipway-protocol"]),
    (
        "slipway-core",
        &["slipway-protocol", "slipway-ssh", "slipway-llm", "slipway-fetch", "slipway-store"],
    ),
    ("slipway-benches", &["slipway-core", "slipway-protocol", "slipway-ssh"]),
    ("slipway-cli", &["slipway-core", "slipway-protocol"]),
    ("slipway-desktop", &["slipway-core", "slipway-protocol"]),
];

/// Libraries (a trailing `*` stands for anything) and the packages that may name them: one, but for
/// HTTP, which is the way to an engine and to what is downloaded.
const OWNERS: &[(&str, &[&str])] = &[
    ("russh*", &["slipway-ssh"]),
    ("reqwest", &["slipway-llm", "slipway-fetch"]),
    ("sqlx", &["slipway-store"]),
    ("ts-rs", &["slipway-protocol"]),
    ("tauri*", &["slipway-desktop"]),
    ("clap", &["slipway-cli"]),
    ("indicatif", &["slipway-cli"]),
];

/// Folders below ui/src and the folders below ui/src that they must not import.
const FOLDERS: &[(&str, &[&str])] = &[
    ("ipc", &["state", "features", "shared", "app"]),
    ("state", &["features", "shared", "app"]),
    ("shared", &["ipc", "state", "features", "app"]),
    ("features", &["app"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The packages of the workspace with their direct dependencies as (name, kind), kind being
/// `normal`, `build` or `dev`.
fn packages() -> BTreeMap<String, Vec<(String, String)>> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("normal").to_owned();
    metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let dependencies = dependencies.map(|d| (text(&d["name"]), text(&d["kind"])));
            (text(&package["name"]), dependencies.collect())
        })
        .collect()
}

#[test]
fn packages_depend_only_along_the_arrows() {
    let packages = packages();
    let named: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = packages.keys().map(String::as_str).collect();
    assert_eq!(found, named, "a package came or went: say in ARROWS what it may use");

    let mut wrong = Vec::new();
    for (name, allowed) in ARROWS {
        for (dependency, kind) in &packages[*name] {
            // A journey may look into a lower crate; what is shipped may not.
            let shipped = kind != "dev";
            if shipped && named.contains(&**dependency) && !allowed.contains(&&**dependency) {
                wrong.push(format!("{name} must not use {dependency}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_outside_world_has_its_owner() {
    let mut wrong = Vec::new();
    for (name, dependencies) in packages() {
        for (dependency, _) in dependencies {
            for (library, owners) in OWNERS {
                let matches = match library.strip_suffix('*') {
                    Some(prefix) => dependency.starts_with(prefix),
                    None => dependency == *library,
                };
                if matches && !owners.contains(&&*name) {
                    let owners = owners.join(" and ");
                    wrong.push(format!("{name} names {dependency}, which only {owners} may"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All source files below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if ["ts", "js", "svelte"].contains(&extension) {
            found.push(path);
        }
    }
    found
}

/// What a source imports, as written: `import … from "x"`, `import "x"`, `export … from "x"` and
/// `import("x")`. Good enough for formatted code: a module's name is the first string after the
/// word, on the same line.
fn imports(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in source.lines().map(str::trim_start) {
        let starts = ["import ", "export ", "} from "].iter().any(|word| line.starts_with(word));
        let after = match line.split_once("import(") {
            Some((_, rest)) => rest,
            None if starts => match line.split_once(" from ") {
                Some((_, rest)) => rest,
                None => line.strip_prefix("import ").unwrap_or_default(),
            },
            None => continue,
        };
        let after = after.trim_start();
        if let Some(quote) = after.chars().next().filter(|c| ['"', '\''].contains(c))
            && let Some((module, _)) = after[1..].split_once(quote)
        {
            found.push(module.to_owned());
        }
    }
    found
}

/// Where a relative import of `file` leads, as a path below `ui/src`; none for a package.
fn target(file: &Path, module: &str) -> Option<PathBuf> {
    if !module.starts_with('.') {
        return None;
    }
    let mut path = file.parent()?.to_path_buf();
    for part in Path::new(module).components() {
        match part {
            Component::ParentDir => drop(path.pop()),
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    Some(path)
}

/// The first `count` parts of a path below `ui/src`.
fn parts(path: &Path, count: usize) -> Vec<String> {
    path.iter().take(count).map(|part| part.to_string_lossy().into_owned()).collect()
}

#[test]
fn the_interface_imports_along_its_layers() {
    let src = root().join("ui/src");
    let mut wrong = Vec::new();
    let files = sources(&src);
    assert!(!files.is_empty());
    for file in files {
        let file = file.strip_prefix(&src).unwrap().to_path_buf();
        let own = parts(&file, 2);
        let folder = own[0].as_str();
        let source = std::fs::read_to_string(src.join(&file)).unwrap();
        for module in imports(&source) {
            let mut refuse = |why: &str| wrong.push(format!("{}: {module}: {why}", file.display()));
            if module.starts_with("@tauri-apps/") && folder != "ipc" {
                refuse("only ipc/ may know Tauri");
            }
            let Some(target) = target(&file, &module) else {
                continue;
            };
            let other = parts(&target, 2);
            let Some(other_folder) = other.first() else {
                continue;
            };
            if let Some((_, forbidden)) = FOLDERS.iter().find(|(name, _)| *name == folder)
                && forbidden.contains(&other_folder.as_str())
            {
                refuse(&format!("{folder}/ must not import {other_folder}/"));
            }
            // What several of them show alike is a file beside them.
            let is_feature =
                other.get(1).is_some_and(|name| src.join("features").join(name).is_dir());
            if folder == "features" && other_folder == "features" && is_feature && own != other {
                refuse("features must not import each other");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn imports_are_found_in_all_their_forms() {
    let source = r#"
        import { a } from "./a";
        import type B from '../b';
        import "./c.css";
        export * from "./d";
        import {
          e,
        } from "./e";
        const f = await import("./f");
        // a word about "./not-this"
        const from = "./nor-this";
    "#;
    assert_eq!(imports(source), ["./a", "../b", "./c.css", "./d", "./e", "./f"]);
    assert_eq!(
        target(Path::new("features/chat/x.ts"), "../deploy/y"),
        Some(PathBuf::from("features/deploy/y"))
    );
    assert_eq!(target(Path::new("state/x.ts"), "svelte"), None);
}
