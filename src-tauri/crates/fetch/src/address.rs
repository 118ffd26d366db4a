//! Addresses: which may be asked, and how they are shown.

use std::net::IpAddr;

use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, Result};

/// An http or https address.
pub(crate) fn parse(address: &str) -> Result<Url> {
    let url: Url = address.parse().map_err(|_| Error::invalid("address", "it is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(Error::invalid("address", "it must begin with http:// or https://"));
    }
    Ok(url)
}

/// An address without user, password, query and fragment, fit for logs: signed links carry their
/// permission in the query.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // They only fail where there is no host, and then there is neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// The same for an address that may be none that is asked.
pub(crate) fn shown_text(address: &str) -> String {
    parse(address).map_or_else(|_| "(no address)".to_owned(), |url| shown(&url))
}

/// Whether two addresses are the same server's.
pub(crate) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Whether requests to `url` stay on this computer.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A token as a header, marked so that no debug output shows it.
pub(crate) fn authorization(token: &SecretString) -> Result<HeaderValue> {
    let text = token.expose_secret();
    // The rule of the script on the host.
    if text.is_empty() || text.len() > 1000 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::invalid("token", "it holds nothing, or characters that no token has"));
    }
    let mut value = HeaderValue::try_from(format!("Bearer {text}"))
        .map_err(|_| Error::invalid("token", "HTTP cannot carry it"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why a redirect to `next` is not followed, if it is not; `previous` are the addresses before.
pub(crate) fn forbidden_redirect(previous: &[Url], next: &Url) -> Option<&'static str> {
    if previous.len() > MOST_REDIRECTS {
        return Some("too many redirects");
    }
    let was_secure = previous.last().is_some_and(|url| url.scheme() == "https");
    (was_secure && next.scheme() != "https").then_some("a redirect from https to http")
}

const MOST_REDIRECTS: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_asked() {
        for good in ["http://127.0.0.1:8080", "https://user:pass@example.org/simple/"] {
            parse(good).unwrap();
        }
        for bad in ["", "example.org", "file:///etc/passwd", "ftp://example.org", "http://"] {
            assert!(
                matches!(parse(bad), Err(Error::InvalidInput { what: "address", .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = shown_text("https://user:secret@example.org:8443/a/b?signature=secret#secret");
        assert_eq!(shown, "https://example.org:8443/a/b");
        assert_eq!(shown_text("user:secret@example"), "(no address)");
    }

    #[test]
    fn a_token_is_one_word_of_plain_characters() {
        for bad in ["", "two words", "line\nbreak", "ключ"] {
            let error = authorization(&SecretString::from(bad)).unwrap_err();
            assert!(matches!(error, Error::InvalidInput { what: "token", .. }), "{bad:?}");
        }
        let value = authorization(&SecretString::from("hf_abc")).unwrap();
        assert!(value.is_sensitive() && value == "Bearer hf_abc");
    }

    #[test]
    fn ten_redirects_and_none_to_an_open_line() {
        let secure: Url = "https://example.org/".parse().unwrap();
        let open: Url = "http://example.org/".parse().unwrap();
        let others = |count| vec![secure.clone(); count];
        assert_eq!(forbidden_redirect(&others(10), &secure), None);
        assert!(forbidden_redirect(&others(11), &secure).is_some());
        assert!(forbidden_redirect(&others(1), &open).is_some());
        assert_eq!(forbidden_redirect(&[open], &secure), None);
    }
}
