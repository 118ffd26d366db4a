//! What headers say of the pieces and the versions of a file.

use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED};

/// `Content-Range`: the first byte (none in a 416) and the size of the whole (none for `*`).
pub(crate) fn content_range(headers: &HeaderMap) -> Option<(Option<u64>, Option<u64>)> {
    let value = text(headers, CONTENT_RANGE)?;
    let (range, total) = value.trim().strip_prefix("bytes ")?.split_once('/')?;
    let start = match range {
        "*" => None,
        range => Some(range.split_once('-')?.0.trim().parse().ok()?),
    };
    Some((start, total.trim().parse().ok()))
}

/// What names this version of a file: a strong ETag, else its date (RFC 9110, 13.1.5).
pub(crate) fn own_validator(headers: &HeaderMap) -> Option<String> {
    let etag = text(headers, ETAG).filter(|etag| etag.starts_with('"'));
    etag.or_else(|| text(headers, LAST_MODIFIED)).map(str::to_owned)
}

/// Some servers send the rest of whatever they have now, in spite of `If-Range`.
pub(crate) fn is_other_version(headers: &HeaderMap, validator: Option<&str>) -> bool {
    let etag = text(headers, ETAG).filter(|etag| etag.starts_with('"'));
    match (etag, validator.filter(|validator| validator.starts_with('"'))) {
        (Some(etag), Some(validator)) => etag != validator,
        _ => false,
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// A header, unless HTTP cannot carry its value.
pub(crate) fn header(name: HeaderName, value: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((name, HeaderValue::try_from(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().filter_map(|(name, value)| header(name.clone(), value)).collect()
    }

    #[test]
    fn ranges_in_all_their_forms() {
        for (value, expected) in [
            ("bytes 5-9/10", Some((Some(5), Some(10)))),
            ("bytes 5-9/*", Some((Some(5), None))),
            ("bytes */10", Some((None, Some(10)))),
            ("lines 5-9/10", None),
            ("bytes five-9/10", None),
            ("bytes", None),
        ] {
            assert_eq!(content_range(&headers(&[(CONTENT_RANGE, value)])), expected, "{value}");
        }
    }

    #[test]
    fn a_weak_etag_names_no_bytes() {
        let date = "Wed, 21 Oct 2015 07:28:00 GMT";
        let weak = headers(&[(ETAG, "W/\"a\""), (LAST_MODIFIED, date)]);
        assert_eq!(own_validator(&weak).as_deref(), Some(date));
        assert_eq!(own_validator(&headers(&[(ETAG, "W/\"a\"")])), None);
        let strong = headers(&[(ETAG, "\"a\""), (LAST_MODIFIED, date)]);
        assert_eq!(own_validator(&strong).as_deref(), Some("\"a\""));
        assert!(is_other_version(&strong, Some("\"b\"")));
        assert!(
            !is_other_version(&strong, Some("\"a\"")) && !is_other_version(&strong, Some(date))
        );
    }
}
