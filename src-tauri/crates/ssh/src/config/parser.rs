//! Reading the user's file where OpenSSH is not installed.

use std::io::{BufReader, Cursor};
use std::path::Path;

use ssh2_config::{HostParams, ParseRule, SshConfig};

use super::tokens::{Tokens, home, local_user};
use super::{Config, Destination, HostConfig, openssh, unusable};
use crate::error::Error;
use crate::route::ProxyCommand;

pub(super) async fn read(config: &Config, typed: &Destination) -> Result<HostConfig, Error> {
    let Some(file) = config.user_file() else {
        return host_config(&HostParams::new(&ssh2_config::DefaultAlgorithms::empty()), typed);
    };
    let text = match tokio::fs::read(&file).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(unusable(&file, error)),
    };
    let host = typed.host.clone();
    let params = tokio::task::spawn_blocking(move || query(&file, text, &host)).await;
    let params = params.map_err(|error| Error::ConfigUnusable { detail: error.to_string() })??;
    host_config(&params, typed)
}

fn query(file: &Path, text: Vec<u8>, host: &str) -> Result<HostParams, Error> {
    let rules = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
    let mut config = SshConfig::default();
    if let Some(home) = home() {
        config = config.home_dir(home);
    }
    let config = config
        .parse(&mut BufReader::new(Cursor::new(text)), rules)
        .map_err(|error| unusable(file, error))?;
    // The parser would count the lines of such a block to the one before it.
    let has_match = |params: &HostParams| {
        params.ignored_fields.keys().any(|field| field.eq_ignore_ascii_case("match"))
    };
    if config.get_hosts().iter().any(|host| has_match(&host.params)) {
        return Err(unusable(file, "Match is understood only where OpenSSH's ssh is installed"));
    }
    Ok(config.query(host))
}

fn host_config(params: &HostParams, typed: &Destination) -> Result<HostConfig, Error> {
    // The parser leaves these to its caller.
    let other = |keyword: &str| {
        let found = params.unsupported_fields.iter().find(|(k, _)| k.eq_ignore_ascii_case(keyword));
        found.map(|(_, values)| values.join(" "))
    };
    let named = |keyword: &str| other(keyword).filter(|value| value != "none");
    let user = typed.user.clone().or_else(|| params.user.clone()).or_else(local_user);
    let port = typed.port.or(params.port).unwrap_or(22);
    // In HostName, %h is the name as typed.
    let hostname = params.host_name.as_deref().unwrap_or("%h").replace("%h", &typed.host);
    let host_key_alias = named("hostkeyalias");
    let tokens = Tokens {
        typed,
        hostname: &hostname,
        port,
        user: user.as_deref().unwrap_or_default(),
        host_key_alias: host_key_alias.as_deref(),
    };
    let path = |path: &std::path::PathBuf| tokens.path(&path.to_string_lossy());
    let identity_files = params.identity_file.iter().flatten().map(path);
    let certificate_files = params.certificate_file.iter().map(path);
    let jump = params.proxy_jump.as_ref().map(|hops| hops.join(","));
    let known_hosts: Option<Vec<_>> = named("userknownhostsfile")
        .map(|list| list.split_whitespace().map(|word| tokens.path(word)).collect())
        .transpose()?;
    Ok(HostConfig {
        port,
        identity_files: identity_files.collect::<Result<_, _>>()?,
        identities_only: other("identitiesonly").is_some_and(|v| v.eq_ignore_ascii_case("yes")),
        certificate_files: certificate_files.collect::<Result<_, _>>()?,
        agent: openssh::agent(other("identityagent").as_deref(), &tokens)?,
        proxy_jump: openssh::proxy_jump(jump.as_deref())?,
        proxy_command: named("proxycommand").map(ProxyCommand::new),
        known_hosts,
        keepalive_interval: params.server_alive_interval.filter(|limit| !limit.is_zero()),
        connect_timeout: params.connect_timeout.filter(|limit| !limit.is_zero()),
        user,
        host_key_alias,
        hostname,
    })
}
