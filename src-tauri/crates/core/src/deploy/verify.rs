//! The proof that a deploy works: a short real completion through the same way that chats take.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use slipway_llm::{ChatEvent, ChatMessage, ChatRequest, Client, Health, Role};
use slipway_protocol::{Settings, Text};

use crate::clock::elapsed_ms;
use crate::connect::Route;
use crate::fault::Fault;

/// What the model is asked.
const SAMPLE_PROMPT: &str = "Say hello in one short sentence.";
/// Longest answer to it.
const SAMPLE_TOKENS: u32 = 32;
/// A large model may take its time for the first token after a cold start.
const LIMIT: Duration = Duration::from_secs(300);
/// While an engine that was said to be ready answers "loading" or not at all.
const PATIENCE: Duration = Duration::from_secs(20);

/// Figures of the completion.
#[derive(Clone, Default)]
pub(super) struct Verified {
    pub(super) context_size: Option<u32>,
    pub(super) first_token_ms: Option<u64>,
    pub(super) tokens_per_second: Option<f64>,
    pub(super) prompt_tokens_per_second: Option<f64>,
    pub(super) sample: String,
}

impl Verified {
    /// As a line for people.
    pub(super) fn speed(&self) -> Text {
        let first = self.first_token_ms.unwrap_or(0);
        match self.tokens_per_second {
            Some(speed) => Text::new(
                format!("first token {first} ms, {speed:.0} tok/s"),
                format!("первый токен {first} мс, {speed:.0} ток/с"),
            ),
            None => {
                Text::new(format!("first token {first} ms"), format!("первый токен {first} мс"))
            }
        }
    }
}

/// Asks the engine for its state and one short answer.
pub(super) async fn verify(route: &Route, settings: &Settings) -> Result<Verified, Fault> {
    let client = route.client(settings)?;
    tokio::time::timeout(LIMIT, work(route, &client))
        .await
        .unwrap_or_else(|_| Err(slipway_llm::Error::FirstTokenTimeout.into()))
}

async fn work(route: &Route, client: &Client) -> Result<Verified, Fault> {
    wait_until_ready(route, client).await?;
    let models = client.models().await?;
    let context = models.first().and_then(|model| model.context);
    let mut request = ChatRequest::new(vec![ChatMessage::new(Role::User, SAMPLE_PROMPT)]);
    request.max_tokens = Some(SAMPLE_TOKENS);
    // Engines that hold several models want to be told which; one alone is taken by any name.
    request.model = models.first().map(|model| model.id.clone());
    let began = Instant::now();
    let mut stream = client.stream(&request).await?;
    let mut verified = Verified {
        context_size: context.and_then(|tokens| u32::try_from(tokens).ok()),
        ..Verified::default()
    };
    while let Some(event) = stream.next().await {
        match event? {
            ChatEvent::Delta { content } => {
                verified.first_token_ms.get_or_insert_with(|| elapsed_ms(began));
                verified.sample.push_str(&content);
            }
            ChatEvent::Reasoning { .. } => {
                verified.first_token_ms.get_or_insert_with(|| elapsed_ms(began));
            }
            ChatEvent::Usage { usage, timings } => {
                let reading = timings.as_ref().map(|timings| timings.prompt_per_second);
                verified.prompt_tokens_per_second = reading.filter(|speed| *speed > 0.0);
                let measured = timings.map(|timings| timings.predicted_per_second);
                let own = usage.completion_tokens as f64 / began.elapsed().as_secs_f64();
                verified.tokens_per_second = measured.filter(|speed| *speed > 0.0).or(Some(own));
            }
            ChatEvent::Finish { .. } | ChatEvent::Done => {}
        }
    }
    Ok(verified)
}

async fn wait_until_ready(route: &Route, client: &Client) -> Result<(), Fault> {
    let began = Instant::now();
    loop {
        let fault = match client.health().await {
            Ok(Health::Ready) => return Ok(()),
            Ok(Health::Loading { .. }) => slipway_llm::Error::Loading.into(),
            Err(error) => Fault::from(error),
        };
        if let Some(obstacle) = route.obstacle() {
            return Err(obstacle);
        }
        if began.elapsed() > PATIENCE {
            return Err(fault);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
