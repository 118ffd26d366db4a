//! Values as columns hold them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use slipway_protocol::ErrorInfo;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

/// A count or time as SQLite's signed integer.
pub(crate) fn integer(value: u64) -> sqlx::Result<i64> {
    i64::try_from(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// A value as JSON text.
pub(crate) fn json(value: &impl Serialize) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// The value in a column of JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> sqlx::Result<T> {
    serde_json::from_str(row.try_get(column)?).map_err(|error| undecodable(column, error))
}

/// The error in a column that may be null. A code that this version does not know becomes
/// `internal`: the sentences for people still hold, and one new code must not hide a conversation.
pub(crate) fn error_info(row: &SqliteRow, column: &str) -> sqlx::Result<Option<ErrorInfo>> {
    let Some(text) = row.try_get::<Option<&str>, _>(column)? else {
        return Ok(None);
    };
    if let Ok(error) = serde_json::from_str(text) {
        return Ok(Some(error));
    }
    let mut value: Value =
        serde_json::from_str(text).map_err(|error| undecodable(column, error))?;
    if let Some(code) = value.get_mut("code") {
        *code = Value::from("internal");
    }
    serde_json::from_value(value).map(Some).map_err(|error| undecodable(column, error))
}

/// The failure of a column whose value this schema never writes.
pub(crate) fn undecodable(
    column: &str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: source.into() }
}

/// The value that has this name in a column of names.
pub(crate) fn named<T: Copy, const N: usize>(
    column: &str,
    name: &str,
    values: [T; N],
    name_of: fn(T) -> &'static str,
) -> sqlx::Result<T> {
    values
        .into_iter()
        .find(|value| name_of(*value) == name)
        .ok_or_else(|| undecodable(column, format!("unknown {column} {name:?}")))
}
