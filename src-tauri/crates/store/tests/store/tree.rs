//! Messages as a tree, and conversations that are copied, moved and grouped.

use std::time::Instant;

use slipway_protocol::{
    AttachmentId, ChatSettings, Compaction, CompactionId, Folder, FolderId, Message, MessageId,
    MessageState, Role, Session, SessionChange, SessionId, SessionKind,
};
use slipway_store::Error;

use crate::sample::{database, file, line, message, session, verify};

fn texts(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.content.as_str()).collect()
}

#[tokio::test]
async fn the_branch_shown_follows_the_version_chosen() {
    let db = database().await;
    let (sessions, messages) = (db.store.sessions(), db.store.messages());
    let (session, said) = line(&db.store, &["a", "b", "c"]).await;
    let add = async |parent: Option<&MessageId>, text: &str, at: u64| {
        let mut next = message(&session.id, Role::User, text);
        next.created_at += at;
        messages.insert_after(parent, &next).await.unwrap().id
    };
    let b2 = add(Some(&said[0].id), "b2", 1000).await;
    assert_eq!(texts(&messages.branch(&session.id).await.unwrap()), ["a", "b2"]);
    let c2 = add(Some(&b2), "c2", 1001).await;
    let c3 = add(Some(&b2), "c3", 1002).await;
    let a2 = add(None, "a2", 2000).await;
    assert_eq!(texts(&messages.branch(&session.id).await.unwrap()), ["a2"]);

    sessions.show(&said[0].id).await.unwrap();
    let branch = messages.branch(&session.id).await.unwrap();
    assert_eq!(texts(&branch), ["a", "b2", "c3"], "the latest version at every step");
    assert_eq!(branch[0].versions, [said[0].id.clone(), a2.clone()]);
    assert_eq!(branch[1].versions, [said[1].id.clone(), b2.clone()]);
    assert_eq!(branch[2].versions, [c2.clone(), c3]);
    sessions.show(&said[1].id).await.unwrap();
    let branch = messages.branch(&session.id).await.unwrap();
    assert_eq!(texts(&branch), ["a", "b", "c"]);
    assert!(branch[2].versions.is_empty());
    for (count, end) in [(0, 2), (1, 2), (2, 1), (3, 0), (4, 0)] {
        let last = messages.branch_end(&session.id, count).await.unwrap();
        assert_eq!(last, branch[end..], "the last {count}");
    }
    assert_eq!(sessions.show(&c2).await.unwrap().message_count, 7);
    assert_eq!(sessions.leaf(&session.id).await.unwrap(), Some(c2.clone()));

    assert_eq!(texts(&messages.path_to(&said[1].id).await.unwrap()), ["a", "b"]);
    let all = messages.all(&session.id).await.unwrap();
    assert_eq!(texts(&all), ["a", "b", "c", "b2", "c2", "c3", "a2"]);
    for message in &all {
        assert_eq!(messages.get(&message.id).await.unwrap(), *message);
    }
    let nobody = MessageId::new();
    assert!(matches!(messages.path_to(&nobody).await, Err(Error::NotFound { .. })));
    assert!(matches!(sessions.show(&nobody).await, Err(Error::NotFound { .. })));
    sessions.delete(&session.id, 1).await.unwrap();
    assert!(matches!(sessions.show(&c2).await, Err(Error::NotFound { .. })));
    assert!(messages.branch(&SessionId::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn ten_thousand_messages_are_read_at_once() {
    let db = database().await;
    let (session, said) = line(&db.store, &["first"]).await;
    let sql = format!(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999) \
         INSERT INTO messages (id, session_id, parent_id, position, role, state, created_at, \
         stats_json, content, reasoning) \
         SELECT 'm' || n, '{}', CASE n WHEN 1 THEN '{}' ELSE 'm' || (n - 1) END, n, 'user', \
         'complete', n, '{{}}', 'word ' || n || ' ' || hex(randomblob(200)), '' FROM n; \
         UPDATE sessions SET leaf_id = 'm9999'",
        session.id, said[0].id
    );
    crate::sample::execute(&db.path, &sql).await;
    let begin = Instant::now();
    let branch = db.store.messages().branch(&session.id).await.unwrap();
    println!("branch of 10,000: {:?}", begin.elapsed());
    assert_eq!((branch.len(), branch[9999].position), (10_000, 9999));
    let begin = Instant::now();
    assert_eq!(db.store.messages().all(&session.id).await.unwrap().len(), 10_000);
    println!("all of 10,000: {:?}", begin.elapsed());
    let begin = Instant::now();
    let shown = db.store.sessions().show(&said[0].id).await.unwrap();
    println!("show through 10,000: {:?}", begin.elapsed());
    assert_eq!(shown.message_count, 10_000);
    let begin = Instant::now();
    let copy = SessionId::new();
    db.store.sessions().duplicate(&session.id, None, &copy, "copy", 5).await.unwrap();
    println!("copy of 10,000: {:?}", begin.elapsed());
    assert_eq!(db.store.messages().branch(&copy).await.unwrap().len(), 10_000);
}

#[tokio::test]
async fn ten_thousand_conversations_are_listed_at_once() {
    let db = database().await;
    let sql = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10000) \
         INSERT INTO sessions (id, title, created_at, updated_at, pinned, leaf_id) \
         SELECT 's' || n, 'Title ' || n, n, n, 0, 'm' || n FROM n; \
         INSERT INTO session_tags SELECT id, 'tag' FROM sessions; \
         INSERT INTO messages (id, session_id, position, role, state, created_at, stats_json, \
         content, reasoning) SELECT replace(id, 's', 'm'), id, 0, 'user', 'complete', 1, '{}', 'x', '' \
         FROM sessions";
    crate::sample::execute(&db.path, sql).await;
    let begin = Instant::now();
    let list = db.store.sessions().list().await.unwrap();
    println!("list of 10,000: {:?}", begin.elapsed());
    assert_eq!((list.len(), list[0].id.as_str()), (10_000, "s10000"));
    assert!(list.iter().all(|s| s.message_count == 1 && s.last_state.is_some()));
}

#[tokio::test]
async fn a_copy_has_everything_and_shares_the_files() {
    let db = database().await;
    let (sessions, messages) = (db.store.sessions(), db.store.messages());
    let (original, said) = line(&db.store, &["a", "b", "c"]).await;
    let attached = file(AttachmentId::new(), b"data");
    db.store.attachments().add(&attached, b"data", 1).await.unwrap();
    let mut b2 = message(&original.id, Role::Assistant, "b2");
    b2.attachments.push(attached.clone());
    b2.created_at += 1000;
    let b2 = messages.insert_after(Some(&said[0].id), &b2).await.unwrap();
    assert_eq!(b2.attachments, std::slice::from_ref(&attached));
    let settings =
        ChatSettings { system_prompt: "Будь краток".into(), ..ChatSettings::default() };
    sessions.configure(&original.id, &settings).await.unwrap();
    let folder = Folder { id: FolderId::new(), name: "Работа".into() };
    db.store.folders().put(&folder).await.unwrap();
    let change = SessionChange {
        session_ids: vec![original.id.clone()],
        folder_id: Some(folder.id.clone()),
        archived: Some(true),
        tags: Some(vec!["б".into(), "а".into()]),
        ..SessionChange::default()
    };
    sessions.change(&change).await.unwrap();
    let compaction = Compaction {
        id: CompactionId::new(),
        until: said[0].id.clone(),
        summary: Some("short".into()),
        tokens_before: 9,
        tokens_after: 2,
        created_at: 3,
    };
    db.store.compactions().add(&original.id, &compaction).await.unwrap();

    let whole = SessionId::new();
    let copy = sessions.duplicate(&original.id, None, &whole, "Копия", 77).await.unwrap();
    assert_eq!((copy.title.as_str(), copy.message_count, copy.updated_at), ("Копия", 4, 77));
    assert_eq!((&copy.folder_id, copy.archived, copy.titled), (&Some(folder.id), false, true));
    assert_eq!(copy.tags, ["а", "б"]);
    assert_eq!(sessions.settings_of(&whole).await.unwrap(), settings);
    let all = messages.all(&whole).await.unwrap();
    assert_eq!(texts(&all), ["a", "b", "c", "b2"]);
    assert_eq!(all[1].versions, all[3].versions);
    assert_eq!(all[3].attachments, b2.attachments);
    let branch = messages.branch(&whole).await.unwrap();
    assert_eq!(texts(&branch), ["a", "b2"]);
    assert_eq!(branch[1].state, MessageState::Interrupted, "nobody writes the copy");
    let copied = db.store.compactions().list(&whole).await.unwrap();
    assert_eq!((&copied[0].until, &copied[0].summary), (&all[0].id, &compaction.summary));

    let part = SessionId::new();
    sessions.duplicate(&original.id, Some(&said[1].id), &part, "Ветка", 78).await.unwrap();
    assert_eq!(texts(&messages.all(&part).await.unwrap()), ["a", "b"]);
    assert_eq!(texts(&messages.branch(&part).await.unwrap()), ["a", "b"]);
    let nowhere = sessions.duplicate(&part, Some(&b2.id), &SessionId::new(), "x", 1).await;
    assert!(matches!(nowhere, Err(Error::NotFound { noun: "message", .. })), "{nowhere:?}");

    for id in [&original.id, &whole] {
        assert!(db.store.attachments().get(&attached.id).await.is_ok());
        sessions.delete(id, 1).await.unwrap();
        sessions.purge_deleted_before(2).await.unwrap();
    }
    let gone = db.store.attachments().get(&attached.id).await;
    assert!(matches!(gone, Err(Error::NotFound { noun: "attachment", .. })), "{gone:?}");
    db.store.close().await;
    verify(&db.path).await;
}

#[tokio::test]
async fn conversations_are_moved_archived_and_tagged_together() {
    let db = database().await;
    let sessions = db.store.sessions();
    let (one, two) = (session(), session());
    sessions.insert(&one).await.unwrap();
    sessions.insert(&Session { tags: vec!["old".into()], ..two.clone() }).await.unwrap();
    let folder = Folder { id: FolderId::new(), name: "F".into() };
    db.store.folders().put(&folder).await.unwrap();
    let mut change = SessionChange {
        session_ids: vec![two.id.clone(), one.id.clone()],
        folder_id: Some(folder.id.clone()),
        ..SessionChange::default()
    };
    let changed = sessions.change(&change).await.unwrap();
    assert_eq!(changed[0].id, two.id);
    assert_eq!(changed[0].tags, ["old"], "what is absent stays");
    assert!(changed.iter().all(|s| s.folder_id.as_ref() == Some(&folder.id)));

    change.session_ids.push(SessionId::new());
    change.archived = Some(true);
    assert!(matches!(sessions.change(&change).await, Err(Error::NotFound { .. })));
    assert!(!sessions.get(&one.id).await.unwrap().archived, "all or none");
    change.session_ids.pop();
    change.folder_id = Some(FolderId::new());
    let refused = sessions.change(&change).await;
    assert!(matches!(refused, Err(Error::NotFound { noun: "folder", .. })), "{refused:?}");

    db.store.folders().remove(&folder.id).await.unwrap();
    assert_eq!(sessions.get(&one.id).await.unwrap().folder_id, None);
}

#[tokio::test]
async fn a_comparison_takes_its_columns_along() {
    let db = database().await;
    let sessions = db.store.sessions();
    let head = Session { kind: SessionKind::Compare, ..session() };
    sessions.insert(&head).await.unwrap();
    let column = |n| Session { group_id: Some(head.id.clone()), column: Some(n), ..session() };
    let columns = [column(0), column(1), column(2)];
    for column in columns.iter().rev() {
        sessions.insert(column).await.unwrap();
    }
    let said = message(&columns[1].id, Role::User, "x");
    db.store.messages().insert_after(None, &said).await.unwrap();
    let ids = |list: Vec<Session>| list.into_iter().map(|s| s.id).collect::<Vec<_>>();
    assert_eq!(ids(sessions.list().await.unwrap()), std::slice::from_ref(&head.id));
    assert_eq!(
        ids(sessions.columns(&head.id).await.unwrap()),
        columns.clone().map(|column| column.id)
    );

    sessions.delete(&columns[2].id, 1).await.unwrap();
    sessions.delete(&head.id, 2).await.unwrap();
    assert!(matches!(sessions.get(&columns[0].id).await, Err(Error::NotFound { .. })));
    sessions.restore(&head.id).await.unwrap();
    assert_eq!(sessions.columns(&head.id).await.unwrap().len(), 2, "deleted apart, stays deleted");

    let copy = SessionId::new();
    sessions.duplicate(&head.id, None, &copy, "copy", 9).await.unwrap();
    let copied = sessions.columns(&copy).await.unwrap();
    assert_eq!((copied.len(), copied[1].message_count, copied[1].column), (2, 1, Some(1)));

    let own = sessions.release_column(&columns[1].id).await.unwrap();
    assert_eq!((own.group_id, own.column), (None, None));
    let again = sessions.release_column(&columns[1].id).await;
    assert!(matches!(again, Err(Error::NotFound { noun: "column", .. })), "{again:?}");
    sessions.delete(&head.id, 3).await.unwrap();
    assert!(sessions.purge_deleted_before(4).await.unwrap() > 0);
    assert!(matches!(sessions.restore(&columns[2].id).await, Err(Error::NotFound { .. })));
    assert!(sessions.get(&columns[1].id).await.is_ok());
    assert_eq!(sessions.list().await.unwrap().len(), 2);
}
