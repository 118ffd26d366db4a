//! The table `presets`: instructions and sampling under a name.

use slipway_protocol::{Preset, PresetId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::column::{from_json, json};
use crate::error::{Error, Result};
use crate::store::Store;

/// Instructions and sampling under a name, see [`Store::presets`].
#[derive(Clone, Copy, Debug)]
pub struct Presets<'a>(pub(crate) &'a Store);

impl Presets<'_> {
    /// All presets by name.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Preset>> {
        sqlx::query("SELECT * FROM presets ORDER BY name_key, id")
            .try_map(|row: SqliteRow| {
                Ok(Preset {
                    id: PresetId(row.try_get("id")?),
                    name: row.try_get("name")?,
                    settings: from_json(&row, "settings_json")?,
                })
            })
            .fetch_all(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))
    }

    /// Adds a preset, or changes the one with this id.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put(&self, preset: &Preset) -> Result<()> {
        let settings = json(&preset.settings).map_err(|error| self.0.error(error))?;
        sqlx::query(
            "INSERT INTO presets (id, name, name_key, settings_json) VALUES (?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, \
             settings_json = excluded.settings_json",
        )
        .bind(preset.id.as_str())
        .bind(&preset.name)
        .bind(preset.name.to_lowercase())
        .bind(settings)
        .execute(self.0.pool())
        .await
        .map(|_| ())
        .map_err(|error| self.0.error(error))
    }

    /// Removes a preset.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, id: &PresetId) -> Result<()> {
        let removed = sqlx::query("DELETE FROM presets WHERE id = ?")
            .bind(id.as_str())
            .execute(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?;
        if removed.rows_affected() == 0 {
            return Err(Error::NotFound { noun: "preset", id: id.to_string() });
        }
        Ok(())
    }
}
