//! Tokens, `~` and environment variables in values (ssh_config(5), "TOKENS").

use std::path::PathBuf;

use super::Destination;
use crate::error::Error;

/// What the tokens stand for.
pub(super) struct Tokens<'a> {
    pub(super) typed: &'a Destination,
    pub(super) hostname: &'a str,
    pub(super) port: u16,
    pub(super) user: &'a str,
    pub(super) host_key_alias: Option<&'a str>,
}

impl Tokens<'_> {
    /// Replaces tokens.
    pub(super) fn expand(&self, text: &str) -> Result<String, Error> {
        let mut expanded = String::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if c != '%' {
                expanded.push(c);
                continue;
            }
            let token = rest.next();
            let value = match token {
                Some('%') => {
                    expanded.push('%');
                    continue;
                }
                Some('d') => home().map(|home| home.to_string_lossy().into_owned()),
                Some('h') => Some(self.hostname.to_owned()),
                Some('k') => Some(self.host_key_alias.unwrap_or(self.hostname).to_owned()),
                Some('n') => Some(self.typed.host.clone()),
                Some('p') => Some(self.port.to_string()),
                Some('r') => Some(self.user.to_owned()),
                Some('u') => local_user(),
                _ => None,
            };
            // Not the text: a command may hold a password.
            let value = value.ok_or_else(|| {
                let token = token.map(String::from).unwrap_or_default();
                Error::ConfigUnusable { detail: format!("the token %{token} is not supported") }
            })?;
            expanded.push_str(&value);
        }
        Ok(expanded)
    }

    /// A path: tokens, `~/` and `${VARIABLE}`.
    pub(super) fn path(&self, text: &str) -> Result<PathBuf, Error> {
        let text = self.expand(&variables(text)?)?;
        Ok(match (text.strip_prefix("~/").or_else(|| text.strip_prefix(r"~\")), home()) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(text),
        })
    }
}

fn variables(text: &str) -> Result<String, Error> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').ok_or_else(|| Error::ConfigUnusable {
            detail: format!("“${{” without “}}” in “{text}”"),
        })?;
        let value = std::env::var(name).map_err(|_| Error::ConfigUnusable {
            detail: format!("the environment variable {name} is not set"),
        })?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

pub(super) fn home() -> Option<PathBuf> {
    std::env::home_dir()
}

/// The name of the login session, as `ssh` would use it.
pub(super) fn local_user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_variables() {
        let typed = Destination::parse("gpu").unwrap();
        let tokens = Tokens {
            typed: &typed,
            hostname: "gpu.example",
            port: 2200,
            user: "ml",
            host_key_alias: None,
        };
        assert_eq!(tokens.expand("nc %h %p %r %n %%").unwrap(), "nc gpu.example 2200 ml gpu %");
        assert!(matches!(tokens.expand("%Z"), Err(Error::ConfigUnusable { .. })));
        assert!(matches!(tokens.expand("50%"), Err(Error::ConfigUnusable { .. })));
        assert_eq!(tokens.path("~/k_%h").unwrap(), home().unwrap().join("k_gpu.example"));
        assert!(tokens.path("${SLIPWAY_NO_SUCH_VARIABLE}/k").is_err());
        let path = std::env::var("PATH").unwrap();
        assert_eq!(tokens.path("${PATH}").unwrap(), PathBuf::from(path));
    }
}
