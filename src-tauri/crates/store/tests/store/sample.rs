//! Values with every field filled, and databases to put them in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_protocol::{
    AnswerStats, Deployment, Device, EngineChoice, EngineKind, ErrorCode, ErrorInfo, Host,
    HostAddress, HostId, Message, MessageId, MessageState, ModelSource, RequestId, Role, Session,
    SessionId, SshAddress, Text,
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
    }
}

pub fn message(session: &SessionId, role: Role, content: &str) -> Message {
    Message {
        id: MessageId::new(),
        session_id: session.clone(),
        position: 0,
        role,
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

/// A conversation with an answer in the making.
pub async fn answer(store: &Store) -> Message {
    let session = session();
    let user = message(&session.id, Role::User, "hello");
    let answer = message(&session.id, Role::Assistant, "");
    let turn = store.sessions().begin_turn(&session, &user, &answer).await;
    turn.unwrap().answer
}
