use std::io::Write as _;
use std::sync::Arc;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;
use crate::exchange::reading::Item;

const CHAT: &str = r#"[{"id":"ID","mapping":{"u":{"message":{"author":{"role":"user"},
    "content":{"content_type":"text","parts":["hi"]}}}}}]"#;

fn import(path: &Path) -> (Result<ImportSource, Problem>, usize, Arc<Watch>) {
    let watch = Arc::new(Watch::default());
    let mut sessions = 0;
    let mut sink = |item| {
        sessions += usize::from(matches!(item, Item::Session(_)));
        true
    };
    let source = read(path, &watch, &mut sink);
    (source, sessions, watch)
}

fn zipped(files: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = ZipWriter::new(file.as_file_mut());
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap();
    file
}

#[test]
fn the_conversations_of_an_archive_are_found() {
    let second = CHAT.replace("ID", "other");
    let file = zipped(&[
        ("chat.html", b"<html>"),
        ("export/conversations-000.json", CHAT.as_bytes()),
        ("export/conversations-001.json", second.as_bytes()),
        ("shared_conversations.json", b"[]"),
    ]);
    let (source, sessions, watch) = import(file.path());
    assert_eq!((source.unwrap(), sessions), (ImportSource::ChatGpt, 2));
    assert!(watch.done.load(Ordering::Relaxed) > 0);
}

#[test]
fn archives_without_conversations_or_with_too_much_are_refused() {
    let file = zipped(&[("chat.html", b"<html>")]);
    assert!(matches!(import(file.path()).0, Err(Problem::NothingInArchive)));
    let spaces = [b"[".as_slice(), &vec![b' '; (FREE + 1) as usize]].concat();
    let file = zipped(&[("conversations.json", &spaces)]);
    assert!(matches!(import(file.path()).0, Err(Problem::Bomb)));
    let mut cut = std::fs::read(zipped(&[("conversations.json", CHAT.as_bytes())]).path()).unwrap();
    cut.truncate(60);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), cut).unwrap();
    assert!(matches!(import(file.path()).0, Err(Problem::Archive(_))));
}

#[test]
fn only_files_are_read() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(import(dir.path()).0, Err(Problem::NotAFile)));
    assert!(matches!(import(&dir.path().join("none")).0, Err(Problem::Unreadable(_))));
    #[cfg(unix)]
    {
        let pipe = dir.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(matches!(import(&pipe).0, Err(Problem::NotAFile)));
    }
}

#[test]
fn what_is_not_wanted_any_more_is_not_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), CHAT).unwrap();
    let watch = Arc::new(Watch::default());
    watch.stop.store(true, Ordering::Relaxed);
    assert!(matches!(read(file.path(), &watch, &mut |_| true), Err(Problem::Stopped)));
}
