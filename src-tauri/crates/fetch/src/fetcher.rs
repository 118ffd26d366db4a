//! Asking a server over HTTP: waits, redirects, tokens, and what an answer's status means.

use std::time::Duration;

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use secrecy::SecretString;
use tokio::time::timeout;

use crate::address::{authorization, forbidden_redirect, is_loopback, shown};
use crate::error::{Failure, innermost};
use crate::retries::Retries;
use crate::{Error, Result};

/// The longest document, in bytes: the index page of a package with many thousand files has some.
const LONGEST_DOCUMENT: usize = 32 * 1024 * 1024;
/// What a hub says when the owner's terms are to be accepted first.
const REASON: &str = "x-error-code";

/// How long is waited for a server, and how often it is asked again.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For a connection, TLS included.
    pub connect: Duration,
    /// Without a byte for this long, an answer counts as broken off.
    pub silence: Duration,
    /// Tries after the first one, when what failed may pass. Each byte that comes starts the count
    /// anew.
    pub retries: u32,
    /// Before the second try; twice as long before each further one.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(60),
            retries: 3,
            pause: Duration::from_millis(500),
        }
    }
}

/// Downloads over HTTP and HTTPS, through the proxy of the system's settings or the environment's.
/// Cloning is cheap; clones share their connections.
#[derive(Clone, Debug)]
pub struct Fetcher {
    http: Client,
    /// For this computer, which no proxy can reach for us.
    direct: Client,
    pub(crate) patience: Patience,
}

/// A small answer that has arrived whole.
pub(crate) struct Document {
    pub(crate) text: String,
    pub(crate) headers: HeaderMap,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
}

impl Fetcher {
    /// Reads the system's certificates and proxy; asks nobody yet.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] where the system has no certificates to trust.
    pub fn new() -> Result<Self> {
        Self::with_patience(Patience::default())
    }

    /// The same with other waits.
    ///
    /// # Errors
    /// Those of [`Fetcher::new`].
    pub fn with_patience(patience: Patience) -> Result<Self> {
        let builder = || {
            Client::builder()
                .connect_timeout(patience.connect)
                .redirect(redirect::Policy::custom(|attempt| {
                    match forbidden_redirect(attempt.previous(), attempt.url()) {
                        Some(reason) => attempt.error(reason),
                        None => attempt.follow(),
                    }
                }))
                // The address before a redirect is nobody else's business.
                .referer(false)
                .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")))
        };
        let failed = |error: reqwest::Error| Error::invalid("certificates", innermost(&error));
        let http = builder().build().map_err(failed)?;
        let direct = builder().no_proxy().build().map_err(failed)?;
        Ok(Self { http, direct, patience })
    }

    /// Asks for `url` and waits for the head of the answer: one of success, or 416. The token goes to
    /// the server of `url` only: reqwest takes it out of a redirect to another one.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        token: Option<&SecretString>,
        headers: HeaderMap,
    ) -> std::result::Result<Response, Failure> {
        let client = if is_loopback(url) { &self.direct } else { &self.http };
        let mut request = client.get(url.clone()).headers(headers);
        // What is kept is what is sent: a sum of the packed file would be another one.
        request = request.header(ACCEPT_ENCODING, "identity");
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, authorization(token)?);
        }
        let unreachable = |detail| Error::Unreachable { url: shown(url), detail };
        let response = match timeout(self.patience.silence, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_redirect() => {
                return Err(
                    Error::BadResponse { url: shown(url), detail: innermost(&error) }.into()
                );
            }
            // Waiting for a connection has taken long enough.
            Ok(Err(error)) if error.is_timeout() => {
                return Err(unreachable("no connection in time".to_owned()).into());
            }
            Ok(Err(error)) => return Err(Failure::Passing(unreachable(innermost(&error)), None)),
            Err(_) => {
                return Err(Failure::Passing(unreachable("no answer in time".to_owned()), None));
            }
        };
        let status = response.status();
        if status.is_success() || status == StatusCode::RANGE_NOT_SATISFIABLE {
            return Ok(response);
        }
        Err(refusal(url, &response, token.is_some()))
    }

    /// Brings a small document, as one of the media types in `accept`.
    pub(crate) async fn document(
        &self,
        url: &Url,
        token: Option<&SecretString>,
        accept: &'static str,
    ) -> Result<Document> {
        let mut retries = Retries::new(&self.patience);
        loop {
            match self.try_document(url, token, accept).await {
                Ok(document) => return Ok(document),
                Err(failure) => retries.pause(failure).await?,
            }
        }
    }

    async fn try_document(
        &self,
        url: &Url,
        token: Option<&SecretString>,
        accept: &'static str,
    ) -> std::result::Result<Document, Failure> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
        let mut response = self.ask(url, token, headers).await?;
        let mut body = Vec::new();
        loop {
            let interrupted = |detail| {
                let received = body.len() as u64;
                Failure::Passing(Error::Interrupted { url: shown(url), received, detail }, None)
            };
            match timeout(self.patience.silence, response.chunk()).await {
                Ok(Ok(None)) => break,
                Ok(Ok(Some(piece))) if body.len() + piece.len() <= LONGEST_DOCUMENT => {
                    body.extend_from_slice(&piece);
                }
                Ok(Ok(Some(_))) => {
                    let detail = format!("more than {LONGEST_DOCUMENT} bytes");
                    return Err(Error::BadResponse { url: shown(url), detail }.into());
                }
                Ok(Err(error)) => return Err(interrupted(innermost(&error))),
                Err(_) => return Err(interrupted("no byte in time".to_owned())),
            }
        }
        let text = String::from_utf8(body).map_err(|_| Error::BadResponse {
            url: shown(url),
            detail: "it is no text in UTF-8".to_owned(),
        })?;
        Ok(Document { text, headers: response.headers().clone(), url: response.url().clone() })
    }
}

/// What a status without success means.
fn refusal(url: &Url, response: &Response, token_given: bool) -> Failure {
    let (url, status) = (shown(url), response.status());
    let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Error::NotFound { url, file: None }.into(),
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => {
            let gated = text(REASON) == Some("GatedRepo");
            Error::Refused { url, status: status.as_u16(), gated, token_given }.into()
        }
        _ => {
            let error = Error::Unreachable { url, detail: format!("HTTP status {status}") };
            let passes = status.is_server_error()
                || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
            if !passes {
                return error.into();
            }
            let seconds = text(RETRY_AFTER.as_str()).and_then(|value| value.trim().parse().ok());
            Failure::Passing(error, seconds.map(Duration::from_secs))
        }
    }
}
