//! Going on with an answer that was begun: what each kind of server is told, and what it refuses.

use slipway_llm::{ChatMessage, ChatRequest, Dialect, Error, Role, Timeouts};

use crate::faults::read;
use crate::stand_in::{FINISH, StandIn, chunk, delta, question, response, stream_head};

/// A request to go on after `text`.
pub fn after(text: &str) -> ChatRequest {
    let messages =
        vec![ChatMessage::new(Role::User, "Count."), ChatMessage::new(Role::Assistant, text)];
    ChatRequest { prefill: true, ..ChatRequest::new(messages) }
}

#[tokio::test]
async fn each_engine_is_told_in_its_own_way() {
    let vllm = r#""continue_final_message":true,"add_generation_prompt":false"#;
    let both = r#""chat_template_kwargs":{"enable_thinking":false}"#;
    for (dialect, told) in [
        (Dialect::LlamaCpp, vec![both]),
        (Dialect::Vllm, vec![vllm, both]),
        (Dialect::Ollama, vec![]),
    ] {
        let peer = StandIn::closing(vec![stream_head(), chunk(delta(" two")), chunk(FINISH)]).await;
        let client = peer.client(Timeouts::default()).with_dialect(dialect);
        let (text, _) = read(client.stream(&after("One,")).await.unwrap()).await;
        assert_eq!(text, " two");
        let request = peer.last_request();
        assert!(request.contains(r#"{"role":"assistant","content":"One,"}]"#), "{request}");
        for words in [vllm, both] {
            assert_eq!(request.contains(words), told.contains(&words), "{dialect:?} {request}");
        }
        let plain = client.stream(&question("Hi")).await.unwrap();
        let (text, _) = read(plain).await;
        assert_eq!(text, " two");
        assert!(![vllm, both].iter().any(|words| peer.last_request().contains(words)));
    }
}

#[tokio::test]
async fn those_that_cannot_are_not_asked() {
    for dialect in [Dialect::OpenAi, Dialect::Mlx] {
        let peer = StandIn::closing(vec![]).await;
        let client = peer.client(Timeouts::default()).with_dialect(dialect);
        assert_eq!(client.complete(&after("One,")).await, Err(Error::PrefillRefused));
        let error = client.stream(&after("One,")).await.unwrap_err();
        assert_eq!(error, Error::PrefillRefused);
        assert_eq!(peer.connections(), 0);
    }
    let peer = StandIn::closing(vec![]).await;
    let nothing_begun = ChatRequest { prefill: true, ..question("Hi") };
    let error = peer.client(Timeouts::default()).stream(&nothing_begun).await.unwrap_err();
    assert_eq!(error, Error::PrefillRefused);
}

#[tokio::test]
async fn a_refusal_is_told_from_other_bad_requests() {
    let refusal = |message: &str| {
        let body = format!(
            r#"{{"error":{{"code":400,"message":"{message}","type":"invalid_request_error"}}}}"#
        );
        response("400 Bad Request", "", &body)
    };
    for message in [
        "Assistant response prefill is incompatible with enable_thinking.",
        "continue_final_message is set but the final message does not appear in the chat",
    ] {
        let peer = StandIn::closing(vec![refusal(message)]).await;
        let client = peer.client(Timeouts::default());
        let error = client.stream(&after("One,")).await.unwrap_err();
        assert_eq!(error, Error::PrefillRefused);
        assert_eq!(client.complete(&after("One,")).await, Err(Error::PrefillRefused));
        let error = client.stream(&question("Hi")).await.unwrap_err();
        assert!(matches!(error, Error::BadRequest { .. }), "{error:?}");
    }
    let peer = StandIn::closing(vec![refusal("no grammar")]).await;
    let error = peer.client(Timeouts::default()).stream(&after("One,")).await.unwrap_err();
    assert!(matches!(error, Error::BadRequest { .. }), "{error:?}");
}

#[tokio::test]
async fn a_repeated_beginning_is_not_shown_again() {
    let begun = "One, two, three, four, five, six, seven, ";
    let events = [delta("One, two"), delta(", three, four, five, six, seven, eight"), delta(".")];
    let mut steps = vec![stream_head()];
    steps.extend(events.iter().map(chunk));
    steps.push(chunk(FINISH));
    let peer = StandIn::closing(steps).await;
    let client = peer.client(Timeouts::default());
    let (text, _) = read(client.stream(&after(begun)).await.unwrap()).await;
    assert_eq!(text, "eight.");
    // Other engines never do that: what they say is new.
    let client = client.with_dialect(Dialect::Vllm);
    let (text, _) = read(client.stream(&after(begun)).await.unwrap()).await;
    assert_eq!(text, format!("{begun}eight."));
}

#[tokio::test]
async fn a_whole_answer_loses_only_what_llama_cpp_repeats() {
    let body =
        r#"{"choices":[{"message":{"content":"One, two\u0000 \ud800"},"finish_reason":"stop"}]}"#;
    let peer = StandIn::closing(vec![response("200 OK", "", body)]).await;
    let client = peer.client(Timeouts::default());
    for (dialect, text) in
        [(Dialect::LlamaCpp, " two \u{fffd}"), (Dialect::Vllm, "One, two \u{fffd}")]
    {
        let client = client.clone().with_dialect(dialect);
        assert_eq!(client.complete(&after("One,")).await.unwrap().content, text, "{dialect:?}");
    }
}
