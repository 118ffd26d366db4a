//! What `~/.ssh/config` says. OpenSSH itself is asked (`ssh -G`), so that `Include`, `Match` and
//! wildcards mean what they mean there; where it is not installed there are no aliases.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_protocol::HostSuggestion;
use tokio::process::Command;

/// `ssh -G` reads files only; longer means that a `Match exec` hangs.
const LIMIT: Duration = Duration::from_secs(3);
/// Aliases offered at most.
const MOST: usize = 100;

/// What an alias stands for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) user: Option<String>,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) identity: Option<String>,
}

/// All aliases without wildcards.
pub(super) async fn suggestions() -> Vec<HostSuggestion> {
    let Some(file) = dirs::home_dir().map(|home| home.join(".ssh").join("config")) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for alias in aliases(&file, 0).into_iter().take(MOST) {
        if let Some(resolved) = lookup(&alias).await {
            let user = resolved.user.map_or_else(String::new, |user| format!("{user}@"));
            let port = match resolved.port {
                Some(port) if port != 22 => format!(":{port}"),
                _ => String::new(),
            };
            let address = format!("{user}{}{port}", resolved.host);
            found.push(HostSuggestion {
                alias,
                address,
                identity: resolved.identity,
                jumps: Vec::new(),
            });
        }
    }
    found
}

/// Asks OpenSSH what a name stands for. `None` when it is not installed or does not answer.
pub(super) async fn lookup(name: &str) -> Option<Resolved> {
    let mut command = Command::new("ssh");
    command.arg("-G").arg("--").arg(name).kill_on_drop(true);
    command.stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(LIMIT, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| read(&String::from_utf8_lossy(&output.stdout)))?
}

/// Reads `ssh -G`'s answer: one `keyword value` per line, keywords in lower case.
fn read(text: &str) -> Option<Resolved> {
    let values = |keyword: &'static str| {
        text.lines().filter_map(move |line| line.strip_prefix(keyword)?.strip_prefix(' '))
    };
    // Without an IdentityFile line in the config it lists the default files; those are tried anyway.
    let identities: Vec<_> = values("identityfile").collect();
    let identity = match identities.as_slice() {
        [one] => Some(expand(one)),
        _ => None,
    };
    Some(Resolved {
        user: values("user").next().map(str::to_owned),
        host: values("hostname").next()?.to_owned(),
        port: values("port").next().and_then(|port| port.parse().ok()),
        identity,
    })
}

fn expand(path: &str) -> String {
    match (path.strip_prefix("~/"), dirs::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest).to_string_lossy().into_owned(),
        _ => path.to_owned(),
    }
}

/// The names on `Host` lines that are no patterns, `Include`d files without wildcards too.
fn aliases(file: &Path, depth: u8) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(file) else {
        return Vec::new();
    };
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut words =
            line.split(|c: char| c.is_whitespace() || c == '=').filter(|w| !w.is_empty());
        match words.next().map(str::to_ascii_lowercase).as_deref() {
            Some("host") => {
                let plain =
                    |word: &&str| !word.contains(['*', '?', '!', '"']) && !word.starts_with('-');
                found.extend(words.filter(plain).map(str::to_owned));
            }
            Some("include") if depth < 4 => {
                for word in words {
                    let path = PathBuf::from(expand(word));
                    let path = file.parent().map_or(path.clone(), |dir| dir.join(&path));
                    found.extend(aliases(&path, depth + 1));
                }
            }
            _ => {}
        }
    }
    let mut seen = std::collections::HashSet::new();
    found.retain(|alias| seen.insert(alias.clone()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_openssh_prints() {
        let text = "host gpu\nuser ml\nhostname 192.0.2.40\nport 2222\nidentityfile /k/id\nuserknownhostsfile /x\n";
        let resolved = read(text).unwrap();
        assert_eq!(resolved.user.as_deref(), Some("ml"));
        assert_eq!(resolved.host, "192.0.2.40");
        assert_eq!(resolved.port, Some(2222));
        assert_eq!(resolved.identity.as_deref(), Some("/k/id"));
    }

    #[test]
    fn default_identities_are_not_a_choice() {
        let text = "hostname h\nidentityfile ~/.ssh/id_rsa\nidentityfile ~/.ssh/id_ed25519\n";
        assert_eq!(read(text).unwrap().identity, None);
    }

    #[test]
    fn patterns_are_no_aliases_and_includes_are_followed() {
        let dir = tempfile::tempdir().unwrap();
        let main = dir.path().join("config");
        std::fs::write(&main, "Include more\nHost a b *.corp !c\n  User me\nhost=d\nHost a\n")
            .unwrap();
        std::fs::write(dir.path().join("more"), "Host e\n").unwrap();
        assert_eq!(aliases(&main, 0), ["e", "a", "b", "d"]);
    }
}
