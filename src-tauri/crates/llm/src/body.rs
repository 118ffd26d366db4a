//! A request as it goes over the wire to one kind of engine.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::request::{ChatMessage, ChatRequest, Content, Part, Role};

/// The JSON object of a chat completion request.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repeat_penalty: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repetition_penalty: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grammar: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continue_final_message: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_generation_prompt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_template_kwargs: Option<Value>,
    stream: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Body<'a> {
    /// For an answer that comes whole.
    pub(crate) fn whole(request: &'a ChatRequest, dialect: Dialect) -> Self {
        let goes_on = request.prefill && dialect == Dialect::Vllm;
        Self {
            model: request.model.as_deref(),
            messages: request.messages.iter().map(WireMessage).collect(),
            temperature: request.temperature,
            top_p: request.top_p,
            top_k: request.top_k.filter(|_| dialect.knows_top_k()),
            min_p: request.min_p.filter(|_| dialect.knows_top_k()),
            repeat_penalty: penalty(request, dialect, "repeat_penalty"),
            repetition_penalty: penalty(request, dialect, "repetition_penalty"),
            presence_penalty: request.presence_penalty,
            frequency_penalty: request.frequency_penalty,
            max_tokens: request.max_tokens,
            seed: request.seed,
            stop: &request.stop,
            response_format: response_format(request, dialect),
            grammar: request.grammar.as_deref().filter(|_| dialect.knows_grammar()),
            continue_final_message: goes_on.then_some(true),
            add_generation_prompt: goes_on.then_some(false),
            // A text that is gone on with is past its reasoning. Models that think would begin it anew,
            // which llama.cpp refuses; vLLM would take what comes for a thought.
            chat_template_kwargs: (request.prefill
                && matches!(dialect, Dialect::LlamaCpp | Dialect::Vllm))
            .then(|| json!({ "enable_thinking": false })),
            stream: false,
            stream_options: None,
        }
    }

    /// What vLLM's `/tokenize` takes of it.
    pub(crate) fn prompt(&self) -> Value {
        let mut prompt = json!({ "messages": self.messages });
        for (name, value) in [
            ("model", self.model.map(Value::from)),
            ("continue_final_message", self.continue_final_message.map(Value::from)),
            ("add_generation_prompt", self.add_generation_prompt.map(Value::from)),
        ] {
            if let Some(value) = value {
                prompt[name] = value;
            }
        }
        prompt
    }

    /// For an answer that comes piece by piece.
    pub(crate) fn streamed(request: &'a ChatRequest, dialect: Dialect) -> Self {
        Self {
            stream: true,
            stream_options: Some(StreamOptions { include_usage: true }),
            ..Self::whole(request, dialect)
        }
    }
}

fn penalty(request: &ChatRequest, dialect: Dialect, name: &str) -> Option<f32> {
    request.repeat_penalty.filter(|_| dialect.repeat_penalty() == Some(name))
}

fn response_format(request: &ChatRequest, dialect: Dialect) -> Option<Value> {
    let schema = request.json_schema.as_ref().filter(|_| dialect.knows_json_schema())?;
    Some(json!({
        "type": "json_schema",
        "json_schema": { "name": "answer", "schema": schema, "strict": true },
    }))
}

struct WireMessage<'a>(&'a ChatMessage);

impl Serialize for WireMessage<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Message<'a> {
            role: Role,
            content: WireContent<'a>,
        }
        let Self(ChatMessage { role, content }) = self;
        let content = match content {
            Content::Text(text) => WireContent::Text(text),
            Content::Parts(parts) => WireContent::Parts(parts.iter().map(WirePart::from).collect()),
        };
        Message { role: *role, content }.serialize(serializer)
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum WireContent<'a> {
    Text(&'a str),
    Parts(Vec<WirePart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WirePart<'a> {
    Text { text: &'a str },
    ImageUrl { image_url: ImageUrl },
}

#[derive(Serialize)]
struct ImageUrl {
    url: String,
}

impl<'a> From<&'a Part> for WirePart<'a> {
    fn from(part: &'a Part) -> Self {
        match part {
            Part::Text(text) => Self::Text { text },
            Part::Image { mime, base64 } => Self::ImageUrl {
                image_url: ImageUrl { url: format!("data:{mime};base64,{base64}") },
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(request: &ChatRequest, dialect: Dialect) -> Value {
        serde_json::to_value(Body::whole(request, dialect)).unwrap()
    }

    fn full() -> ChatRequest {
        ChatRequest {
            top_k: Some(40),
            min_p: Some(0.5),
            repeat_penalty: Some(1.5),
            json_schema: Some(json!({ "type": "object" })),
            grammar: Some("root ::= \"a\"".to_owned()),
            prefill: true,
            ..ChatRequest::new(vec![ChatMessage::new(Role::Assistant, "One, ")])
        }
    }

    #[test]
    fn what_is_not_set_is_not_sent() {
        let request = ChatRequest::new(vec![ChatMessage::new(Role::User, "Hi")]);
        for dialect in [Dialect::LlamaCpp, Dialect::Vllm, Dialect::Ollama, Dialect::OpenAi] {
            assert_eq!(
                serde_json::to_string(&Body::whole(&request, dialect)).unwrap(),
                r#"{"messages":[{"role":"user","content":"Hi"}],"stream":false}"#
            );
        }
    }

    #[test]
    fn settings_keep_their_names_and_short_numbers() {
        let request = ChatRequest {
            temperature: Some(0.7),
            max_tokens: Some(5),
            stop: vec!["END".to_owned()],
            ..ChatRequest::default()
        };
        assert_eq!(
            serde_json::to_string(&Body::streamed(&request, Dialect::LlamaCpp)).unwrap(),
            concat!(
                r#"{"messages":[],"temperature":0.7,"max_tokens":5,"stop":["END"],"#,
                r#""stream":true,"stream_options":{"include_usage":true}}"#
            )
        );
    }

    #[test]
    fn each_engine_gets_its_own_names() {
        let messages = json!([{ "role": "assistant", "content": "One, " }]);
        let format = json!({
            "type": "json_schema",
            "json_schema": { "name": "answer", "schema": { "type": "object" }, "strict": true },
        });
        let llama = json!({
            "messages": messages, "top_k": 40, "min_p": 0.5, "repeat_penalty": 1.5,
            "grammar": "root ::= \"a\"", "response_format": format,
            "chat_template_kwargs": { "enable_thinking": false }, "stream": false,
        });
        assert_eq!(wire(&full(), Dialect::LlamaCpp), llama);
        let vllm = json!({
            "messages": messages, "top_k": 40, "min_p": 0.5, "repetition_penalty": 1.5,
            "response_format": format, "continue_final_message": true,
            "add_generation_prompt": false,
            "chat_template_kwargs": { "enable_thinking": false }, "stream": false,
        });
        assert_eq!(wire(&full(), Dialect::Vllm), vllm);
        let mlx = json!({
            "messages": messages, "top_k": 40, "min_p": 0.5, "repetition_penalty": 1.5,
            "stream": false,
        });
        assert_eq!(wire(&full(), Dialect::Mlx), mlx);
        let plain = json!({ "messages": messages, "response_format": format, "stream": false });
        assert_eq!(wire(&full(), Dialect::Ollama), plain);
        assert_eq!(wire(&full(), Dialect::OpenAi), plain);
    }

    #[test]
    fn pictures_go_as_data_urls() {
        let content = Content::Parts(vec![
            Part::Text("What is it?".to_owned()),
            Part::Image { mime: "image/png".to_owned(), base64: "AAAA".to_owned() },
        ]);
        let request = ChatRequest::new(vec![ChatMessage { role: Role::User, content }]);
        assert_eq!(
            wire(&request, Dialect::Vllm)["messages"][0]["content"],
            json!([
                { "type": "text", "text": "What is it?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
            ])
        );
        assert!(request.has_image());
    }
}
