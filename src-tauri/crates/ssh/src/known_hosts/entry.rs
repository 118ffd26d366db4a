//! One line of a known_hosts file, and which names it covers.

use hmac::{Hmac, Mac};
use russh::keys::PublicKey;
use russh::keys::ssh_encoding::base64::{Base64, Encoding};
use sha1::Sha1;

/// A line that records a key.
pub(super) struct Entry<'a> {
    pub(super) marker: Option<&'a str>,
    pub(super) hosts: &'a str,
    pub(super) key: PublicKey,
}

impl<'a> Entry<'a> {
    /// One line; `None` for blanks, comments and what we cannot read (OpenSSH skips those too).
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split_whitespace();
        let mut first = fields.next()?;
        if first.starts_with('#') {
            return None;
        }
        let marker = first.starts_with('@').then_some(first);
        if marker.is_some() {
            first = fields.next()?;
        }
        let (algorithm, blob) = (fields.next()?, fields.next()?);
        let key = PublicKey::from_openssh(&format!("{algorithm} {blob}")).ok()?;
        Some(Self { marker, hosts: first, key })
    }
}

/// Whether a comma-separated list of patterns covers a name. A negated match excludes the line.
pub(super) fn matches_name(patterns: &str, name: &str) -> bool {
    let mut covered = false;
    for pattern in patterns.split(',') {
        if let Some(negated) = pattern.strip_prefix('!') {
            if matches_glob(negated.to_lowercase().as_bytes(), name.as_bytes()) {
                return false;
            }
        } else if let Some(hashed) = pattern.strip_prefix("|1|") {
            covered |= matches_hash(hashed, name);
        } else {
            covered |= matches_glob(pattern.to_lowercase().as_bytes(), name.as_bytes());
        }
    }
    covered
}

/// A hashed name: `salt|HMAC-SHA1(salt, name)`, both in base64.
fn matches_hash(hashed: &str, name: &str) -> bool {
    let Some((salt, hash)) = hashed.split_once('|') else {
        return false;
    };
    let (Ok(salt), Ok(hash)) = (Base64::decode_vec(salt), Base64::decode_vec(hash)) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&salt) else {
        return false;
    };
    mac.update(name.as_bytes());
    mac.verify_slice(&hash).is_ok()
}

/// `*` stands for any run of characters, `?` for one. Iterative, so that a hostile pattern costs
/// at most length times length.
fn matches_glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == b'?' || name.get(n) == Some(c) => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    n = from + 1;
                    star = Some((at, n));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        assert!(matches_glob(b"10.0.?.*", b"10.0.3.17"));
        assert!(!matches_glob(b"10.0.?.*", b"10.0.33.17"));
        assert!(matches_glob(b"*a*b", b"xxaxxaxb"));
        assert!(!matches_glob(b"*a*b", b"xxaxxaxbc"));
        assert!(matches_glob(b"**", b""));
    }
}
