//! The table `settings`, one row per setting.

use serde_json::{Map, Value};
use slipway_protocol::Settings;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::column::{from_json, json};
use crate::error::Result;
use crate::store::Store;

/// The user's settings, see [`Store::settings`].
#[derive(Clone, Copy, Debug)]
pub struct SettingsTable<'a>(pub(crate) &'a Store);

impl SettingsTable<'_> {
    /// The settings; what was never set has its default. So has a value that this version does not
    /// understand: settings must not keep the program from starting.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self) -> Result<Settings> {
        let rows: Vec<(String, Value)> = sqlx::query("SELECT name, value_json FROM settings")
            .try_map(|row: SqliteRow| Ok((row.try_get("name")?, from_json(&row, "value_json")?)))
            .fetch_all(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?;
        let mut stored = Map::new();
        for (name, value) in rows {
            let alone = Map::from_iter([(name.clone(), value.clone())]);
            match serde_json::from_value::<Settings>(Value::Object(alone)) {
                Ok(_) => {
                    stored.insert(name, value);
                }
                Err(error) => tracing::warn!(name, %error, "a setting has its default again"),
            }
        }
        Ok(serde_json::from_value(Value::Object(stored)).unwrap_or_default())
    }

    /// Stores all settings.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn put(&self, settings: &Settings) -> Result<()> {
        let mut transaction = self.0.begin().await?;
        let written = async {
            let values: Map<String, Value> = serde_json::to_value(settings)
                .and_then(serde_json::from_value)
                .map_err(|error| sqlx::Error::Encode(error.into()))?;
            for (name, value) in values {
                sqlx::query("INSERT OR REPLACE INTO settings (name, value_json) VALUES (?, ?)")
                    .bind(name)
                    .bind(json(&value)?)
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(())
        }
        .await;
        written.map_err(|error| self.0.error(error))?;
        self.0.commit(transaction).await
    }
}
