//! A web server of this computer that plays what a journey must not ask the real one: a hub, a
//! package index, an archive. What it answers is a function of the request.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What was asked.
#[derive(Clone, Debug)]
pub struct Request {
    /// With the query.
    pub path: String,
    pub authorization: Option<String>,
    range: Option<String>,
}

/// What is answered; of a body parts can be asked for.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

type Answering = dyn Fn(&Request) -> Answer + Send + Sync;

/// Serves until it is dropped.
pub struct Web {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    seen: Arc<Mutex<Vec<Request>>>,
    ended: Arc<AtomicBool>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

impl Web {
    pub fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, ended) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (noted, over, answer) = (seen.clone(), ended.clone(), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            let mut serving = Vec::new();
            for stream in listener.incoming().flatten() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                let (noted, answer) = (noted.clone(), answer.clone());
                // The other side may break off at any time.
                serving.push(std::thread::spawn(move || drop(serve(stream, &noted, &*answer))));
            }
            for thread in serving {
                let _ = thread.join();
            }
        });
        Self { url: format!("http://{address}"), seen, ended, address, thread: Some(thread) }
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<Request>>,
    answer: &Answering,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while reader.read_line(&mut head)? > 2 {}
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    let mut words = head.split(' ');
    let only_head = words.next() == Some("HEAD");
    let request = Request {
        path: words.next().unwrap_or_default().to_owned(),
        authorization: header("authorization"),
        range: header("range"),
    };
    seen.lock().unwrap().push(request.clone());
    let answered = answer(&request);
    let total = answered.body.len();
    let part = request.range.as_deref().filter(|_| answered.status == 200).and_then(|range| {
        let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
        let start: usize = start.parse().ok()?;
        let end = end.parse().map_or(total, |last: usize| total.min(last + 1));
        (start < end).then_some(start..end)
    });
    let (status, range) = match part {
        Some(range) => (206, range),
        None => (answered.status, 0..total),
    };
    write!(
        stream,
        "HTTP/1.1 {status} .\r\nConnection: close\r\nContent-Length: {}\r\n",
        range.len()
    )?;
    if status == 206 {
        write!(stream, "Content-Range: bytes {}-{}/{total}\r\n", range.start, range.end - 1)?;
    }
    for (name, value) in &answered.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    stream.write_all(b"\r\n")?;
    if !only_head {
        stream.write_all(&answered.body[range])?;
    }
    stream.flush()
}
