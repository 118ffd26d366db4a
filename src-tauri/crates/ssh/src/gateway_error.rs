//! What a request is told that cannot be carried: an HTTP status with OpenAI's error object.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::forward::ForwardError;

/// The methods of RFC 9110 (9.1) and RFC 5789 that a client of an engine may begin with.
const METHODS: [&[u8]; 7] =
    [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"DELETE ", b"OPTIONS ", b"PATCH "];
/// Enough to hold any of them.
pub(crate) const OPENING: usize = 8;
/// An HTTP client speaks first, and it has had time to while it waited.
const OPENING_TIMEOUT: Duration = Duration::from_millis(300);
/// How soon another look is taken at an opening that is not complete.
const OPENING_POLL: Duration = Duration::from_millis(10);
/// For a client that goes on sending its request: closing at once would reset the connection and
/// take the answer with it.
const LINGER: Duration = Duration::from_secs(2);

/// Answers if an HTTP request is waiting; false when it is something else.
pub(crate) async fn answer(stream: &mut TcpStream, error: &ForwardError) -> bool {
    match timeout(OPENING_TIMEOUT, method(stream)).await {
        Ok(Some(method)) => refuse(stream, method, error).await,
        _ => false,
    }
}

/// Answers if what was sent so far began as an HTTP request; false when it is something else.
pub(crate) async fn answer_to(
    stream: &mut TcpStream,
    opening: &[u8],
    error: &ForwardError,
) -> bool {
    match METHODS.into_iter().find(|method| opening.starts_with(method)) {
        Some(method) => refuse(stream, method, error).await,
        None => false,
    }
}

async fn refuse(stream: &mut TcpStream, method: &[u8], error: &ForwardError) -> bool {
    let text = response(error, method == b"HEAD ");
    if !matches!(timeout(LINGER, stream.write_all(text.as_bytes())).await, Ok(Ok(()))) {
        return false;
    }
    let rest = async {
        stream.shutdown().await?;
        let mut request = [0; 4096];
        while stream.read(&mut request).await? > 0 {}
        Ok::<(), std::io::Error>(())
    };
    let _ = timeout(LINGER, rest).await;
    true
}

/// The method that the connection begins with, if it is one.
async fn method(stream: &TcpStream) -> Option<&'static [u8]> {
    let mut opening = [0; OPENING];
    loop {
        let length = stream.peek(&mut opening).await.ok()?;
        let opening = opening.get(..length)?;
        if let Some(method) = METHODS.into_iter().find(|method| opening.starts_with(method)) {
            return Some(method);
        }
        // The end, or something that no further byte turns into a method.
        if length == 0 || !METHODS.iter().any(|method| method.starts_with(opening)) {
            return None;
        }
        sleep(OPENING_POLL).await;
    }
}

fn response(error: &ForwardError, head_only: bool) -> String {
    let (status, code, retry_after) = match error {
        ForwardError::NotAttached | ForwardError::ConnectionLost => {
            ("503 Service Unavailable", "tunnel_down", 2)
        }
        ForwardError::ForwardingForbidden => ("502 Bad Gateway", "forwarding_forbidden", 60),
        ForwardError::RemoteRefused(_) => ("502 Bad Gateway", "engine_down", 5),
        ForwardError::Refused { .. } | ForwardError::ReaderTooSlow => {
            ("502 Bad Gateway", "stream_refused", 5)
        }
        ForwardError::Timeout => ("504 Gateway Timeout", "host_silent", 5),
    };
    // The one part that is not ours may hold anything.
    let message = escape(&error.to_string());
    let body = format!(
        r#"{{"error":{{"message":"{message}","type":"slipway_tunnel","param":null,"code":"{code}"}}}}"#
    );
    let length = body.len();
    let body = if head_only { "" } else { &body };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Retry-After: {retry_after}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// A JSON string's inside (RFC 8259, 7). Control characters are left out: none means anything here.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control()) {
        if matches!(c, '"' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_in_the_servers_words_stays_json() {
        let detail = "say \"no\"\\\n\u{7}".to_owned();
        let text = response(&ForwardError::Refused { detail }, false);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 502 "), "{head}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())));
        assert!(body.contains(r#"say \"no\"\\""#), "{body}");
        assert!(response(&ForwardError::NotAttached, true).ends_with("\r\n\r\n"));
    }
}
