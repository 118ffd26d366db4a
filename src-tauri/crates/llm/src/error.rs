//! What can go wrong between this computer and an engine.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. No variant ever holds the API key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The endpoint's address or key cannot be used at all.
    #[error("the endpoint is not usable: {reason}")]
    InvalidEndpoint {
        /// What is wrong with it.
        reason: String,
    },
    /// Nothing listens on the port.
    #[error("nothing is listening at the server's address")]
    ConnectionRefused,
    /// No connection within [`Timeouts::connect`](crate::Timeouts::connect).
    #[error("the server could not be reached in time")]
    ConnectTimeout,
    /// No connection for another reason: no route, no such name, TLS.
    #[error("the server could not be reached: {detail}")]
    ConnectFailed {
        /// The innermost cause.
        detail: String,
    },
    /// Nothing of an answer within [`Timeouts::first_token`](crate::Timeouts::first_token).
    #[error("the model did not begin to answer in time")]
    FirstTokenTimeout,
    /// A stream went silent for [`Timeouts::idle`](crate::Timeouts::idle).
    #[error("the model stopped sending in the middle of its answer")]
    IdleTimeout,
    /// A call that is not streamed took longer than
    /// [`Timeouts::request`](crate::Timeouts::request) or
    /// [`Timeouts::answer`](crate::Timeouts::answer).
    #[error("the server did not answer in time")]
    RequestTimeout,
    /// The connection broke before a whole answer (or the head of a stream) had come.
    #[error("the connection to the server was lost")]
    ConnectionLost,
    /// 401 or 403: the key is missing or wrong.
    #[error("the server refused the API key")]
    Unauthorized,
    /// 503 while the engine loads its model: try again soon.
    #[error("the model is still loading")]
    Loading,
    /// 400 `exceed_context_size_error`: the messages do not fit.
    #[error(
        "the messages take {prompt_tokens} tokens and the model's context holds {context} tokens"
    )]
    ContextExceeded {
        /// Tokens in the prompt.
        prompt_tokens: u64,
        /// Tokens that the context of one slot holds.
        context: u64,
    },
    /// The server did not accept the request (another 4xx).
    #[error("the server did not accept the request: {message}")]
    BadRequest {
        /// What the server said.
        message: String,
    },
    /// 404: this server has no such path or model.
    #[error("the server does not know this path or model")]
    NotFound,
    /// The engine cannot go on writing an answer that was begun
    /// ([`ChatRequest::prefill`](crate::ChatRequest::prefill)).
    #[error("the server cannot go on with an answer that was begun")]
    PrefillRefused,
    /// 429: too many requests.
    #[error("the server asks to slow down")]
    RateLimited {
        /// How long to wait, where the server said it in seconds.
        retry_after: Option<Duration>,
    },
    /// The tunnel in between answered instead of the server (an error of type `slipway_tunnel`).
    #[error("the tunnel answered: {message}")]
    Tunnel {
        /// `tunnel_down`, `forwarding_forbidden`, `engine_down`, `stream_refused` or `host_silent`.
        code: String,
        /// In its words.
        message: String,
    },
    /// The engine itself reported an error, by a status or inside a stream.
    #[error("the engine reported an error ({status}): {message}")]
    Engine {
        /// The HTTP status, or the code inside the stream's error object.
        status: u16,
        /// What the engine said.
        message: String,
    },
    /// A successful status with a body that is not this protocol: probably another program.
    #[error("the server's answer is not one that a model server gives: {excerpt}")]
    BadResponse {
        /// The beginning of the body.
        excerpt: String,
    },
    /// An event of the stream is not this protocol's JSON, or is longer than 16 MiB.
    #[error("the stream holds an event that cannot be read: {excerpt}")]
    BadEvent {
        /// The beginning of the event.
        excerpt: String,
    },
    /// The stream ended before the model had finished.
    #[error("the answer broke off after {received_chars} characters")]
    Cut {
        /// Characters of text and reasoning that had come.
        received_chars: usize,
    },
}

impl Error {
    /// Turns a failure of the HTTP client into what it means to the caller.
    pub(crate) fn transport(error: &reqwest::Error) -> Self {
        let cause = innermost(error);
        if !error.is_connect() {
            tracing::debug!(%cause, "connection lost");
            return Self::ConnectionLost;
        }
        let kind = io_kind(error);
        tracing::debug!(%cause, ?kind, "could not connect");
        if error.is_timeout() || kind == Some(io::ErrorKind::TimedOut) {
            Self::ConnectTimeout
        } else if kind == Some(io::ErrorKind::ConnectionRefused) {
            Self::ConnectionRefused
        } else {
            Self::ConnectFailed { detail: cause.to_string() }
        }
    }
}

/// The cause that the others wrap.
pub(crate) fn innermost<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause
}

/// The kind of the first I/O error among the causes.
fn io_kind(error: &(dyn StdError + 'static)) -> Option<io::ErrorKind> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return Some(error.kind());
        }
        cause = error.source();
    }
    None
}
