//! A server as a person names it.

/// `[user@]host[:port]`, taken apart; what it leaves out comes from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The part before `@`.
    pub user: Option<String>,
    /// Name, alias or address (IPv6 without brackets).
    pub host: String,
    /// The port.
    pub port: Option<u16>,
}

impl Destination {
    /// Reads the forms that `ProxyJump` takes: `[user@]host[:port]` and `ssh://…`, with brackets
    /// around an IPv6 address.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user).filter(|user| !user.is_empty()), rest),
            None => (None, text),
        };
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            None if rest.matches(':').count() > 1 => (rest, None),
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        let port = match port {
            Some(digits) => Some(digits.parse().ok().filter(|port| *port > 0)?),
            None => None,
        };
        // A host that starts with a hyphen would be an option of `ssh`.
        let plain =
            !host.is_empty() && !host.starts_with('-') && !host.contains(char::is_whitespace);
        plain.then(|| Self { user: user.map(str::to_owned), host: host.to_owned(), port })
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_jump() {
        for (text, shown) in [
            ("box", "box"),
            ("me@box:22", "me@box:22"),
            ("ssh://me@[::1]:22/", "me@[::1]:22"),
            ("::1", "::1"),
            ("[fe80::1%eth0]", "fe80::1%eth0"),
        ] {
            assert_eq!(Destination::parse(text).unwrap().to_string(), shown);
        }
        for text in ["", "-oProxyCommand=x", "a b", "box:0", "box:x"] {
            assert_eq!(Destination::parse(text), None, "{text:?}");
        }
    }
}
