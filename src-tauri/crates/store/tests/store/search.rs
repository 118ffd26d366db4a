//! What search finds, what it never finds, and what it does with any input.

use slipway_protocol::{
    AnswerStats, Folder, FolderId, HostId, Message, MessageState, Role, SearchHit, Session,
    SessionChange, SessionId, SessionKind, SessionQuery,
};
use slipway_store::Store;

use crate::sample::{Database, answer, database, line, message, session, verify};

fn query(text: &str) -> SessionQuery {
    SessionQuery { text: text.to_owned(), limit: 50, ..SessionQuery::default() }
}

/// What was found: pieces with those that were looked for in brackets.
fn told(hits: &[SearchHit]) -> Vec<String> {
    let piece = |p: &slipway_protocol::SnippetPiece| {
        if p.hit { format!("[{}]", p.text) } else { p.text.clone() }
    };
    hits.iter().map(|hit| hit.snippet.iter().map(piece).collect()).collect()
}

async fn found(store: &Store, text: &str) -> Vec<String> {
    told(&store.search(&query(text)).await.unwrap().hits)
}

/// A conversation with a title.
async fn titled(db: &Database, title: &str, texts: &[&str]) -> (Session, Vec<Message>) {
    let (session, said) = line(&db.store, texts).await;
    (db.store.sessions().rename(&session.id, title).await.unwrap(), said)
}

#[tokio::test]
async fn words_begin_words_in_any_language_and_case() {
    let db = database().await;
    titled(&db, "Заметки о Größe", &["Привет, МИР! Ёлка и café.", "foo-bar baz\n\nqux"]).await;
    for (text, expected) in [
        ("прив", "[Привет], МИР! Ёлка и café."),
        ("мир привет", "[Привет], [МИР]! Ёлка и café."),
        ("cafe", "Привет, МИР! Ёлка и [café]."),
        ("елк", "Привет, МИР! [Ёлка] и café."),
        ("ЁЛКА мир", "Привет, [МИР]! [Ёлка] и café."),
        ("bar", "foo-[bar] baz\n\nqux"),
        ("foo-ba", "[foo-bar] baz\n\nqux"),
        ("\"baz qux\"", "foo-bar [baz\n\nqux]"),
        ("\"bar ba", "foo-[bar baz]\n\nqux"),
        ("GRÖ", "Заметки о [Größe]"),
        ("groß", "Заметки о [Größe]"),
        ("ет", ""),
        ("\"qux baz\"", ""),
        ("\"ba qux\"", ""),
        ("привет foo", ""),
    ] {
        let expected = if expected.is_empty() { vec![] } else { vec![expected] };
        assert_eq!(found(&db.store, text).await, expected, "{text:?}");
    }
}

#[tokio::test]
async fn any_input_is_a_query() {
    let db = database().await;
    titled(&db, "t", &["NEAR the \"end\" of c++ (and) OR NOT a:b"]).await;
    let long = "слово ".repeat(2000);
    let quotes = "\"".repeat(10_000);
    for text in [
        "", " ", "\"", "\"\"", "*", "-", "NEAR(", "a AND", "OR", "NOT", "a:b", "{a b}:c", "^a",
        "(", ")", "'", ";--", "a\0b", "\u{fffd}", "\u{e000}", "👍", "c++", "+", "\\", "%_", &long,
        &quotes,
    ] {
        db.store.search(&query(text)).await.unwrap();
        let within = SessionQuery { session_id: Some(SessionId::new()), ..query(text) };
        assert!(db.store.search(&within).await.unwrap().hits.is_empty());
    }
    assert_eq!(found(&db.store, "near c++ or a:b \"end\"").await.len(), 1);
    assert!(found(&db.store, "👍").await.is_empty(), "not a word");
    assert_eq!(found(&db.store, "  ").await, ["t"], "no words: all there is");
}

#[tokio::test]
async fn a_text_cannot_break_its_snippet() {
    let db = database().await;
    let hostile = "\u{e000}\u{e001}[b] needle \u{e002}x\u{e003} <b>&amp; … end";
    titled(&db, "t", &[hostile]).await;
    let result = db.store.search(&query("needle")).await.unwrap();
    let pieces: Vec<_> =
        result.hits[0].snippet.iter().map(|piece| (piece.text.as_str(), piece.hit)).collect();
    assert_eq!(pieces[1], ("needle", true));
    let whole: String = pieces.iter().map(|(text, _)| *text).collect();
    assert_eq!(whole, hostile);

    titled(&db, "t", &[&format!("{0} beacon {0}", "x".repeat(1_000_000))]).await;
    let result = db.store.search(&query("beacon")).await.unwrap();
    let length: usize = result.hits[0].snippet.iter().map(|piece| piece.text.len()).sum();
    assert!(length < 1000, "{length}");
}

#[tokio::test]
async fn titles_come_before_messages_and_better_before_newer() {
    let db = database().await;
    titled(&db, "one", &["kiwi kiwi kiwi"]).await;
    titled(&db, "two", &["kiwi among many other words that say nothing about any fruit at all"])
        .await;
    titled(&db, "The kiwi", &["something else"]).await;
    let hits = db.store.search(&query("kiwi")).await.unwrap().hits;
    let titles: Vec<_> = hits.iter().map(|hit| hit.session.title.as_str()).collect();
    assert_eq!(titles, ["The kiwi", "one", "two"]);
    assert!(hits[0].message_id.is_none() && hits[1].message_id.is_some());

    let limited = SessionQuery { limit: 2, ..query("kiwi") };
    let result = db.store.search(&limited).await.unwrap();
    assert_eq!((result.hits.len(), result.more), (2, true));
    let exact = SessionQuery { limit: 3, ..query("kiwi") };
    assert!(!db.store.search(&exact).await.unwrap().more);
}

#[tokio::test]
async fn the_index_follows_what_happens() {
    let db = database().await;
    let (store, messages) = (&db.store, db.store.messages());
    let answer = answer(store).await;
    messages.append(&answer.id, "alpha beta", "").await.unwrap();
    assert!(found(store, "alpha").await.is_empty(), "not while it is being written");
    let stats = AnswerStats::default();
    messages
        .finish(&answer.id, MessageState::Stopped, "alpha beta gamma", "", &stats, None)
        .await
        .unwrap();
    assert_eq!(found(store, "gamma").await.len(), 1);
    let request = slipway_protocol::RequestId::new();
    store.sessions().reopen_answer(&answer.id, &request).await.unwrap();
    assert!(found(store, "gamma").await.is_empty());
    messages.append(&answer.id, " delta", "").await.unwrap();
    messages.mark_interrupted().await.unwrap();
    assert_eq!(found(store, "gamma delta").await.len(), 1);
    messages.finish(&answer.id, MessageState::Complete, "omega", "", &stats, None).await.unwrap();
    assert!(found(store, "delta").await.is_empty());
    assert_eq!(found(store, "omega").await, ["[omega]"]);
    store.sessions().rename(&answer.session_id, "Renamed").await.unwrap();
    assert_eq!(found(store, "renamed").await, ["[Renamed]"]);
    assert!(found(store, "DROP").await.is_empty(), "the title before");

    store.sessions().delete(&answer.session_id, 1).await.unwrap();
    assert!(found(store, "omega").await.is_empty() && found(store, "renamed").await.is_empty());
    assert!(found(store, "").await.is_empty());
    store.sessions().restore(&answer.session_id).await.unwrap();
    assert_eq!(found(store, "omega").await.len(), 1);
    verify(&db.path).await;
    store.sessions().delete(&answer.session_id, 1).await.unwrap();
    store.sessions().purge_deleted_before(2).await.unwrap();
    verify(&db.path).await;
}

#[tokio::test]
async fn filters_narrow_what_is_found() {
    let db = database().await;
    let (store, sessions) = (&db.store, db.store.sessions());
    let (one, said) = titled(&db, "pear one", &["pear"]).await;
    let mut reply = message(&one.id, Role::Assistant, "pear too");
    (reply.host_id, reply.model) = (Some(HostId::from("h2")), Some("m2".to_owned()));
    (reply.state, reply.created_at) = (MessageState::Complete, 1_800_000_000_000);
    let reply = store.messages().insert_after(Some(&said[0].id), &reply).await.unwrap();
    let (two, _) = titled(&db, "pear two", &["pear"]).await;
    let folder = Folder { id: FolderId::new(), name: "F".into() };
    store.folders().put(&folder).await.unwrap();
    let change = SessionChange {
        session_ids: vec![two.id.clone()],
        folder_id: Some(folder.id.clone()),
        archived: Some(true),
        tags: Some(vec!["fruit".into()]),
        ..SessionChange::default()
    };
    sessions.change(&change).await.unwrap();
    let count = async |text: &str, change: &dyn Fn(&mut SessionQuery)| {
        let mut query = query(text);
        change(&mut query);
        store.search(&query).await.unwrap().hits.len()
    };
    assert_eq!(count("pear", &|_| ()).await, 3, "archived ones are out of the way");
    assert_eq!(count("pear", &|q| q.archived = true).await, 5);
    assert_eq!(count("", &|q| q.archived = true).await, 2);
    let of_folder = |q: &mut SessionQuery| {
        (q.archived, q.folder_id) = (true, Some(folder.id.clone()));
    };
    assert_eq!((count("pear", &of_folder).await, count("", &of_folder).await), (2, 1));
    let of_tag = |q: &mut SessionQuery| (q.archived, q.tag) = (true, Some("fruit".into()));
    assert_eq!((count("pear", &of_tag).await, count("", &of_tag).await), (2, 1));
    let of_host = |q: &mut SessionQuery| q.host_id = Some("h2".into());
    assert_eq!((count("pear", &of_host).await, count("", &of_host).await), (2, 1));
    let of_model = |q: &mut SessionQuery| q.model = Some("m2".into());
    assert_eq!((count("pear", &of_model).await, count("too", &of_model).await), (2, 1));
    assert_eq!(count("too", &|q| q.model = Some("m3".into())).await, 0);
    assert_eq!(count("pear", &|q| q.from = Some(1_750_000_000_000)).await, 2);
    assert_eq!(count("too", &|q| q.until = Some(reply.created_at - 1)).await, 0);
    assert_eq!(count("too", &|q| q.until = Some(reply.created_at)).await, 1);
    assert_eq!(count("", &|q| q.until = Some(u64::MAX >> 1)).await, 1);
}

#[tokio::test]
async fn columns_are_filtered_as_their_comparison() {
    let db = database().await;
    let (store, sessions) = (&db.store, db.store.sessions());
    let head = Session { kind: SessionKind::Compare, ..session() };
    sessions.insert(&head).await.unwrap();
    let column = Session { group_id: Some(head.id.clone()), column: Some(0), ..session() };
    sessions.insert(&column).await.unwrap();
    let said = message(&column.id, Role::User, "plum");
    store.messages().insert_after(None, &said).await.unwrap();
    let hits = store.search(&query("plum")).await.unwrap().hits;
    assert_eq!((hits.len(), &hits[0].session.group_id), (1, &Some(head.id.clone())));
    let within = SessionQuery { session_id: Some(head.id.clone()), ..query("plum") };
    assert_eq!(store.search(&within).await.unwrap().hits[0].message_id, Some(said.id));
    let change = SessionChange {
        session_ids: vec![head.id.clone()],
        archived: Some(true),
        ..SessionChange::default()
    };
    sessions.change(&change).await.unwrap();
    assert!(found(store, "plum").await.is_empty());
}

#[tokio::test]
async fn find_in_chat_goes_along_the_branch_shown() {
    let db = database().await;
    let (session, said) = titled(&db, "fig", &["fig 1", "no", "fig 2", "fig 3"]).await;
    titled(&db, "other", &["fig elsewhere"]).await;
    let mut version = message(&session.id, Role::User, "fig 2b");
    version.created_at += 10_000;
    db.store.messages().insert_after(Some(&said[1].id), &version).await.unwrap();
    let within = SessionQuery { session_id: Some(session.id.clone()), ..query("fig") };
    let hits = db.store.search(&within).await.unwrap().hits;
    assert_eq!(told(&hits), ["[fig] 1", "[fig] 2b"]);
    db.store.sessions().show(&said[2].id).await.unwrap();
    let hits = db.store.search(&within).await.unwrap().hits;
    assert_eq!(told(&hits), ["[fig] 1", "[fig] 2", "[fig] 3"]);
    assert_eq!(hits[1].message_id.as_ref(), Some(&said[2].id));
    let two = db.store.search(&SessionQuery { limit: 2, ..within.clone() }).await.unwrap();
    assert_eq!((told(&two.hits), two.more), (vec!["[fig] 1".into(), "[fig] 2".into()], true));
    db.store.sessions().delete(&session.id, 1).await.unwrap();
    assert!(db.store.search(&within).await.unwrap().hits.is_empty());
}
