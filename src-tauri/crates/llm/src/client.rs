//! The calls that can be made to one endpoint.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, StatusCode, redirect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, timeout, timeout_at};

use crate::body::Body;
use crate::endpoint::{Redactor, is_loopback};
use crate::error::innermost;
use crate::load::Load;
use crate::ollama::Shown;
use crate::response::{Reply, Report};
use crate::server::WireProps;
use crate::{
    Answer, ChatRequest, ChatStream, Dialect, Endpoint, Error, Health, Props, Result, Role, Slot,
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
    /// What Ollama told of its models.
    pub(crate) shown: Arc<Shown>,
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
            shown: Arc::default(),
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
    /// [`Error::PrefillRefused`], [`Error::BadRequest`] and those of [`Client::models`].
    pub async fn complete(&self, request: &ChatRequest) -> Result<Answer> {
        self.check(request)?;
        let call = self.request(Method::POST, CHAT).json(&Body::whole(request, self.dialect));
        let reply = self.reply(call, self.timeouts.answer).await?;
        let object = reply.json(&self.redactor).map_err(|error| told_of(request, error))?;
        Answer::read(object, &request.prefix(), &request.echo(self.dialect))
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
        self.check(request)?;
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
                .is_some_and(|value| value.to_ascii_lowercase().starts_with("text/event-stream"));
            if response.status().is_success() && is_stream {
                return Ok(response);
            }
            let error = Reply::read(response).await?.error(&self.redactor);
            Err(told_of(request, error))
        };
        let response =
            timeout_at(deadline, opening).await.map_err(|_| Error::FirstTokenTimeout)??;
        let (prefix, echo) = (request.prefix(), request.echo(self.dialect));
        let (idle, redactor) = (self.timeouts.idle, self.redactor.clone());
        Ok(ChatStream::new(response, deadline, idle, &prefix, &echo, redactor))
    }

    /// What needs no question to the server.
    fn check(&self, request: &ChatRequest) -> Result<()> {
        let is_begun = request.messages.last().is_some_and(|last| last.role == Role::Assistant);
        if request.prefill && !(is_begun && self.dialect.continues_answers()) {
            return Err(Error::PrefillRefused);
        }
        Ok(())
    }

    pub(crate) async fn get_json<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.get(path).await?.json(&self.redactor)
    }

    pub(crate) async fn post_json<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T> {
        let call = self.request(Method::POST, path).json(body);
        self.reply(call, self.timeouts.request).await?.json(&self.redactor)
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

/// Templates of models that think cannot all go on with an answer: "Assistant response prefill is
/// incompatible with enable_thinking" (llama.cpp), "continue_final_message is set but …" (vLLM).
fn told_of(request: &ChatRequest, error: Error) -> Error {
    match error {
        Error::BadRequest { message }
            if request.prefill
                && ["prefill", "continue_final_message"]
                    .iter()
                    .any(|word| message.contains(word)) =>
        {
            tracing::debug!(message, "the engine does not go on with an answer");
            Error::PrefillRefused
        }
        error => error,
    }
}
