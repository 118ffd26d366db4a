//! The calls that can be made to one endpoint.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, StatusCode, redirect};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::Completion;
use crate::body::Body;
use crate::endpoint::{Redactor, is_loopback};
use crate::error::innermost;
use crate::load::Load;
use crate::response::{Reply, Report};
use crate::server::{ModelList, WireProps};
use crate::{
    Answer, ChatRequest, ChatStream, Dialect, Endpoint, Error, Health, Model, Props, Result, Slot,
    Timeouts,
};

const CHAT: &str = "/v1/chat/completions";

/// Idle connections are closed after this: shorter than the 5 minutes after which a tunnel or
/// a firewall may drop them unseen.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// A client of one endpoint. Cloning is cheap; clones share their connections.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<str>,
    authorization: Option<HeaderValue>,
    health_path: Arc<str>,
    redactor: Redactor,
    timeouts: Timeouts,
    dialect: Dialect,
}

impl Client {
    /// Makes a client; no connection is opened yet.
    ///
    /// # Errors
    /// [`Error::InvalidEndpoint`] for an address or a key that cannot be used.
    pub fn new(endpoint: Endpoint, timeouts: Timeouts) -> Result<Self> {
        let base = endpoint.base()?;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(timeouts.connect)
            .tcp_nodelay(true)
            .pool_idle_timeout(POOL_IDLE)
            // A redirect would carry the conversation to a server that nobody chose.
            .redirect(redirect::Policy::none())
            .user_agent(concat!("slipway/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&base) {
            // HTTP_PROXY must not catch requests to a tunnel's local port.
            builder = builder.no_proxy();
        }
        if base.scheme() == "http" {
            // Reading the system's certificates takes time, and fails where there are none.
            builder = builder.tls_certs_only([]);
        }
        let http = builder
            .build()
            .map_err(|error| Error::InvalidEndpoint { reason: innermost(&error).to_string() })?;
        Ok(Self {
            http,
            base: base.as_str().trim_end_matches('/').into(),
            authorization: endpoint.authorization()?,
            health_path: endpoint.health_path.as_str().into(),
            redactor: Redactor::new(endpoint.api_key),
            timeouts,
            dialect: Dialect::default(),
        })
    }

    /// The same client for another engine than llama.cpp: it sends what that engine knows.
    #[must_use]
    pub fn with_dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Which engine it takes the server for.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Asks whether the engine can answer ([`Endpoint::health_path`]; needs no key on llama.cpp).
    ///
    /// # Errors
    /// A 503 with "Loading model" is [`Health::Loading`], not an error. A page of some other
    /// program is [`Error::BadResponse`].
    pub async fn health(&self) -> Result<Health> {
        let reply = self.get(&self.health_path).await?;
        if reply.status == StatusCode::OK {
            // llama.cpp answers {"status":"ok"}, vLLM an empty body, others a word.
            if reply.text.trim().is_empty() || &*self.health_path != "/health" {
                return Ok(Health::Ready);
            }
            let body: serde_json::Value = reply.json(&self.redactor)?;
            return match Report::find(&body) {
                None => Ok(Health::Ready),
                Some(report) => Err(report.into_error(&self.redactor)),
            };
        }
        match reply.error(&self.redactor) {
            Error::Loading => Ok(Health::Loading { message: reply.report().message }),
            error => Err(error),
        }
    }

    /// Lists the models that the server offers (`GET /v1/models`).
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for a missing or wrong key, [`Error::Loading`] before the model is
    /// there, and those of every call.
    pub async fn models(&self) -> Result<Vec<Model>> {
        Ok(self.get_json::<ModelList>("/v1/models").await?.into())
    }

    /// Reads how a llama.cpp server was started (`GET /props`).
    ///
    /// # Errors
    /// [`Error::NotFound`] on other engines, and those of [`Client::models`].
    pub async fn props(&self) -> Result<Props> {
        Ok(self.get_json::<WireProps>("/props").await?.into())
    }

    /// Reads which slots of a llama.cpp server are at work (`GET /slots`).
    ///
    /// # Errors
    /// [`Error::NotFound`] on other engines, and those of [`Client::models`].
    pub async fn slots(&self) -> Result<Vec<Slot>> {
        self.get_json("/slots").await
    }

    /// Reads how busy the engine is, from the path of its metrics (`/metrics`).
    ///
    /// # Errors
    /// [`Error::NotFound`] where it serves none, and those of [`Client::models`].
    pub async fn load(&self, path: &str) -> Result<Load> {
        let reply = self.get(path).await?;
        if reply.status == StatusCode::OK {
            return Ok(Load::read(&reply.text));
        }
        Err(reply.error(&self.redactor))
    }

    /// Asks for a whole answer at once. Dropping the future stops the engine.
    ///
    /// # Errors
    /// [`Error::RequestTimeout`] after [`Timeouts::answer`], [`Error::ContextExceeded`],
    /// [`Error::BadRequest`] and those of [`Client::models`].
    pub async fn complete(&self, request: &ChatRequest) -> Result<Answer> {
        let call = self.request(Method::POST, CHAT).json(&Body::whole(request, self.dialect));
        let reply = self.reply(call, self.timeouts.answer).await?;
        reply
            .json::<Completion>(&self.redactor)?
            .into_answer()
            .ok_or_else(|| reply.error(&self.redactor))
    }

    /// Asks for an answer piece by piece. Returns once the engine has accepted the request;
    /// dropping the future or the stream closes the connection, which stops the engine.
    ///
    /// # Errors
    /// [`Error::FirstTokenTimeout`] where the engine does not even begin its reply within
    /// [`Timeouts::first_token`], and those of [`Client::complete`]. Later ones come out of the
    /// stream.
    pub async fn stream(&self, request: &ChatRequest) -> Result<ChatStream> {
        let deadline = Instant::now() + self.timeouts.first_token;
        let mut call = self
            .request(Method::POST, CHAT)
            .header(ACCEPT, "text/event-stream")
            .json(&Body::streamed(request, self.dialect));
        if self.base.starts_with("http:") {
            // llama.cpp closes the connection after a stream without saying so. Kept, it would
            // break the next request that comes before the news of that, which a tunnel delays.
            call = call.header(CONNECTION, "close");
        }
        let opening = async {
            let response = call.send().await.map_err(|error| Error::transport(&error))?;
            let is_stream = response
                .headers()
                .get(CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .is_some_and(|value| value.starts_with("text/event-stream"));
            if response.status().is_success() && is_stream {
                return Ok(response);
            }
            Err(Reply::read(response).await?.error(&self.redactor))
        };
        let response =
            timeout_at(deadline, opening).await.map_err(|_| Error::FirstTokenTimeout)??;
        Ok(ChatStream::new(response, deadline, self.timeouts.idle, self.redactor.clone()))
    }

    async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.get(path).await?.json(&self.redactor)
    }

    async fn get(&self, path: &str) -> Result<Reply> {
        let call = self.request(Method::GET, path);
        self.reply(call, self.timeouts.request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let call = self.http.request(method, format!("{}{path}", self.base));
        match &self.authorization {
            Some(value) => call.header(AUTHORIZATION, value),
            None => call,
        }
    }

    async fn reply(&self, call: RequestBuilder, limit: Duration) -> Result<Reply> {
        let whole = async {
            let response = call.send().await.map_err(|error| Error::transport(&error))?;
            Reply::read(response).await
        };
        timeout(limit, whole).await.map_err(|_| Error::RequestTimeout)?
    }
}
