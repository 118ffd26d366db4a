//! From a name to connect options, along all jumps.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use super::builtin::{self, Meaning};
use super::tokens::{Tokens, local_user};
use super::{Config, Destination, HostConfig, IdentityAgent};
use crate::error::Error;
use crate::options::{ConnectOptions, KnownHosts};
use crate::route::{ProxyCommand, Route};

/// Jumps in a row beyond which nobody means it.
const MAX_JUMPS: usize = 8;

/// What holds where the configuration says nothing.
#[derive(Debug, Clone)]
pub struct ConnectDefaults {
    /// The program's own known_hosts file, beside those of the configuration.
    pub known_hosts: PathBuf,
    /// Silence after which a keep-alive is sent; a shorter `ServerAliveInterval` goes before.
    pub keepalive_interval: Duration,
    /// See [`ConnectOptions::keepalive_max`].
    pub keepalive_max: usize,
    /// See [`ConnectOptions::connect_timeout`]; `ConnectTimeout` goes before.
    pub connect_timeout: Duration,
}

impl Config {
    /// The options to connect to a destination: what is configured for it, and for each jump.
    ///
    /// # Errors
    /// [`Error::ConfigUnusable`] as [`Config::lookup`], and for jumps in a circle.
    pub async fn resolve(
        &self,
        destination: &Destination,
        defaults: &ConnectDefaults,
    ) -> Result<ConnectOptions, Error> {
        self.along(destination, None, defaults, Vec::new()).await
    }

    /// `jumps` are given by the host before, which says how this one is reached; without them its
    /// own configuration does. `passed` are the servers between here and the destination.
    fn along<'a>(
        &'a self,
        destination: &'a Destination,
        jumps: Option<&'a [Destination]>,
        defaults: &'a ConnectDefaults,
        mut passed: Vec<Destination>,
    ) -> Pin<Box<dyn Future<Output = Result<ConnectOptions, Error>> + Send + 'a>> {
        Box::pin(async move {
            let found = self.lookup(destination).await?;
            let mut options = options(&found, defaults);
            let here = Destination {
                user: Some(options.user.clone()),
                host: found.hostname.to_lowercase(),
                port: Some(found.port),
            };
            if passed.contains(&here) || passed.len() > MAX_JUMPS {
                let detail = format!("ProxyJump leads in a circle through {destination}");
                return Err(Error::ConfigUnusable { detail });
            }
            passed.push(here);
            let jumps = jumps.unwrap_or(&found.proxy_jump);
            options.route = match jumps.split_last() {
                Some((last, before)) => {
                    let before = (!before.is_empty()).then_some(before);
                    Route::Jump(Box::new(self.along(last, before, defaults, passed).await?))
                }
                None => match &found.proxy_command {
                    Some(command) => {
                        self.command(command, destination, &found, &options, defaults, passed)
                            .await?
                    }
                    None => Route::Direct,
                },
            };
            Ok(options)
        })
    }

    async fn command(
        &self,
        command: &ProxyCommand,
        typed: &Destination,
        found: &HostConfig,
        options: &ConnectOptions,
        defaults: &ConnectDefaults,
        passed: Vec<Destination>,
    ) -> Result<Route, Error> {
        match builtin::recognise(command.line()) {
            Some(Meaning::Proxy(proxy)) => return Ok(Route::Proxy(proxy)),
            Some(Meaning::Jump(hop)) => {
                let hop = self.along(&hop, None, defaults, passed).await?;
                return Ok(Route::Jump(Box::new(hop)));
            }
            None => {}
        }
        let tokens = Tokens {
            typed,
            hostname: &found.hostname,
            port: found.port,
            user: &options.user,
            host_key_alias: found.host_key_alias.as_deref(),
        };
        // A name comes from a person or a file and must not become a second command.
        let safe =
            |value: &str| value.chars().all(|c| c.is_alphanumeric() || "-_.:@%+/\\".contains(c));
        if ![typed.host.as_str(), &found.hostname, &options.user].into_iter().all(safe) {
            let detail = format!("“{typed}” holds characters that a ProxyCommand must not get");
            return Err(Error::ConfigUnusable { detail });
        }
        Ok(Route::Command(ProxyCommand::new(tokens.expand(command.line())?)))
    }
}

fn options(found: &HostConfig, defaults: &ConnectDefaults) -> ConnectOptions {
    let mut known_hosts = KnownHosts::with_own(&defaults.known_hosts);
    if let Some(files) = &found.known_hosts {
        known_hosts.read.clone_from(files);
    }
    let user = found.user.clone().or_else(local_user).unwrap_or_default();
    let interval = found.keepalive_interval.unwrap_or(defaults.keepalive_interval);
    ConnectOptions {
        config_identities: found.identity_files.clone(),
        certificates: found.certificate_files.clone(),
        identities_only: found.identities_only,
        use_agent: found.agent != IdentityAgent::None,
        agent_socket: match &found.agent {
            IdentityAgent::Socket(path) => Some(path.clone()),
            IdentityAgent::Usual | IdentityAgent::None => None,
        },
        host_key_alias: found.host_key_alias.clone(),
        connect_timeout: found.connect_timeout.unwrap_or(defaults.connect_timeout),
        keepalive_interval: interval.min(defaults.keepalive_interval),
        keepalive_max: defaults.keepalive_max,
        ..ConnectOptions::new(&found.hostname, found.port, user, known_hosts)
    }
}
