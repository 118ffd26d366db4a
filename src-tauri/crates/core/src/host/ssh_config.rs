//! OpenSSH's configuration: which file it is, and its aliases as suggestions for a host to add.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use slipway_protocol::HostSuggestion;
use slipway_ssh::ConnectOptions;
use slipway_ssh::config::{Config, ConnectDefaults, Destination};

/// Aliases offered at most.
const MOST: usize = 100;
/// Aliases looked up at once; each may start OpenSSH's client for a moment.
const AT_ONCE: usize = 4;
/// Nobody waits longer for suggestions; those that are there by then are shown.
const LIMIT: Duration = Duration::from_secs(5);

/// The file of the environment variable `SLIPWAY_SSH_CONFIG`, as `ssh -F` would take it, else what
/// OpenSSH itself reads.
pub(super) fn config() -> Config {
    match std::env::var_os("SLIPWAY_SSH_CONFIG").filter(|file| !file.is_empty()) {
        Some(file) => Config::with_file(file),
        None => Config::default(),
    }
}

/// The aliases of the configuration.
pub(super) async fn suggestions() -> Vec<HostSuggestion> {
    suggestions_of(&config()).await
}

/// All aliases with what they stand for, in the order of the file. One that makes no sense is left
/// out: connecting to it says why.
async fn suggestions_of(config: &Config) -> Vec<HostSuggestion> {
    let aliases = config.aliases().await.into_iter().take(MOST);
    let mut found = stream::iter(aliases)
        .map(|alias| suggestion(config, alias))
        .buffered(AT_ONCE)
        .take_until(Box::pin(tokio::time::sleep(LIMIT)));
    let mut suggestions = Vec::new();
    while let Some(suggestion) = found.next().await {
        suggestions.extend(suggestion);
    }
    suggestions
}

async fn suggestion(config: &Config, alias: String) -> Option<HostSuggestion> {
    let destination = Destination::parse(&alias)?;
    // Nothing is dialled with these; they only have to be there.
    let defaults = ConnectDefaults {
        known_hosts: PathBuf::new(),
        keepalive_interval: Duration::from_secs(3),
        keepalive_max: 3,
        connect_timeout: Duration::from_secs(15),
    };
    let options = config.resolve(&destination, &defaults).await.ok()?;
    let identity = match options.config_identities.as_slice() {
        [one] => Some(one.to_string_lossy().into_owned()),
        _ => None,
    };
    let jumps = options.jumps().into_iter().map(|hop| shown(hop, true)).collect();
    Some(HostSuggestion { alias, address: shown(&options, false), identity, jumps })
}

/// `user@host:port`; the usual port only where it is wanted.
fn shown(options: &ConnectOptions, always_port: bool) -> String {
    let port = Some(options.port).filter(|port| always_port || *port != 22);
    let (user, host) = (options.user.clone(), options.host.clone());
    Destination { user: Some(user).filter(|user| !user.is_empty()), host, port }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn aliases_with_their_jumps() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        let text = "Host gpu\n  HostName 192.0.2.7\n  IdentityFile /k/id\n  ProxyJump gate,me@[::1]\n\
                    Host gate\n  HostName gate.example\n  Port 2200\nHost loop\n  ProxyJump loop\n\
                    Host *\n  User ml\n";
        std::fs::write(&file, text).unwrap();
        let found = suggestions_of(&Config::with_file(file)).await;
        let [gpu, gate] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((gpu.alias.as_str(), gpu.address.as_str()), ("gpu", "ml@192.0.2.7"));
        assert_eq!(gpu.identity.as_deref(), Some("/k/id"));
        assert_eq!(gpu.jumps, ["ml@gate.example:2200", "me@[::1]:22"]);
        assert_eq!((gate.address.as_str(), gate.jumps.len()), ("ml@gate.example:2200", 0));
    }
}
