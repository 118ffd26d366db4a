//! A database of an earlier version keeps its data.

use std::fs;
use std::path::Path;

use slipway_protocol::{Host, HostAddress, HostId, MessageState, SessionId};
use slipway_store::Store;
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// A file as an earlier version left it: only the migrations up to it have run.
async fn version(number: usize, path: &Path) -> SqliteConnection {
    let folder = tempfile::tempdir().unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut names: Vec<_> =
        fs::read_dir(&migrations).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in &names[..number] {
        fs::copy(migrations.join(name), folder.path().join(name)).unwrap();
    }
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    Migrator::new(folder.path()).await.unwrap().run(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn hosts_of_the_first_version_are_dialled_by_what_they_stood_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    let mut old = version(1, &path).await;
    let rows = [
        ("a", "gpu", "me", "gpu.example", 22, "NULL"),
        ("b", "six", "ann", "2001:db8::7", 2222, "NULL"),
        ("c", "gone", "me", "192.0.2.7", 22, "1700000000000"),
    ];
    for (id, name, user, address, port, deleted_at) in rows {
        let insert = format!(
            "INSERT INTO hosts (id, name, kind, user, address, port, identity, created_at, deleted_at) \
             VALUES ('{id}', '{name}', 'ssh', '{user}', '{address}', {port}, '/key', 1, {deleted_at})"
        );
        sqlx::query(sqlx::AssertSqlSafe(insert)).execute(&mut old).await.unwrap();
    }
    sqlx::query(
        "INSERT INTO deployments (host_id, engine, engine_version, model, practice, source_json, deployed_at) \
         VALUES ('a', 'llama.cpp', 'b1', 'practice', 1, '{\"type\":\"practice\"}', 2)",
    )
    .execute(&mut old)
    .await
    .unwrap();
    old.close().await.unwrap();

    let store = Store::open(&path).await.unwrap();
    let line = |host: &Host| match &host.address {
        HostAddress::Ssh(ssh) => {
            assert_eq!(ssh.identity.as_deref(), Some("/key"));
            format!("{} {} {}", ssh.line, ssh.host, ssh.port)
        }
        HostAddress::Local => "local".to_owned(),
    };
    let hosts = store.hosts().list().await.unwrap();
    assert!(hosts.iter().all(|host| !host.keep), "no tunnel starts by itself");
    let lines: Vec<_> = hosts.iter().map(line).collect();
    assert_eq!(
        lines,
        ["local", "me@gpu.example:22 gpu.example 22", "ann@[2001:db8::7]:2222 2001:db8::7 2222"]
    );
    let views = store.hosts().views().await.unwrap();
    let deployed = views.iter().find(|view| view.host.name == "gpu").unwrap();
    let of_before = deployed.deployment.as_ref().unwrap();
    assert_eq!(of_before.model, "practice");
    assert_eq!(of_before.engine_kind, slipway_protocol::EngineKind::LlamaCpp);
    assert_eq!(of_before.choice, slipway_protocol::EngineChoice::Auto);
    assert!(of_before.version.is_none() && !of_before.socket);
    assert!(hosts.iter().all(|host| host.directory.is_none()));
    let restored = store.hosts().restore(&HostId("c".into())).await.unwrap();
    assert_eq!(line(&restored), "me@192.0.2.7:22 192.0.2.7 22");

    assert!(store.hosts().keep(&restored.id, true).await.unwrap().keep);
    store.close().await;
    let again = Store::open(&path).await.unwrap();
    assert!(again.hosts().get(&restored.id).await.unwrap().keep);
}

#[tokio::test]
async fn conversations_of_the_third_version_become_trees_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    let mut old = version(3, &path).await;
    let mut sql = String::from(
        "BEGIN; INSERT INTO sessions VALUES ('empty', 'Пусто', NULL, NULL, 1, 2, 0, NULL);
         INSERT INTO sessions VALUES ('gone', 'Удалена', 'local', 'm', 1, 3, 1, 5);
         INSERT INTO sessions VALUES ('long', 'Длинная', 'local', 'm', 1, 4, 1, NULL);",
    );
    for n in 0..2001 {
        // With a gap, as a message that was removed leaves one.
        let position = if n < 1000 { n } else { n + 1 };
        let (role, state) = match n {
            2000 => ("assistant", "streaming"),
            1999 => ("assistant", "failed"),
            _ => ("user", "complete"),
        };
        let error = if n == 1999 {
            serde_json::to_string(&crate::sample::error()).unwrap()
        } else {
            "null".to_owned()
        };
        sql += &format!(
            "INSERT INTO messages VALUES ('m{n}', 'long', {position}, '{role}', 'слово{n} ё👍', \
             'мысль', '{state}', 'local', 'm', {n}, 'r{n}', '{{\"prompt_tokens\":{n}}}', \
             nullif('{error}', 'null'));"
        );
    }
    sql += "INSERT INTO messages VALUES ('g', 'gone', 0, 'user', 'x', '', 'complete', NULL, NULL, \
            9, NULL, '{}', NULL); COMMIT;";
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut old).await.unwrap();
    old.close().await.unwrap();

    let store = Store::open(&path).await.unwrap();
    let sessions = store.sessions().list().await.unwrap();
    let told: Vec<_> = sessions
        .iter()
        .map(|s| (s.id.as_str(), s.title.as_str(), s.pinned, s.message_count, s.last_state))
        .collect();
    assert_eq!(
        told,
        [
            ("long", "Длинная", true, 2001, Some(MessageState::Streaming)),
            ("empty", "Пусто", false, 0, None)
        ]
    );
    assert!(sessions.iter().all(|s| !s.archived && !s.titled && s.tags.is_empty()));
    let long = SessionId::from("long");
    let branch = store.messages().branch(&long).await.unwrap();
    assert_eq!(branch.len(), 2001);
    for (n, message) in branch.iter().enumerate() {
        assert_eq!(message.id.as_str(), format!("m{n}"));
        assert_eq!(message.position as usize, n);
        let parent = message.parent_id.as_ref().map(|id| id.as_str().to_owned());
        assert_eq!(parent, n.checked_sub(1).map(|n| format!("m{n}")));
        assert!(message.versions.is_empty() && message.attachments.is_empty());
        assert_eq!(message.content, format!("слово{n} ё👍"));
        assert_eq!(message.reasoning, "мысль");
        assert_eq!(message.created_at, n as u64);
        assert_eq!(message.stats.prompt_tokens, u32::try_from(n).ok());
        assert_eq!(message.request_id.as_ref().map(|id| id.0.clone()), Some(format!("r{n}")));
        assert_eq!(message.error.is_some(), n == 1999);
    }
    assert_eq!(store.messages().mark_interrupted().await.unwrap(), 1);
    let settings = store.sessions().settings_of(&long).await.unwrap();
    assert_eq!(settings, slipway_protocol::ChatSettings::default());
    let gone = store.sessions().restore(&SessionId::from("gone")).await.unwrap();
    assert_eq!(gone.message_count, 1);

    // As deep as it is: removed for good at once.
    store.sessions().delete(&long, 10).await.unwrap();
    assert_eq!(store.sessions().purge_deleted_before(11).await.unwrap(), 1);
    assert!(store.messages().all(&long).await.unwrap().is_empty());
    store.close().await;
    crate::sample::verify(&path).await;
}
