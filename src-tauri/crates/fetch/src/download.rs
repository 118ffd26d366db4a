//! Downloading one file: on from the byte where it stopped, checked, put in place whole.

use std::path::Path;

use bytes::Bytes;
use futures_util::FutureExt;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, IF_RANGE, RANGE};
use reqwest::{Response, StatusCode, Url};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::address::{parse, shown};
use crate::error::{Failure, innermost};
use crate::part::{Origin, Part, sum_of_file};
use crate::range::{content_range, header, is_other_version, own_validator};
use crate::retries::Retries;
use crate::{Error, Expected, Fetched, Fetcher, Result, Source};

/// Written at once, when a line is quick.
const BATCH: usize = 1024 * 1024;

impl Fetcher {
    /// Downloads a file to `dest`, replacing what is there; the directory is made.
    ///
    /// The bytes go to `dest` + `.part`, which stays on failure and when the future is dropped: the
    /// next call for the same `dest` goes on from there, as long as the server still has the same
    /// version (by its `ETag` or date) or `expected` knows the sum. Others see the old file or the
    /// whole new one. A file that is there with the expected sum is not asked for again.
    ///
    /// `progress` is called with the bytes that are on the disk, those of earlier calls among them,
    /// and the size as far as it is known. It can fall back when the server has a new version.
    ///
    /// # Errors
    /// Every [`Error`]; [`Error::Interrupted`] and [`Error::Unreachable`] come after the tries of
    /// [`Patience`](crate::Patience).
    pub async fn file(
        &self,
        source: &Source,
        dest: &Path,
        expected: &Expected,
        mut progress: impl FnMut(u64, Option<u64>) + Send,
    ) -> Result<Fetched> {
        let url = parse(&source.url)?;
        if source.bearer.is_some() && (!url.username().is_empty() || url.password().is_some()) {
            return Err(Error::invalid("address", "it holds a login of its own beside the token"));
        }
        let expected = expected.checked()?;
        if let Some(wanted) = &expected.sha256
            && let Some((sha256, bytes)) = sum_of_file(dest).await?
            && sha256 == *wanted
        {
            progress(bytes, Some(bytes));
            return Ok(Fetched { bytes, sha256 });
        }
        let mut download = Download {
            fetcher: self,
            part: Part::open(dest).await?,
            url,
            bearer: source.bearer.as_ref(),
            expected: &expected,
        };
        let mut of_earlier_calls = download.part.length() > 0;
        loop {
            download.complete(&mut progress).await?;
            let (bytes, sha256) = (download.part.length(), download.part.sha256());
            let url = shown(&download.url);
            match &expected.sha256 {
                Some(wanted) if *wanted != sha256 && of_earlier_calls => {
                    tracing::debug!(url, "what was kept is of another file: beginning anew");
                    of_earlier_calls = false;
                    download.part.begin(Origin::default()).await?;
                }
                Some(wanted) if *wanted != sha256 => {
                    download.part.discard().await?;
                    let expected = wanted.clone();
                    return Err(Error::HashMismatch { url, expected, actual: sha256 });
                }
                _ => {
                    download.part.finish(dest).await?;
                    return Ok(Fetched { bytes, sha256 });
                }
            }
        }
    }
}

/// One file under way.
struct Download<'a> {
    fetcher: &'a Fetcher,
    part: Part,
    url: Url,
    bearer: Option<&'a SecretString>,
    expected: &'a Expected,
}

impl Download<'_> {
    /// Asks until the part is as long as the file.
    async fn complete(
        &mut self,
        progress: &mut (impl FnMut(u64, Option<u64>) + Send),
    ) -> Result<()> {
        let mut retries = Retries::new(&self.fetcher.patience);
        let mut farthest = self.part.length();
        loop {
            let Err(failure) = self.try_once(progress).await else {
                return Ok(());
            };
            // A server that cannot go on and cuts at the same place each time gains nothing.
            if self.part.length() > farthest {
                farthest = self.part.length();
                retries.reset();
            }
            retries.pause(failure).await?;
        }
    }

    async fn try_once(
        &mut self,
        progress: &mut (impl FnMut(u64, Option<u64>) + Send),
    ) -> std::result::Result<(), Failure> {
        let mut kept = self.part.length();
        let origin = self.part.origin().clone();
        let same_place = origin.url == shown(&self.url);
        let validator = origin.validator.filter(|_| same_place);
        let sum_decides = self.expected.sha256.is_some();
        if sum_decides && kept > 0 && self.expected.bytes == Some(kept) {
            progress(kept, Some(kept));
            return Ok(());
        }
        if kept > 0 && validator.is_none() && !sum_decides {
            self.part.begin(Origin::default()).await?;
            kept = 0;
        }
        let mut headers = HeaderMap::new();
        if kept > 0 {
            headers.extend(header(RANGE, &format!("bytes={kept}-")));
            headers.extend(validator.as_deref().and_then(|validator| header(IF_RANGE, validator)));
        }
        let response = self.fetcher.ask(&self.url, self.bearer, headers).await?;
        let Some(total) = self.place(&response, kept, validator.as_deref()).await? else {
            return Ok(());
        };
        self.receive(response, total.or(self.expected.bytes), progress).await
    }

    /// Sees where the bytes of an answer belong and makes room for them. Gives the size of the whole
    /// file as far as it is told; nothing when all of it is here already.
    async fn place(
        &mut self,
        response: &Response,
        kept: u64,
        validator: Option<&str>,
    ) -> std::result::Result<Option<Option<u64>>, Failure> {
        let headers = response.headers();
        let packed = headers.get(CONTENT_ENCODING).is_some_and(|value| value != "identity");
        if packed {
            return Err(self.unusable("it is packed although that was not asked for").into());
        }
        let range = content_range(headers);
        let total = match (response.status(), range) {
            (StatusCode::OK, _) => {
                let origin = Origin { url: shown(&self.url), validator: own_validator(headers) };
                self.part.begin(origin).await?;
                response.content_length()
            }
            (StatusCode::PARTIAL_CONTENT, Some((Some(start), total)))
                if kept > 0 && start == kept && !is_other_version(headers, validator) =>
            {
                total
            }
            (StatusCode::RANGE_NOT_SATISFIABLE, Some((None, Some(total))))
                if kept > 0 && total == kept =>
            {
                return Ok(None);
            }
            (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, _) if kept > 0 => {
                self.part.begin(Origin::default()).await?;
                let error = self.unusable("it cannot go on with what is here");
                return Err(Failure::Passing(error, None));
            }
            (status, _) => return Err(self.unusable(&format!("HTTP status {status}")).into()),
        };
        match (total, self.expected.bytes) {
            (Some(total), Some(bytes)) if total != bytes => {
                Err(self.unusable(&format!("{total} bytes instead of {bytes}")).into())
            }
            _ => Ok(Some(total)),
        }
    }

    /// Appends the body of an answer.
    async fn receive(
        &mut self,
        mut response: Response,
        total: Option<u64>,
        progress: &mut (impl FnMut(u64, Option<u64>) + Send),
    ) -> std::result::Result<(), Failure> {
        progress(self.part.length(), total);
        loop {
            let next = timeout(self.fetcher.patience.silence, response.chunk()).await;
            let (pieces, end) = match next {
                Err(_) => return Err(self.interrupted("no byte in time".to_owned())),
                Ok(first) => ready(&mut response, first),
            };
            let arriving: usize = pieces.iter().map(Bytes::len).sum();
            if total.is_some_and(|total| self.part.length() + arriving as u64 > total) {
                return Err(self.unusable("more bytes than there should be").into());
            }
            if arriving > 0 {
                self.part.append(pieces).await?;
                progress(self.part.length(), total);
            }
            match end {
                None => {}
                Some(Some(detail)) => return Err(self.interrupted(detail)),
                Some(None) if total.is_some_and(|total| self.part.length() < total) => {
                    return Err(self.interrupted("the end came too early".to_owned()));
                }
                Some(None) => return Ok(()),
            }
        }
    }

    fn unusable(&self, detail: &str) -> Error {
        Error::BadResponse { url: shown(&self.url), detail: detail.to_owned() }
    }

    fn interrupted(&self, detail: String) -> Failure {
        let (url, received) = (shown(&self.url), self.part.length());
        Failure::Passing(Error::Interrupted { url, received, detail }, None)
    }
}

/// The pieces that have come by now, beginning with the first; and the end, with its cause where it is
/// none of the file.
fn ready(
    response: &mut Response,
    first: reqwest::Result<Option<Bytes>>,
) -> (Vec<Bytes>, Option<Option<String>>) {
    let (mut pieces, mut length) = (Vec::new(), 0);
    let mut next = Some(first);
    loop {
        match next {
            None => return (pieces, None),
            Some(Ok(None)) => return (pieces, Some(None)),
            Some(Err(error)) => return (pieces, Some(Some(innermost(&error)))),
            Some(Ok(Some(piece))) => {
                length += piece.len();
                pieces.push(piece);
            }
        }
        next = if length < BATCH { response.chunk().now_or_never() } else { None };
    }
}
