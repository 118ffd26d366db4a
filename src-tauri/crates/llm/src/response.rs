//! Reading a response's body and telling what a refusal means.

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::endpoint::Redactor;
use crate::sse::MAX_EVENT;
use crate::{Error, Result, json};

/// Longest body that is read, in bytes.
const MAX_BODY: usize = 2 * MAX_EVENT;

/// A body that has arrived whole.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    retry_after: Option<Duration>,
    pub(crate) text: String,
}

impl Reply {
    /// Reads the body to its end, up to [`MAX_BODY`].
    pub(crate) async fn read(mut response: Response) -> Result<Self> {
        let status = response.status();
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse().ok())
            .map(Duration::from_secs);
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| Error::transport(&error))? {
            if body.len() + piece.len() > MAX_BODY {
                return Err(Error::BadResponse {
                    excerpt: "a body of more than 32 MiB".to_owned(),
                });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Self { status, retry_after, text: String::from_utf8_lossy(&body).into_owned() })
    }

    /// The body as JSON of the protocol, or the error that it stands for.
    pub(crate) fn json<T: DeserializeOwned>(&self, redactor: &Redactor) -> Result<T> {
        if !self.status.is_success() {
            return Err(self.error(redactor));
        }
        json::parse(&self.text).map_err(|error| {
            tracing::debug!(%error, "body is not of this protocol");
            self.error(redactor)
        })
    }

    /// What the server said about a refusal: the error in its body, or the body itself.
    pub(crate) fn report(&self) -> Report {
        Report::parse(&self.text).unwrap_or_else(|| Report::of_text(&self.text))
    }

    /// What this reply means as an error.
    pub(crate) fn error(&self, redactor: &Redactor) -> Error {
        if self.status.is_success() {
            return match Report::parse(&self.text) {
                Some(report) => report.into_error(redactor),
                None => Error::BadResponse { excerpt: redactor.excerpt(&self.text) },
            };
        }
        let report = self.report();
        if let Some(code) = report.tunnel_code() {
            return Error::Tunnel { code: code.to_owned(), message: report.message };
        }
        match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Unauthorized,
            StatusCode::NOT_FOUND => Error::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Error::RateLimited { retry_after: self.retry_after },
            StatusCode::SERVICE_UNAVAILABLE if report.is_loading() => Error::Loading,
            status if status.is_client_error() => report.context_exceeded().unwrap_or_else(|| {
                Error::BadRequest { message: redactor.excerpt(&report.message) }
            }),
            status => Error::Engine {
                status: status.as_u16(),
                message: redactor.excerpt(&report.message),
            },
        }
    }
}

/// What a server says about an error.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Report {
    #[serde(deserialize_with = "text_or_default")]
    pub(crate) message: String,
    #[serde(rename = "type", deserialize_with = "text_or_default")]
    kind: String,
    code: Value,
    n_prompt_tokens: Option<u64>,
    n_ctx: Option<u64>,
}

/// `message` and `type` are null in some servers' errors.
fn text_or_default<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<String, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.unwrap_or_default())
}

impl Report {
    /// Reads a body or an event as JSON and finds the error in it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::find(&json::parse(text).ok()?)
    }

    /// Finds the error in a body or an event: `{"error":{…}}` (OpenAI, llama.cpp, vLLM),
    /// `{"error":"…"}` (Ollama), `{"object":"error",…}` (older vLLM) or `{"detail":"…"}` (servers made
    /// with FastAPI).
    pub(crate) fn find(body: &Value) -> Option<Self> {
        match &body["error"] {
            Value::String(text) if !text.is_empty() => return Some(Self::of_text(text)),
            Value::Null | Value::Bool(false) | Value::String(_) => {}
            object => return Some(Self::of_object(object)),
        }
        if body["object"] == "error" {
            return Some(Self::of_object(body));
        }
        body["detail"].as_str().map(Self::of_text)
    }

    fn of_object(object: &Value) -> Self {
        Self::deserialize(object).unwrap_or_else(|_| Self::of_text(&object.to_string()))
    }

    fn of_text(text: &str) -> Self {
        Self { message: text.to_owned(), ..Self::default() }
    }

    /// Set when Slipway's own tunnel says why it could not carry the request.
    fn tunnel_code(&self) -> Option<&str> {
        if self.kind == "slipway_tunnel" { self.code.as_str() } else { None }
    }

    /// llama.cpp says "Loading model"; other 503s (no free slot, a proxy's) are errors.
    pub(crate) fn is_loading(&self) -> bool {
        self.message.to_ascii_lowercase().contains("loading model")
    }

    /// llama.cpp says both numbers in fields of their own; vLLM and OpenAI in a sentence, of which
    /// these are the two forms: "This model's maximum context length is 4096 tokens. However, you
    /// requested 5000 tokens (…)", "You passed 4000 input tokens and requested 1000 output tokens.
    /// However, the model's context length is only 4096 tokens, …".
    fn context_exceeded(&self) -> Option<Error> {
        if self.kind == "exceed_context_size_error" {
            let (prompt_tokens, context) = (self.n_prompt_tokens?, self.n_ctx?);
            return Some(Error::ContextExceeded { prompt_tokens, context });
        }
        let (before, after) = ["maximum context length is ", "context length is only "]
            .iter()
            .find_map(|words| self.message.split_once(words))?;
        let mut told = numbers(after);
        let context = told.next()?;
        let prompt_tokens = told.chain([numbers(before).sum()]).max()?;
        (prompt_tokens > context).then_some(Error::ContextExceeded { prompt_tokens, context })
    }

    /// The error for a report that came with a successful status, as in the middle of a stream.
    pub(crate) fn into_error(self, redactor: &Redactor) -> Error {
        if let Some(code) = self.tunnel_code() {
            return Error::Tunnel { code: code.to_owned(), message: self.message };
        }
        self.context_exceeded().unwrap_or_else(|| Error::Engine {
            status: self.code.as_u64().and_then(|code| u16::try_from(code).ok()).unwrap_or(500),
            message: redactor.excerpt(&self.message),
        })
    }
}

/// Those of a sentence. None is so great that a few of them could not be added.
fn numbers(text: &str) -> impl Iterator<Item = u64> {
    let runs = text.split(|character: char| !character.is_ascii_digit());
    runs.filter_map(|digits| digits.parse::<u32>().ok()).map(u64::from)
}
