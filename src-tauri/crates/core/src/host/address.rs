//! The one line by which people name a machine: `user@host:port`, `ssh://…`, an alias, `local`.

use slipway_protocol::{HostAdd, HostAddress, SshAddress, Text};
use slipway_ssh::config::{Config, Destination};

use super::ssh_config;
use crate::fault::Fault;

/// A name and an address ready to be stored.
pub(super) struct Resolved {
    pub(super) name: String,
    pub(super) address: HostAddress,
}

/// Takes a line apart. IPv6 addresses with a port need brackets, as everywhere.
pub fn parse_address(line: &str) -> Result<Destination, Fault> {
    let line = line.trim();
    let line = line.strip_prefix("ssh://").unwrap_or(line).trim_end_matches('/');
    // `ssh user@host -p 22` pasted whole is a habit too common to refuse.
    let (line, flag_port) = match line.strip_prefix("ssh ") {
        Some(command) => command_line(command)?,
        None => (line.to_owned(), None),
    };
    let (user, rest) = match line.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, line.as_str()),
    };
    let (host, port) = match rest.strip_prefix('[') {
        Some(bracketed) => match bracketed.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => return Err(not_an_address(&line)),
        },
        // More than one colon without brackets is a bare IPv6 address.
        None if rest.matches(':').count() > 1 => (rest, None),
        None => match rest.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port = match port {
        Some(digits) => {
            Some(digits.parse::<u16>().ok().filter(|p| *p > 0).ok_or_else(|| port_fault(digits))?)
        }
        None => flag_port,
    };
    let clean = |text: &str| {
        !text.is_empty()
            && !text.starts_with('-')
            && !text
                .chars()
                .any(|c| c.is_whitespace() || c.is_control() || "/\\'\"`$;&|<>()".contains(c))
    };
    if !clean(host) || user.as_deref().is_some_and(|user| !clean(user)) {
        return Err(not_an_address(&line));
    }
    Ok(Destination { user, host: host.to_owned(), port })
}

/// Looks up what the line stands for. The configuration is asked again at each connect; this is
/// what a person sees, and what is dialled when the configuration forgets the alias.
pub(super) async fn resolve(add: &HostAdd) -> Result<Resolved, Fault> {
    resolve_by(&ssh_config::config(), add).await
}

async fn resolve_by(config: &Config, add: &HostAdd) -> Result<Resolved, Fault> {
    let named = |other: &str| add.name.clone().unwrap_or_else(|| other.to_owned());
    if add.address.trim() == "local" {
        return Ok(Resolved { name: named("local"), address: HostAddress::Local });
    }
    let line = parse_address(&add.address)?;
    let found = config.lookup(&line).await?;
    let user = found.user.ok_or_else(|| not_an_address(&add.address))?;
    Ok(Resolved {
        name: named(&line.host),
        address: HostAddress::Ssh(SshAddress {
            line: line.to_string(),
            user,
            host: found.hostname,
            port: found.port,
            identity: add.identity.clone(),
            accepted_fingerprint: add.accepted_fingerprint.clone(),
        }),
    })
}

/// A name that can be typed as one word and is not this computer's.
pub(super) fn valid_name(name: &str) -> Result<String, Fault> {
    let name = name.trim();
    let length = name.chars().count();
    let typeable = |c: char| c.is_alphanumeric() || "-_.:@".contains(c);
    if length == 0 || length > 64 || !name.chars().all(typeable) || name == "local" {
        return Err(Fault::invalid(
            Text::new(
                format!("“{name}” cannot be a server's name."),
                format!("«{name}» не годится как имя сервера."),
            ),
            Text::new(
                "Use up to 64 letters, digits, dots, hyphens and underscores; “local” is taken.",
                "До 64 букв, цифр, точек, дефисов и подчёркиваний; имя «local» занято.",
            ),
        ));
    }
    Ok(name.to_owned())
}

/// Reads `user@host -p 22` in any order, as after `ssh `.
fn command_line(command: &str) -> Result<(String, Option<u16>), Fault> {
    let mut words = command.split_whitespace();
    let (mut host, mut port) = (None, None);
    while let Some(word) = words.next() {
        match word.strip_prefix("-p") {
            Some("") => port = words.next().and_then(|digits| digits.parse().ok()),
            Some(digits) => port = digits.parse().ok(),
            None if word.starts_with('-') || host.is_some() => return Err(not_an_address(command)),
            None => host = Some(word.to_owned()),
        }
    }
    host.map(|host| (host, port)).ok_or_else(|| not_an_address(command))
}

fn not_an_address(line: &str) -> Fault {
    Fault::invalid(
        Text::new(format!("“{line}” is not an address."), format!("«{line}» не похоже на адрес.")),
        Text::new(
            "Write user@host, user@host:port, or an alias of ~/.ssh/config.",
            "Напишите user@host, user@host:port или псевдоним из ~/.ssh/config.",
        ),
    )
}

fn port_fault(digits: &str) -> Fault {
    Fault::invalid(
        Text::new(format!("“{digits}” is not a port."), format!("«{digits}» — не порт.")),
        Text::new("A port is a number from 1 to 65535.", "Порт — число от 1 до 65535."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> (Option<String>, String, Option<u16>) {
        let line = parse_address(line).unwrap();
        (line.user, line.host, line.port)
    }

    #[test]
    fn the_forms_that_people_type() {
        let user = || Some("me".to_owned());
        assert_eq!(parsed("me@box"), (user(), "box".into(), None));
        assert_eq!(parsed(" me@box:2222 "), (user(), "box".into(), Some(2222)));
        assert_eq!(parsed("box"), (None, "box".into(), None));
        assert_eq!(parsed("ssh://me@box:22/"), (user(), "box".into(), Some(22)));
        assert_eq!(
            parsed("ssh -p 40022 me@203.0.113.9"),
            (user(), "203.0.113.9".into(), Some(40022))
        );
        assert_eq!(parsed("ssh me@box -p2200"), (user(), "box".into(), Some(2200)));
        assert_eq!(parsed("me@[2001:db8::1]:22"), (user(), "2001:db8::1".into(), Some(22)));
        assert_eq!(parsed("me@2001:db8::1"), (user(), "2001:db8::1".into(), None));
        assert_eq!(parsed("me@corp@box"), (Some("me@corp".into()), "box".into(), None));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for line in [
            "",
            "me@",
            "@box",
            "a b",
            "box:0",
            "box:99999",
            "box:x",
            "-oProxyCommand=x",
            "me@[::1",
            "$(id)@box",
        ] {
            assert!(parse_address(line).is_err(), "{line:?}");
        }
    }

    #[tokio::test]
    async fn a_line_is_kept_beside_what_it_stands_for() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config");
        std::fs::write(&file, "Host gpu\n  HostName 192.0.2.7\n  User ml\n  Port 2200\n").unwrap();
        let config = Config::with_file(file);
        let add = |address: &str| HostAdd {
            address: address.to_owned(),
            name: None,
            identity: None,
            accepted_fingerprint: None,
        };
        for (typed, line, stands_for) in [
            ("gpu", "gpu", ("ml", "192.0.2.7", 2200)),
            ("ssh me@gpu -p 23", "me@gpu:23", ("me", "192.0.2.7", 23)),
            ("me@[fe80::1%eth0]:23", "me@[fe80::1%eth0]:23", ("me", "fe80::1%eth0", 23)),
        ] {
            let HostAddress::Ssh(address) = resolve_by(&config, &add(typed)).await.unwrap().address
            else {
                panic!("{typed} is not this computer");
            };
            assert_eq!(address.line, line);
            assert_eq!((address.user.as_str(), address.host.as_str(), address.port), stands_for);
            // What is kept can be read again.
            assert_eq!(parse_address(line).unwrap().to_string(), line);
        }
    }

    #[test]
    fn names() {
        assert_eq!(valid_name(" gpu-box ").unwrap(), "gpu-box");
        assert_eq!(valid_name("сервер").unwrap(), "сервер");
        for name in ["", "local", "a b", "a/b", &"x".repeat(65)] {
            assert!(valid_name(name).is_err(), "{name:?}");
        }
    }
}
