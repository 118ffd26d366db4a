//! The table `hosts`. A removed host stays as a row, so that it can be restored.

use slipway_protocol::{Host, HostAddress, HostId, HostView, SshAddress};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::column::{error_info, integer, undecodable};
use crate::deployments;
use crate::error::{Error, Result};
use crate::store::Store;

/// The machines, see [`Store::hosts`].
#[derive(Clone, Copy, Debug)]
pub struct Hosts<'a>(pub(crate) &'a Store);

impl Hosts<'_> {
    /// All hosts that are not removed: this computer, which is there from the start, then the others
    /// in the order in which they were added.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn list(&self) -> Result<Vec<Host>> {
        sqlx::query(
            "SELECT * FROM hosts WHERE deleted_at IS NULL ORDER BY id <> 'local', created_at, id",
        )
        .try_map(|row| from_row(&row))
        .fetch_all(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))
    }

    /// [`Hosts::list`] with what runs there and why the last deploy failed.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn views(&self) -> Result<Vec<HostView>> {
        sqlx::query(
            "SELECT * FROM hosts \
             LEFT JOIN deployments ON deployments.host_id = hosts.id \
             LEFT JOIN deploy_errors ON deploy_errors.host_id = hosts.id \
             WHERE deleted_at IS NULL ORDER BY id <> 'local', created_at, id",
        )
        .try_map(|row| view_from_row(&row))
        .fetch_all(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))
    }

    /// One host.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it is removed.
    pub async fn get(&self, id: &HostId) -> Result<Host> {
        sqlx::query("SELECT * FROM hosts WHERE id = ? AND deleted_at IS NULL")
            .bind(id.as_str())
            .try_map(|row| from_row(&row))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// The host of this name.
    ///
    /// # Errors
    /// [`Error::NotFound`] also when it is removed.
    pub async fn by_name(&self, name: &str) -> Result<Host> {
        sqlx::query("SELECT * FROM hosts WHERE name = ? AND deleted_at IS NULL")
            .bind(name)
            .try_map(|row| from_row(&row))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(name))
    }

    /// Adds a host.
    ///
    /// # Errors
    /// [`Error::NameTaken`]; a second host with the same id is a defect ([`Error::Database`]).
    pub async fn insert(&self, host: &Host) -> Result<()> {
        let created_at = integer(host.created_at).map_err(|error| self.0.error(error))?;
        let (kind, ssh) = match &host.address {
            HostAddress::Local => ("local", None),
            HostAddress::Ssh(ssh) => ("ssh", Some(ssh)),
        };
        let inserted = sqlx::query(
            "INSERT INTO hosts \
             (id, name, kind, line, user, address, port, identity, accepted_fingerprint, keep, \
              created_at, directory) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(host.id.as_str())
        .bind(&host.name)
        .bind(kind)
        .bind(ssh.map(|ssh| &ssh.line))
        .bind(ssh.map(|ssh| &ssh.user))
        .bind(ssh.map(|ssh| &ssh.host))
        .bind(ssh.map(|ssh| ssh.port))
        .bind(ssh.and_then(|ssh| ssh.identity.as_ref()))
        .bind(ssh.and_then(|ssh| ssh.accepted_fingerprint.as_ref()))
        .bind(host.keep)
        .bind(created_at)
        .bind(&host.directory)
        .execute(self.0.pool())
        .await;
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => Err(self.name_error(error, &host.name).await),
        }
    }

    /// Renames a host.
    ///
    /// # Errors
    /// [`Error::NameTaken`], [`Error::NotFound`].
    pub async fn rename(&self, id: &HostId, name: &str) -> Result<Host> {
        let renamed = sqlx::query(
            "UPDATE hosts SET name = ? WHERE id = ? AND deleted_at IS NULL RETURNING *",
        )
        .bind(name)
        .bind(id.as_str())
        .try_map(|row| from_row(&row))
        .fetch_optional(self.0.pool())
        .await;
        match renamed {
            Ok(host) => host.ok_or_else(|| not_found(id.as_str())),
            Err(error) => Err(self.name_error(error, name).await),
        }
    }

    /// Says whether a host's tunnel starts with the program.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn keep(&self, id: &HostId, keep: bool) -> Result<Host> {
        sqlx::query("UPDATE hosts SET keep = ? WHERE id = ? AND deleted_at IS NULL RETURNING *")
            .bind(keep)
            .bind(id.as_str())
            .try_map(|row| from_row(&row))
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?
            .ok_or_else(|| not_found(id.as_str()))
    }

    /// Says where on a host Slipway keeps its files; absent for the usual place.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_directory(&self, id: &HostId, directory: Option<&str>) -> Result<Host> {
        sqlx::query(
            "UPDATE hosts SET directory = ? WHERE id = ? AND deleted_at IS NULL RETURNING *",
        )
        .bind(directory)
        .bind(id.as_str())
        .try_map(|row| from_row(&row))
        .fetch_optional(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))?
        .ok_or_else(|| not_found(id.as_str()))
    }

    /// Removes a host. Its deployment is kept for [`Hosts::restore`], and conversations stay.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn remove(&self, id: &HostId) -> Result<()> {
        let removed = sqlx::query(
            "UPDATE hosts SET deleted_at = CAST(unixepoch('subsec') * 1000 AS INTEGER) \
             WHERE id = ? AND deleted_at IS NULL",
        )
        .bind(id.as_str())
        .execute(self.0.pool())
        .await
        .map_err(|error| self.0.error(error))?;
        if removed.rows_affected() == 0 {
            return Err(not_found(id.as_str()));
        }
        Ok(())
    }

    /// Takes a removal back; a host that is not removed is returned as it is.
    ///
    /// # Errors
    /// [`Error::NameTaken`] when another host got its name meanwhile, [`Error::NotFound`].
    pub async fn restore(&self, id: &HostId) -> Result<Host> {
        let restored = sqlx::query("UPDATE hosts SET deleted_at = NULL WHERE id = ? RETURNING *")
            .bind(id.as_str())
            .try_map(|row| from_row(&row))
            .fetch_optional(self.0.pool())
            .await;
        let error = match restored {
            Ok(host) => return host.ok_or_else(|| not_found(id.as_str())),
            Err(error) => error,
        };
        let name: Option<String> = sqlx::query_scalar("SELECT name FROM hosts WHERE id = ?")
            .bind(id.as_str())
            .fetch_optional(self.0.pool())
            .await
            .map_err(|error| self.0.error(error))?;
        Err(self.name_error(error, &name.unwrap_or_default()).await)
    }

    /// What a failure to write `name` means: that it is taken, or anything else.
    async fn name_error(&self, error: sqlx::Error, name: &str) -> Error {
        let unique = error.as_database_error().is_some_and(|error| error.is_unique_violation());
        if unique && self.by_name(name).await.is_ok() {
            return Error::NameTaken { name: name.to_owned() };
        }
        self.0.error(error)
    }
}

fn not_found(id: &str) -> Error {
    Error::NotFound { noun: "host", id: id.to_owned() }
}

fn from_row(row: &SqliteRow) -> sqlx::Result<Host> {
    let address = match row.try_get("kind")? {
        "local" => HostAddress::Local,
        "ssh" => HostAddress::Ssh(SshAddress {
            line: row.try_get("line")?,
            user: row.try_get("user")?,
            host: row.try_get("address")?,
            port: row.try_get("port")?,
            identity: row.try_get("identity")?,
            accepted_fingerprint: row.try_get("accepted_fingerprint")?,
        }),
        other => return Err(undecodable("kind", format!("unknown kind {other:?}"))),
    };
    Ok(Host {
        id: HostId(row.try_get("id")?),
        name: row.try_get("name")?,
        address,
        created_at: row.try_get("created_at")?,
        keep: row.try_get("keep")?,
        directory: row.try_get("directory")?,
    })
}

fn view_from_row(row: &SqliteRow) -> sqlx::Result<HostView> {
    let deployed: Option<String> = row.try_get("engine")?;
    let host = from_row(row)?;
    let deployment = match deployed {
        Some(_) => Some(deployments::from_row(row, host.id.clone())?),
        None => None,
    };
    Ok(HostView { deployment, last_error: error_info(row, "error_json")?, host })
}
