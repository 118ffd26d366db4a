//! What a server, or what is in its place, can answer instead.

use std::env;
use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use slipway_llm::{Client, Endpoint, Error, Health, Timeouts};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener as AsyncListener;
use tokio::time::sleep;

use crate::stand_in::{KEY, StandIn, Step, question, response};

const LOADING: &str =
    r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;

async fn answering(status: &str, headers: &str, body: &str) -> (StandIn, Client) {
    let peer = StandIn::closing(vec![response(status, headers, body)]).await;
    let client = peer.client(Timeouts::default());
    (peer, client)
}

fn client_of(base_url: String, timeouts: Timeouts) -> Client {
    let endpoint = Endpoint { base_url, api_key: None, health_path: "/health".into() };
    Client::new(endpoint, timeouts).unwrap()
}

/// The same refusal must mean the same to every kind of call.
async fn refused(status: &str, headers: &str, body: &str) -> Error {
    let (_peer, client) = answering(status, headers, body).await;
    let request = question("Hi");
    let errors = [
        client.models().await.unwrap_err(),
        client.props().await.unwrap_err(),
        client.slots().await.unwrap_err(),
        client.complete(&request).await.unwrap_err(),
        client.stream(&request).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    errors[0].clone()
}

#[tokio::test]
async fn a_loading_engine_is_a_state() {
    let (_peer, client) = answering("503 Service Unavailable", "", LOADING).await;
    let message = "Loading model".to_owned();
    assert_eq!(client.health().await, Ok(Health::Loading { message }));
    assert_eq!(refused("503 Service Unavailable", "", LOADING).await, Error::Loading);
}

#[tokio::test]
async fn refusals_keep_their_meaning() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        assert_eq!(refused(status, "", "").await, Error::Unauthorized);
    }
    assert_eq!(refused("404 Not Found", "", "no such page").await, Error::NotFound);
    for (header, seconds) in
        [("Retry-After: 7\r\n", Some(7)), ("", None), ("Retry-After: soon\r\n", None)]
    {
        let retry_after = seconds.map(Duration::from_secs);
        let error = refused("429 Too Many Requests", header, "").await;
        assert_eq!(error, Error::RateLimited { retry_after });
    }
    let body = r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"too long","n_prompt_tokens":9000,"n_ctx":4096}}"#;
    let error = refused("400 Bad Request", "", body).await;
    let (prompt_tokens, context) = (9000, 4096);
    assert_eq!(error, Error::ContextExceeded { prompt_tokens, context });
    for sentence in [
        "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens \
         (8900 in the messages, 100 in the completion).",
        "This model's maximum context length is 4096 tokens. However, you requested 100 output tokens \
         and your prompt contains at least 8900 input tokens, for a total of at least 9000 tokens.",
        "You passed 8900 input tokens and requested 100 output tokens. However, the model's context \
         length is only 4096 tokens, resulting in a maximum input length of 3996 tokens.",
    ] {
        let body = format!(r#"{{"error":{{"message":"{sentence}","type":"BadRequestError"}}}}"#);
        let error = refused("400 Bad Request", "", &body).await;
        assert_eq!(error, Error::ContextExceeded { prompt_tokens, context });
    }
    for (body, message) in [
        (
            r#"{"error":{"message":"maximum context length is unknown"}}"#,
            "maximum context length is unknown",
        ),
        (r#"{"error":{"message":"no grammar","type":null}}"#, "no grammar"),
        (r#"{"error":"no grammar"}"#, "no grammar"),
        (r#"{"detail":"no grammar"}"#, "no grammar"),
        ("<html>", "<html>"),
    ] {
        let message = message.to_owned();
        assert_eq!(refused("400 Bad Request", "", body).await, Error::BadRequest { message });
    }
    for (status, code) in
        [("500 Internal Server Error", 500), ("503 Service Unavailable", 503), ("302 Found", 302)]
    {
        let error =
            refused(status, "Location: http://127.0.0.1:1/\r\n", r#"{"error":{"message":"busy"}}"#)
                .await;
        let message = "busy".to_owned();
        assert_eq!(error, Error::Engine { status: code, message });
    }
    let body = r#"{"error":{"message":"no way","type":"slipway_tunnel","code":"tunnel_down"}}"#;
    let error = refused("503 Service Unavailable", "Retry-After: 2\r\n", body).await;
    let (code, message) = ("tunnel_down".to_owned(), "no way".to_owned());
    assert_eq!(error, Error::Tunnel { code, message });
}

#[tokio::test]
async fn no_error_repeats_the_key() {
    let body = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}"#);
    for status in ["400 Bad Request", "500 Internal Server Error", "200 OK"] {
        let error = refused(status, "", &body).await;
        assert!(!format!("{error:?} {error}").contains(KEY), "{error:?}");
        assert!(error.to_string().contains("provided: [key]"), "{error}");
    }
    let (_peer, client) = answering("200 OK", "", "").await;
    assert!(!format!("{client:?}").contains(KEY), "{client:?}");
}

#[tokio::test]
async fn another_program_on_the_port_is_told() {
    let page = "<!doctype html><title>Router</title>";
    let error = refused("200 OK", "Content-Type: text/html\r\n", page).await;
    let excerpt = page.to_owned();
    assert_eq!(error, Error::BadResponse { excerpt: excerpt.clone() });
    let (_peer, client) = answering("200 OK", "", page).await;
    assert_eq!(client.health().await, Err(Error::BadResponse { excerpt }));

    let peer = StandIn::closing(vec![Step::Send(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())]).await;
    let health = peer.client(Timeouts::default()).health().await;
    assert_eq!(health, Err(Error::ConnectionLost));
}

#[tokio::test]
async fn health_is_ready_with_and_without_a_body() {
    for body in ["{\"status\":\"ok\"}", ""] {
        let (peer, client) = answering("200 OK", "", body).await;
        assert_eq!(client.health().await, Ok(Health::Ready));
        assert!(peer.last_request().starts_with("GET /health HTTP/1.1\r\n"));
    }
}

#[tokio::test]
async fn a_wrong_length_is_never_an_answer() {
    let body = r#"{"choices":[{"message":{"content":"abc"}}]}"#;
    let of_length = |length: usize| {
        Step::Send(
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes(),
        )
    };
    let peer = StandIn::closing(vec![of_length(body.len() + 1)]).await;
    let answer = peer.client(Timeouts::default()).complete(&question("Hi")).await;
    assert_eq!(answer, Err(Error::ConnectionLost));
    let peer = StandIn::closing(vec![of_length(body.len() - 1)]).await;
    let answer = peer.client(Timeouts::default()).complete(&question("Hi")).await;
    assert!(matches!(answer, Err(Error::BadResponse { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_lost_connection_is_told_from_a_refused_one() {
    for step in [Step::Reset, Step::Pause(Duration::ZERO)] {
        let peer = StandIn::closing(vec![step]).await;
        let client = peer.client(Timeouts::default());
        assert_eq!(client.models().await, Err(Error::ConnectionLost));
        let error = client.stream(&question("Hi")).await.unwrap_err();
        assert_eq!(error, Error::ConnectionLost);
    }

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = client_of(format!("http://{address}"), Timeouts::default());
    assert_eq!(client.health().await, Err(Error::ConnectionRefused));
}

#[tokio::test]
async fn a_connection_without_tls_behind_https_is_told() {
    let listener = AsyncListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = client_of(format!("https://{address}"), Timeouts::default());
    let plain_server = async {
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        sleep(Duration::from_secs(5)).await;
    };
    tokio::select! {
        health = client.health() => {
            assert!(matches!(health, Err(Error::ConnectFailed { .. })), "{health:?}");
        }
        () = plain_server => panic!("the client went on waiting"),
    }
}

/// Runs one of these tests again where the environment names a proxy and no certificates.
#[test]
fn a_tunnel_needs_neither_proxy_nor_certificates() {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "refusals::health_is_ready_with_and_without_a_body"])
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("ALL_PROXY", "http://127.0.0.1:9")
        .env("SSL_CERT_FILE", "/nonexistent")
        .env("SSL_CERT_DIR", "/nonexistent")
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("1 passed"), "{report}");
}

#[tokio::test]
async fn a_silent_server_ends_small_calls_and_whole_answers() {
    let peer = StandIn::closing(vec![Step::Hang]).await;
    let limit = Duration::from_millis(300);
    let client = peer.client(Timeouts { request: limit, answer: limit, ..Timeouts::default() });
    let start = Instant::now();
    assert_eq!(client.health().await, Err(Error::RequestTimeout));
    assert_eq!(client.complete(&question("Hi")).await, Err(Error::RequestTimeout));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

/// A listener whose queue is full leaves further connections hanging (on Linux).
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_that_does_not_answer_ends_the_connect() {
    use tokio::net::{TcpSocket, TcpStream};
    use tokio::task::JoinSet;

    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut filling = JoinSet::new();
    for _ in 0..8 {
        filling.spawn(TcpStream::connect(address));
    }
    sleep(Duration::from_millis(200)).await;
    let timeouts = Timeouts { connect: Duration::from_millis(300), ..Timeouts::default() };
    let client = client_of(format!("http://{address}"), timeouts);
    assert_eq!(client.health().await, Err(Error::ConnectTimeout));
    let error = client.stream(&question("Hi")).await.unwrap_err();
    assert_eq!(error, Error::ConnectTimeout);
}
