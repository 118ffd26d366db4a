//! Where a model answers and how long to wait for it.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::json::without_nul;
use crate::{Error, Result};

/// An OpenAI-compatible server.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Scheme, host and port, with any path before `/v1`: `http://127.0.0.1:8080`.
    pub base_url: String,
    /// Sent as `Authorization: Bearer …`.
    pub api_key: Option<SecretString>,
    /// Where it answers 200 when it is ready: `/health` for llama.cpp and vLLM, `/api/version` for
    /// Ollama.
    pub health_path: String,
}

/// How long each kind of wait may last before it ends in an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Opening the connection.
    pub connect: Duration,
    /// From sending a streamed request to the first piece of its answer: queueing and reading the
    /// prompt happen here. Keep-alive comments do not extend it.
    pub first_token: Duration,
    /// Between two pieces of a stream, once it has begun.
    pub idle: Duration,
    /// A whole small call: health, models, props, slots.
    pub request: Duration,
    /// A whole answer that is not streamed.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_token: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            request: Duration::from_secs(10),
            answer: Duration::from_secs(600),
        }
    }
}

impl Endpoint {
    /// The base URL without a trailing slash, checked.
    pub(crate) fn base(&self) -> Result<Url> {
        let invalid = |reason: &str| Error::InvalidEndpoint { reason: reason.to_owned() };
        let url: Url = self
            .base_url
            .trim_end_matches('/')
            .parse()
            .map_err(|_| invalid("the address is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(invalid("the address must begin with http:// or https://"));
        }
        // A password in a URL ends up in logs and error messages.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("the address must not hold a user name or password"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(invalid("the address must not hold a query or fragment"));
        }
        Ok(url)
    }

    /// The `Authorization` header, marked so that no debug output shows it.
    pub(crate) fn authorization(&self) -> Result<Option<HeaderValue>> {
        let Some(key) = &self.api_key else {
            return Ok(None);
        };
        let mut value =
            HeaderValue::try_from(format!("Bearer {}", key.expose_secret())).map_err(|_| {
                Error::InvalidEndpoint {
                    reason: "the API key holds characters that HTTP cannot carry".to_owned(),
                }
            })?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

/// Whether requests to `url` stay on this computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Takes the API key out of what a server said: some servers repeat it in their error messages.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor(Option<SecretString>);

/// Longest piece of foreign text that an error carries, in characters.
const EXCERPT: usize = 300;

impl Redactor {
    pub(crate) fn new(api_key: Option<SecretString>) -> Self {
        Self(api_key.filter(|key| !key.expose_secret().is_empty()))
    }

    /// The beginning of `text`, without the key.
    pub(crate) fn excerpt(&self, text: &str) -> String {
        let redacted = without_nul(match &self.0 {
            Some(key) => text.replace(key.expose_secret(), "[key]"),
            None => text.to_owned(),
        });
        match redacted.char_indices().nth(EXCERPT) {
            Some((end, _)) => format!("{}…", &redacted[..end]),
            None => redacted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(base_url: &str) -> Endpoint {
        Endpoint { base_url: base_url.to_owned(), api_key: None, health_path: "/health".to_owned() }
    }

    #[test]
    fn addresses_are_checked() {
        for good in ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "https://example.org/api"] {
            endpoint(good).base().unwrap();
        }
        for bad in [
            "",
            "127.0.0.1:8080",
            "ftp://example.org",
            "http://",
            "http://user:password@example.org",
            "http://example.org/?key=1",
        ] {
            let error = endpoint(bad).base().unwrap_err();
            assert!(matches!(error, Error::InvalidEndpoint { .. }), "{bad}");
            assert!(!error.to_string().contains("password@"), "{error}");
        }
    }

    #[test]
    fn a_key_that_http_cannot_carry_is_refused_without_showing_it() {
        let endpoint = Endpoint {
            base_url: "http://127.0.0.1:1".to_owned(),
            api_key: Some(SecretString::from("secret\nkey")),
            health_path: "/health".to_owned(),
        };
        let error = endpoint.authorization().unwrap_err();
        assert!(!format!("{error} {error:?} {endpoint:?}").contains("secret\nkey"));
        assert!(!format!("{endpoint:?}").contains("secret"));
    }

    #[test]
    fn loopback_is_recognised() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost:1", true),
            ("http://10.0.0.1:1", false),
            ("http://localhost.example.org", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), expected, "{url}");
        }
    }

    #[test]
    fn excerpts_are_short_and_hold_no_key() {
        let redactor = Redactor::new(Some(SecretString::from("sk-123")));
        let text = redactor.excerpt(&format!("bad key sk-123 {}", "щ".repeat(1000)));
        assert!(text.starts_with("bad key [key] щ"));
        assert_eq!(text.chars().count(), EXCERPT + 1);
    }
}
