//! The method CONNECT of HTTP/1.1 (RFC 9110, 9.3.6), of which no more is needed than this.

use russh::keys::ssh_encoding::base64::{Base64, Encoding};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::ProxyLogin;

/// More than any proxy's answer has before its blank line.
const ANSWER_LIMIT: usize = 16 * 1024;

/// Asks a proxy for a tunnel; what follows on the stream is the server's.
pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    host: &str,
    port: u16,
    login: Option<&ProxyLogin>,
) -> Result<S, String> {
    let request = request(host, port, login);
    stream.write_all(request.expose_secret().as_bytes()).await.map_err(|e| e.to_string())?;
    stream.flush().await.map_err(|e| e.to_string())?;
    let mut answer = Vec::new();
    // One byte at a time: the server may speak first, and its words are not the proxy's.
    while !answer.ends_with(b"\r\n\r\n") && !answer.ends_with(b"\n\n") {
        if answer.len() >= ANSWER_LIMIT {
            return Err("its answer has no end".to_owned());
        }
        let byte = stream.read_u8().await.map_err(|_| "it closed the connection".to_owned())?;
        answer.push(byte);
    }
    let text = String::from_utf8_lossy(&answer);
    let line = text.lines().next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let protocol = words.next().unwrap_or_default();
    let status = words.next().unwrap_or_default();
    if !protocol.starts_with("HTTP/1.") {
        return Err("it does not speak HTTP".to_owned());
    }
    if status.len() == 3 && status.starts_with('2') {
        return Ok(stream);
    }
    Err(line.chars().filter(|c| !c.is_control()).take(100).collect())
}

fn request(host: &str, port: u16, login: Option<&ProxyLogin>) -> SecretString {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let authorization = login.map_or_else(String::new, |login| {
        let pair = Zeroizing::new(format!("{}:{}", login.user, login.password.expose_secret()));
        format!("Proxy-Authorization: Basic {}\r\n", Base64::encode_string(pair.as_bytes()))
    });
    let authorization = Zeroizing::new(authorization);
    format!(
        "CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{}\r\n",
        authorization.as_str()
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(answer: &[u8]) -> (Result<Vec<u8>, String>, String) {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(answer).await.unwrap();
        far.shutdown().await.unwrap();
        let login = ProxyLogin { user: "ada".into(), password: "s3cret".into() };
        let rest = match connect(near, "::1", 22, Some(&login)).await {
            Ok(mut stream) => {
                let mut rest = Vec::new();
                stream.read_to_end(&mut rest).await.unwrap();
                drop(stream);
                Ok(rest)
            }
            Err(detail) => Err(detail),
        };
        let mut asked = String::new();
        far.read_to_string(&mut asked).await.unwrap();
        (rest, asked)
    }

    #[tokio::test]
    async fn leaves_the_servers_words_on_the_stream() {
        let answer = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nSSH-2.0-x\r\n";
        let (rest, asked) = ask(answer).await;
        assert_eq!(rest.unwrap(), b"SSH-2.0-x\r\n");
        assert_eq!(
            asked,
            "CONNECT [::1]:22 HTTP/1.1\r\nHost: [::1]:22\r\n\
             Proxy-Authorization: Basic YWRhOnMzY3JldA==\r\n\r\n"
        );
    }

    #[tokio::test]
    async fn tells_what_went_wrong() {
        let denied = ask(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        assert_eq!(denied.0.unwrap_err(), "HTTP/1.1 407 Proxy Authentication Required");
        assert_eq!(ask(b"SSH-2.0-x\r\n\r\n").await.0.unwrap_err(), "it does not speak HTTP");
        assert_eq!(ask(b"HTTP/1.1 200").await.0.unwrap_err(), "it closed the connection");
        let endless = vec![b'x'; 2 * ANSWER_LIMIT];
        assert_eq!(ask(&endless).await.0.unwrap_err(), "its answer has no end");
    }
}
