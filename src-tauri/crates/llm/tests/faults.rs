//! What a stream can suffer on its way.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use slipway_llm::{ChatEvent, ChatStream, Client, Error, FinishReason, Timeouts};
use tokio::time::{sleep, timeout};

use crate::stand_in::{
    FINISH, KEY, StandIn, Step, chunk, delta, last_chunk, question, response, stream_head,
};

/// The text that came, and how the stream ended.
pub async fn read(mut stream: ChatStream) -> (String, Result<ChatEvent, Error>) {
    let mut text = String::new();
    let mut last = None;
    while let Some(event) = timeout(Duration::from_secs(20), stream.next()).await.unwrap() {
        if let Ok(ChatEvent::Delta { content }) = &event {
            text.push_str(content);
        }
        last = Some(event);
    }
    assert!(stream.next().await.is_none(), "nothing follows the end");
    (text, last.expect("a stream has an end"))
}

/// Streams from a peer that sends the head, then `steps`, then closes.
async fn streamed(steps: Vec<Step>) -> (String, Result<ChatEvent, Error>) {
    let mut all = vec![stream_head()];
    all.extend(steps);
    let peer = StandIn::closing(all).await;
    let client = peer.client(Timeouts::default());
    read(client.stream(&question("Hi")).await.unwrap()).await
}

fn short() -> Timeouts {
    Timeouts {
        first_token: Duration::from_millis(600),
        idle: Duration::from_millis(600),
        request: Duration::from_millis(600),
        answer: Duration::from_millis(600),
        ..Timeouts::default()
    }
}

#[tokio::test]
async fn the_request_is_what_the_protocol_says() {
    let peer = StandIn::closing(vec![stream_head(), chunk(FINISH), last_chunk()]).await;
    let client = peer.client(Timeouts::default());
    let events: Vec<ChatEvent> =
        client.stream(&question("Привет")).await.unwrap().try_collect().await.unwrap();
    let reason = FinishReason::Stop;
    assert_eq!(events, [ChatEvent::Finish { reason }, ChatEvent::Done]);
    let request = peer.last_request();
    assert!(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("authorization: Bearer {KEY}\r\n")), "{request}");
    let body = r#"{"messages":[{"role":"user","content":"Привет"}],"stream":true,"stream_options":{"include_usage":true}}"#;
    assert!(request.ends_with(body), "{request}");
}

#[tokio::test]
async fn a_stream_takes_its_connection_along() {
    let steps = vec![stream_head(), chunk(delta("a")), chunk(FINISH), last_chunk()];
    let peer = StandIn::keeping_alive(steps).await;
    let client = peer.client(Timeouts::default());
    for _ in 0..3 {
        let (text, last) = read(client.stream(&question("Hi")).await.unwrap()).await;
        assert_eq!((text.as_str(), last), ("a", Ok(ChatEvent::Done)));
        assert!(peer.last_request().contains("connection: close\r\n"));
        sleep(Duration::from_millis(50)).await;
    }
    // llama.cpp closes it unannounced: a request that had taken it again would break.
    assert_eq!(peer.connections(), 3);
}

#[tokio::test]
async fn characters_may_be_split_over_packets() {
    let text = "Привет, мир 👋🏽 — 你好";
    for end in ["\n", "\r\n"] {
        let bytes = format!(": ping\n\n{}{FINISH}", delta(text)).replace('\n', end);
        let steps = bytes.as_bytes().chunks(1).map(chunk).collect();
        let (received, last) = streamed(steps).await;
        assert_eq!((received.as_str(), last), (text, Ok(ChatEvent::Done)), "{end:?}");
    }
}

#[tokio::test]
async fn packets_may_come_slowly_one_byte_each() {
    let mut steps = Vec::new();
    for byte in chunked(&delta("щ👋")) {
        steps.extend([Step::Send(vec![byte]), Step::Pause(Duration::from_millis(2))]);
    }
    steps.extend([chunk(FINISH), last_chunk()]);
    let (received, last) = streamed(steps).await;
    assert_eq!((received.as_str(), last), ("щ👋", Ok(ChatEvent::Done)));
}

fn chunked(text: &str) -> Vec<u8> {
    match chunk(text) {
        Step::Send(bytes) => bytes,
        _ => unreachable!("chunk() sends"),
    }
}

#[tokio::test]
async fn one_event_may_be_a_mebibyte_long() {
    let text = "щ".repeat(512 * 1024);
    let event = delta(&text);
    let steps = event.as_bytes().chunks(1400).map(chunk).chain([chunk(FINISH)]);
    let (received, last) = streamed(steps.collect()).await;
    assert_eq!(last, Ok(ChatEvent::Done));
    assert!(received == text, "{} bytes came", received.len());
}

#[tokio::test]
async fn an_endless_line_is_given_up() {
    let mebibyte = chunk(vec![b'x'; 1024 * 1024]);
    let (_, last) = streamed(vec![mebibyte; 18]).await;
    assert!(matches!(last, Err(Error::BadEvent { .. })), "{last:?}");
}

#[tokio::test]
async fn garbage_is_shown_without_the_key() {
    for garbage in [
        format!("data: <html>{KEY}</html>\n\n"),
        format!("data: {{\"choices\":{{\"not a list\":\"{KEY}\"}}}}\n\n"),
        format!("data: {{\"choices\":[{KEY}\n\n"),
    ] {
        let (text, last) = streamed(vec![chunk(delta("abc")), chunk(garbage), chunk(FINISH)]).await;
        assert_eq!(text, "abc");
        let Err(Error::BadEvent { excerpt }) = last else {
            panic!("{last:?}");
        };
        assert!(excerpt.contains("[key]") && !excerpt.contains(KEY), "{excerpt}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_do_not_stop_the_rest() {
    let mut event = delta("a?b").into_bytes();
    let at = event.iter().position(|byte| *byte == b'?').unwrap();
    event[at] = 0xff;
    let (text, last) = streamed(vec![chunk(event), chunk(FINISH)]).await;
    assert_eq!((text.as_str(), last), ("a\u{fffd}b", Ok(ChatEvent::Done)));
}

#[tokio::test]
async fn a_broken_stream_says_how_much_had_come() {
    let half = &delta("never seen")[..20];
    for ending in [
        vec![last_chunk()],                     // ended properly, but too early
        vec![],                                 // closed
        vec![chunk(half)],                      // closed in the middle of a line
        vec![Step::Send(b"ff\r\nda".to_vec())], // closed in the middle of an HTTP chunk
        vec![Step::Pause(Duration::from_millis(50)), Step::Reset],
    ] {
        let mut steps = vec![chunk(delta("щит")), chunk(delta("👋"))];
        steps.extend(ending);
        let (text, last) = streamed(steps).await;
        assert_eq!(text, "щит👋");
        assert_eq!(last, Err(Error::Cut { received_chars: 4 }));
    }
}

#[tokio::test]
async fn a_break_after_the_finish_loses_nothing() {
    let finish = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n";
    let (text, last) = streamed(vec![chunk(delta("abc")), chunk(finish)]).await;
    assert_eq!((text.as_str(), last), ("abc", Ok(ChatEvent::Done)));
}

#[tokio::test]
async fn an_error_inside_the_stream_is_the_engines() {
    let cases = [
        (
            r#"{"error":{"code":503,"message":"out of memory","type":"server_error"}}"#,
            503,
            "out of memory",
        ),
        (r#"{"error":"out of memory"}"#, 500, "out of memory"),
        (
            r#"{"error":{"message":"gone","code":"oops"},"choices":[{"delta":{"content":""}}]}"#,
            500,
            "gone",
        ),
    ];
    for (event, status, message) in cases {
        let event = format!("data: {event}\n\n");
        let (text, last) = streamed(vec![chunk(delta("abc")), chunk(event)]).await;
        assert_eq!(text, "abc");
        let message = message.to_owned();
        assert_eq!(last, Err(Error::Engine { status, message }));
    }
}

#[tokio::test]
async fn reasoning_is_kept_apart() {
    let thought = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n";
    let peer = StandIn::closing(vec![stream_head(), chunk(thought), chunk(FINISH)]).await;
    let client = peer.client(Timeouts::default());
    let stream = client.stream(&question("Hi")).await.unwrap();
    let events: Vec<ChatEvent> = stream.try_collect().await.unwrap();
    let text = "hm".to_owned();
    assert_eq!(events[0], ChatEvent::Reasoning { text });
}

#[tokio::test]
async fn silence_before_the_first_token_ends() {
    let pause = Step::Pause(Duration::from_millis(200));
    let ping = [chunk(": ping\n\n"), pause];
    let role = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":null}}]}\n\n";
    let pings = ping.iter().cycle().take(60).cloned();
    for steps in [
        vec![Step::Hang],
        vec![stream_head(), Step::Hang],
        vec![stream_head(), chunk(role), Step::Hang],
        [stream_head()].into_iter().chain(pings).collect(),
    ] {
        let mut peer = StandIn::closing(steps).await;
        let client = peer.client(short());
        let start = Instant::now();
        let error = match client.stream(&question("Hi")).await {
            Ok(stream) => read(stream).await.1.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error, Error::FirstTokenTimeout);
        assert!(start.elapsed() >= Duration::from_millis(600), "{:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        closes_soon(&mut peer).await;
    }
}

#[tokio::test]
async fn silence_in_the_middle_ends_and_slowness_does_not() {
    let mut steps = vec![stream_head()];
    for _ in 0..6 {
        steps.extend([chunk(delta("a")), Step::Pause(Duration::from_millis(200))]);
    }
    steps.push(Step::Hang);
    let mut peer = StandIn::closing(steps).await;
    let stream = peer.client(short()).stream(&question("Hi")).await.unwrap();
    let (text, last) = read(stream).await;
    assert_eq!((text.as_str(), last), ("aaaaaa", Err(Error::IdleTimeout)));
    closes_soon(&mut peer).await;
}

#[tokio::test]
async fn a_reader_that_was_busy_loses_nothing() {
    let steps = vec![stream_head(), chunk(delta("abc")), chunk(FINISH), last_chunk()];
    let peer = StandIn::closing(steps).await;
    let stream = peer.client(short()).stream(&question("Hi")).await.unwrap();
    sleep(Duration::from_millis(900)).await;
    let (text, last) = read(stream).await;
    assert_eq!((text.as_str(), last), ("abc", Ok(ChatEvent::Done)));
}

#[tokio::test]
async fn dropping_closes_the_connection_at_once() {
    let mut peer = StandIn::closing(vec![stream_head(), chunk(delta("a")), Step::Hang]).await;
    let mut stream = peer.client(Timeouts::default()).stream(&question("Hi")).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    closes_soon(&mut peer).await;

    // Before the head has come there is only the future to drop.
    for whole in [false, true] {
        let mut peer = StandIn::closing(vec![Step::Hang]).await;
        let client = peer.client(Timeouts::default());
        let request = question("Hi");
        let call = call(&client, &request, whole);
        tokio::select! {
            error = call => panic!("{error:?}"),
            () = peer.requested() => {}
        }
        closes_soon(&mut peer).await;
    }
}

async fn call(client: &Client, request: &slipway_llm::ChatRequest, whole: bool) -> Error {
    if whole {
        client.complete(request).await.unwrap_err()
    } else {
        client.stream(request).await.unwrap_err()
    }
}

async fn closes_soon(peer: &mut StandIn) {
    timeout(Duration::from_secs(1), peer.closed()).await.expect("the connection stays open");
}

#[tokio::test]
async fn a_plain_answer_to_a_streamed_request_is_told() {
    let json = "Content-Type: application/json\r\n";
    let peer = StandIn::closing(vec![response("200 OK", json, "{\"choices\":[]}")]).await;
    let client = peer.client(Timeouts::default());
    let error = client.stream(&question("Hi")).await.unwrap_err();
    assert!(matches!(error, Error::BadResponse { .. }), "{error:?}");
}
