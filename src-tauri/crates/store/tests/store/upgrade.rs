//! A database of an earlier version keeps its data.

use std::fs;
use std::path::Path;

use slipway_protocol::{Host, HostAddress, HostId};
use slipway_store::Store;
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// A file as the first version left it: only the first migration has run.
async fn first_version(path: &Path) -> SqliteConnection {
    let folder = tempfile::tempdir().unwrap();
    let name = "0001_first_schema.sql";
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    fs::copy(migrations.join(name), folder.path().join(name)).unwrap();
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    Migrator::new(folder.path()).await.unwrap().run(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn hosts_of_the_first_version_are_dialled_by_what_they_stood_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slipway.db");
    let mut old = first_version(&path).await;
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
