//! Takes what looks like a secret out of a line. Secrets are not put into lines in the first place;
//! this catches what other programs say: an engine that echoes a header, a URL with a password.

/// Takes the place of a secret.
const MASK: &str = "[redacted]";
/// Words after which a secret stands, in lower case.
const MARKS: [&str; 8] = [
    "authorization: bearer ",
    "bearer ",
    "api_key=",
    "api-key=",
    "api_key\":\"",
    "password=",
    "passphrase=",
    "token=",
];

/// The line without secrets.
pub(super) fn redact(line: &str) -> String {
    let mut out = line.to_owned();
    for mark in MARKS {
        let mut from = 0;
        // ASCII case folding keeps every byte offset.
        while let Some(found) = out[from..].to_ascii_lowercase().find(mark) {
            let start = from + found + mark.len();
            let end = out[start..]
                .find(|c: char| c.is_whitespace() || "\"'&,;)".contains(c))
                .map_or(out.len(), |length| start + length);
            if end > start {
                out.replace_range(start..end, MASK);
            }
            from = (start + MASK.len()).min(out.len());
            while !out.is_char_boundary(from) {
                from += 1;
            }
        }
    }
    without_url_password(&out)
}

/// `scheme://user:password@host` becomes `scheme://user:[redacted]@host`.
fn without_url_password(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(place) = rest.find("://") {
        let (before, after) = rest.split_at(place + 3);
        out.push_str(before);
        let end = after.find(|c: char| c == '/' || c.is_whitespace()).unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority
            .rsplit_once('@')
            .and_then(|(login, host)| Some((login.split_once(':')?.0, host)))
        {
            Some((user, host)) => {
                out.push_str(user);
                out.push(':');
                out.push_str(MASK);
                out.push('@');
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_the_rest_stays() {
        assert_eq!(
            redact("Authorization: Bearer abc123 ok"),
            "Authorization: Bearer [redacted] ok"
        );
        assert_eq!(redact("api_key=xyz&x=1, token=t"), "api_key=[redacted]&x=1, token=[redacted]");
        assert_eq!(redact("get http://me:pw@host/x"), "get http://me:[redacted]@host/x");
        assert_eq!(redact("plain http://host/a@b:c é"), "plain http://host/a@b:c é");
        assert_eq!(redact("password= é"), "password= é");
        assert_eq!(redact("İ bearer ключ!"), "İ bearer [redacted]");
    }
}
