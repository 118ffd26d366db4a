//! Proxy commands that need no program: their meaning is a route of our own.
//!
//! `nc` with a proxy is not everywhere (on Windows nowhere), and an `ssh -W` could ask nobody for a
//! password. Whatever is not understood to the last word is run as it stands.

use super::Destination;
use crate::route::{Proxy, ProxyKind, ProxyLogin};

/// What a command means.
#[derive(Debug)]
pub(super) enum Meaning {
    Proxy(Proxy),
    /// `ssh -W %h:%p HOST`.
    Jump(Destination),
}

/// Ports where none is given, as the programs have them.
const SOCKS_PORT: u16 = 1080;
const HTTP_PORT: u16 = 3128;

/// Reads a proxy command whose tokens are still in place.
pub(super) fn recognise(command: &str) -> Option<Meaning> {
    // More than one plain command is the shell's business.
    if command.contains(['|', ';', '&', '<', '>', '`', '$', '(', ')', '\n']) {
        return None;
    }
    let words = shell_words::split(command.trim_start().trim_start_matches("exec ")).ok()?;
    let (program, arguments) = words.split_first()?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let name = program.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    match name.trim_end_matches(".exe") {
        "nc" | "netcat" | "nc.openbsd" => nc(&arguments).map(Meaning::Proxy),
        "ncat" => ncat(&arguments).map(Meaning::Proxy),
        "connect" | "connect-proxy" => connect(&arguments).map(Meaning::Proxy),
        "ssh" => ssh(&arguments).map(Meaning::Jump),
        _ => None,
    }
}

/// nc(1) of OpenBSD: `nc -X 5|connect -x HOST[:PORT] %h %p`.
fn nc(mut words: &[&str]) -> Option<Proxy> {
    let (mut kind, mut at) = (ProxyKind::Socks5, None);
    loop {
        words = match words {
            ["-X", "5", rest @ ..] | ["-X5", rest @ ..] => {
                kind = ProxyKind::Socks5;
                rest
            }
            ["-X", "connect", rest @ ..] | ["-Xconnect", rest @ ..] => {
                kind = ProxyKind::Http;
                rest
            }
            ["-x", proxy, rest @ ..] => {
                at = Some(*proxy);
                rest
            }
            ["-v" | "-n", rest @ ..] | ["-w", _, rest @ ..] => rest,
            ["%h", "%p"] => return proxy(kind, at?, None),
            _ => return None,
        }
    }
}

/// ncat(1): `ncat --proxy HOST[:PORT] --proxy-type socks5|http --proxy-auth USER:PASSWORD %h %p`.
fn ncat(words: &[&str]) -> Option<Proxy> {
    // A value stands behind `=` or as a word of its own.
    let split: Vec<&str> = words
        .iter()
        .flat_map(|word| match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => vec![option, value],
            _ => vec![*word],
        })
        .collect();
    let (mut kind, mut at, mut login) = (ProxyKind::Http, None, None);
    let mut words = split.as_slice();
    loop {
        words = match words {
            ["--proxy-type", "socks5", rest @ ..] => {
                kind = ProxyKind::Socks5;
                rest
            }
            ["--proxy-type", "http", rest @ ..] => {
                kind = ProxyKind::Http;
                rest
            }
            ["--proxy", proxy, rest @ ..] => {
                at = Some(*proxy);
                rest
            }
            ["--proxy-auth", pair, rest @ ..] => {
                let (user, password) = pair.split_once(':')?;
                login = Some(ProxyLogin { user: user.to_owned(), password: password.into() });
                rest
            }
            ["-v" | "-n", rest @ ..] => rest,
            ["%h", "%p"] => return proxy(kind, at?, login),
            _ => return None,
        }
    }
}

/// connect(1): `connect -S|-H HOST[:PORT] %h %p`. With a user it asks for a password itself.
fn connect(words: &[&str]) -> Option<Proxy> {
    match words {
        ["-5", "-S", at, "%h", "%p"] | ["-S", at, "%h", "%p"] if !at.contains('@') => {
            proxy(ProxyKind::Socks5, at, None)
        }
        ["-H", at, "%h", "%p"] if !at.contains('@') => proxy(ProxyKind::Http, at, None),
        _ => None,
    }
}

fn proxy(kind: ProxyKind, at: &str, login: Option<ProxyLogin>) -> Option<Proxy> {
    let at = Destination::parse(at).filter(|at| at.user.is_none())?;
    let usual = match kind {
        ProxyKind::Socks5 => SOCKS_PORT,
        ProxyKind::Http => HTTP_PORT,
    };
    Some(Proxy { kind, host: at.host, port: at.port.unwrap_or(usual), login })
}

/// `ssh [-q] [-p PORT] [-l USER] -W %h:%p [USER@]HOST`, the options in any place.
fn ssh(mut words: &[&str]) -> Option<Destination> {
    let (mut user, mut port, mut host, mut forwards) = (None, None, None, false);
    loop {
        words = match words {
            ["-W", "%h:%p" | "[%h]:%p", rest @ ..] => {
                forwards = true;
                rest
            }
            ["-p", digits, rest @ ..] => {
                port = Some(digits.parse().ok()?);
                rest
            }
            ["-l", name, rest @ ..] => {
                user = Some((*name).to_owned());
                rest
            }
            ["-q" | "-T" | "-a" | "-x", rest @ ..] => rest,
            [name, rest @ ..] if !name.starts_with('-') && host.is_none() => {
                host = Some(Destination::parse(name)?);
                rest
            }
            [] => break,
            _ => return None,
        }
    }
    let host = host.filter(|_| forwards)?;
    Some(Destination { user: user.or(host.user), port: port.or(host.port), host: host.host })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn proxy_of(command: &str) -> (ProxyKind, String, u16) {
        match recognise(command) {
            Some(Meaning::Proxy(proxy)) => (proxy.kind, proxy.host, proxy.port),
            other => panic!("{command}: {other:?}"),
        }
    }

    #[test]
    fn proxies() {
        let (socks, http) = (ProxyKind::Socks5, ProxyKind::Http);
        assert_eq!(proxy_of("nc -X 5 -x gw:1081 %h %p"), (socks, "gw".into(), 1081));
        assert_eq!(proxy_of("/usr/bin/nc -x 127.0.0.1 %h %p"), (socks, "127.0.0.1".into(), 1080));
        assert_eq!(proxy_of("nc -X connect -x [::1]:8080 %h %p"), (http, "::1".into(), 8080));
        assert_eq!(proxy_of("ncat --proxy gw --proxy-type=http %h %p"), (http, "gw".into(), 3128));
        assert_eq!(proxy_of("connect -S gw:1080 %h %p"), (socks, "gw".into(), 1080));
        assert_eq!(proxy_of(r"'C:\git\connect.exe' -H gw:80 %h %p"), (http, "gw".into(), 80));
        let Some(Meaning::Proxy(Proxy { login: Some(login), .. })) =
            recognise("ncat --proxy gw:1 --proxy-type socks5 --proxy-auth ada:p:w %h %p")
        else {
            panic!("a login is given");
        };
        assert_eq!((login.user.as_str(), login.password.expose_secret()), ("ada", "p:w"));
    }

    #[test]
    fn jumps() {
        for command in ["ssh -W %h:%p me@gw -p 2200", "ssh -q -l me -p 2200 gw -W [%h]:%p"] {
            match recognise(command) {
                Some(Meaning::Jump(at)) => assert_eq!(at.to_string(), "me@gw:2200"),
                other => panic!("{command}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_rest_is_run() {
        for command in [
            "nc %h %p",
            "nc -X 4 -x gw %h %p",
            "nc -x gw other 22",
            "connect -S ada@gw %h %p",
            "ssh gw nc %h %p",
            "ssh -o StrictHostKeyChecking=no -W %h:%p gw",
            "nc -x gw %h %p | tee /tmp/x",
            "aws ssm start-session --target %h",
            "",
        ] {
            assert!(recognise(command).is_none(), "{command}");
        }
    }
}
