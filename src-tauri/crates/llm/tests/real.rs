//! The client against the real engine.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use secrecy::SecretString;
use slipway_llm::{
    ChatEvent, ChatRequest, Client, Endpoint, Error, FinishReason, Health, Timeouts,
};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::engine::{Engine, Settings};
use crate::stand_in::question;

pub const PRACTICE: Settings = Settings { endless: false, context: 4096, slots: 4, template: "" };
const ENDLESS: Settings = Settings { endless: true, context: 32_768, slots: 1, template: "" };

pub fn client(engine: &Engine, api_key: &str) -> Client {
    let endpoint = Endpoint {
        base_url: engine.url.clone(),
        api_key: Some(SecretString::from(api_key)),
        health_path: "/health".into(),
    };
    Client::new(endpoint, Timeouts::default()).unwrap()
}

/// Makes the practice model say exactly `text`.
fn saying(text: &str) -> ChatRequest {
    ChatRequest {
        grammar: Some(format!("root ::= {}", serde_json::to_string(text).unwrap())),
        ..question("Hi")
    }
}

pub async fn events(client: &Client, request: &ChatRequest) -> Vec<ChatEvent> {
    let stream = client.stream(request).await.unwrap();
    let collected = timeout(Duration::from_secs(60), stream.try_collect());
    collected.await.unwrap().unwrap()
}

pub fn text_of(events: &[ChatEvent]) -> String {
    let texts = events.iter().filter_map(|event| match event {
        ChatEvent::Delta { content } => Some(content.as_str()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, &engine.api_key);
    assert_eq!(client.health().await, Ok(Health::Ready));

    let models = client.models().await.unwrap();
    assert_eq!(models.len(), 1);
    assert_eq!(models[0].id, "practice");
    assert_eq!(models[0].context, Some(1024));
    assert_eq!(models[0].training_context, Some(4096));
    assert!(models[0].size.is_some_and(|bytes| bytes > 1_000_000));
    assert!(models[0].parameters.is_some_and(|count| count > 100_000));
    assert_eq!((models[0].loaded, models[0].vision), (Some(true), Some(false)));

    let props = client.props().await.unwrap();
    assert_eq!((props.n_ctx, props.total_slots), (1024, 4));
    assert_eq!(props.model_alias.as_deref(), Some("practice"));
    assert!(props.model_path.unwrap().ends_with("practice.gguf"));
    assert_eq!(props.vision, Some(false));

    let slots = client.slots().await.unwrap();
    assert_eq!(slots.iter().map(|slot| slot.id).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(slots.iter().all(|slot| !slot.is_processing && slot.n_ctx == Some(1024)));
}

#[tokio::test]
async fn a_wrong_key_is_refused_everywhere_but_at_health() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, "wrong");
    assert_eq!(client.health().await, Ok(Health::Ready));
    assert_eq!(client.models().await, Err(Error::Unauthorized));
    assert_eq!(client.props().await, Err(Error::Unauthorized));
    assert_eq!(client.slots().await, Err(Error::Unauthorized));
    let request = question("Hi");
    assert_eq!(client.complete(&request).await, Err(Error::Unauthorized));
    assert_eq!(client.stream(&request).await.unwrap_err(), Error::Unauthorized);
}

#[tokio::test]
async fn an_answer_comes_whole_or_in_pieces() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, &engine.api_key);
    let request = ChatRequest {
        temperature: Some(0.0),
        seed: Some(7),
        max_tokens: Some(20),
        ..question("Where does my model run?")
    };
    let whole = client.complete(&request).await.unwrap();
    let usage = whole.usage.unwrap();
    assert!(!whole.content.is_empty());
    assert!(usage.prompt_tokens > 5 && usage.completion_tokens > 0, "{usage:?}");
    assert!(whole.timings.unwrap().predicted_per_second > 0.0);

    let pieces = events(&client, &request).await;
    assert_eq!(text_of(&pieces), whole.content);
    let [
        ..,
        ChatEvent::Finish { reason },
        ChatEvent::Usage { usage: streamed, timings },
        ChatEvent::Done,
    ] = pieces.as_slice()
    else {
        panic!("{pieces:?}");
    };
    assert_eq!(Some(reason), whole.finish_reason.as_ref());
    assert_eq!(streamed.prompt_tokens, usage.prompt_tokens);
    assert_eq!(streamed.completion_tokens, usage.completion_tokens);
    // The engine kept the prompt of the first request.
    assert!(streamed.cached_tokens > 0, "{streamed:?}");
    let timings = timings.unwrap();
    assert!(timings.predicted_ms > 0.0);
    assert_eq!(timings.predicted_n, streamed.completion_tokens);
    assert_eq!(timings.cache_n, streamed.cached_tokens);
}

#[tokio::test]
async fn any_script_survives() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, &engine.api_key);
    let text = "Привет, мир 👋";
    let whole = client.complete(&saying(text)).await.unwrap();
    assert_eq!(whole.content, text);
    assert_eq!(whole.finish_reason, Some(FinishReason::Stop));
    assert_eq!(text_of(&events(&client, &saying(text)).await), text);
}

#[tokio::test]
async fn settings_reach_the_engine() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, &engine.api_key);
    let short = ChatRequest { max_tokens: Some(1), ..saying("one two three") };
    let answer = client.complete(&short).await.unwrap();
    assert_eq!(answer.finish_reason, Some(FinishReason::Length));
    assert_eq!(answer.usage.unwrap().completion_tokens, 1);
    let stopped = ChatRequest { stop: vec![" two".to_owned()], ..saying("one two three") };
    assert_eq!(client.complete(&stopped).await.unwrap().content, "one");
    let wrong = ChatRequest { grammar: Some("root ::= (".to_owned()), ..question("Hi") };
    for error in
        [client.complete(&wrong).await.unwrap_err(), client.stream(&wrong).await.unwrap_err()]
    {
        assert!(
            matches!(&error, Error::BadRequest { message } if message.contains("grammar")),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_message_over_the_context_is_told_with_numbers() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, &engine.api_key);
    let request = question(&"word ".repeat(3000));
    let whole = client.complete(&request).await.unwrap_err();
    assert!(
        matches!(whole, Error::ContextExceeded { prompt_tokens, context: 1024 } if prompt_tokens > 3000),
        "{whole:?}"
    );
    assert_eq!(client.stream(&request).await.unwrap_err(), whole);
}

#[tokio::test]
async fn dropping_a_stream_frees_its_slot_within_a_second() {
    let engine = Engine::start(ENDLESS).await;
    let client = client(&engine, &engine.api_key);
    let mut stream = client.stream(&question("Tell me everything")).await.unwrap();
    for _ in 0..10 {
        let event = stream.next().await.unwrap().unwrap();
        assert!(matches!(event, ChatEvent::Delta { .. }), "{event:?}");
    }
    assert!(client.slots().await.unwrap()[0].is_processing);
    drop(stream);
    let start = Instant::now();
    while client.slots().await.unwrap()[0].is_processing {
        assert!(start.elapsed() < Duration::from_secs(1), "the slot stays busy");
        sleep(Duration::from_millis(5)).await;
    }
    println!("slot free after {:?}", start.elapsed());
}

#[tokio::test]
async fn twenty_streams_at_once_keep_to_themselves() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, &engine.api_key);
    let mut chats = JoinSet::new();
    for number in 0..20 {
        let client = client.clone();
        chats.spawn(async move {
            let text = format!("Ответ номер {number}. 👋");
            assert_eq!(text_of(&events(&client, &saying(&text)).await), text);
        });
    }
    let ended = chats.join_all().await.len();
    assert_eq!(ended, 20);
    let slots = client.slots().await.unwrap();
    assert!(slots.iter().all(|slot| !slot.is_processing), "{slots:?}");
}

#[tokio::test]
async fn an_engine_that_dies_in_the_middle_cuts_the_stream() {
    let engine = Engine::start(ENDLESS).await;
    let client = client(&engine, &engine.api_key);
    let mut stream = client.stream(&question("Tell me everything")).await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(engine);
    let ended = timeout(Duration::from_secs(10), async {
        while stream.try_next().await?.is_some() {}
        Ok(())
    });
    let error: Error = ended.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Cut { received_chars } if received_chars > 0), "{error:?}");
    // Its port may accept for a moment longer than the process lives.
    let start = Instant::now();
    while client.health().await != Err(Error::ConnectionRefused) {
        assert!(start.elapsed() < Duration::from_secs(5), "the port stays open");
        sleep(Duration::from_millis(20)).await;
    }
}
