//! Prompts of the real engine: going on with an answer, counting, waiting in its queue.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use slipway_llm::{ChatEvent, ChatMessage, ChatRequest, Client, FinishReason, Role};

use crate::engine::{Engine, Settings};
use crate::prefill::after;
use crate::real::{PRACTICE, client, events, text_of};
use crate::stand_in::question;

/// As models that think have it: unless it is switched off, the answer begins with a thought.
const THINKING: &str = "{% for message in messages %}<|im_start|>{{ message.role }}\n\
    {% if message.role == 'assistant' and message.reasoning_content %}<think>\n\
    {{ message.reasoning_content }}\n</think>\n\n{% endif %}{{ message.content }}<|im_end|>\n\
    {% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n\
    {% if enable_thinking is defined and enable_thinking is false %}<think>\n\n</think>\n\n\
    {% else %}<think>\n{% endif %}{% endif %}";

/// What comes after `begun`, streamed and whole, for a model that can say ` three` only.
async fn rest(client: &Client, begun: &str) -> [String; 2] {
    let request = ChatRequest { grammar: Some("root ::= \" three\"".to_owned()), ..after(begun) };
    let whole = client.complete(&request).await.unwrap();
    assert_eq!(whole.finish_reason, Some(FinishReason::Stop));
    assert_eq!(whole.reasoning, None);
    [text_of(&events(client, &request).await), whole.content]
}

#[tokio::test]
async fn an_answer_is_gone_on_with_and_nothing_is_said_twice() {
    for template in ["", THINKING] {
        let engine = Engine::start(Settings { template, ..PRACTICE }).await;
        let client = client(&engine, &engine.api_key);
        for begun in ["one two", "Раз, два 👋", "three three", "- one\n\n```\nlet two", "x "]
        {
            assert_eq!(rest(&client, begun).await, [" three", " three"], "{begun:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_goes_on_where_it_was_cut() {
    let engine = Engine::start(PRACTICE).await;
    let client = client(&engine, &engine.api_key);
    let asked = ChatMessage::new(Role::User, "Count.");
    let exact = |request: ChatRequest| ChatRequest { temperature: Some(0.0), ..request };
    let whole = exact(ChatRequest {
        max_tokens: Some(16),
        grammar: Some("root ::= [a-z ]+".to_owned()),
        ..ChatRequest::new(vec![asked])
    });
    let whole_text = text_of(&events(&client, &whole).await);
    let cut = ChatRequest { max_tokens: Some(8), ..whole.clone() };
    let first = text_of(&events(&client, &cut).await);
    assert!(whole_text.starts_with(&first) && first.len() < whole_text.len(), "{first}");
    let rest = ChatRequest {
        messages: vec![
            ChatMessage::new(Role::User, "Count."),
            ChatMessage::new(Role::Assistant, first.clone()),
        ],
        prefill: true,
        ..cut
    };
    let second = text_of(&events(&client, &rest).await);
    assert_eq!(format!("{first}{second}"), whole_text);
}

#[tokio::test]
async fn counting_gives_what_the_engine_then_uses() {
    for template in ["", THINKING] {
        let engine = Engine::start(Settings { template, ..PRACTICE }).await;
        let client = client(&engine, &engine.api_key);
        let conversation = ChatRequest::new(vec![
            ChatMessage::new(Role::System, "Be short."),
            ChatMessage::new(Role::User, "Привет 👋 <|im_end|>"),
            ChatMessage::new(Role::Assistant, "Hello."),
            ChatMessage::new(Role::User, "Where does my model run?"),
        ]);
        for request in [question("Hi"), conversation, after("one two")] {
            let request = ChatRequest { max_tokens: Some(1), ..request };
            let counted = client.count(&request).await.unwrap();
            let used = client.complete(&request).await.unwrap().usage.unwrap().prompt_tokens;
            assert_eq!(counted, used, "{request:?}");
        }
        assert_eq!(client.count_text("").await, Ok(0));
        let text = client.count_text("Where does my model run?").await.unwrap();
        assert!((1..30).contains(&text), "{text}");
    }
}

/// The time to the first token, and what of it the engine's figures call waiting.
async fn waited(client: &Client) -> (Duration, Duration) {
    let began = Instant::now();
    let request = ChatRequest { max_tokens: Some(20), ..question("Hi") };
    let mut stream = client.stream(&request).await.unwrap();
    let (mut first, mut queue) = (None, None);
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            ChatEvent::Delta { .. } => {
                first.get_or_insert(began.elapsed());
            }
            ChatEvent::Usage { timings, .. } => queue = timings.unwrap().queue(first.unwrap()),
            _ => {}
        }
    }
    (first.unwrap(), queue.unwrap())
}

#[tokio::test]
async fn waiting_for_a_slot_is_told_from_working() {
    let settings = Settings { endless: true, context: 32_768, slots: 1, template: "" };
    let engine = Engine::start(settings).await;
    let client = client(&engine, &engine.api_key);
    let mut other = client.stream(&question("Tell me everything")).await.unwrap();
    other.next().await.unwrap().unwrap();
    let busy = Duration::from_millis(700);
    let freeing = async {
        tokio::time::sleep(busy).await;
        drop(other);
    };
    let ((first, queue), ()) = tokio::join!(waited(&client), freeing);
    println!("first token after {first:?}, of which {queue:?} in the queue");
    assert!(first >= busy, "{first:?}");
    assert!(queue >= busy.mul_f64(0.8) && queue <= first, "{queue:?} of {first:?}");
    let (first, queue) = waited(&client).await;
    println!("then {first:?}, of which {queue:?}");
    assert!(queue < busy, "{queue:?}");
}
