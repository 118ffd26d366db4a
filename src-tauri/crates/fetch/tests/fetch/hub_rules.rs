//! The script on the host lists a hub by the same rules. Both are given the same repositories here.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use slipway_fetch::{HubChoice, HubListing, ModelFormat};

use crate::hub::{COMMIT, hub};
use crate::stand_in::{Reply, StandIn, fetcher};

/// Prints the script's choices, with the paths of all that each one needs.
const SCRIPT: &str = r#"
import json, sys
sys.path.insert(0, sys.argv[1])
from slipway_host.model import hub_listing
from slipway_host.model.hub import file_entry
files = [file for file in map(file_entry, json.load(sys.stdin)) if file]
found = hub_listing.choices(files)
for choice in found:
    needed = hub_listing.parts_of(files, choice["file"]) if choice["file"] else hub_listing.snapshot(files)
    choice["needed"] = [[file["path"], file["size"], file["sha256"]] for file in needed]
print(json.dumps(found))
"#;

fn by_script(entries: &Value) -> Value {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../deploy");
    let mut child = Command::new("python3")
        .args(["-c", SCRIPT])
        .arg(deploy)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(entries.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn in_its_words(listing: &HubListing, choice: &HubChoice) -> Value {
    let needed = match &choice.file {
        Some(file) => listing.parts_of(file).unwrap_or_default(),
        None => choice.parts.clone(),
    };
    let needed: Vec<_> =
        needed.iter().map(|file| json!([file.path, file.bytes, file.sha256])).collect();
    let format = match choice.format {
        ModelFormat::Gguf => "gguf",
        ModelFormat::Safetensors => "safetensors",
    };
    json!({
        "format": format, "file": choice.file, "quantisation": choice.quantisation,
        "size": choice.bytes, "parts": choice.parts.len(), "needed": needed,
    })
}

async fn compare(entries: Value) -> usize {
    let expected = by_script(&entries);
    let server = StandIn::start(move |request, _| {
        if request.target.contains("/tree/") {
            Reply::ok(entries.to_string())
        } else {
            Reply::ok(json!({ "sha": COMMIT }).to_string())
        }
    })
    .await;
    let listing = fetcher().hub_listing(&hub(&server, None), "org/model", None).await.unwrap();
    let found: Vec<_> =
        listing.choices.iter().map(|choice| in_its_words(&listing, choice)).collect();
    assert_eq!(Value::from(found), expected);
    listing.choices.len()
}

fn file(path: &str, size: u64) -> Value {
    json!({ "type": "file", "path": path, "size": size })
}

#[tokio::test]
async fn names_of_all_kinds() {
    let quantisations = [
        "Q4_K_M",
        "q8_0",
        "IQ2_XXS",
        "UD-Q4_K_XL",
        "ud-iq1_s",
        "TQ1_0",
        "TQ1",
        "MXFP4",
        "MXFP4_MOE",
        "mxfp4_moe_x",
        "BF16",
        "F16",
        "fp16",
        "F32",
        "FP32",
        "Q4",
        "Q44",
        "Q4_",
        "Q4__K",
        "Q4_K_M_",
        "Q4_K+M",
        "Q4 K",
        "IQ",
        "Q",
        "UD-",
        "UD-F16",
        "UD-X",
        "Q4_K_M-Q8_0",
        "IQ4_NL.imatrix",
        "q4_k_m.v2",
        "xQ4_0",
        "Q4_0x",
    ];
    let mut entries = Vec::new();
    for (number, name) in quantisations.iter().enumerate() {
        let size = 1000 + 10 * number as u64;
        for (offset, path) in [
            format!("model-{name}.gguf"),
            format!("{name}.gguf"),
            format!("sub/Model_{name}_more.GGUF"),
            format!("{name}/model.{name}.gguf"),
        ]
        .iter()
        .enumerate()
        {
            entries.push(file(path, size + offset as u64));
        }
    }
    let count = entries.len();
    assert_eq!(compare(entries.into()).await, count);
}

#[tokio::test]
async fn parts_whole_and_incomplete() {
    let entries = json!([
        file("big-Q8_0-00002-of-00002.gguf", 7),
        file("big-Q8_0-00001-of-00002.gguf", 5),
        file("sub/half-F16-00001-of-00003.gguf", 11),
        file("sub/half-F16-00003-of-00003.gguf", 11),
        file("odd-0001-of-0002.gguf", 3),
        file("zero-00000-of-00000.gguf", 4),
        file("Up-00001-OF-00001.GGUF", 40),
        file("same-00001-of-00001.gguf", 20),
        file("same.gguf", 20),
        file("tie.gguf", 20),
    ]);
    assert_eq!(compare(entries).await, 8);
}

#[tokio::test]
async fn folders_of_safetensors() {
    let sum = "ab".repeat(32);
    let part = |n: u64, size: u64| {
        let path = format!("model-0000{n}-of-00002.safetensors");
        json!({ "type": "file", "path": path, "size": 1, "lfs": { "oid": sum, "size": size } })
    };
    let side = [
        "config.json",
        "tokenizer.json",
        "merges.txt",
        "tokenizer.model",
        "chat_template.jinja",
        ".json",
        "x.py",
    ];
    let side: Vec<_> = side.iter().map(|path| file(path, 10)).collect();
    let with = |more: Vec<Value>| Value::from([side.clone(), more].concat());
    assert_eq!(compare(with(vec![part(1, 500), part(2, 600)])).await, 1);
    assert_eq!(compare(with(vec![part(1, 500), file("consolidated.safetensors", 1100)])).await, 1);
    let mixed = vec![
        file("model.safetensors", 900),
        file("sub/other.safetensors", 1),
        file("m-Q4_0.gguf", 100),
    ];
    assert_eq!(compare(with(mixed)).await, 2);
    assert_eq!(compare(with(vec![file("sub/model.safetensors", 900)])).await, 0);
    assert_eq!(
        compare(json!([file("model.safetensors", 900), file("generation_config.json", 1)])).await,
        0
    );
}

#[tokio::test]
async fn entries_that_are_odd_or_would_lie_elsewhere() {
    let long = format!("{}.gguf", "a".repeat(197));
    let mut entries: Vec<_> = [
        "../evil.gguf",
        "/evil.gguf",
        "a/../evil.gguf",
        "a//b.gguf",
        "C:evil.gguf",
        "a\\b.gguf",
        ".hidden.gguf",
        "щ.gguf",
        "a\nb.gguf",
        "-a.gguf",
        "_a.gguf",
        "a b+c.gguf",
        "a/b/c/d/e.gguf",
        "a/b/c/d/e/f.gguf",
        "",
        "a/",
        "._a.gguf",
        "a/_b.gguf",
        &long,
        &long[1..],
    ]
    .iter()
    .enumerate()
    .map(|(number, path)| file(path, number as u64))
    .collect();
    entries.extend([
        json!({ "type": "directory", "path": "a.gguf", "size": 1 }),
        json!({ "type": "file", "path": 7, "size": 1 }),
        json!({ "type": "file", "path": "b.gguf", "size": "1" }),
        json!({ "type": "file", "path": "c.gguf", "size": -1 }),
        json!({ "type": "file", "path": "d.gguf" }),
        json!({ "type": "file", "path": "e.gguf", "size": 100, "lfs": { "oid": "AB".repeat(32), "size": "2" } }),
        json!({ "type": "file", "path": "f.gguf", "size": 101, "lfs": null }),
        json!("text"),
    ]);
    assert_eq!(compare(entries.into()).await, 7);
}
