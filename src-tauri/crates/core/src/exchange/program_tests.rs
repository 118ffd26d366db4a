//! Exports and imports as tasks of a program.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use slipway_protocol::{
    ChatSettings, ErrorCode, Exported, Folder, FolderId, Host, HostAddress, HostId, Imported,
    Message, MessageId, MessageState, Preset, PresetId, Role, SessionChange, Snippet, SnippetId,
    SshAddress, TaskBody, TaskOutcome, TaskResult,
};
use slipway_store::StoredSession;
use tempfile::TempDir;

use super::foreign::{Foreign, Node, Said};
use super::*;
use crate::bus::Bus;
use crate::data_dir::DataDir;

async fn program(folder: &Path) -> Program {
    let dir = DataDir::new(Some(folder.join("data"))).unwrap();
    Program::open(dir, true, Arc::new(Bus::new()), None).await.unwrap()
}

async fn outcome(program: &Program, task: &TaskRef) -> TaskOutcome {
    loop {
        let info = program.executor().task(&task.request_id).unwrap();
        if let Some(outcome) = info.outcome {
            return outcome;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn export(
    program: &Program,
    ids: &[SessionId],
    format: ExportFormat,
    path: &Path,
) -> Exported {
    let path = path.to_str().unwrap().to_owned();
    let request = ExportRequest { session_ids: ids.to_vec(), format, path };
    let task = program.export_start(request).await.unwrap();
    match outcome(program, &task).await {
        TaskOutcome::Complete(TaskResult::Export(exported)) => exported,
        other => panic!("{other:?}"),
    }
}

async fn import(program: &Program, path: &Path) -> Result<Imported, ErrorCode> {
    let request = ImportRequest { path: path.to_str().unwrap().to_owned() };
    let task = program.import_start(request).await.unwrap();
    match outcome(program, &task).await {
        TaskOutcome::Complete(TaskResult::Import(imported)) => Ok(imported),
        TaskOutcome::Error(error) => Err(error.code),
        other => panic!("{other:?}"),
    }
}

/// A conversation of a question, two answers to it, and a question.
fn chat(id: &str) -> StoredSession {
    let node = |id: &str, parent: Option<&str>, role, text: &str| Node {
        id: id.to_owned(),
        parent: parent.map(str::to_owned),
        said: Some(Said {
            role,
            content: text.to_owned(),
            reasoning: if role == Role::Assistant { "I think\nhard".into() } else { String::new() },
            model: (role == Role::Assistant).then(|| "practice".to_owned()),
            at: Some(1_700_000_000_000),
            state: MessageState::Complete,
            stats: Default::default(),
            error: None,
            attachments: Vec::new(),
        }),
    };
    let foreign = Foreign {
        source: "test",
        id: id.to_owned(),
        title: format!("Chat <{id}>"),
        nodes: vec![
            node("a", None, Role::User, "Question?"),
            node("b", Some("a"), Role::Assistant, "One **answer** <script>alert(1)</script>"),
            node("c", Some("a"), Role::Assistant, "Another"),
            node("d", Some("b"), Role::User, "Next"),
        ],
        current: Some("d".to_owned()),
        ..Foreign::default()
    };
    foreign.into_stored().unwrap()
}

async fn filled(folder: &TempDir) -> (Program, Vec<SessionId>) {
    let program = program(folder.path()).await;
    let mut ids = Vec::new();
    for id in ["one", "two"] {
        let stored = chat(id);
        program.store().archive().merge(&stored).await.unwrap();
        ids.push(stored.session.id);
    }
    (program, ids)
}

#[tokio::test]
async fn a_backup_comes_back_on_another_computer_and_merges_here() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, ids) = filled(&here).await;
    let store = one.store();
    let folder = Folder { id: FolderId::new(), name: "Work".to_owned() };
    store.folders().put(&folder).await.unwrap();
    let change = SessionChange {
        session_ids: vec![ids[0].clone()],
        folder_id: Some(folder.id),
        tags: Some(vec!["a".to_owned()]),
        ..SessionChange::default()
    };
    store.sessions().change(&change).await.unwrap();
    let settings = ChatSettings::default();
    let preset = Preset { id: PresetId::new(), name: "Terse".to_owned(), settings };
    store.presets().put(&preset).await.unwrap();
    let snippet = |text: &str| Snippet {
        id: SnippetId::new(),
        name: "review".to_owned(),
        text: text.to_owned(),
    };
    store.snippets().put(&snippet("Review")).await.unwrap();
    let path = here.path().join("backup.json");
    let exported = export(&one, &[], ExportFormat::Json, &path).await;
    assert_eq!(exported.sessions, 2);
    assert_eq!(exported.bytes, path.metadata().unwrap().len());

    // Back where it came from, nothing changes.
    let imported = import(&one, &path).await.unwrap();
    assert_eq!((imported.sessions_unchanged, imported.messages_added), (2, 0));
    assert_eq!(store.presets().list().await.unwrap().len(), 1);

    // Elsewhere a folder has this name already, and a text with it says something else.
    let two = program(there.path()).await;
    let work = Folder { id: FolderId::new(), name: "work".to_owned() };
    two.store().folders().put(&work).await.unwrap();
    two.store().snippets().put(&snippet("Mine")).await.unwrap();
    let imported = import(&two, &path).await.unwrap();
    assert_eq!((imported.sessions_added, imported.messages_added), (2, 8));
    assert!(imported.skipped.is_empty(), "{:?}", imported.skipped);
    let back = two.store().archive().read(&ids[0]).await.unwrap();
    assert_eq!(back.session.folder_id, Some(work.id.clone()));
    assert_eq!(back.session.tags, ["a"]);
    assert_eq!(back.messages, store.archive().read(&ids[0]).await.unwrap().messages);
    assert_eq!(two.store().folders().list().await.unwrap(), [work]);
    assert_eq!(two.store().presets().list().await.unwrap(), [preset]);
    let names = two.store().snippets().list().await.unwrap().into_iter().map(|one| one.name);
    assert_eq!(names.collect::<Vec<_>>(), ["review", "review-2"]);
    let told =
        two.bus().after(0).messages.into_iter().filter(|message| {
            matches!(message.body, TaskBody::Progress(Progress::SessionChanged(_)))
        });
    assert_eq!(told.count(), 2);

    let imported = import(&two, &path).await.unwrap();
    assert_eq!((imported.sessions_added, imported.sessions_unchanged), (0, 2));
    assert_eq!(two.store().snippets().list().await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_said_on_both_sides_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (program, ids) = filled(&folder).await;
    let path = folder.path().join("one.json");
    export(&program, &ids[..1], ExportFormat::Json, &path).await;
    let leaf = program.store().sessions().leaf(&ids[0]).await.unwrap();
    let mut said = program.store().messages().get(leaf.as_ref().unwrap()).await.unwrap();
    said.id = MessageId::new();
    said.content = "said since".to_owned();
    program.store().messages().insert_after(leaf.as_ref(), &said).await.unwrap();
    assert_eq!(import(&program, &path).await.unwrap().sessions_unchanged, 1);
    let branch = program.store().messages().branch(&ids[0]).await.unwrap();
    assert_eq!(branch.last().unwrap().content, "said since");
}

#[tokio::test]
async fn pages_to_read_say_who_and_what() {
    let folder = tempfile::tempdir().unwrap();
    let (program, ids) = filled(&folder).await;
    let path = folder.path().join("chat.md");
    export(&program, &ids[..1], ExportFormat::Markdown, &path).await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# Chat \\<one\\>\n"), "{text}");
    assert!(text.contains("## practice · 20"), "{text}");
    assert!(text.contains("\n> I think\n> hard\n\nOne **answer** <script>"), "{text}");
    assert!(!text.contains("Another"));
    assert!(text.contains("left out") || text.contains("не показано"), "{text}");

    let path = folder.path().join("chats.html");
    let exported = export(&program, &ids, ExportFormat::Html, &path).await;
    assert_eq!(exported.sessions, 2);
    let page = std::fs::read_to_string(&path).unwrap();
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("<h1>Chat &lt;one&gt;</h1>"));
    assert!(page.contains("One <strong>answer</strong> &lt;script&gt;"));
    assert!(!page.contains("<script"));
    assert!(page.ends_with("</html>\n"));
}

#[tokio::test]
async fn addresses_of_servers_stay_here() {
    let folder = tempfile::tempdir().unwrap();
    let (program, ids) = filled(&folder).await;
    let host = Host {
        id: HostId::new(),
        name: "gpu".to_owned(),
        address: HostAddress::Ssh(SshAddress {
            line: "ada@secret.example:2222".to_owned(),
            user: "ada".to_owned(),
            host: "secret.example".to_owned(),
            port: 2222,
            identity: None,
            accepted_fingerprint: None,
        }),
        created_at: 1,
        keep: false,
        directory: None,
    };
    program.store().hosts().insert(&host).await.unwrap();
    let answer: Message = {
        let all = program.store().messages().all(&ids[0]).await.unwrap();
        all.into_iter().find(|message| message.content == "Another").unwrap()
    };
    let sentence = Text::verbatim("ada@secret.example:2222 refused; secret.example is away.");
    let fault = Fault::new(ErrorCode::ConnectionRefused, sentence.clone(), sentence, "");
    let (messages, stats) = (program.store().messages(), Default::default());
    let error = fault.info();
    let ended =
        messages.finish(&answer.id, MessageState::Failed, "Another", "", &stats, Some(&error));
    ended.await.unwrap();
    for format in [ExportFormat::Json, ExportFormat::Markdown, ExportFormat::Html] {
        let path = folder.path().join("file");
        export(&program, &ids, format, &path).await;
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("secret.example") && !text.contains("2222"));
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let (program, ids) = filled(&folder).await;
    let refused = async |ids: &[SessionId], format, path: &Path| {
        let path = path.to_str().unwrap().to_owned();
        let request = ExportRequest { session_ids: ids.to_vec(), format, path };
        match program.export_start(request).await {
            Err(fault) => fault.code,
            Ok(task) => match outcome(&program, &task).await {
                TaskOutcome::Error(error) => error.code,
                other => panic!("{other:?}"),
            },
        }
    };
    let (file, gone) = (folder.path().join("x"), folder.path().join("none").join("x"));
    assert_eq!(refused(&[], ExportFormat::Html, &file).await, ErrorCode::InvalidInput);
    assert_eq!(refused(&ids, ExportFormat::Json, Path::new("x")).await, ErrorCode::InvalidInput);
    assert_eq!(refused(&["no".into()], ExportFormat::Json, &file).await, ErrorCode::NotFound);
    assert_eq!(refused(&ids, ExportFormat::Json, &gone).await, ErrorCode::LocalDisk);
    assert_eq!(refused(&ids, ExportFormat::Json, folder.path()).await, ErrorCode::LocalDisk);

    assert_eq!(import(&program, folder.path()).await, Err(ErrorCode::InvalidInput));
    assert_eq!(import(&program, &gone).await, Err(ErrorCode::NotFound));
    for text in ["", "[]", "{\"a\":1}", "text", "PK\u{3}\u{4}junk"] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(import(&program, &file).await, Err(ErrorCode::InvalidInput), "{text:?}");
    }
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["data", "x"]);
}

#[tokio::test]
async fn a_cancelled_import_keeps_whole_conversations_only() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).await;
    let path = folder.path().join("many.json");
    let text = format!("[{}]", (0..3000).map(chatgpt).collect::<Vec<_>>().join(","));
    std::fs::write(&path, &text[..text.len() - 10]).unwrap();
    let request = ImportRequest { path: path.to_str().unwrap().to_owned() };
    let task = program.import_start(request).await.unwrap();
    while program.store().sessions().list().await.unwrap().len() < 5 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    program.task_cancel(&task);
    let TaskOutcome::Error(error) = outcome(&program, &task).await else { panic!() };
    assert_eq!(error.code, ErrorCode::Cancelled);
    let sessions = program.store().sessions().list().await.unwrap();
    assert!(sessions.len() < 3000);
    assert!(sessions.iter().all(|session| session.message_count == 2));
}

fn chatgpt(number: u32) -> String {
    let message = |role: &str, text: &str| json!({ "author": { "role": role }, "content": { "content_type": "text", "parts": [text] } });
    json!({ "id": number.to_string(), "title": format!("Chat {number}"), "mapping": {
        "u": { "message": message("user", "Hi"), "parent": null },
        "a": { "message": message("assistant", "Hello"), "parent": "u" } } })
    .to_string()
}

#[tokio::test]
async fn what_cannot_be_read_is_told_in_both_languages() {
    let folder = tempfile::tempdir().unwrap();
    let program = program(folder.path()).await;
    let path = folder.path().join("some.json");
    let bad = std::iter::repeat_n("{\"mapping\":7}".to_owned(), 150);
    let all: Vec<_> = std::iter::once(chatgpt(1)).chain(bad).chain([chatgpt(2)]).collect();
    std::fs::write(&path, format!("[{}", all.join(","))).unwrap();
    let imported = import(&program, &path).await.unwrap();
    assert_eq!((imported.sessions_added, imported.messages_added), (2, 4));
    assert_eq!(imported.skipped.len(), 100);
    assert!(imported.skipped[0].en.starts_with("Conversation 2 cannot be read"));
    assert!(imported.skipped[0].ru.starts_with("Беседа 2 не читается"));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_leaves_what_was_there() {
    use std::process::Command;

    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=64k", "slipway-test"]).arg(disk.path());
    if !mount.output().is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: mounting a tmpfs takes root and the right to mount");
        return;
    }
    let (program, _) = filled(&folder).await;
    let mut large = chat("large");
    large.messages[0].content = "x".repeat(200_000);
    program.store().archive().merge(&large).await.unwrap();
    let path = disk.path().join("backup.json");
    std::fs::write(&path, "the one before").unwrap();
    let request = ExportRequest {
        session_ids: Vec::new(),
        format: ExportFormat::Json,
        path: path.to_str().unwrap().to_owned(),
    };
    let task = program.export_start(request).await.unwrap();
    let ended = outcome(&program, &task).await;
    let kept = std::fs::read_to_string(&path).unwrap();
    let files = std::fs::read_dir(disk.path()).unwrap().count();
    let unmounted = Command::new("umount").arg("-l").arg(disk.path()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert!(matches!(ended, TaskOutcome::Error(error) if error.code == ErrorCode::LocalDisk));
    assert_eq!((kept.as_str(), files), ("the one before", 1));
}
