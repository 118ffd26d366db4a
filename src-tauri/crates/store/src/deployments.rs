//! The tables `deployments` (what runs on a host) and `deploy_errors` (why the last deploy failed).

use slipway_protocol::{Deployment, ErrorInfo, HostId};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::column::{error_info, from_json, integer, json};
use crate::error::{Error, Result};
use crate::store::Store;

/// What runs on the machines, see [`Store::deployments`].
#[derive(Clone, Copy, Debug)]
pub struct Deployments<'a>(pub(crate) &'a Store);

impl Deployments<'_> {
    /// What was deployed last on a host.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn get(&self, host: &HostId) -> Result<Option<Deployment>> {
        sqlx::query("SELECT * FROM deployments WHERE host_id = ?")
            .bind(host.as_str())
            .try_map(|row| from_row(&row, host.clone()))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))
    }

    /// Records what runs on a host, in place of what ran before, and forgets why the last deploy
    /// failed.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such host.
    pub async fn put(&self, deployment: &Deployment) -> Result<()> {
        let host = deployment.host_id.as_str();
        let row = |error| self.0.error(error);
        let source = json(&deployment.source).map_err(row)?;
        let kind = json(&deployment.engine_kind).map_err(row)?;
        let choice = json(&deployment.choice).map_err(row)?;
        let device = deployment.device.as_ref().map(json).transpose().map_err(row)?;
        let deployed_at = integer(deployment.deployed_at).map_err(row)?;
        let first_token_ms = deployment.first_token_ms.map(integer).transpose().map_err(row)?;
        let mut transaction = self.0.begin().await?;
        sqlx::query(
            "INSERT OR REPLACE INTO deployments \
             (host_id, engine, engine_version, model, practice, context_size, source_json, \
              deployed_at, first_token_ms, tokens_per_second, prompt_tokens_per_second, \
              engine_kind_json, choice_json, version, keeper, device_json, socket) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(host)
        .bind(&deployment.engine)
        .bind(&deployment.engine_version)
        .bind(&deployment.model)
        .bind(deployment.practice)
        .bind(deployment.context_size)
        .bind(source)
        .bind(deployed_at)
        .bind(first_token_ms)
        .bind(deployment.tokens_per_second)
        .bind(deployment.prompt_tokens_per_second)
        .bind(kind)
        .bind(choice)
        .bind(&deployment.version)
        .bind(&deployment.keeper)
        .bind(device)
        .bind(deployment.socket)
        .execute(&mut *transaction)
        .await
        .map_err(|error| self.host_error(error, host))?;
        sqlx::query("DELETE FROM deploy_errors WHERE host_id = ?")
            .bind(host)
            .execute(&mut *transaction)
            .await
            .map_err(|error| self.0.error(error))?;
        self.0.commit(transaction).await
    }

    /// Forgets what runs on a host: nothing does any more.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn remove(&self, host: &HostId) -> Result<()> {
        sqlx::query("DELETE FROM deployments WHERE host_id = ?")
            .bind(host.as_str())
            .execute(self.0.pool())
            .await
            .map(|_| ())
            .map_err(|error| self.0.error(error))
    }

    /// Records why the last deploy on a host failed, or that there is nothing to say.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such host.
    pub async fn set_error(&self, host: &HostId, reason: Option<&ErrorInfo>) -> Result<()> {
        let query = match reason {
            Some(reason) => sqlx::query(
                "INSERT OR REPLACE INTO deploy_errors (host_id, error_json) VALUES (?, ?)",
            )
            .bind(host.as_str())
            .bind(json(reason).map_err(|error| self.0.error(error))?),
            None => sqlx::query("DELETE FROM deploy_errors WHERE host_id = ?").bind(host.as_str()),
        };
        query
            .execute(self.0.pool())
            .await
            .map(|_| ())
            .map_err(|error| self.host_error(error, host.as_str()))
    }

    /// Why the last deploy on a host failed, if it did.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn error(&self, host: &HostId) -> Result<Option<ErrorInfo>> {
        let found = sqlx::query("SELECT error_json FROM deploy_errors WHERE host_id = ?")
            .bind(host.as_str())
            .try_map(|row| error_info(&row, "error_json"))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?;
        Ok(found.flatten())
    }

    fn host_error(&self, error: sqlx::Error, host: &str) -> Error {
        let unknown_host =
            error.as_database_error().is_some_and(|error| error.is_foreign_key_violation());
        if unknown_host {
            return Error::NotFound { noun: "host", id: host.to_owned() };
        }
        self.0.error(error)
    }
}

/// The deployment in a row, which may be joined with the host's: `host` says whose it is.
pub(crate) fn from_row(row: &SqliteRow, host: HostId) -> sqlx::Result<Deployment> {
    Ok(Deployment {
        host_id: host,
        engine: row.try_get("engine")?,
        engine_version: row.try_get("engine_version")?,
        model: row.try_get("model")?,
        practice: row.try_get("practice")?,
        context_size: row.try_get("context_size")?,
        source: from_json(row, "source_json")?,
        deployed_at: row.try_get("deployed_at")?,
        first_token_ms: row.try_get("first_token_ms")?,
        tokens_per_second: row.try_get("tokens_per_second")?,
        prompt_tokens_per_second: row.try_get("prompt_tokens_per_second")?,
        engine_kind: from_json(row, "engine_kind_json")?,
        choice: from_json(row, "choice_json")?,
        version: row.try_get("version")?,
        keeper: row.try_get("keeper")?,
        device: match row.try_get::<Option<&str>, _>("device_json")? {
            Some(_) => Some(from_json(row, "device_json")?),
            None => None,
        },
        socket: row.try_get("socket")?,
    })
}
