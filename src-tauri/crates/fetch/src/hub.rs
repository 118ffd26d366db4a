//! Hugging Face's interface, or a mirror's that speaks it: what a repository holds.
//!
//! ```text
//! GET BASE/api/models/REPO/revision/REVISION          commit (sha), gated, private
//! GET BASE/api/models/REPO/tree/COMMIT?recursive=true pages of {type, path, size, lfs{oid: sha256, size}}
//! GET BASE/REPO/resolve/COMMIT/FILE                   redirects to the file
//! ```
//!
//! The rules are those of the script on the host (`deploy/slipway_host/model/hub.py`), which does the
//! same where the host can reach a hub by itself.

use reqwest::Url;
use reqwest::header::LINK;
use secrecy::SecretString;
use serde_json::Value;

use crate::address::{parse, same_origin, shown};
use crate::hub_listing::{HubFile, HubListing};
use crate::{Error, Fetcher, Result, Source};

/// The hub that is asked unless another one is set up.
pub const DEFAULT_HUB: &str = "https://huggingface.co";
const MOST_PAGES: usize = 50;

/// A hub, with the token that it knows us by.
#[derive(Clone, Debug)]
pub struct Hub {
    /// Its address, [`configured_hub`] unless the user says another one.
    pub base_url: String,
    /// Sent to the hub only, never to where its files lie.
    pub token: Option<SecretString>,
}

/// The address of the hub that this computer is set up to use: `HF_ENDPOINT`, else [`DEFAULT_HUB`].
#[must_use]
pub fn configured_hub() -> String {
    let set = std::env::var("HF_ENDPOINT").ok().filter(|address| !address.trim().is_empty());
    set.map_or_else(|| DEFAULT_HUB.to_owned(), |address| address.trim().to_owned())
}

impl Hub {
    /// Where a file of a repository is to be had, for [`Fetcher::file`]; `revision` is best the commit
    /// of a listing.
    ///
    /// # Errors
    /// [`Error::InvalidInput`].
    pub fn source(&self, repo: &str, revision: &str, file: &str) -> Result<Source> {
        check(repo, revision)?;
        if !is_file(file) {
            return Err(Error::invalid("file", "it is no path in a repository"));
        }
        let path = repo.split('/').chain(["resolve", revision]).chain(file.split('/'));
        let url = self.address(path)?.into();
        Ok(Source { url, bearer: self.token.clone() })
    }

    /// An address below the hub's, from its parts.
    fn address<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Result<Url> {
        let mut url = parse(self.base_url.trim_end_matches('/'))?;
        let has_login = !url.username().is_empty() || url.password().is_some();
        if has_login || url.query().is_some() || url.fragment().is_some() {
            return Err(Error::invalid("address", "it must hold neither a login nor a query"));
        }
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        Ok(url)
    }
}

impl Fetcher {
    /// Lists the models of a repository (`OWNER/NAME`) at a branch, tag or commit (`main` unless
    /// given), as people choose them.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a repository or revision that is not there, or is private and no token
    /// was given: the hub does not tell which. [`Error::Refused`], with `gated` where the owner's terms
    /// are to be accepted, and else for a token that is not accepted. [`Error::InvalidInput`] and those
    /// of asking a server.
    pub async fn hub_listing(
        &self,
        hub: &Hub,
        repo: &str,
        revision: Option<&str>,
    ) -> Result<HubListing> {
        let revision = revision.unwrap_or("main");
        check(repo, revision)?;
        let models = || ["api", "models"].into_iter().chain(repo.split('/'));
        let url = hub.address(models().chain(["revision", revision]))?;
        let (info, _) = self.hub_json(hub, &url).await?;
        let commit = info.get("sha").and_then(Value::as_str).filter(|sha| is_commit(sha));
        let Some(commit) = commit else {
            return Err(unusable(&url, "an answer without a commit"));
        };
        let url = hub.address(models().chain(["tree", commit]))?;
        let files = self.hub_files(hub, url).await?;
        let (gated, private) = (is_set(&info, "gated"), is_set(&info, "private"));
        Ok(HubListing::new(repo, revision, commit, gated, private, files))
    }

    /// The files of a tree; names that would lie elsewhere are left out.
    async fn hub_files(&self, hub: &Hub, tree: Url) -> Result<Vec<HubFile>> {
        let mut url = tree.clone();
        url.set_query(Some("recursive=true"));
        let mut files = Vec::new();
        for _ in 0..MOST_PAGES {
            let (page, following) = self.hub_json(hub, &url).await?;
            let entries = page.as_array().map(Vec::as_slice).unwrap_or_default();
            files.extend(entries.iter().filter_map(hub_file));
            let Some(following) = following else {
                break;
            };
            url = following;
            // The token goes along.
            if !same_origin(&url, &tree) {
                return Err(unusable(&tree, "the next page is on another server"));
            }
        }
        Ok(files)
    }

    /// JSON of the hub, and the address of its next page.
    async fn hub_json(&self, hub: &Hub, url: &Url) -> Result<(Value, Option<Url>)> {
        let document = match self.document(url, hub.token.as_ref(), "application/json").await {
            Ok(document) => document,
            Err(error) => return Err(explained(error)),
        };
        let json = serde_json::from_str(&document.text)
            .map_err(|error| unusable(url, &error.to_string()))?;
        let link = document.headers.get(LINK).and_then(|value| value.to_str().ok());
        let following = link.and_then(next_link).and_then(|link| url.join(link).ok());
        Ok((json, following))
    }
}

/// What a hub means by its refusals: without a token it says 401 for what is private as for what is
/// not there, and 403 for terms that were not accepted.
fn explained(error: Error) -> Error {
    match error {
        Error::Refused { url, status: 401, gated: false, token_given: false } => {
            Error::NotFound { url, file: None }
        }
        Error::Refused { url, status: 403, token_given, .. } => {
            Error::Refused { url, status: 403, gated: true, token_given }
        }
        other => other,
    }
}

fn unusable(url: &Url, detail: &str) -> Error {
    Error::BadResponse { url: shown(url), detail: detail.to_owned() }
}

/// The hub says `false`, `true`, or in a word how access is granted.
fn is_set(info: &Value, name: &str) -> bool {
    match info.get(name) {
        Some(Value::Bool(set)) => *set,
        Some(Value::String(word)) => !word.is_empty(),
        _ => false,
    }
}

fn hub_file(entry: &Value) -> Option<HubFile> {
    if entry.get("type")?.as_str()? != "file" {
        return None;
    }
    let path = entry.get("path")?.as_str().filter(|path| is_file(path))?;
    let size = entry.get("size")?.as_u64()?;
    let large = |name: &str| entry.get("lfs")?.get(name);
    let is_sum = |sum: &&str| sum.len() == 64 && sum.bytes().all(is_small_hex);
    Some(HubFile {
        path: path.to_owned(),
        bytes: large("size").and_then(Value::as_u64).unwrap_or(size),
        sha256: large("oid").and_then(Value::as_str).filter(is_sum).map(str::to_owned),
    })
}

/// The address in `<ADDRESS>; rel="next"` (RFC 8288).
fn next_link(header: &str) -> Option<&str> {
    header.split('<').find_map(|link| {
        let (address, parameters) = link.split_once('>')?;
        let first = parameters.trim_start().strip_prefix(';')?.trim_start();
        let relation = first.strip_prefix("rel=")?;
        let next = relation.starts_with("\"next\"") || relation.starts_with("next");
        next.then_some(address)
    })
}

fn check(repo: &str, revision: &str) -> Result<()> {
    let name = |text: &str| is_plain(text, 96, "._-");
    let right = repo.split_once('/').is_some_and(|(owner, model)| name(owner) && name(model));
    if !right || repo.contains("..") {
        return Err(Error::invalid("repo", "it is not OWNER/NAME"));
    }
    if !is_plain(revision, 101, "._/-") || revision.contains("..") {
        return Err(Error::invalid("revision", "it is no branch, tag or commit"));
    }
    Ok(())
}

/// A path of a repository that stays in its folder on every system.
fn is_file(path: &str) -> bool {
    // An underscore may begin a name as well.
    let plain = |part: &str| is_plain(&part.replacen('_', "a", 1), 201, "._+ -");
    path.split('/').count() <= 5 && path.split('/').all(plain)
}

/// Begins with a letter or digit, and holds no other characters than those and `more`.
fn is_plain(text: &str, longest: usize, more: &str) -> bool {
    let starts = text.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    starts
        && text.len() <= longest
        && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(is_small_hex)
}

fn is_small_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(base_url: &str) -> Hub {
        Hub { base_url: base_url.to_owned(), token: None }
    }

    #[test]
    fn hostile_names_are_not_asked_for() {
        for repo in [
            "", "name", "a/b/c", "/b", "a/", "../b", "a/..", "a/b..c", "a/.b", "a/b c", "a/b?c",
            "a/b#c", "a/b%2e", "a\\b/c", "а/б", "a/b\n", "-a/b",
        ] {
            let error = hub(DEFAULT_HUB).source(repo, "main", "a.gguf").unwrap_err();
            assert!(matches!(error, Error::InvalidInput { what: "repo", .. }), "{repo:?}");
        }
        for revision in ["", "../main", "a..b", "/main", "ma in", "a?b", "-main", &"a".repeat(102)]
        {
            let error = hub(DEFAULT_HUB).source("a/b", revision, "a.gguf").unwrap_err();
            assert!(matches!(error, Error::InvalidInput { what: "revision", .. }), "{revision:?}");
        }
        for file in [
            "",
            "../a",
            "a/../b",
            "/a",
            "a/",
            "a//b",
            "a\\b",
            "C:a",
            "a\nb",
            ".a",
            "a/.b",
            "a/b/c/d/e/f",
            "щ.gguf",
            "-a",
            "a?b",
            &"a".repeat(202),
        ] {
            let error = hub(DEFAULT_HUB).source("a/b", "main", file).unwrap_err();
            assert!(matches!(error, Error::InvalidInput { what: "file", .. }), "{file:?}");
        }
    }

    #[test]
    fn addresses_are_quoted() {
        let source = hub("https://hub.example/mirror/").source("a/b", "refs/pr/1", "_s u/x+y.gguf");
        let expected = "https://hub.example/mirror/a/b/resolve/refs%2Fpr%2F1/_s%20u/x+y.gguf";
        assert_eq!(source.unwrap().url, expected);
        for base in
            ["", "hub.example", "file:///a", "https://u:p@hub.example", "https://a.example?a"]
        {
            let error = hub(base).source("a/b", "main", "a.gguf").unwrap_err();
            assert!(matches!(error, Error::InvalidInput { what: "address", .. }), "{base:?}");
        }
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let header = "<https://a.example/1>; rel=\"prev\", </2?cursor=x>; rel=\"next\"";
        assert_eq!(next_link(header), Some("/2?cursor=x"));
        assert_eq!(next_link("</2>;rel=next"), Some("/2"));
        assert_eq!(next_link("</1>; rel=\"prev\""), None);
        assert_eq!(next_link("next"), None);
    }
}
