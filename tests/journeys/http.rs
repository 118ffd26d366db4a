//! Just enough HTTP for the journeys: asking an engine, and serving a model file with faults.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

/// The status and the body of a GET with the engine's key.
pub fn get(base: &str, path: &str, key: Option<&str>) -> std::io::Result<(u16, String)> {
    let authority = base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(authority)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let key = key.map_or(String::new(), |key| format!("Authorization: Bearer {key}\r\n"));
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {authority}\r\n{key}\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).unwrap_or(0);
    Ok((status, body.to_owned()))
}

/// How many slots of an engine work, asked with the key from its deployment's folder.
pub fn busy_slots(base: &str, deployment: &Path) -> usize {
    let key = std::fs::read_to_string(deployment.join("api.key")).unwrap();
    let (status, body) = get(base, "/slots", Some(key.trim())).unwrap();
    assert_eq!(status, 200, "{body}");
    let slots: Value = serde_json::from_str(&body).unwrap();
    let slots = slots.as_array().unwrap();
    slots.iter().filter(|slot| slot["is_processing"] == Value::Bool(true)).count()
}

/// Whether something listens on a port of this computer.
pub fn listens(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A web server for one model file, which can be slow, break off, and be resumed.
pub struct ModelServer {
    pub url: String,
    state: Arc<Mutex<Serving>>,
    address: SocketAddr,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Serving {
    content: Vec<u8>,
    /// Bytes of an answer after which it is cut; once.
    cut_after: Option<usize>,
    pause: Duration,
    /// The Range header of each request for the whole or its rest.
    ranges: Vec<Option<String>>,
    ended: bool,
}

impl ModelServer {
    pub fn start(content: Vec<u8>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(Serving { content, ..Serving::default() }));
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.lock().unwrap().ended {
                    return;
                }
                // The other side may break off at any time.
                let _ = serve(stream, &shared);
            }
        });
        Self { url: format!("http://{address}/m.gguf"), state, address, thread: Some(thread) }
    }

    /// Cuts the next answer after so many bytes.
    pub fn cut_after(&self, bytes: usize) {
        self.state.lock().unwrap().cut_after = Some(bytes);
    }

    /// Waits between blocks of 64 KiB.
    pub fn pause(&self, pause: Duration) {
        self.state.lock().unwrap().pause = pause;
    }

    /// The Range header of each request so far, but for looks at the beginning of the file.
    pub fn ranges(&self) -> Vec<Option<String>> {
        self.state.lock().unwrap().ranges.clone()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        {
            let mut state = self.state.lock().unwrap();
            state.ended = true;
            state.pause = Duration::ZERO;
        }
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<Serving>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut head = String::new();
    let mut reader = BufReader::new(stream.try_clone()?);
    while reader.read_line(&mut head)? > 2 {}
    let range = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("range").then(|| value.trim().to_owned())
    });
    let path = head.split(' ').nth(1).unwrap_or_default();
    if !path.starts_with("/m.gguf") {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    }
    let span = range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.split_once('-'));
    let is_look = span.is_some_and(|(_, last)| !last.is_empty());
    let (content, cut) = {
        let mut state = state.lock().unwrap();
        if !is_look {
            state.ranges.push(range.clone());
        }
        (state.content.clone(), if is_look { None } else { state.cut_after.take() })
    };
    let start: usize = span.and_then(|(first, _)| first.parse().ok()).unwrap_or(0);
    let total = content.len();
    let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nContent-Range: bytes {start}-{}/{total}\r\n\
         ETag: \"one\"\r\nConnection: close\r\n\r\n",
        total - start,
        total - 1
    )?;
    let end = cut.map_or(total, |cut| total.min(start + cut));
    for block in content[start..end].chunks(64 * 1024) {
        stream.write_all(block)?;
        let pause = state.lock().unwrap().pause;
        std::thread::sleep(pause);
    }
    Ok(())
}
