-- A migration is never changed once released, only added. Each one sets user_version to its own
-- number, so that an older Slipway can refuse the file from its first hundred bytes.
-- Times are milliseconds since the Unix epoch. Columns named *_json hold the JSON of a type of the
-- crate slipway-protocol.

PRAGMA application_id = 0x534C5057; -- "SLPW": a file of another program is refused
PRAGMA user_version = 1;

CREATE TABLE hosts (
    id                   TEXT    NOT NULL PRIMARY KEY,
    name                 TEXT    NOT NULL,
    kind                 TEXT    NOT NULL CHECK (kind IN ('local', 'ssh')),
    user                 TEXT,
    address              TEXT,
    port                 INTEGER CHECK (port BETWEEN 0 AND 65535),
    identity             TEXT,
    accepted_fingerprint TEXT,
    created_at           INTEGER NOT NULL,
    deleted_at           INTEGER,
    CHECK (kind = 'local' OR (user IS NOT NULL AND address IS NOT NULL AND port IS NOT NULL))
) STRICT;

-- A removed host keeps its name for a restore, but does not keep it from others.
CREATE UNIQUE INDEX hosts_by_name ON hosts (name) WHERE deleted_at IS NULL;

INSERT INTO hosts (id, name, kind, created_at)
VALUES ('local', 'local', 'local', CAST(unixepoch('subsec') * 1000 AS INTEGER));

CREATE TABLE deployments (
    host_id           TEXT    NOT NULL PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    engine            TEXT    NOT NULL,
    engine_version    TEXT    NOT NULL,
    model             TEXT    NOT NULL,
    practice          INTEGER NOT NULL CHECK (practice IN (0, 1)),
    context_size      INTEGER,
    source_json       TEXT    NOT NULL CHECK (json_valid(source_json)),
    deployed_at       INTEGER NOT NULL,
    first_token_ms    INTEGER,
    tokens_per_second REAL
) STRICT;

-- Apart from deployments, because the first deploy of a host can fail.
CREATE TABLE deploy_errors (
    host_id    TEXT NOT NULL PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    error_json TEXT NOT NULL CHECK (json_valid(error_json))
) STRICT;

-- host_id in sessions and messages refers to nothing on purpose: a conversation outlives its host.
CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    title      TEXT    NOT NULL,
    host_id    TEXT,
    model      TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    pinned     INTEGER NOT NULL CHECK (pinned IN (0, 1)),
    deleted_at INTEGER
) STRICT;

CREATE INDEX sessions_by_update ON sessions (pinned, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX sessions_deleted ON sessions (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE messages (
    id         TEXT    NOT NULL PRIMARY KEY,
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL CHECK (position >= 0),
    role       TEXT    NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
    content    TEXT    NOT NULL,
    reasoning  TEXT    NOT NULL,
    state      TEXT    NOT NULL
               CHECK (state IN ('streaming', 'complete', 'stopped', 'failed', 'interrupted')),
    host_id    TEXT,
    model      TEXT,
    created_at INTEGER NOT NULL,
    request_id TEXT,
    stats_json TEXT    NOT NULL CHECK (json_valid(stats_json)),
    error_json TEXT    CHECK (json_valid(error_json)),
    UNIQUE (session_id, position)
) STRICT;

CREATE INDEX messages_streaming ON messages (id) WHERE state = 'streaming';

-- One row per setting, so that a value unknown to this version costs that setting only.
CREATE TABLE settings (
    name       TEXT NOT NULL PRIMARY KEY,
    value_json TEXT NOT NULL CHECK (json_valid(value_json))
) STRICT;
