//! Requests without a pause: chats as a person sends them, and plain HTTP as other tools do.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slipway_protocol::{ErrorCode, HostId, RequestId, Sampling, TaskBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{App, chat};

/// Between two requests of one sender.
const PAUSE: Duration = Duration::from_millis(150);
/// The longest cut, the longest wait before a try, and some more: no request takes longer.
const LIMIT: Duration = Duration::from_secs(180);

/// How many requests ended how.
pub type Tally = BTreeMap<String, u32>;

/// Chats until told to stop. Each ends in an answer or in an error with a code.
pub async fn chats(app: Arc<App>, host: HostId, stop: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::new();
    while !stop.load(Ordering::Relaxed) {
        let seq = app.program.bus().last_seq();
        let mut send = chat(&host, "Go on.");
        send.settings.sampling = Sampling { max_tokens: Some(24), ..Sampling::default() };
        let ended = match app.program.chat_send(send).await {
            Ok(started) => ended(&app, seq, &started.request_id).await,
            Err(fault) => Some(fault.code),
        };
        let name = ended.map_or("answer".to_owned(), |code| format!("{code:?}"));
        *tally.entry(name).or_default() += 1;
        tokio::time::sleep(PAUSE).await;
    }
    tally
}

async fn ended(app: &App, mut seen: u64, request_id: &RequestId) -> Option<ErrorCode> {
    let bus = app.program.bus();
    let search = async {
        loop {
            bus.wait_after(seen).await;
            for message in bus.after(seen).messages {
                seen = message.seq;
                match message.body {
                    _ if message.request_id != *request_id => {}
                    TaskBody::Complete(_) => return None,
                    TaskBody::Error(error) => return Some(error.code),
                    _ => {}
                }
            }
        }
    };
    tokio::time::timeout(LIMIT, search).await.expect("a chat that never ends")
}

/// Requests to the tunnel's port until told to stop. Each ends in the engine's answer, in the
/// tunnel's own (503, 502), or with its connection.
pub async fn requests(port: u16, stop: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::new();
    while !stop.load(Ordering::Relaxed) {
        let asked = tokio::time::timeout(LIMIT, health(port)).await;
        let name = match asked.expect("a request that never ends") {
            Ok(Some(status)) => status.to_string(),
            Ok(None) => "cut".to_owned(),
            Err(error) => format!("{:?}", error.kind()),
        };
        *tally.entry(name).or_default() += 1;
        tokio::time::sleep(PAUSE).await;
    }
    tally
}

/// The status of GET /health; nothing when the connection ended before it.
async fn health(port: u16) -> std::io::Result<Option<u16>> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let head = String::from_utf8_lossy(&answer);
    Ok(head.split(' ').nth(1).and_then(|word| word.parse().ok()))
}
