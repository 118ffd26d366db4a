//! A raw TCP peer that answers every request with scripted steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use slipway_llm::{ChatMessage, ChatRequest, Client, Endpoint, Role, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The key that requests to a stand-in carry.
pub const KEY: &str = "sk-stand-in-key";

/// What the peer does after it has read a request.
#[derive(Clone)]
pub enum Step {
    Send(Vec<u8>),
    Pause(Duration),
    /// Waits until the client closes.
    Hang,
    /// Closes with a RST instead of a FIN.
    Reset,
}

/// The steps for a request.
type Script = Arc<dyn Fn(&str) -> Vec<Step> + Send + Sync>;

/// The peer; ends when dropped.
pub struct StandIn {
    url: String,
    connections: Arc<AtomicUsize>,
    closed: watch::Receiver<usize>,
    requests: watch::Receiver<Vec<String>>,
    _serving: JoinSet<()>,
}

impl StandIn {
    /// Serves `steps`, then closes the connection.
    pub async fn closing(steps: Vec<Step>) -> Self {
        Self::start(Arc::new(move |_| steps.clone()), false).await
    }

    /// Serves JSON by the beginning of a request, as in `GET /props `; anything else is 404.
    pub async fn with_pages(pages: Vec<(&'static str, String)>) -> Self {
        let answer = move |request: &str| {
            let page = pages.iter().find(|(start, _)| request.starts_with(start));
            vec![match page {
                Some((_, body)) => response("200 OK", "", body),
                None => response("404 Not Found", "", "404 page not found"),
            }]
        };
        Self::start(Arc::new(answer), false).await
    }

    /// Serves `steps` for request after request on the same connection.
    pub async fn keeping_alive(steps: Vec<Step>) -> Self {
        Self::start(Arc::new(move |_| steps.clone()), true).await
    }

    async fn start(script: Script, keep_alive: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (closed_sender, closed) = watch::channel(0);
        let (request_sender, requests) = watch::channel(Vec::new());
        let mut serving = JoinSet::new();
        let counter = Arc::clone(&connections);
        serving.spawn(async move {
            let mut peers = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let script = Arc::clone(&script);
                let closed = closed_sender.clone();
                let requests = request_sender.clone();
                peers.spawn(async move {
                    serve(stream, &script, keep_alive, &requests).await;
                    closed.send_modify(|count| *count += 1);
                });
            }
        });
        Self { url, connections, closed, requests, _serving: serving }
    }

    /// A client of this peer.
    pub fn client(&self, timeouts: Timeouts) -> Client {
        let endpoint = Endpoint {
            base_url: self.url.clone(),
            api_key: Some(SecretString::from(KEY)),
            health_path: "/health".into(),
        };
        Client::new(endpoint, timeouts).unwrap()
    }

    /// How many connections were opened.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The last request, as it came.
    pub fn last_request(&self) -> String {
        self.requests.borrow().last().cloned().unwrap_or_default()
    }

    /// All requests, as they came.
    pub fn requests(&self) -> Vec<String> {
        self.requests.borrow().clone()
    }

    /// Returns once a request has come.
    pub async fn requested(&mut self) {
        let requests = &mut self.requests;
        requests.wait_for(|all| !all.is_empty()).await.unwrap();
    }

    /// Returns once a connection is over.
    pub async fn closed(&mut self) {
        self.closed.wait_for(|count| *count > 0).await.unwrap();
    }
}

async fn serve(
    mut stream: TcpStream,
    script: &Script,
    keep_alive: bool,
    requests: &watch::Sender<Vec<String>>,
) {
    stream.set_nodelay(true).unwrap();
    while let Some(request) = read_request(&mut stream).await {
        let steps = script(&request);
        requests.send_modify(|all| all.push(request));
        for step in &steps {
            match step {
                Step::Send(bytes) => {
                    if stream.write_all(bytes).await.is_err() {
                        return;
                    }
                }
                Step::Pause(time) => sleep(*time).await,
                Step::Hang => {
                    let mut rest = [0; 64];
                    while matches!(stream.read(&mut rest).await, Ok(1..)) {}
                    return;
                }
                Step::Reset => {
                    stream.set_zero_linger().unwrap();
                    return;
                }
            }
        }
        if !keep_alive {
            return;
        }
    }
}

/// Reads one request with its body; `None` when the client closes first.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map_or(0, |(_, value)| value.parse().unwrap());
        if body.len() >= length {
            return Some(text.into_owned());
        }
    }
}

/// A response with a length.
pub fn response(status: &str, headers: &str, body: &str) -> Step {
    let length = body.len();
    Step::Send(
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
            .into_bytes(),
    )
}

/// The head of a chunked event stream.
pub fn stream_head() -> Step {
    Step::Send(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec(),
    )
}

/// One HTTP chunk: hyper hands each over as a packet of its own.
pub fn chunk(bytes: impl AsRef<[u8]>) -> Step {
    let bytes = bytes.as_ref();
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    Step::Send(framed)
}

/// An event with a piece of text.
pub fn delta(content: &str) -> String {
    let content = serde_json::to_string(content).unwrap();
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":{content}}}}}]}}\n\n")
}

/// An event with a JSON object.
pub fn event(json: &str) -> String {
    format!("data: {json}\n\n")
}

/// The events that end an answer.
pub const FINISH: &str =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// The end of a chunked body.
pub fn last_chunk() -> Step {
    chunk("")
}

/// A request with one message.
pub fn question(text: &str) -> ChatRequest {
    ChatRequest::new(vec![ChatMessage::new(Role::User, text)])
}
