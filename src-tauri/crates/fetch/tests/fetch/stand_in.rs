//! An HTTP server that answers each request as its test says: ranges, cuts and silence included.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use slipway_fetch::{Expected, Fetcher, Patience, Source};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// What stands behind `GET`.
    pub target: String,
    headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// N of `Range: bytes=N-`.
    pub fn start(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    status: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    announced: bool,
    sent: usize,
    hangs: bool,
}

impl Reply {
    pub fn new(status: &str, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let (status, sent) = (status.to_owned(), body.len());
        Self { status, headers: Vec::new(), body, announced: true, sent, hangs: false }
    }

    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::new("200 OK", body)
    }

    pub fn redirect(to: &str) -> Self {
        Self::new("302 Found", "").with("Location", to)
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends no length: the end of the connection is the end of the body.
    pub fn unannounced(mut self) -> Self {
        self.announced = false;
        self
    }

    /// Closes after so many bytes of the body.
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.sent = bytes.min(self.body.len());
        self
    }

    /// Goes silent after so many bytes of the body.
    pub fn silent_after(self, bytes: usize) -> Self {
        Self { hangs: true, ..self.cut_after(bytes) }
    }

    async fn write(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", self.status);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.announced {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        stream.write_all(format!("{head}\r\n").as_bytes()).await?;
        stream.write_all(&self.body[..self.sent]).await?;
        if self.hangs {
            let mut rest = [0; 64];
            while stream.read(&mut rest).await? > 0 {}
        }
        stream.shutdown().await
    }
}

/// A file as a good server serves it: with an ETag, and from any byte on.
pub fn ranged(request: &Request, content: &[u8], etag: &str) -> Reply {
    let same = request.header("if-range").is_none_or(|wanted| wanted == etag);
    match request.start().filter(|_| same) {
        None => Reply::ok(content).with("ETag", etag),
        Some(start) if start >= content.len() => {
            let range = format!("bytes */{}", content.len());
            Reply::new("416 Range Not Satisfiable", "").with("Content-Range", &range)
        }
        Some(start) => {
            let total = content.len();
            let range = format!("bytes {start}-{}/{total}", total - 1);
            let reply = Reply::new("206 Partial Content", &content[start..]);
            reply.with("ETag", etag).with("Content-Range", &range)
        }
    }
}

/// The server; ends when dropped.
pub struct StandIn {
    pub url: String,
    requests: Arc<Mutex<Vec<Request>>>,
    _serving: JoinSet<()>,
}

impl StandIn {
    /// Answers by a function of the request and of how many came before.
    pub async fn start(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer) = (Arc::clone(&requests), Arc::new(answer));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut peers = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                peers.spawn(async move {
                    let Some(request) = read_request(&mut stream).await else { return };
                    let before = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(request.clone());
                        seen.len() - 1
                    };
                    // A client that has heard enough closes first.
                    let _ = answer(&request, before).write(&mut stream).await;
                });
            }
        });
        Self { url, requests, _serving: serving }
    }

    /// What was asked so far.
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Where each request began.
    pub fn starts(&self) -> Vec<Option<usize>> {
        self.requests().iter().map(Request::start).collect()
    }

    pub fn source(&self, path: &str) -> Source {
        Source { url: format!("{}{path}", self.url), bearer: None }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    let mut lines = text.lines();
    let target = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Some(Request { target, headers })
}

/// Waits that a test can wait for.
pub fn impatient() -> Patience {
    Patience {
        connect: Duration::from_secs(2),
        silence: Duration::from_millis(400),
        retries: 2,
        pause: Duration::from_millis(20),
    }
}

pub fn fetcher() -> Fetcher {
    Fetcher::with_patience(impatient()).unwrap()
}

/// A fetcher that tries once.
pub fn single_try() -> Fetcher {
    Fetcher::with_patience(Patience { retries: 0, ..impatient() }).unwrap()
}

pub fn content(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 253) as u8).collect()
}

pub fn sum(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn exactly(content: &[u8]) -> Expected {
    Expected { sha256: Some(sum(content)), bytes: Some(content.len() as u64) }
}

/// A folder for downloads.
pub struct Downloads {
    pub dir: TempDir,
}

impl Downloads {
    pub fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn names(&self) -> Vec<String> {
        names(self.dir.path())
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
