//! Whole conversations out of a database and into another.

use slipway_protocol::{
    AttachmentId, ChatSettings, Compaction, CompactionId, Folder, FolderId, Message, MessageId,
    MessageState, Role, Session, SessionChange, SessionId, SessionKind,
};
use slipway_store::{Merge, Store, StoredSession};

use crate::sample::{
    Database, answer, database, error, file, line, message, session, stats, verify,
};

/// A database with a conversation that has all that there is to one, and a comparison.
async fn full() -> (Database, SessionId, SessionId) {
    let db = database().await;
    let store = &db.store;
    let folder = Folder { id: FolderId::new(), name: "Work".to_owned() };
    store.folders().put(&folder).await.unwrap();
    let (session, said) = line(store, &["a", "b", "c"]).await;
    let id = session.id.clone();
    let picture = file(AttachmentId::new(), b"\x00\xffpicture");
    store.attachments().add(&picture, b"\x00\xffpicture", 1).await.unwrap();
    let mut other = message(&id, Role::Assistant, "b2 \u{0} Ж");
    other.attachments = vec![picture];
    other.state = MessageState::Failed;
    other.error = Some(error());
    other.stats = stats();
    other.reasoning = "so".to_owned();
    other.speaker = Some(1);
    store.messages().insert_after(Some(&said[0].id), &other).await.unwrap();
    let compaction = Compaction {
        id: CompactionId::new(),
        until: said[1].id.clone(),
        summary: Some("a and b".to_owned()),
        tokens_before: 10,
        tokens_after: 2,
        created_at: 3,
    };
    store.compactions().add(&id, &compaction).await.unwrap();
    let change = SessionChange {
        session_ids: vec![id.clone()],
        folder_id: Some(folder.id),
        archived: Some(true),
        tags: Some(vec!["one".to_owned(), "ж".to_owned()]),
        ..SessionChange::default()
    };
    store.sessions().change(&change).await.unwrap();
    let settings = ChatSettings { system_prompt: "Be brief.".into(), ..ChatSettings::default() };
    store.sessions().configure(&id, &settings).await.unwrap();

    let head = Session { kind: SessionKind::Compare, ..crate::sample::session() };
    store.sessions().insert(&head).await.unwrap();
    for number in 0..2 {
        let group_id = Some(head.id.clone());
        let column = Session { group_id, column: Some(number), ..crate::sample::session() };
        store.sessions().insert(&column).await.unwrap();
        let said = message(&column.id, Role::User, "to both");
        store.messages().insert_after(None, &said).await.unwrap();
    }
    (db, id, head.id)
}

async fn read(store: &Store, id: &SessionId) -> StoredSession {
    store.archive().read(id).await.unwrap()
}

async fn merge(store: &Store, stored: &StoredSession) -> Merge {
    store.archive().merge(stored).await.unwrap()
}

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.content.as_str()).collect()
}

#[tokio::test]
async fn a_conversation_is_the_same_in_another_database() {
    let (one, chat, compare) = full().await;
    let other = database().await;
    for folder in one.store.folders().list().await.unwrap() {
        other.store.folders().put(&folder).await.unwrap();
    }
    let ids = one.store.archive().ids().await.unwrap();
    assert_eq!(ids.len(), 2);
    for id in &ids {
        let stored = read(&one.store, id).await;
        assert!(matches!(merge(&other.store, &stored).await, Merge::Added(1..)));
        assert_eq!(read(&other.store, id).await, stored);
        assert_eq!(merge(&other.store, &stored).await, Merge::Unchanged);
        assert_eq!(read(&other.store, id).await, stored);
    }
    let stored = read(&other.store, &chat).await;
    assert_eq!(stored.attachments[0].1, b"\x00\xffpicture");
    assert!(stored.session.folder_id.is_some() && stored.session.archived);
    assert_eq!(read(&other.store, &compare).await.columns.len(), 2);
    assert_eq!(other.store.sessions().list().await.unwrap().len(), 2);
    verify(&other.path).await;
}

#[tokio::test]
async fn nothing_here_is_overwritten_or_deleted() {
    let (one, chat, _) = full().await;
    let backup = read(&one.store, &chat).await;
    let sessions = one.store.sessions();
    // Since the backup: another title, another text of "b", a new turn, "c" and its branch gone on.
    sessions.rename(&chat, "Mine").await.unwrap();
    let b = backup.messages.iter().find(|message| message.content == "b").unwrap();
    let c = backup.messages.iter().find(|message| message.content == "c").unwrap();
    let finish = one.store.messages();
    finish.finish(&b.id, MessageState::Complete, "b here", "", &stats(), None).await.unwrap();
    let d = message(&chat, Role::User, "d");
    one.store.messages().insert_after(Some(&c.id), &d).await.unwrap();
    let before = read(&one.store, &chat).await;

    assert_eq!(merge(&one.store, &backup).await, Merge::Extended(1));
    let after = read(&one.store, &chat).await;
    assert_eq!(after.session.title, "Mine");
    assert_eq!(after.leaf, before.leaf);
    for message in &before.messages {
        let now = after.messages.iter().find(|now| now.id == message.id).unwrap();
        assert_eq!((&now.content, &now.parent_id), (&message.content, &message.parent_id));
    }
    let came = after.messages.iter().find(|message| message.content == "b").unwrap();
    assert_ne!(came.id, b.id);
    assert_eq!(came.parent_id, b.parent_id);
    assert_eq!(came.versions.len(), 3);
    assert_eq!(merge(&one.store, &backup).await, Merge::Unchanged);
    assert_eq!(merge(&one.store, &after).await, Merge::Unchanged);
    verify(&one.path).await;
}

#[tokio::test]
async fn what_goes_on_in_the_file_becomes_a_branch() {
    let (one, two) = (database().await, database().await);
    let (session, said) = line(&one.store, &["a", "b"]).await;
    merge(&two.store, &read(&one.store, &session.id).await).await;
    let here = message(&session.id, Role::User, "said here");
    one.store.messages().insert_after(Some(&said[1].id), &here).await.unwrap();
    let mut there = message(&session.id, Role::User, "said there");
    there.created_at += 5000;
    two.store.messages().insert_after(Some(&said[1].id), &there).await.unwrap();
    let file = read(&two.store, &session.id).await;
    assert_eq!(merge(&one.store, &file).await, Merge::Extended(1));
    let branch = one.store.messages().branch(&session.id).await.unwrap();
    assert_eq!(texts(&branch), ["a", "b", "said here"]);
    assert_eq!(branch[2].versions, [here.id, there.id]);
    assert_eq!(one.store.sessions().get(&session.id).await.unwrap().message_count, 4);
}

#[tokio::test]
async fn a_deleted_conversation_comes_back() {
    let (one, chat, compare) = full().await;
    for id in [&chat, &compare] {
        let backup = read(&one.store, id).await;
        one.store.sessions().delete(id, 5).await.unwrap();
        assert_eq!(merge(&one.store, &backup).await, Merge::Added(0));
        assert_eq!(read(&one.store, id).await, backup);
        one.store.sessions().delete(id, 5).await.unwrap();
        one.store.sessions().purge_deleted_before(6).await.unwrap();
        assert!(matches!(merge(&one.store, &backup).await, Merge::Added(1..)));
        assert_eq!(read(&one.store, id).await, backup);
    }
    verify(&one.path).await;
}

#[tokio::test]
async fn an_answer_in_the_making_is_interrupted_in_the_copy_and_left_alone_here() {
    let (one, two) = (database().await, database().await);
    let answer = answer(&one.store).await;
    one.store.messages().append(&answer.id, "half", "").await.unwrap();
    let stored = read(&one.store, &answer.session_id).await;
    merge(&two.store, &stored).await;
    let copied = two.store.messages().get(&answer.id).await.unwrap();
    assert_eq!((copied.state, copied.content.as_str()), (MessageState::Interrupted, "half"));
    one.store.messages().append(&answer.id, " and more", "").await.unwrap();
    assert_eq!(merge(&one.store, &stored).await, Merge::Unchanged);
    let here = one.store.messages().get(&answer.id).await.unwrap();
    assert_eq!((here.state, here.content.as_str()), (MessageState::Streaming, "half and more"));
}

#[tokio::test]
async fn ids_of_other_conversations_are_not_taken() {
    let db = database().await;
    let (first, said) = line(&db.store, &["a"]).await;
    let data = b"one";
    let attachment = file(AttachmentId::new(), data);
    db.store.attachments().add(&attachment, data, 1).await.unwrap();
    let mut sent = message(&first.id, Role::User, "with a file");
    sent.attachments = vec![attachment.clone()];
    db.store.messages().insert_after(Some(&said[0].id), &sent).await.unwrap();
    let before = read(&db.store, &first.id).await;

    let mut stored = StoredSession::new(session());
    let mut taken = message(&stored.session.id, Role::User, "a");
    taken.id = said[0].id.clone();
    taken.attachments = vec![attachment.clone()];
    let mut below = message(&stored.session.id, Role::Assistant, "b");
    below.parent_id = Some(taken.id.clone());
    stored.session.folder_id = Some(FolderId::from("gone"));
    stored.leaf = Some(below.id.clone());
    stored.messages = vec![taken, below];
    stored.attachments = vec![(attachment, b"two".to_vec())];
    assert_eq!(merge(&db.store, &stored).await, Merge::Added(2));
    assert_eq!(merge(&db.store, &stored).await, Merge::Unchanged);
    assert_eq!(read(&db.store, &first.id).await, before);
    let second = read(&db.store, &stored.session.id).await;
    assert_eq!(texts(&second.messages), ["a", "b"]);
    assert_eq!(second.messages[1].parent_id.as_ref(), Some(&second.messages[0].id));
    assert_eq!(second.attachments[0].1, b"two");
    assert_eq!(second.session.folder_id, None);
    verify(&db.path).await;
}

#[tokio::test]
async fn what_fails_in_the_middle_leaves_nothing() {
    let db = database().await;
    let mut stored = StoredSession::new(session());
    let first = message(&stored.session.id, Role::User, "a");
    let mut broken = message(&stored.session.id, Role::User, "b");
    broken.parent_id = Some(first.id.clone());
    broken.created_at = u64::MAX;
    stored.leaf = Some(MessageId::new());
    stored.messages = vec![first, broken];
    assert!(db.store.archive().merge(&stored).await.is_err());
    assert!(db.store.sessions().list().await.unwrap().is_empty());
    assert!(db.store.sessions().get(&stored.session.id).await.is_err());
}
