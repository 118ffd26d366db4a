//! Asking OpenSSH: `ssh -G` prints what it would use.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::tokens::Tokens;
use super::{Config, Destination, HostConfig, IdentityAgent};
use crate::error::Error;
use crate::route::ProxyCommand;

/// `ssh -G` reads files only; longer means that a `Match exec` hangs.
const LIMIT: Duration = Duration::from_secs(3);
/// The files that OpenSSH lists when none is configured, without their folder.
const DEFAULT_IDENTITIES: [&str; 7] =
    ["id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss", "id_dsa"];

/// `Ok(None)` where OpenSSH is not installed.
pub(super) async fn ask(
    config: &Config,
    destination: &Destination,
) -> Result<Option<HostConfig>, Error> {
    let mut command = Command::new(&config.program);
    command.arg("-G").stdin(Stdio::null()).kill_on_drop(true);
    if let Some(file) = &config.file {
        command.arg("-F").arg(file);
    }
    if let Some(user) = &destination.user {
        command.arg("-l").arg(user);
    }
    if let Some(port) = destination.port {
        command.arg("-p").arg(port.to_string());
    }
    command.arg("--").arg(&destination.host);
    #[cfg(windows)]
    {
        /// No console window (Win32 process creation flag CREATE_NO_WINDOW).
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        command.creation_flags(CREATE_NO_WINDOW);
    }
    let unusable = |detail: String| Error::ConfigUnusable { detail };
    let output = match tokio::time::timeout(LIMIT, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(Err(error)) => return Err(unusable(format!("ssh -G: {error}"))),
        Err(_) => {
            let seconds = LIMIT.as_secs();
            return Err(unusable(format!("ssh -G {destination} took longer than {seconds} s")));
        }
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        // Its last line may only count the lines before.
        let line = said
            .lines()
            .rev()
            .find(|line| !line.trim().is_empty() && !line.contains(": terminating, "))
            .unwrap_or("ssh -G failed");
        return Err(unusable(line.trim().chars().take(300).collect()));
    }
    read(&String::from_utf8_lossy(&output.stdout), destination).map(Some)
}

/// Reads the answer: one `keyword value` per line, keywords in lower case.
fn read(text: &str, typed: &Destination) -> Result<HostConfig, Error> {
    let values = |keyword: &'static str| {
        text.lines().filter_map(move |line| line.strip_prefix(keyword)?.strip_prefix(' '))
    };
    let value = |keyword: &'static str| values(keyword).next().map(str::trim);
    let user = value("user").map(str::to_owned).or_else(|| typed.user.clone());
    let hostname = value("hostname").unwrap_or(&typed.host);
    let port = value("port").and_then(|port| port.parse().ok()).or(typed.port).unwrap_or(22);
    let host_key_alias = value("hostkeyalias").filter(|alias| *alias != "none");
    let tokens =
        Tokens { typed, hostname, port, user: user.as_deref().unwrap_or_default(), host_key_alias };
    let identity_files: Vec<&str> = values("identityfile").filter(|file| *file != "none").collect();
    let identity_files = if is_default(&identity_files) { Vec::new() } else { identity_files };
    let certificate_files = values("certificatefile").filter(|file| *file != "none");
    let seconds = |keyword| {
        value(keyword).and_then(|v| v.parse().ok()).filter(|s| *s > 0).map(Duration::from_secs)
    };
    let mut known_hosts = Vec::new();
    for keyword in ["userknownhostsfile", "globalknownhostsfile"] {
        known_hosts.extend(split_paths(value(keyword).unwrap_or_default()));
    }
    Ok(HostConfig {
        hostname: hostname.to_owned(),
        port,
        identity_files: paths(identity_files.into_iter(), &tokens)?,
        identities_only: value("identitiesonly") == Some("yes"),
        certificate_files: paths(certificate_files, &tokens)?,
        agent: agent(value("identityagent"), &tokens)?,
        proxy_jump: proxy_jump(value("proxyjump"))?,
        proxy_command: value("proxycommand").filter(|c| *c != "none").map(ProxyCommand::new),
        known_hosts: Some(known_hosts),
        host_key_alias: host_key_alias.map(str::to_owned),
        keepalive_interval: seconds("serveraliveinterval"),
        connect_timeout: seconds("connecttimeout"),
        user,
    })
}

fn paths<'a>(
    values: impl Iterator<Item = &'a str>,
    tokens: &Tokens<'_>,
) -> Result<Vec<PathBuf>, Error> {
    values.map(|value| tokens.path(value.trim().trim_matches('"'))).collect()
}

fn is_default(files: &[&str]) -> bool {
    let name = |file: &&str| {
        file.strip_prefix("~/.ssh/").is_some_and(|name| DEFAULT_IDENTITIES.contains(&name))
    };
    // One of them alone is a choice.
    files.len() > 1 && files.iter().all(name)
}

/// Which agent a value of `IdentityAgent` names.
pub(super) fn agent(value: Option<&str>, tokens: &Tokens<'_>) -> Result<IdentityAgent, Error> {
    let environment = |name: &str| match std::env::var_os(name) {
        Some(socket) => IdentityAgent::Socket(socket.into()),
        None => IdentityAgent::None,
    };
    Ok(match value.map(|value| value.trim().trim_matches('"')) {
        None | Some("") => IdentityAgent::Usual,
        Some("none") => IdentityAgent::None,
        Some("SSH_AUTH_SOCK") => IdentityAgent::Usual,
        Some(value) => match value.strip_prefix('$') {
            Some(name) if !name.starts_with('{') => environment(name),
            _ => IdentityAgent::Socket(tokens.path(value)?),
        },
    })
}

/// The hops of a value of `ProxyJump`.
pub(super) fn proxy_jump(value: Option<&str>) -> Result<Vec<Destination>, Error> {
    let Some(value) = value.filter(|value| !value.eq_ignore_ascii_case("none")) else {
        return Ok(Vec::new());
    };
    let hop = |text: &str| {
        Destination::parse(text).ok_or_else(|| Error::ConfigUnusable {
            detail: format!("ProxyJump {value}: “{text}” is not a host"),
        })
    };
    value.split(',').map(hop).collect()
}

/// `ssh -G` prints a list of paths without quotes. A word is joined to the next where only that
/// names a file that exists (`C:\Users\Ada B\.ssh\known_hosts`).
fn split_paths(value: &str) -> Vec<PathBuf> {
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    let mut paths = Vec::new();
    let mut at = 0;
    while let Some(rest) = words.get(at..).filter(|rest| !rest.is_empty()) {
        let whole = (1..=rest.len())
            .rev()
            .find(|n| rest.get(..*n).is_some_and(|w| PathBuf::from(w.join(" ")).exists()));
        let taken = whole.unwrap_or(1);
        let path = rest.get(..taken).unwrap_or_default().join(" ");
        if path != "none" && path != "/dev/null" {
            paths.push(PathBuf::from(path));
        }
        at += taken;
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Destination {
        Destination::parse(text).unwrap()
    }

    #[test]
    fn reads_what_openssh_prints() {
        let text = "host gpu\nuser ml\nhostname 192.0.2.40\nport 2222\nidentityfile /k/id_%r\n\
                    userknownhostsfile /x /y\nglobalknownhostsfile none\nproxyjump a,me@b:2200\n\
                    connecttimeout none\nserveraliveinterval 5\nidentityagent none\n";
        let found = read(text, &typed("gpu")).unwrap();
        assert_eq!((found.user.as_deref(), found.port), (Some("ml"), 2222));
        assert_eq!(found.hostname, "192.0.2.40");
        assert_eq!(found.identity_files, [PathBuf::from("/k/id_ml")]);
        assert_eq!(found.known_hosts, Some(vec!["/x".into(), "/y".into()]));
        assert_eq!(found.proxy_jump, [typed("a"), typed("me@b:2200")]);
        assert_eq!(found.connect_timeout, None);
        assert_eq!(found.keepalive_interval, Some(Duration::from_secs(5)));
        assert_eq!(found.agent, IdentityAgent::None);
    }

    #[test]
    fn default_identities_are_not_a_choice() {
        let text = "hostname h\nidentityfile ~/.ssh/id_rsa\nidentityfile ~/.ssh/id_ed25519\n";
        assert!(read(text, &typed("h")).unwrap().identity_files.is_empty());
        let text = "hostname h\nidentityfile ~/.ssh/id_rsa\n";
        assert_eq!(read(text, &typed("h")).unwrap().identity_files.len(), 1);
    }

    #[test]
    fn a_path_with_a_space_is_one_path() {
        let dir = tempfile::tempdir().unwrap();
        let spaced = dir.path().join("known hosts");
        std::fs::write(&spaced, "").unwrap();
        let found = split_paths(&format!("/no/such {} /other", spaced.display()));
        assert_eq!(found, [PathBuf::from("/no/such"), spaced, PathBuf::from("/other")]);
    }
}
