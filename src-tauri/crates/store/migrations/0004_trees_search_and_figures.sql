-- A conversation becomes a tree: every message hangs below the one before it, and the conversation
-- names the last message of the branch that is shown. Conversations lie in folders, are found by
-- their words, and what goes with them (drafts, files, figures) is kept.

PRAGMA user_version = 4;

CREATE TABLE folders (
    id       TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE -- the name in lower case: SQLite itself knows that for ASCII only
) STRICT;

-- The long texts come last: a row is read no further than to the last column asked for.
ALTER TABLE sessions ADD COLUMN number INTEGER; -- what the index of titles refers to, see below
ALTER TABLE sessions ADD COLUMN leaf_id TEXT;
ALTER TABLE sessions ADD COLUMN message_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN kind TEXT NOT NULL DEFAULT 'chat'
    CHECK (kind IN ('chat', 'compare', 'conversation'));
ALTER TABLE sessions ADD COLUMN folder_id TEXT REFERENCES folders (id) ON DELETE SET NULL;
ALTER TABLE sessions ADD COLUMN archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1));
ALTER TABLE sessions ADD COLUMN titled INTEGER NOT NULL DEFAULT 0 CHECK (titled IN (0, 1));
ALTER TABLE sessions ADD COLUMN group_id TEXT REFERENCES sessions (id) ON DELETE CASCADE;
ALTER TABLE sessions ADD COLUMN column_no INTEGER CHECK (column_no >= 0);
ALTER TABLE sessions ADD COLUMN settings_json TEXT NOT NULL DEFAULT '{}'
    CHECK (json_valid(settings_json));
ALTER TABLE sessions ADD COLUMN conversation_json TEXT CHECK (json_valid(conversation_json));

CREATE INDEX sessions_by_folder ON sessions (folder_id) WHERE folder_id IS NOT NULL;
CREATE INDEX sessions_by_group ON sessions (group_id, column_no) WHERE group_id IS NOT NULL;

CREATE TABLE session_tags (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    tag        TEXT NOT NULL,
    PRIMARY KEY (session_id, tag)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_tags_by_tag ON session_tags (tag);

-- The messages again, as a tree. A number of their own, because the search index refers to rows by
-- number and SQLite may give new ones to rows that have none. No cascade along parent_id: it would
-- go as deep as the conversation is long, and SQLite ends such chains at a thousand.
CREATE TABLE messages_new (
    number     INTEGER NOT NULL PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    parent_id  TEXT    REFERENCES messages_new (id) DEFERRABLE INITIALLY DEFERRED,
    position   INTEGER NOT NULL CHECK (position >= 0),
    role       TEXT    NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
    speaker    INTEGER CHECK (speaker >= 0),
    state      TEXT    NOT NULL
               CHECK (state IN ('streaming', 'complete', 'stopped', 'failed', 'interrupted')),
    host_id    TEXT,
    model      TEXT,
    created_at INTEGER NOT NULL,
    request_id TEXT,
    stats_json TEXT    NOT NULL CHECK (json_valid(stats_json)),
    error_json TEXT    CHECK (json_valid(error_json)),
    content    TEXT    NOT NULL,
    reasoning  TEXT    NOT NULL,
    CHECK ((parent_id IS NULL) = (position = 0))
) STRICT;

-- Positions could have gaps; depths cannot.
INSERT INTO messages_new (id, session_id, parent_id, position, role, state, host_id, model,
                          created_at, request_id, stats_json, error_json, content, reasoning)
SELECT id, session_id, lag(id) OVER branch, row_number() OVER branch - 1, role, state, host_id,
       model, created_at, request_id, stats_json, error_json, content, reasoning
FROM messages
WINDOW branch AS (PARTITION BY session_id ORDER BY position)
ORDER BY created_at, session_id, position;

DROP TABLE messages;
ALTER TABLE messages_new RENAME TO messages;

CREATE INDEX messages_by_session ON messages (session_id, position);
CREATE INDEX messages_by_parent ON messages (parent_id, session_id, created_at);
CREATE INDEX messages_streaming ON messages (number) WHERE state = 'streaming';

UPDATE sessions SET
    number = rowid,
    message_count = (SELECT count(*) FROM messages WHERE session_id = sessions.id),
    leaf_id = (SELECT id FROM messages WHERE session_id = sessions.id ORDER BY position DESC LIMIT 1);

CREATE UNIQUE INDEX sessions_by_number ON sessions (number);

CREATE TRIGGER messages_counted AFTER INSERT ON messages BEGIN
    UPDATE sessions SET message_count = message_count + 1 WHERE id = new.session_id;
END;

CREATE TRIGGER messages_uncounted AFTER DELETE ON messages BEGIN
    UPDATE sessions SET message_count = message_count - 1,
                        leaf_id = CASE leaf_id WHEN old.id THEN old.parent_id ELSE leaf_id END
    WHERE id = old.session_id;
END;

CREATE TRIGGER sessions_numbered AFTER INSERT ON sessions WHEN new.number IS NULL BEGIN
    UPDATE sessions SET number = (SELECT coalesce(max(number), 0) + 1 FROM sessions)
    WHERE id = new.id;
END;

-- Search. The indexes hold words only, the texts stay where they are. An answer is indexed when it
-- ends, not with every piece of it.
CREATE VIRTUAL TABLE messages_fts USING fts5 (
    content, content = 'messages', content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
INSERT INTO messages_fts (rowid, content)
SELECT number, content FROM messages WHERE state <> 'streaming' ORDER BY number;

CREATE TRIGGER messages_indexed AFTER INSERT ON messages WHEN new.state <> 'streaming' BEGIN
    INSERT INTO messages_fts (rowid, content) VALUES (new.number, new.content);
END;

CREATE TRIGGER messages_unindexed AFTER DELETE ON messages WHEN old.state <> 'streaming' BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, content)
    VALUES ('delete', old.number, old.content);
END;

-- One trigger for both steps: which of two fires first is not defined.
CREATE TRIGGER messages_reindexed AFTER UPDATE OF state, content ON messages
WHEN (old.state = 'streaming') <> (new.state = 'streaming')
     OR (new.state <> 'streaming' AND old.content <> new.content) BEGIN
    INSERT INTO messages_fts (messages_fts, rowid, content)
    SELECT 'delete', old.number, old.content WHERE old.state <> 'streaming';
    INSERT INTO messages_fts (rowid, content)
    SELECT new.number, new.content WHERE new.state <> 'streaming';
END;

CREATE VIRTUAL TABLE titles_fts USING fts5 (
    title, content = 'sessions', content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);
INSERT INTO titles_fts (rowid, title) SELECT number, title FROM sessions ORDER BY number;

-- A new title is indexed once its row has a number.
CREATE TRIGGER titles_indexed AFTER UPDATE OF number ON sessions WHEN old.number IS NULL BEGIN
    INSERT INTO titles_fts (rowid, title) VALUES (new.number, new.title);
END;

CREATE TRIGGER titles_unindexed AFTER DELETE ON sessions BEGIN
    INSERT INTO titles_fts (titles_fts, rowid, title) VALUES ('delete', old.number, old.title);
END;

CREATE TRIGGER titles_reindexed AFTER UPDATE OF title ON sessions
WHEN old.title <> new.title BEGIN
    INSERT INTO titles_fts (titles_fts, rowid, title) VALUES ('delete', old.number, old.title);
    INSERT INTO titles_fts (rowid, title) VALUES (new.number, new.title);
END;

-- Files sent with messages. One content may have many names, one file may go with many messages.
CREATE TABLE contents (
    sha256 BLOB NOT NULL PRIMARY KEY,
    data   BLOB NOT NULL
) STRICT;

CREATE TABLE attachments (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    mime       TEXT    NOT NULL,
    kind       TEXT    NOT NULL CHECK (kind IN ('text', 'image')),
    bytes      INTEGER NOT NULL,
    tokens     INTEGER,
    created_at INTEGER NOT NULL,
    sha256     BLOB    NOT NULL REFERENCES contents (sha256)
) STRICT;

CREATE INDEX attachments_by_content ON attachments (sha256);

CREATE TABLE message_attachments (
    message_id    TEXT    NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    place         INTEGER NOT NULL,
    attachment_id TEXT    NOT NULL REFERENCES attachments (id),
    PRIMARY KEY (message_id, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX message_attachments_by_attachment ON message_attachments (attachment_id);

CREATE TRIGGER attachments_unused AFTER DELETE ON message_attachments
WHEN NOT EXISTS (SELECT 1 FROM message_attachments WHERE attachment_id = old.attachment_id) BEGIN
    DELETE FROM attachments WHERE id = old.attachment_id;
END;

CREATE TRIGGER contents_unused AFTER DELETE ON attachments
WHEN NOT EXISTS (SELECT 1 FROM attachments WHERE sha256 = old.sha256) BEGIN
    DELETE FROM contents WHERE sha256 = old.sha256;
END;

CREATE TABLE compactions (
    id            TEXT    NOT NULL PRIMARY KEY,
    session_id    TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    until_id      TEXT    NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    summary       TEXT,
    tokens_before INTEGER NOT NULL,
    tokens_after  INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT;

CREATE INDEX compactions_by_session ON compactions (session_id);
CREATE INDEX compactions_by_until ON compactions (until_id);

CREATE TABLE drafts (
    session_id TEXT REFERENCES sessions (id) ON DELETE CASCADE, -- null: a new conversation
    text       TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX drafts_by_session ON drafts (coalesce(session_id, ''));

CREATE TABLE queue (
    place      INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    session_id TEXT    NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    send_json  TEXT    NOT NULL CHECK (json_valid(send_json))
) STRICT;

CREATE INDEX queue_by_session ON queue (session_id, place);

CREATE TABLE presets (
    id            TEXT NOT NULL PRIMARY KEY,
    name          TEXT NOT NULL,
    name_key      TEXT NOT NULL,
    settings_json TEXT NOT NULL CHECK (json_valid(settings_json))
) STRICT;

CREATE TABLE snippets (
    id       TEXT NOT NULL PRIMARY KEY,
    name     TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    text     TEXT NOT NULL
) STRICT;

-- What every request to a model took. Refers to no host, conversation or model: figures outlive what
-- they are about. Who answered is written down once for many requests.
CREATE TABLE request_sources (
    number    INTEGER NOT NULL PRIMARY KEY,
    host_id   TEXT    NOT NULL,
    host_name TEXT    NOT NULL,
    model     TEXT    NOT NULL,
    UNIQUE (host_id, host_name, model)
) STRICT;

CREATE TABLE requests (
    number                   INTEGER NOT NULL PRIMARY KEY,
    at                       INTEGER NOT NULL,
    source                   INTEGER NOT NULL REFERENCES request_sources (number),
    session_id               TEXT,
    outcome                  TEXT    NOT NULL CHECK (outcome IN ('complete', 'stopped', 'failed')),
    error_code               TEXT,
    prompt_tokens            INTEGER,
    completion_tokens        INTEGER,
    cached_tokens            INTEGER,
    first_token_ms           INTEGER,
    total_ms                 INTEGER,
    tokens_per_second        REAL,
    prompt_tokens_per_second REAL,
    queue_ms                 INTEGER
) STRICT;

CREATE INDEX requests_by_time ON requests (at);
CREATE INDEX requests_by_source ON requests (source);
