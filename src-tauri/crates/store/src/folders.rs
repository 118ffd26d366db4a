//! The table `folders`. Conversations name the folder that they lie in.

use slipway_protocol::{Folder, FolderId};

use crate::error::{Error, Result};
use crate::store::Store;

/// Folders of conversations, see [`Store::folders`].
#[derive(Clone, Copy, Debug)]
pub struct Folders<'a>(pub(crate) &'a Store);

impl Folders<'_> {
    /// All folders by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Folder>> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT id, name FROM folders ORDER BY name_key")
                .fetch_all(self.0.pool())
                .await
                .map_err(|error| self.0.error(error))?;
        Ok(rows.into_iter().map(|(id, name)| Folder { id: FolderId(id), name }).collect())
    }

    /// Makes a folder, or renames the one with this id.
    ///
    /// # Errors
    /// [`Error::Taken`] when another has the name, in capitals or not.
    pub async fn put(&self, folder: &Folder) -> Result<()> {
        sqlx::query(
            "INSERT INTO folders (id, name, name_key) VALUES (?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key",
        )
        .bind(folder.id.as_str())
        .bind(&folder.name)
        .bind(folder.name.to_lowercase())
        .execute(self.0.pool())
        .await
        .map(|_| ())
        .map_err(|error| self.0.taken(error, "folder", &folder.name))
    }

    /// Removes a folder; its conversations stay, outside of any.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, id: &FolderId) -> Result<()> {
        let removed = sqlx::query("DELETE FROM folders WHERE id = ?")
            .bind(id.as_str())
            .execute(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?;
        if removed.rows_affected() == 0 {
            return Err(Error::NotFound { noun: "folder", id: id.to_string() });
        }
        Ok(())
    }
}
