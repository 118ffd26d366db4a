//! Streams that no server should send, and some do.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use slipway_llm::{ChatEvent, ChatStream, Error, FinishReason, Timeouts, Usage};
use tokio::time::timeout;

use crate::stand_in::{
    FINISH, KEY, StandIn, Step, chunk, delta, event, last_chunk, question, response, stream_head,
};

/// All that came out of a stream.
#[derive(Debug, Default)]
struct Read {
    text: String,
    reasoning: String,
    finish: Vec<FinishReason>,
    usage: Vec<Usage>,
    end: Option<Result<(), Error>>,
}

impl Read {
    async fn all(mut stream: ChatStream) -> Self {
        let mut read = Self::default();
        while let Some(event) = timeout(Duration::from_secs(30), stream.next()).await.unwrap() {
            assert!(read.end.is_none(), "nothing follows the end");
            match event {
                Ok(ChatEvent::Delta { content }) => {
                    assert!(read.finish.is_empty() && !content.is_empty(), "{content}");
                    read.text.push_str(&content);
                }
                Ok(ChatEvent::Reasoning { text }) => {
                    assert!(read.finish.is_empty() && !text.is_empty(), "{text}");
                    read.reasoning.push_str(&text);
                }
                Ok(ChatEvent::Finish { reason }) => read.finish.push(reason),
                Ok(ChatEvent::Usage { usage, .. }) => read.usage.push(usage),
                Ok(ChatEvent::Done) => read.end = Some(Ok(())),
                Err(error) => read.end = Some(Err(error)),
            }
        }
        assert!(read.finish.len() <= 1 && read.usage.len() <= 1, "{read:?}");
        read
    }

    fn is_whole(&self) -> bool {
        self.end == Some(Ok(()))
    }

    fn error(&self) -> &Error {
        self.end.as_ref().unwrap().as_ref().unwrap_err()
    }
}

/// Reads what a peer sends after the head, then closes.
async fn streamed(steps: Vec<Step>) -> Read {
    let mut all = vec![stream_head()];
    all.extend(steps);
    let peer = StandIn::closing(all).await;
    Read::all(peer.client(Timeouts::default()).stream(&question("Hi")).await.unwrap()).await
}

/// The same, for events that stand between two pieces of text and the end.
async fn between(events: &[String]) -> Read {
    let middle = events.iter().map(chunk);
    let steps = std::iter::once(chunk(delta("a"))).chain(middle);
    streamed(steps.chain([chunk(delta("b")), chunk(FINISH), last_chunk()]).collect()).await
}

#[tokio::test]
async fn events_that_lack_something_cost_nothing() {
    for json in [
        r#"{"choices":[]}"#,
        r#"{"choices":[{}]}"#,
        r#"{"choices":[null]}"#,
        r#"{"choices":[7]}"#,
        r#"{"choices":[{"delta":null,"finish_reason":null}]}"#,
        r#"{"choices":[{"delta":{}}]}"#,
        r#"{"choices":[{"delta":[]}]}"#,
        r#"{"choices":[{"delta":{"content":null,"reasoning_content":null}}]}"#,
        r#"{"choices":[{"delta":{"content":""}}]}"#,
        r#"{"choices":[{"delta":{"content":7}}]}"#,
        r#"{"choices":[{"delta":{"content":{"text":"no"}}}]}"#,
        r#"{"choices":[{"delta":{"content":[]},"finish_reason":""}]}"#,
        r#"{"choices":[{"delta":{"role":"assistant"},"finish_reason":[]}],"error":null}"#,
        r#"{"choices":[{"delta":{"refusal":null,"function_call":null}}],"detail":"x"}"#,
        r#"{"choices":null,"object":"chat.completion.chunk"}"#,
        r#"{"object":"chat.completion.chunk","usage":"none"}"#,
        r#"{"choices":[],"usage":null,"timings":null}"#,
        r#"{"choices":[],"usage":[],"timings":7}"#,
    ] {
        let read = between(&[event(json)]).await;
        assert!(read.is_whole(), "{json} {read:?}");
        assert_eq!((read.text.as_str(), read.finish.len()), ("ab", 1), "{json}");
        assert_eq!(read.usage, [], "{json}");
    }
}

#[tokio::test]
async fn objects_of_another_protocol_are_told() {
    for json in ["{}", "[]", "7", "\"text\"", "null", r#"{"message":{"content":"a"},"done":false}"#]
    {
        let read = between(&[event(json)]).await;
        assert_eq!(read.text, "a", "{json}");
        assert_eq!(read.error(), &Error::BadEvent { excerpt: json.to_owned() });
    }
}

#[tokio::test]
async fn errors_in_mid_stream_come_in_many_forms() {
    let engine = |status, message: &str| Error::Engine { status, message: message.to_owned() };
    let openai = r#"{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}"#;
    let llama = r#"{"error":{"code":500,"message":"Compute error.","type":"server_error"}}"#;
    let vllm = r#"{"error":{"message":"EngineCore died","type":"InternalServerError","param":null,"code":500}}"#;
    let old_vllm = r#"{"object":"error","message":"EngineCore died","type":"InternalServerError","param":null,"code":500}"#;
    let context = r#"{"error":{"code":400,"message":"too long","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#;
    let sentence = r#"{"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages, 100 in the completion).","code":400}}"#;
    let tunnel = r#"{"error":{"message":"no way","type":"slipway_tunnel","code":"tunnel_down"}}"#;
    for (raw, wanted) in [
        (event(openai), engine(500, "The server had an error")),
        (event(llama), engine(500, "Compute error.")),
        (event(vllm), engine(500, "EngineCore died")),
        (event(old_vllm), engine(500, "EngineCore died")),
        (
            event(r#"{"error":"llama runner process has terminated"}"#),
            engine(500, "llama runner process has terminated"),
        ),
        (event(r#"{"error":{"message":null,"code":"x"},"choices":[]}"#), engine(500, "")),
        (event(r#"{"error":true}"#), engine(500, "true")),
        (event(r#"{"error":{"message":"a\u0000b\ud800"}}"#), engine(500, "ab\u{fffd}")),
        (event(context), Error::ContextExceeded { prompt_tokens: 9000, context: 4096 }),
        (event(sentence), Error::ContextExceeded { prompt_tokens: 5000, context: 4096 }),
        (
            event(tunnel),
            Error::Tunnel { code: "tunnel_down".to_owned(), message: "no way".to_owned() },
        ),
        (
            format!("error: {}\n\n", r#"{"code":503,"message":"Compute error."}"#),
            engine(503, "Compute error."),
        ),
        (format!("event: error\n{}", event(llama)), engine(500, "Compute error.")),
    ] {
        let read = between(std::slice::from_ref(&raw)).await;
        assert_eq!((read.text.as_str(), read.error()), ("a", &wanted), "{raw}");
    }
    // Ollama writes it as a bare line and ends.
    for raw in [
        "{\"error\":\"an error was encountered while running the model\"}\n",
        "{\"error\":\"an error was encountered while running the model\"}",
    ] {
        let read = streamed(vec![chunk(delta("a")), chunk(raw)]).await;
        let wanted = engine(500, "an error was encountered while running the model");
        assert_eq!((read.text.as_str(), read.error()), ("a", &wanted));
    }
}

#[tokio::test]
async fn a_page_instead_of_a_stream_is_told() {
    let page =
        format!("<!doctype html>\n<html><title>502 Bad Gateway</title>\n<p>{KEY}: no</html>");
    for head in ["Content-Type: text/html\r\n", "Content-Type: text/event-stream\r\n", ""] {
        let peer = StandIn::closing(vec![response("200 OK", head, &page)]).await;
        let error = match peer.client(Timeouts::default()).stream(&question("Hi")).await {
            Ok(stream) => Read::all(stream).await.error().clone(),
            Err(error) => error,
        };
        let Error::BadResponse { excerpt } = error else { panic!("{head} {error:?}") };
        assert!(excerpt.contains("502 Bad Gateway") && excerpt.contains("[key]"), "{excerpt}");
    }
    // In the middle it is a break; what came stays.
    let read = streamed(vec![chunk(delta("a")), chunk(&page)]).await;
    assert_eq!(read.error(), &Error::Cut { received_chars: 1 });
    // Ollama's own protocol, for example.
    let lines = "{\"message\":{\"content\":\"a\"},\"done\":false}\n".repeat(1000);
    let read = streamed(vec![chunk(lines)]).await;
    assert!(matches!(read.error(), Error::BadResponse { .. }), "{read:?}");
}

#[tokio::test]
async fn an_answer_may_end_in_many_ways() {
    let finish = |reason: &str| {
        event(&format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#))
    };
    let done = "data: [DONE]\n\n".to_owned();
    let garbage = "data: <html>\n\n".to_owned();
    for (name, events) in [
        ("as it should", vec![finish("length"), done.clone()]),
        ("no [DONE]", vec![finish("length")]),
        ("two finishes", vec![finish("length"), finish("stop"), done.clone()]),
        ("two [DONE]", vec![finish("length"), done.clone(), done.clone()]),
        ("text after [DONE]", vec![finish("length"), done.clone(), delta("no")]),
        ("garbage after the finish", vec![finish("length"), garbage.clone()]),
        ("garbage after [DONE]", vec![finish("length"), done.clone(), garbage]),
        ("[DONE] without a blank line", vec![finish("length"), "data: [DONE]\n".to_owned()]),
        ("[DONE] with white space", vec![finish("length"), "data:  [DONE] \r\n\r\n".to_owned()]),
    ] {
        let mut steps = vec![chunk(delta("a"))];
        steps.extend(events.iter().map(chunk));
        let read = streamed(steps).await;
        assert!(read.is_whole(), "{name} {read:?}");
        assert_eq!(
            (read.text.as_str(), read.finish.as_slice()),
            ("a", &[FinishReason::Length][..])
        );
    }
    let read = between(&[finish("length")]).await;
    assert_eq!(read.text, "ab", "text after the finish is kept");
    assert_eq!(read.finish, [FinishReason::Length]);
    let read = streamed(vec![chunk(delta("a")), chunk(&done)]).await;
    assert!(read.is_whole() && read.finish.is_empty(), "{read:?}");
    let read =
        streamed(vec![chunk(delta("a")), chunk(finish("stop")), chunk(event(r#"{"error":"x"}"#))])
            .await;
    assert!(matches!(read.error(), Error::Engine { .. }) && read.finish.len() == 1, "{read:?}");
}

#[tokio::test]
async fn what_a_server_sends_after_the_end_does_not_keep_it_open() {
    let mut steps = vec![stream_head(), chunk(delta("a"))];
    steps.push(chunk(event(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#)));
    for _ in 0..100 {
        steps.extend([chunk(": ping\n\n"), Step::Pause(Duration::from_millis(50))]);
    }
    let peer = StandIn::closing(steps).await;
    let timeouts = Timeouts { idle: Duration::from_millis(300), ..Timeouts::default() };
    let start = Instant::now();
    let read = Read::all(peer.client(timeouts).stream(&question("Hi")).await.unwrap()).await;
    assert!(read.is_whole(), "{read:?}");
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
}

#[tokio::test]
async fn tool_calls_leave_their_reason() {
    let call = |arguments: &str| {
        event(&format!(
            r#"{{"choices":[{{"delta":{{"content":null,"tool_calls":[{{"index":0,"id":"1","type":"function","function":{{"name":"f","arguments":"{arguments}"}}}}]}}}}]}}"#
        ))
    };
    let end = event(r#"{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}"#);
    let read = streamed(vec![chunk(call("{")), chunk(call("}")), chunk(end)]).await;
    assert!(read.is_whole() && read.text.is_empty(), "{read:?}");
    assert_eq!(read.finish, [FinishReason::ToolCalls]);
}

#[tokio::test]
async fn ten_mebibytes_in_one_event_come_through_and_seventeen_do_not() {
    let text = "щ👋ab".repeat(10 * 1024 * 1024 / 8);
    let raw = delta(&text);
    let pieces = raw.as_bytes().chunks(256 * 1024).map(chunk);
    let read = streamed(pieces.chain([chunk(FINISH)]).collect()).await;
    assert!(read.is_whole(), "{:?}", read.end);
    assert!(read.text == text, "{} bytes came", read.text.len());

    let raw = format!("{}{}", delta("a"), delta(&"x".repeat(17 * 1024 * 1024)));
    let read = streamed(raw.as_bytes().chunks(256 * 1024).map(chunk).collect()).await;
    assert_eq!(read.text, "a");
    let Error::BadEvent { excerpt } = read.error() else { panic!("{:?}", read.end) };
    assert!(excerpt.contains("16 MiB"), "{excerpt}");
}

#[tokio::test]
async fn characters_that_are_none_do_not_cost_the_rest() {
    for (content, wanted) in [
        (r"x\u0000y", "xy"),
        ("x\0y", "xy"),
        (r"x\ud800y", "x\u{fffd}y"),
        (r"\udc4b", "\u{fffd}"),
        (r"\ud83d\udc4b", "👋"),
        (r"\u0000", ""),
        ("x\u{1}y\tz", "xy\tz"),
    ] {
        let json = format!(r#"{{"choices":[{{"delta":{{"content":"{content}"}}}}]}}"#);
        let read = between(&[event(&json)]).await;
        assert!(read.is_whole(), "{content:?} {read:?}");
        assert_eq!(read.text, format!("a{wanted}b"), "{content:?}");
    }
    let json = r#"{"choices":[{"delta":{"reasoning_content":"h\u0000m\ud800"}}]}"#;
    let read = streamed(vec![chunk(event(json)), chunk(FINISH)]).await;
    assert_eq!(read.reasoning, "hm\u{fffd}");
}

#[tokio::test]
async fn content_may_come_in_parts() {
    let json = r#"{"choices":[{"delta":{"content":[{"type":"text","text":"x"},{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"image"},null,{"text":"y"}]}}]}"#;
    let read = streamed(vec![chunk(event(json)), chunk(FINISH)]).await;
    assert_eq!((read.text.as_str(), read.reasoning.as_str()), ("xy", "hm"));
}

#[tokio::test]
async fn thoughts_in_the_text_are_told_apart_however_they_are_cut() {
    let text = "\n<think>Привет?\n</think>\n\nПривет 👋 <think>";
    for size in [1, 2, 3, 5, 8, 13, 100] {
        let characters: Vec<char> = text.chars().collect();
        let pieces = characters.chunks(size).map(|piece| chunk(delta(&String::from_iter(piece))));
        let read = streamed(pieces.chain([chunk(FINISH)]).collect()).await;
        assert_eq!(read.reasoning, "Привет?\n", "{size}");
        assert_eq!(read.text, "Привет 👋 <think>", "{size}");
    }
    // A break in the middle of a tag loses nothing.
    let read = streamed(vec![chunk(delta("<think>a</thi"))]).await;
    assert_eq!((read.reasoning.as_str(), read.text.as_str()), ("a</thi", ""));
    assert_eq!(read.error(), &Error::Cut { received_chars: 6 });
    let read = streamed(vec![chunk(delta("<thi"))]).await;
    assert_eq!((read.reasoning.as_str(), read.text.as_str()), ("", "<thi"));
    // An engine that tells them apart itself is believed.
    let thought = event(r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#);
    let read = streamed(vec![chunk(thought), chunk(delta("<think>a")), chunk(FINISH)]).await;
    assert_eq!((read.reasoning.as_str(), read.text.as_str()), ("hm", "<think>a"));
}

#[tokio::test]
async fn numbers_that_cannot_be_true_are_not_told() {
    for (usage, wanted) in [
        (r#""usage":{"prompt_tokens":-1,"completion_tokens":NaN}"#, None),
        (r#""usage":{"prompt_tokens":99999999999999999999999,"completion_tokens":1e999}"#, None),
        (r#""usage":{"prompt_tokens":"7","completion_tokens":null}"#, None),
        (r#""usage":{"prompt_tokens":7.0,"completion_tokens":-3}"#, Some((7, 0, 0))),
        (
            r#""usage":{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":null}"#,
            Some((7, 3, 0)),
        ),
        (
            r#""usage":{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":5}}"#,
            Some((7, 3, 5)),
        ),
        (
            r#""usage":{"prompt_tokens":7,"completion_tokens":3},"timings":{"cache_n":6,"prompt_ms":Infinity}"#,
            Some((7, 3, 6)),
        ),
    ] {
        let read = between(&[event(&format!(r#"{{"choices":[],{usage}}}"#))]).await;
        assert!(read.is_whole() && read.text == "ab", "{usage} {read:?}");
        let wanted: Vec<Usage> = wanted
            .into_iter()
            .map(|(prompt_tokens, completion_tokens, cached_tokens)| Usage {
                prompt_tokens,
                completion_tokens,
                cached_tokens,
            })
            .collect();
        assert_eq!(read.usage, wanted, "{usage}");
    }
    // Servers that count along: the last one holds.
    let counting = |tokens: u32| {
        event(&format!(
            r#"{{"choices":[],"usage":{{"prompt_tokens":7,"completion_tokens":{tokens}}}}}"#
        ))
    };
    let read = between(&[counting(1), counting(2)]).await;
    assert_eq!(read.usage[0].completion_tokens, 2);
}

#[tokio::test]
async fn line_ends_may_be_mixed_and_lines_come_in_halves() {
    let raw = format!(
        "\u{feff}: hello\r\rid: 7\r\n{}:\n\nretry: 1\r{}event: x\r\n\r\n{FINISH}",
        delta("a").replace('\n', "\r"),
        delta("b").replace('\n', "\r\n"),
    );
    let mut steps = Vec::new();
    for piece in raw.as_bytes().chunks(7) {
        steps.extend([chunk(piece), Step::Pause(Duration::from_millis(2))]);
    }
    let read = streamed(steps).await;
    assert!(read.is_whole() && read.text == "ab", "{read:?}");
}

#[tokio::test]
async fn very_many_small_events_come_in_time() {
    const EVENTS: usize = 100_000;
    let block = chunk(delta("щ").repeat(1000));
    let start = Instant::now();
    let steps = std::iter::repeat_n(block, EVENTS / 1000).chain([chunk(FINISH)]);
    let read = streamed(steps.collect()).await;
    assert!(read.is_whole(), "{:?}", read.end);
    assert!(read.text == "щ".repeat(EVENTS), "{} bytes came", read.text.len());
    println!("{EVENTS} events took {:?}", start.elapsed());
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[tokio::test]
async fn nesting_without_end_is_no_crash() {
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let read = between(&[event(&deep)]).await;
    assert_eq!(read.text, "a");
    assert!(matches!(read.error(), Error::BadEvent { .. }), "{:?}", read.end);
}
