//! What is downloaded, and what is known of it.

use std::fmt;

use secrecy::SecretString;

use crate::address::shown_text;
use crate::{Error, Result};

/// Where a file comes from.
#[derive(Clone)]
pub struct Source {
    /// An http or https address. It may hold a user and a password instead of `bearer`.
    pub url: String,
    /// Sent as `Authorization: Bearer …` to the server of `url` and to no other one.
    pub bearer: Option<SecretString>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = shown_text(&self.url);
        f.debug_struct("Source").field("url", &url).field("bearer", &self.bearer).finish()
    }
}

/// What is known of a file beforehand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Its SHA-256, hexadecimal.
    pub sha256: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
}

/// A file that is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

impl Expected {
    /// The same in small letters, if it is a sum.
    pub(crate) fn checked(&self) -> Result<Self> {
        let sha256 = self.sha256.as_ref().map(|sum| sum.to_ascii_lowercase());
        let right =
            |sum: &String| sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        if sha256.as_ref().is_some_and(|sum| !right(sum)) {
            return Err(Error::invalid("sha256", "it has not 64 hexadecimal digits"));
        }
        Ok(Self { sha256, bytes: self.bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_has_64_digits() {
        let sum = |text: &str| Expected { sha256: Some(text.to_owned()), bytes: None }.checked();
        assert_eq!(sum(&"AB".repeat(32)).unwrap().sha256, Some("ab".repeat(32)));
        for bad in ["", "abcd", &"xy".repeat(32)] {
            assert!(matches!(sum(bad), Err(Error::InvalidInput { what: "sha256", .. })), "{bad}");
        }
    }

    #[test]
    fn no_secret_of_a_source_is_shown() {
        let url = "https://user:secret@example.org/file?key=secret".to_owned();
        let source = Source { url, bearer: Some(SecretString::from("secret")) };
        let shown = format!("{source:?}");
        assert!(shown.contains("example.org/file") && !shown.contains("secret@"), "{shown}");
        assert!(!shown.contains("=secret") && !shown.contains("\"secret\""), "{shown}");
    }
}
