//! The table `snippets`: texts of the prompt library.

use slipway_protocol::{Snippet, SnippetId};

use crate::error::{Error, Result};
use crate::store::Store;

/// Texts of the prompt library, see [`Store::snippets`].
#[derive(Clone, Copy, Debug)]
pub struct Snippets<'a>(pub(crate) &'a Store);

impl Snippets<'_> {
    /// All texts by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Snippet>> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT id, name, text FROM snippets ORDER BY name_key")
                .fetch_all(self.0.pool())
                .await
                .map_err(|error| self.0.error(error))?;
        let snippet = |(id, name, text)| Snippet { id: SnippetId(id), name, text };
        Ok(rows.into_iter().map(snippet).collect())
    }

    /// Adds a text, or changes the one with this id.
    ///
    /// # Errors
    /// [`Error::Taken`] when another has the name, in capitals or not.
    pub async fn put(&self, snippet: &Snippet) -> Result<()> {
        sqlx::query(
            "INSERT INTO snippets (id, name, name_key, text) VALUES (?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, \
             text = excluded.text",
        )
        .bind(snippet.id.as_str())
        .bind(&snippet.name)
        .bind(snippet.name.to_lowercase())
        .bind(&snippet.text)
        .execute(self.0.pool())
        .await
        .map(|_| ())
        .map_err(|error| self.0.taken(error, "snippet", &snippet.name))
    }

    /// Removes a text.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, id: &SnippetId) -> Result<()> {
        let removed = sqlx::query("DELETE FROM snippets WHERE id = ?")
            .bind(id.as_str())
            .execute(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?;
        if removed.rows_affected() == 0 {
            return Err(Error::NotFound { noun: "snippet", id: id.to_string() });
        }
        Ok(())
    }
}
