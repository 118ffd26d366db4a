//! Search over titles and messages, with the indexes `titles_fts` and `messages_fts`.

mod pieces;
mod words;

use std::collections::HashMap;

use slipway_protocol::{
    FolderId, HostId, MessageId, SearchHit, SearchResult, Session, SessionId, SessionQuery,
    SnippetPiece,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use crate::column::{integer, json};
use crate::error::Result;
use crate::sessions::row;
use crate::store::Store;
use pieces::Marks;
use words::Words;

/// At most so many messages are ranked, the newest: words that are more common than this tell
/// messages apart by nothing but their age.
const RANKED: u32 = 500;

/// How much more a word tells in a title.
const TITLE_WEIGHT: f64 = 4.0;

impl Store {
    /// Finds conversations and messages: what was found, the best first; in one conversation, in
    /// order over the branch shown. Any text is a fine query. Deleted conversations are never found,
    /// nor what an answer in the making says.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn search(&self, query: &SessionQuery) -> Result<SearchResult> {
        async {
            let mut transaction = self.pool().begin().await?;
            let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
            let mut found = match (Words::parse(&query.text), &query.session_id) {
                (Words::Match(words), Some(session)) => {
                    in_session(&mut transaction, session, &words, limit).await?
                }
                (Words::Match(words), None) => {
                    everywhere(&mut transaction, query, &words, limit).await?
                }
                (Words::None, None) => sessions(&mut transaction, query, limit).await?,
                (Words::Unfindable, _) | (Words::None, Some(_)) => Vec::new(),
            };
            let more = found.len() > limit;
            found.truncate(limit);
            Ok(SearchResult { hits: with_sessions(&mut transaction, found).await?, more })
        }
        .await
        .map_err(|error| self.error(error))
    }
}

/// A place, before its conversation is read.
struct Found {
    session: SessionId,
    /// The number and id of the message; of a title, none.
    message: Option<(i64, MessageId)>,
    at: u64,
    /// As bm25: the smaller the better.
    rank: f64,
    snippet: Vec<SnippetPiece>,
}

/// Conditions on the conversation `s`, the comparison `h` it belongs to or itself, by the numbers of
/// the parameters that [`filtered`] binds.
macro_rules! passes {
    () => {
        "s.deleted_at IS NULL AND (?1 OR h.archived = 0) AND (?2 IS NULL OR h.folder_id = ?2) \
         AND (?3 IS NULL OR EXISTS (SELECT 1 FROM session_tags WHERE session_id = h.id AND tag = ?3))"
    };
}

/// The messages that a conversation must have where only a host or a model is asked for.
macro_rules! answered {
    () => {
        "((?4 IS NULL AND ?5 IS NULL) OR EXISTS (SELECT 1 FROM messages m WHERE m.session_id = s.id \
         AND (?4 IS NULL OR m.host_id = ?4) AND (?5 IS NULL OR m.model = ?5)))"
    };
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

/// A query with the filters as its parameters 1 to 7.
fn filtered<'q>(sql: &'static str, query: &'q SessionQuery) -> sqlx::Result<Query<'q>> {
    Ok(sqlx::query(sql)
        .bind(query.archived)
        .bind(query.folder_id.as_ref().map(FolderId::as_str))
        .bind(query.tag.as_deref())
        .bind(query.host_id.as_ref().map(HostId::as_str))
        .bind(query.model.as_deref())
        .bind(integer(query.from.unwrap_or(0))?)
        .bind(query.until.map_or(Ok(i64::MAX), integer)?))
}

/// All conversations that pass the filters, the newest first.
async fn sessions(
    connection: &mut SqliteConnection,
    query: &SessionQuery,
    limit: usize,
) -> sqlx::Result<Vec<Found>> {
    const SQL: &str = concat!(
        "SELECT s.id, s.updated_at, s.title FROM sessions s \
         JOIN sessions h ON h.id = s.id WHERE s.group_id IS NULL AND ",
        passes!(),
        " AND ",
        answered!(),
        " AND s.updated_at BETWEEN ?6 AND ?7 ORDER BY s.updated_at DESC, s.id DESC LIMIT ?8"
    );
    let found = |row: SqliteRow| {
        let snippet = SnippetPiece { text: row.try_get("title")?, hit: false };
        Ok(Found {
            session: SessionId(row.try_get("id")?),
            message: None,
            at: row.try_get("updated_at")?,
            rank: 0.0,
            snippet: vec![snippet],
        })
    };
    let query = filtered(SQL, query)?.bind(one_more(limit)?);
    query.try_map(found).fetch_all(connection).await
}

/// Titles and messages that hold all words, the best first, one more than the limit.
async fn everywhere(
    connection: &mut SqliteConnection,
    query: &SessionQuery,
    words: &str,
    limit: usize,
) -> sqlx::Result<Vec<Found>> {
    let marks = Marks::new();
    let mut found = messages(connection, query, words, limit, &marks).await?;
    found.extend(titles(connection, query, words, limit, &marks).await?);
    found.sort_by(|a, b| a.rank.total_cmp(&b.rank).then(b.at.cmp(&a.at)));
    found.truncate(limit + 1);
    let missing = found.iter().filter(|found| found.snippet.is_empty()).filter_map(Found::number);
    let missing: Vec<i64> = missing.collect();
    let mut described = describe(connection, words, &missing, &marks, false).await?;
    for found in &mut found {
        if let Some((_, snippet)) = found.number().and_then(|number| described.remove(&number)) {
            found.snippet = snippet;
        }
    }
    Ok(found)
}

impl Found {
    fn number(&self) -> Option<i64> {
        self.message.as_ref().map(|(number, _)| *number)
    }
}

async fn titles(
    connection: &mut SqliteConnection,
    query: &SessionQuery,
    words: &str,
    limit: usize,
    marks: &Marks,
) -> sqlx::Result<Vec<Found>> {
    const SQL: &str = concat!(
        "SELECT s.id, s.updated_at, bm25(titles_fts) AS rank, \
         highlight(titles_fts, 0, ?9, ?10) AS marked \
         FROM titles_fts f CROSS JOIN sessions s ON s.number = f.rowid \
         CROSS JOIN sessions h ON h.id = coalesce(s.group_id, s.id) \
         WHERE titles_fts MATCH ?8 AND ",
        passes!(),
        " AND ",
        answered!(),
        " AND s.updated_at BETWEEN ?6 AND ?7 ORDER BY f.rowid DESC LIMIT ?11"
    );
    filtered(SQL, query)?
        .bind(words)
        .bind(&marks.begin)
        .bind(&marks.end)
        .bind(i64::from(RANKED).max(one_more(limit)?))
        .try_map(|row| {
            Ok(Found {
                session: SessionId(row.try_get("id")?),
                message: None,
                at: row.try_get("updated_at")?,
                rank: row.try_get::<f64, _>("rank")? * TITLE_WEIGHT,
                snippet: marks.pieces(row.try_get("marked")?),
            })
        })
        .fetch_all(connection)
        .await
}

/// The newest messages that hold all words. They are ranked if these are all there are.
async fn messages(
    connection: &mut SqliteConnection,
    query: &SessionQuery,
    words: &str,
    limit: usize,
    marks: &Marks,
) -> sqlx::Result<Vec<Found>> {
    const SQL: &str = concat!(
        "SELECT m.number, m.id, m.session_id, m.created_at \
         FROM messages_fts f CROSS JOIN messages m ON m.number = f.rowid \
         CROSS JOIN sessions s ON s.id = m.session_id \
         CROSS JOIN sessions h ON h.id = coalesce(s.group_id, s.id) \
         WHERE messages_fts MATCH ?8 AND ",
        passes!(),
        " AND (?4 IS NULL OR m.host_id = ?4) AND (?5 IS NULL OR m.model = ?5) \
         AND m.created_at BETWEEN ?6 AND ?7 ORDER BY f.rowid DESC LIMIT ?9"
    );
    let most = i64::from(RANKED).max(one_more(limit)?);
    let mut found = filtered(SQL, query)?
        .bind(words)
        .bind(most)
        .try_map(|row| from_message(&row))
        .fetch_all(&mut *connection)
        .await?;
    if i64::try_from(found.len()).is_ok_and(|count| count < most) {
        let numbers: Vec<i64> = found.iter().filter_map(Found::number).collect();
        let few = found.len() <= limit;
        let mut described = if few {
            describe(connection, words, &numbers, marks, true).await?
        } else {
            rank(connection, words, &numbers).await?
        };
        for found in &mut found {
            if let Some((rank, snippet)) = found.number().and_then(|n| described.remove(&n)) {
                (found.rank, found.snippet) = (rank, snippet);
            }
        }
    }
    Ok(found)
}

fn from_message(row: &SqliteRow) -> sqlx::Result<Found> {
    Ok(Found {
        session: SessionId(row.try_get("session_id")?),
        message: Some((row.try_get("number")?, MessageId(row.try_get("id")?))),
        at: row.try_get("created_at")?,
        rank: 0.0,
        snippet: Vec::new(),
    })
}

/// What is said about a message that was found: its rank, and the text around the words.
type Described = HashMap<i64, (f64, Vec<SnippetPiece>)>;

/// The ranks of messages that hold all words.
async fn rank(
    connection: &mut SqliteConnection,
    words: &str,
    numbers: &[i64],
) -> sqlx::Result<Described> {
    let rows: Vec<(i64, f64)> = sqlx::query_as(
        "SELECT rowid, bm25(messages_fts) FROM messages_fts WHERE messages_fts MATCH ? \
         AND rowid BETWEEN ? AND ? AND +rowid IN (SELECT value FROM json_each(?))",
    )
    .bind(words)
    .bind(numbers.iter().min())
    .bind(numbers.iter().max())
    .bind(json(&numbers)?)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|(number, rank)| (number, (rank, Vec::new()))).collect())
}

/// The texts around the words, and the ranks if they are wanted: these cost as much as the words are
/// common.
async fn describe(
    connection: &mut SqliteConnection,
    words: &str,
    numbers: &[i64],
    marks: &Marks,
    ranked: bool,
) -> sqlx::Result<Described> {
    if numbers.is_empty() {
        return Ok(Described::new());
    }
    let rows: Vec<(i64, f64, String)> = sqlx::query_as(
        "SELECT rowid, CASE WHEN ? THEN bm25(messages_fts) ELSE 0.0 END, \
         snippet(messages_fts, 0, ?, ?, '…', 24) FROM messages_fts WHERE messages_fts MATCH ? \
         AND rowid BETWEEN ? AND ? AND +rowid IN (SELECT value FROM json_each(?))",
    )
    .bind(ranked)
    .bind(&marks.begin)
    .bind(&marks.end)
    .bind(words)
    .bind(numbers.iter().min())
    .bind(numbers.iter().max())
    .bind(json(&numbers)?)
    .fetch_all(connection)
    .await?;
    let pieces = |(number, rank, text): (i64, f64, String)| (number, (rank, marks.pieces(&text)));
    Ok(rows.into_iter().map(pieces).collect())
}

/// Messages of the branch shown that hold all words, in order, one more than the limit; of a
/// comparison, those of its columns.
async fn in_session(
    connection: &mut SqliteConnection,
    session: &SessionId,
    words: &str,
    limit: usize,
) -> sqlx::Result<Vec<Found>> {
    let mut found = sqlx::query(
        "WITH RECURSIVE path (number, parent_id) AS ( \
           SELECT m.number, m.parent_id FROM sessions s JOIN messages m ON m.id = s.leaf_id \
           WHERE (s.id = ?1 OR s.group_id = ?1) AND s.deleted_at IS NULL \
           UNION ALL SELECT m.number, m.parent_id FROM path JOIN messages m ON m.id = path.parent_id) \
         SELECT m.number, m.id, m.session_id, m.created_at \
         FROM messages_fts f CROSS JOIN messages m ON m.number = f.rowid \
         WHERE messages_fts MATCH ?2 \
         AND f.rowid BETWEEN (SELECT min(number) FROM path) AND (SELECT max(number) FROM path) \
         AND +f.rowid IN (SELECT number FROM path) ORDER BY m.position LIMIT ?3",
    )
    .bind(session.as_str())
    .bind(words)
    .bind(one_more(limit)?)
    .try_map(|row| from_message(&row))
    .fetch_all(&mut *connection)
    .await?;
    let numbers: Vec<i64> = found.iter().filter_map(Found::number).collect();
    let mut described = describe(connection, words, &numbers, &Marks::new(), false).await?;
    for found in &mut found {
        if let Some((_, snippet)) = found.number().and_then(|number| described.remove(&number)) {
            found.snippet = snippet;
        }
    }
    Ok(found)
}

/// Reads the conversations of what was found.
async fn with_sessions(
    connection: &mut SqliteConnection,
    found: Vec<Found>,
) -> sqlx::Result<Vec<SearchHit>> {
    let ids: Vec<&str> = found.iter().map(|found| found.session.as_str()).collect();
    let sessions = sqlx::query(row::select!("WHERE s.id IN (SELECT value FROM json_each(?))"))
        .bind(json(&ids)?)
        .try_map(|row| row::from_row(&row))
        .fetch_all(connection)
        .await?;
    let sessions: HashMap<SessionId, Session> =
        sessions.into_iter().map(|session| (session.id.clone(), session)).collect();
    let hit = |found: Found| {
        Some(SearchHit {
            session: sessions.get(&found.session)?.clone(),
            message_id: found.message.map(|(_, id)| id),
            at: found.at,
            snippet: found.snippet,
        })
    };
    Ok(found.into_iter().filter_map(hit).collect())
}

/// One more than is asked for tells that there are more.
fn one_more(limit: usize) -> sqlx::Result<i64> {
    i64::try_from(limit)
        .map(|limit| limit.saturating_add(1))
        .map_err(|error| sqlx::Error::Encode(error.into()))
}
