//! A file of a Python package in an index: the simple repository API, as JSON (PEP 691) or as a page
//! of links (PEP 503).

use std::collections::HashMap;
use std::fmt;

use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;

use crate::address::{parse, same_origin, shown, shown_text};
use crate::fetcher::Document;
use crate::index_page::Page;
use crate::{Error, Fetcher, Result};

const JSON: &str = "application/vnd.pypi.simple.v1+json";
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
    application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// Where a file of a package is, as an index tells it.
#[derive(Clone, PartialEq, Eq)]
pub struct IndexFile {
    /// Its address. It holds the login of the index where that has one and the file is on the same
    /// server.
    pub url: String,
    /// Its SHA-256, hexadecimal.
    pub sha256: Option<String>,
    /// Its size.
    pub bytes: Option<u64>,
}

impl fmt::Debug for IndexFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, Self { sha256, bytes, .. }) = (shown_text(&self.url), self);
        let mut shown = f.debug_struct("IndexFile");
        shown.field("url", &url).field("sha256", sha256).field("bytes", bytes).finish()
    }
}

impl Fetcher {
    /// Finds a file of a package in an index such as `https://example.org/simple`. The package's name
    /// may be written in any way (PEP 503), the file's must be exact.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a package that the index lacks, or, with `file`, for a file that the
    /// package lacks; [`Error::InvalidInput`] for names that are none; those of asking a server.
    pub async fn index_file(&self, index: &str, package: &str, file: &str) -> Result<IndexFile> {
        let package = normalised(package)
            .ok_or_else(|| Error::invalid("package", "it is no name of a package"))?;
        if !is_file_name(file) {
            return Err(Error::invalid("file", "it is no name of a file"));
        }
        let index = parse(&format!("{}/{package}/", index.trim_end_matches('/')))?;
        let document = self.document(&index, None, ACCEPT).await?;
        let found = links(&document)?.into_iter().find(|link| link.name == file);
        let Some(link) = found else {
            return Err(Error::NotFound { url: shown(&index), file: Some(file.to_owned()) });
        };
        let unusable = |detail: &str| {
            let detail = format!("{detail} for {file}");
            Error::BadResponse { url: shown(&index), detail }
        };
        let mut url = link.url;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unusable("no address of the web"));
        }
        // Over an open line anybody could send another file, unless the index vouches for it.
        if index.scheme() == "https" && url.scheme() == "http" && link.sha256.is_none() {
            return Err(unusable("an address without TLS, and no sum"));
        }
        url.set_fragment(None);
        if same_origin(&url, &index) && url.username().is_empty() && url.password().is_none() {
            // They only fail where there is no host.
            let _ = url.set_username(index.username());
            let _ = url.set_password(index.password());
        }
        Ok(IndexFile { url: url.into(), sha256: link.sha256, bytes: link.bytes })
    }
}

/// A file that a page names.
struct Link {
    name: String,
    url: Url,
    sha256: Option<String>,
    bytes: Option<u64>,
}

fn links(document: &Document) -> Result<Vec<Link>> {
    let kind = document.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case(JSON) || kind.eq_ignore_ascii_case("application/json") {
        return json_links(document);
    }
    if !document.text.contains('<') {
        let detail = format!("neither JSON nor a page of links: {kind}");
        return Err(Error::BadResponse { url: shown(&document.url), detail });
    }
    let page = Page::read(&document.text);
    let base = page.base.and_then(|base| document.url.join(&base).ok());
    let base = base.as_ref().unwrap_or(&document.url);
    Ok(page.links.iter().filter_map(|link| html_link(base, link)).collect())
}

fn json_links(document: &Document) -> Result<Vec<Link>> {
    #[derive(Deserialize)]
    struct List {
        files: Vec<File>,
    }
    #[derive(Deserialize)]
    struct File {
        filename: String,
        url: String,
        #[serde(default)]
        hashes: HashMap<String, String>,
        size: Option<u64>,
    }
    let list: List = serde_json::from_str(&document.text).map_err(|error| Error::BadResponse {
        url: shown(&document.url),
        detail: error.to_string(),
    })?;
    let link = |file: File| {
        let url = document.url.join(&file.url).ok()?;
        let sha256 = file.hashes.get("sha256").and_then(|sum| sha256(sum));
        Some(Link { name: file.filename, url, sha256, bytes: file.size })
    };
    Ok(list.files.into_iter().filter_map(link).collect())
}

/// The file's name is the end of its path, its sum stands in the fragment.
fn html_link(base: &Url, link: &str) -> Option<Link> {
    let url = base.join(link).ok()?;
    let name = url.path_segments()?.next_back()?;
    let name = percent_decode_str(name).decode_utf8().ok()?.into_owned();
    let sha256 = url.fragment().and_then(|text| text.strip_prefix("sha256=")).and_then(sha256);
    Some(Link { name, url, sha256, bytes: None })
}

fn sha256(text: &str) -> Option<String> {
    let right = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    right.then(|| text.to_ascii_lowercase())
}

/// A package's name as it stands in an index's addresses; none for what is no name (PEP 508).
fn normalised(package: &str) -> Option<String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !package.chars().all(inside)
        || !ends(package.chars().next())
        || !ends(package.chars().next_back())
    {
        return None;
    }
    let words = package.split(['-', '_', '.']).filter(|word| !word.is_empty());
    Some(words.collect::<Vec<_>>().join("-").to_ascii_lowercase())
}

fn is_file_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || "/\\".contains(c);
    !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && !name.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_in_one_way() {
        for name in ["llama-cpp-python", "Llama_Cpp.Python", "llama--cpp__python"] {
            assert_eq!(normalised(name).as_deref(), Some("llama-cpp-python"), "{name}");
        }
        for bad in ["", "-a", "a-", "../a", "a/b", "a b", "а", "a?b", ".."] {
            assert_eq!(normalised(bad), None, "{bad}");
        }
    }

    #[test]
    fn no_file_lies_elsewhere() {
        assert!(is_file_name("llama_cpp_python-0.3.1+cpu-py3-none-any.whl"));
        for bad in ["", ".", "..", "../a.whl", "a/b.whl", "a\\b.whl", ".hidden", "a\nb", "a\0"] {
            assert!(!is_file_name(bad), "{bad:?}");
        }
    }
}
