//! Values with every field filled, and databases to put them in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_protocol::{
    AnswerStats, Attachment, AttachmentId, AttachmentKind, ChatSend, ChatSettings, Continued,
    Deployment, Device, EngineChoice, EngineKind, ErrorCode, ErrorInfo, Host, HostAddress, HostId,
    Message, MessageId, MessageState, ModelSource, QueuedId, QueuedMessage, RequestId, Role,
    Session, SessionId, SessionKind, SshAddress, Text,
};
use slipway_store::{Store, StoreOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Executor};
use tempfile::TempDir;

pub struct Database {
    pub directory: TempDir,
    pub path: PathBuf,
    pub store: Store,
}

/// An open store in a directory of its own.
pub async fn database() -> Database {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("slipway.db");
    let store = Store::open(&path).await.unwrap();
    Database { directory, path, store }
}

/// For tests that wait for the lock.
pub fn impatient() -> StoreOptions {
    StoreOptions { busy_timeout: Duration::from_millis(200), ..StoreOptions::default() }
}

/// A connection that knows nothing of the store.
pub async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap()
}

pub async fn execute(path: &Path, sql: &str) {
    let mut connection = connect(path).await;
    connection.execute(AssertSqlSafe(sql)).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

/// Asks SQLite whether the file, its references and its indexes of words are whole.
pub async fn verify(path: &Path) {
    let mut connection = connect(path).await;
    let verdict: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(verdict, "ok");
    let dangling =
        sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert_eq!(dangling.len(), 0);
    // With 1, FTS5 compares its index with the texts. Answers in the making are not in it.
    let streaming: i64 =
        sqlx::query_scalar("SELECT count(*) FROM messages WHERE state = 'streaming'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    let compared = if streaming == 0 { 1 } else { 0 };
    for table in ["messages_fts", "titles_fts"] {
        let check =
            format!("INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', {compared})");
        sqlx::query(AssertSqlSafe(check)).execute(&mut connection).await.unwrap();
    }
    sqlx::Connection::close(connection).await.unwrap();
}

pub fn host(name: &str) -> Host {
    Host {
        id: HostId::new(),
        name: name.to_owned(),
        address: HostAddress::Ssh(SshAddress {
            line: "ada@gpu".to_owned(),
            user: "ada".to_owned(),
            host: "gpu.example".to_owned(),
            port: 65535,
            identity: Some("/home/ada/.ssh/ключ".to_owned()),
            accepted_fingerprint: Some("SHA256:abc".to_owned()),
        }),
        created_at: 4_000_000_000_000,
        keep: true,
        directory: Some("/data/слип".to_owned()),
    }
}

pub fn deployment(host: &HostId, source: ModelSource) -> Deployment {
    Deployment {
        host_id: host.clone(),
        engine: "llama.cpp".to_owned(),
        engine_version: "b1234".to_owned(),
        model: "practice".to_owned(),
        practice: true,
        context_size: Some(4096),
        source,
        deployed_at: 1_700_000_000_001,
        first_token_ms: Some(12),
        tokens_per_second: Some(123.456),
        prompt_tokens_per_second: Some(0.5),
        engine_kind: EngineKind::Container,
        choice: EngineChoice::LlamaCpp { binary: Some("/opt/llama-server".to_owned()) },
        version: Some("20260101-1".to_owned()),
        keeper: Some("systemd".to_owned()),
        device: Some(Device::Gpu),
        socket: true,
    }
}

pub fn error() -> ErrorInfo {
    ErrorInfo {
        code: ErrorCode::EngineOutOfMemory,
        message: Text::new("Out of memory.", "Не хватает памяти."),
        fix: Text::verbatim("free -h"),
        detail_id: "d1".to_owned(),
        facts: None,
    }
}

pub fn stats() -> AnswerStats {
    AnswerStats {
        prompt_tokens: Some(1),
        completion_tokens: Some(u32::MAX),
        first_token_ms: Some(3),
        total_ms: Some(4),
        tokens_per_second: Some(0.1),
        prompt_tokens_per_second: Some(1e9),
        finish_reason: Some("stop".to_owned()),
        cached_tokens: Some(0),
        queue_ms: Some(5),
        reasoning_ms: Some(6),
        context_size: Some(4096),
        continued: Some(Continued::NewTurn),
    }
}

pub fn session() -> Session {
    Session {
        id: SessionId::new(),
        title: "Заголовок \"1\" '; DROP TABLE sessions; --".to_owned(),
        host_id: Some(HostId::local()),
        model: Some("practice".to_owned()),
        created_at: 1,
        updated_at: 2,
        pinned: false,
        message_count: 0,
        kind: SessionKind::Chat,
        folder_id: None,
        archived: false,
        tags: Vec::new(),
        titled: false,
        group_id: None,
        column: None,
        last_state: None,
    }
}

pub fn message(session: &SessionId, role: Role, content: &str) -> Message {
    Message {
        id: MessageId::new(),
        session_id: session.clone(),
        parent_id: None,
        position: 0,
        versions: Vec::new(),
        role,
        speaker: None,
        audience: None,
        summary: false,
        attachments: Vec::new(),
        content: content.to_owned(),
        reasoning: String::new(),
        state: match role {
            Role::Assistant => MessageState::Streaming,
            Role::System | Role::User => MessageState::Complete,
        },
        host_id: Some(HostId::local()),
        model: Some("practice".to_owned()),
        created_at: 1_700_000_000_000,
        request_id: Some(RequestId::new()),
        stats: AnswerStats::default(),
        error: None,
    }
}

/// A conversation that is a line of messages of the user, one hundred milliseconds apart.
pub async fn line(store: &Store, texts: &[&str]) -> (Session, Vec<Message>) {
    let session = session();
    store.sessions().insert(&session).await.unwrap();
    let mut said: Vec<Message> = Vec::new();
    for text in texts {
        let mut next = message(&session.id, Role::User, text);
        next.created_at += 100 * said.len() as u64;
        let parent = said.last().map(|message| &message.id);
        said.push(store.messages().insert_after(parent, &next).await.unwrap());
    }
    (store.sessions().get(&session.id).await.unwrap(), said)
}

/// A text file of this content.
pub fn file(id: AttachmentId, data: &[u8]) -> Attachment {
    Attachment {
        id,
        name: "заметка.md".to_owned(),
        mime: "text/markdown".to_owned(),
        kind: AttachmentKind::Text,
        bytes: data.len() as u64,
        tokens: Some(3),
    }
}

/// A message that waits.
pub fn queued(session: &SessionId, text: &str) -> QueuedMessage {
    QueuedMessage {
        id: QueuedId::new(),
        send: ChatSend {
            session_id: Some(session.clone()),
            host_id: HostId::local(),
            model: None,
            text: text.to_owned(),
            attachments: Vec::new(),
            settings: ChatSettings::default(),
            replaces: None,
            stream: true,
        },
        created_at: 7,
    }
}

/// A conversation with an answer in the making.
pub async fn answer(store: &Store) -> Message {
    let session = session();
    let user = message(&session.id, Role::User, "hello");
    let answer = message(&session.id, Role::Assistant, "");
    let turn = store.sessions().begin_turn(&session, &user, &answer).await;
    turn.unwrap().answer
}
