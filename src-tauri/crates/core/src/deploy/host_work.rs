//! Work on a host that outlives the link: named here, done there, followed again after a drop.

use serde::Deserialize;
use serde_json::Value;

use super::script::Subcommand;

/// A piece of work, and how far its record was read.
#[derive(Clone, Debug)]
pub(crate) struct HostWork {
    /// Its name on the host.
    pub(super) id: String,
    /// Tells whether another task wants the very same.
    pub(super) fingerprint: String,
    /// Whose it is: this data directory's.
    pub(super) owner: String,
    /// Bytes of the record that were read.
    pub(super) offset: u64,
    /// Whether the host has told of it: then it is only followed, and never begun a second time.
    pub(super) begun: bool,
}

/// A piece of work as the host tells of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct KnownWork {
    pub(super) id: String,
    #[serde(default)]
    pub(super) fingerprint: Option<String>,
    #[serde(default)]
    pub(super) owner: Option<String>,
    pub(super) running: bool,
}

impl HostWork {
    /// New work, or the one that is under way on the host for the very same.
    pub(super) fn begin(
        owner: &str,
        subcommand: Subcommand,
        params: &Value,
        known: &[KnownWork],
    ) -> Self {
        let fingerprint = fingerprint(subcommand, params);
        let same = known
            .iter()
            .find(|work| work.running && work.fingerprint.as_deref() == Some(fingerprint.as_str()));
        let id = match same {
            Some(work) => {
                tracing::info!(target: "deploy", "the host is at it already: joining in");
                work.id.clone()
            }
            None => uuid::Uuid::new_v4().to_string(),
        };
        Self { id, fingerprint, owner: owner.to_owned(), offset: 0, begun: false }
    }

    /// Work that nobody joins.
    pub(super) fn alone(owner: &str) -> Self {
        let id = uuid::Uuid::new_v4().to_string();
        Self { fingerprint: id.clone(), id, owner: owner.to_owned(), offset: 0, begun: false }
    }
}

/// What the work is, whoever asks: the parameters without what differs from task to task.
fn fingerprint(subcommand: Subcommand, params: &Value) -> String {
    let mut params = params.clone();
    if let Some(model) = params.get_mut("model").and_then(Value::as_object_mut) {
        model.remove("token_file");
    }
    crate::host::sha256(format!("{} {params}", subcommand.name()).as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_work_is_joined_while_it_runs() {
        let params = json!({ "model": { "kind": "practice", "token_file": "/a" } });
        let first = HostWork::begin("me", Subcommand::Install, &params, &[]);
        let known = |running| {
            [KnownWork {
                id: "theirs".into(),
                fingerprint: Some(first.fingerprint.clone()),
                owner: Some("me".into()),
                running,
            }]
        };
        let again = json!({ "model": { "kind": "practice", "token_file": "/b" } });
        let joined = HostWork::begin("me", Subcommand::Install, &again, &known(true));
        assert_eq!(joined.id, "theirs");
        assert_ne!(HostWork::begin("me", Subcommand::Install, &again, &known(false)).id, "theirs");
        assert_ne!(HostWork::begin("me", Subcommand::Start, &again, &known(true)).id, "theirs");
        let other = json!({ "model": { "kind": "path" } });
        assert_ne!(HostWork::begin("me", Subcommand::Install, &other, &known(true)).id, "theirs");
    }
}
