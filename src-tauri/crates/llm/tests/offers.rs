//! What servers of each kind say about their models, and how they count: bodies as their documentation
//! shows them.

use serde_json::{Value, json};
use slipway_llm::{
    ChatMessage, ChatRequest, Client, Content, Dialect, Error, Model, Part, Role, Timeouts,
};
use tokio::task::JoinSet;

use crate::stand_in::{StandIn, question};

/// A server that answers `pages`, and a client that takes it for `dialect`.
async fn server(dialect: Dialect, pages: &[(&'static str, Value)]) -> (StandIn, Client) {
    let pages = pages.iter().map(|(start, body)| (*start, body.to_string())).collect();
    let peer = StandIn::with_pages(pages).await;
    let client = peer.client(Timeouts::default()).with_dialect(dialect);
    (peer, client)
}

fn model(id: &str) -> Model {
    Model { id: id.to_owned(), ..Model::default() }
}

/// The JSON body of the last request that begins with `start`.
fn body_of(peer: &StandIn, start: &str) -> Value {
    let requests = peer.requests();
    let request = requests.iter().rev().find(|request| request.starts_with(start)).unwrap();
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn llama_cpp_tells_its_one_model() {
    let entry = json!({
        "id": "qwen3-8b", "object": "model", "owned_by": "llamacpp",
        "architecture": { "input_modalities": ["text", "image"], "output_modalities": ["text"] },
        "meta": { "n_ctx": 8192, "n_ctx_train": 40960, "n_params": 8190735360_u64, "size": 5027783680_u64 },
    });
    let (peer, client) =
        server(Dialect::LlamaCpp, &[("GET /v1/models ", json!({ "data": [entry] }))]).await;
    let wanted = Model {
        context: Some(8192),
        training_context: Some(40_960),
        parameters: Some(8_190_735_360),
        size: Some(5_027_783_680),
        loaded: Some(true),
        vision: Some(true),
        ..model("qwen3-8b")
    };
    assert_eq!(client.models().await.unwrap(), [wanted]);
    assert_eq!(peer.requests().len(), 1, "nothing is left to ask");
}

#[tokio::test]
async fn an_older_llama_cpp_tells_the_rest_in_its_properties() {
    let list = json!({ "data": [{ "id": "gemma", "meta": { "n_ctx_train": 131_072 } }] });
    let props = json!({
        "default_generation_settings": { "n_ctx": 4096 }, "total_slots": 4,
        "modalities": { "vision": false, "audio": false },
    });
    let (_peer, client) =
        server(Dialect::LlamaCpp, &[("GET /v1/models ", list.clone()), ("GET /props ", props)])
            .await;
    let wanted = Model {
        context: Some(4096),
        training_context: Some(131_072),
        loaded: Some(true),
        vision: Some(false),
        ..model("gemma")
    };
    assert_eq!(client.models().await.unwrap(), [wanted]);

    // Another engine that is taken for llama.cpp has no properties.
    let (_peer, client) = server(Dialect::LlamaCpp, &[("GET /v1/models ", list)]).await;
    assert_eq!(client.models().await.unwrap()[0].vision, None);
}

#[tokio::test]
async fn a_router_of_llama_cpp_tells_which_are_loaded() {
    let list = json!({ "data": [
        { "id": "a", "status": { "value": "loaded", "args": ["llama-server", "-ctx", "4096"] },
          "meta": { "n_ctx": 4096 } },
        { "id": "b", "status": { "value": "unloaded" }, "meta": null,
          "architecture": { "input_modalities": ["text"] } },
        { "id": "c", "status": { "value": "loading" } },
    ] });
    let (_peer, client) = server(Dialect::LlamaCpp, &[("GET /v1/models ", list)]).await;
    let wanted = [
        Model { context: Some(4096), loaded: Some(true), ..model("a") },
        Model { loaded: Some(false), vision: Some(false), ..model("b") },
        Model { loaded: Some(false), ..model("c") },
    ];
    assert_eq!(client.models().await.unwrap(), wanted);
}

#[tokio::test]
async fn vllm_tells_its_context() {
    let list = json!({ "object": "list", "data": [{
        "id": "Qwen/Qwen3-8B", "object": "model", "created": 1_764_000_000, "owned_by": "vllm",
        "root": "Qwen/Qwen3-8B", "parent": null, "max_model_len": 32_768, "permission": [],
    }] });
    let (_peer, client) = server(Dialect::Vllm, &[("GET /v1/models ", list)]).await;
    let wanted = Model { context: Some(32_768), loaded: Some(true), ..model("Qwen/Qwen3-8B") };
    assert_eq!(client.models().await.unwrap(), [wanted]);
}

#[tokio::test]
async fn ollama_tells_all_models_and_those_in_memory() {
    let details = json!({ "format": "gguf", "family": "qwen3", "parameter_size": "8.2B" });
    let entry = |name: &str, digest: &str| {
        json!({ "name": name, "model": name, "digest": digest, "size": 5_200_000_000_u64,
            "modified_at": "2026-11-01T10:00:00Z", "details": details })
    };
    let tags = json!({ "models": [entry("qwen3:8b", "1"), entry("llava:7b", "2")] });
    let ps = json!({ "models": [{ "name": "qwen3:8b", "model": "qwen3:8b", "size": 6_000_000_000_u64,
        "expires_at": "2026-11-01T10:05:00Z", "size_vram": 6_000_000_000_u64, "context_length": 4096 }] });
    let show = json!({
        "details": details, "capabilities": ["completion", "vision"],
        "model_info": { "general.architecture": "qwen3", "general.parameter_count": 8_190_735_360_u64,
            "qwen3.context_length": 40_960 },
    });
    let pages = [("GET /api/tags ", tags), ("GET /api/ps ", ps), ("POST /api/show ", show)];
    let (peer, client) = server(Dialect::Ollama, &pages).await;
    let of = |id: &str, context: Option<u64>| Model {
        context,
        training_context: Some(40_960),
        parameters: Some(8_190_735_360),
        size: Some(5_200_000_000),
        loaded: Some(context.is_some()),
        vision: Some(true),
        ..model(id)
    };
    let wanted = [of("qwen3:8b", Some(4096)), of("llava:7b", None)];
    assert_eq!(client.models().await.unwrap(), wanted);
    let again = client.clone();
    let mut elsewhere = JoinSet::new();
    elsewhere.spawn(async move { again.models().await });
    assert_eq!(elsewhere.join_next().await.unwrap().unwrap().unwrap(), wanted);
    let shown = |request: &&String| request.starts_with("POST /api/show ");
    assert_eq!(peer.requests().iter().filter(shown).count(), 2, "each is asked about once");
    assert!(body_of(&peer, "POST /api/show ")["model"].is_string());
}

#[tokio::test]
async fn ollama_without_some_of_it_still_lists() {
    let tags = json!({ "models": [{ "name": "qwen3:8b" }, { "digest": "no name" }] });
    let none = json!({ "models": null });
    let (_peer, client) = server(
        Dialect::Ollama,
        &[("GET /api/tags ", tags.clone()), ("GET /api/ps ", none.clone())],
    )
    .await;
    let wanted = Model { loaded: Some(false), ..model("qwen3:8b") };
    assert_eq!(client.models().await.unwrap(), [wanted]);

    let embeds = json!({ "capabilities": ["embedding"], "model_info": {} });
    let (_peer, client) = server(
        Dialect::Ollama,
        &[("GET /api/tags ", tags), ("GET /api/ps ", none), ("POST /api/show ", embeds)],
    )
    .await;
    assert_eq!(client.models().await.unwrap(), [], "it cannot chat");

    let list = json!({ "data": [{ "id": "qwen3:8b", "owned_by": "library" }] });
    let (_peer, client) = server(Dialect::Ollama, &[("GET /v1/models ", list)]).await;
    assert_eq!(client.models().await.unwrap(), [model("qwen3:8b")]);
}

#[tokio::test]
async fn others_tell_names() {
    let list =
        json!({ "data": [{ "id": "mlx-community/Qwen3-8B-4bit", "created": 1 }, { "no": 1 }] });
    for dialect in [Dialect::Mlx, Dialect::OpenAi] {
        let (peer, client) = server(dialect, &[("GET /v1/models ", list.clone())]).await;
        assert_eq!(client.models().await.unwrap(), [model("mlx-community/Qwen3-8B-4bit")]);
        assert_eq!(peer.requests().len(), 1);
    }
}

#[tokio::test]
async fn llama_cpp_counts_what_its_template_makes() {
    let pages = [
        ("POST /apply-template ", json!({ "prompt": "<|im_start|>user\nHi" })),
        ("POST /tokenize ", json!({ "tokens": [1, 2, 3] })),
    ];
    let (peer, client) = server(Dialect::LlamaCpp, &pages).await;
    let request = ChatRequest { model: Some("a".to_owned()), ..question("Hi") };
    assert_eq!(client.count(&request).await, Ok(3));
    let wanted = json!({ "content": "<|im_start|>user\nHi", "add_special": true,
        "parse_special": true, "model": "a" });
    assert_eq!(body_of(&peer, "POST /tokenize "), wanted);
    let asked = body_of(&peer, "POST /apply-template ");
    assert_eq!(asked["messages"], json!([{ "role": "user", "content": "Hi" }]));

    assert_eq!(client.count_text("Hi").await, Ok(3));
    let wanted = json!({ "content": "Hi", "add_special": false, "parse_special": false });
    assert_eq!(body_of(&peer, "POST /tokenize "), wanted);
}

#[tokio::test]
async fn vllm_counts_messages() {
    let count = json!({ "count": 12, "max_model_len": 32_768, "tokens": [1], "token_strs": null });
    let (peer, client) = server(Dialect::Vllm, &[("POST /tokenize ", count)]).await;
    let begun = ChatRequest {
        prefill: true,
        ..ChatRequest::new(vec![ChatMessage::new(Role::Assistant, "One, ")])
    };
    assert_eq!(client.count(&begun).await, Ok(12));
    let wanted = json!({ "messages": [{ "role": "assistant", "content": "One, " }],
        "continue_final_message": true, "add_generation_prompt": false });
    assert_eq!(body_of(&peer, "POST /tokenize "), wanted);
    assert_eq!(client.count_text("Hi").await, Ok(12));
    let wanted = json!({ "prompt": "Hi", "add_special_tokens": false });
    assert_eq!(body_of(&peer, "POST /tokenize "), wanted);
}

#[tokio::test]
async fn what_cannot_be_counted_is_told() {
    for dialect in [Dialect::Ollama, Dialect::Mlx, Dialect::OpenAi] {
        let (peer, client) = server(dialect, &[]).await;
        assert_eq!(client.count(&question("Hi")).await, Err(Error::NotFound));
        assert_eq!(client.count_text("Hi").await, Err(Error::NotFound));
        assert!(peer.requests().is_empty());
    }
    let image = Part::Image { mime: "image/png".to_owned(), base64: "AAAA".to_owned() };
    let picture = ChatMessage { role: Role::User, content: Content::Parts(vec![image]) };
    for dialect in [Dialect::LlamaCpp, Dialect::Vllm] {
        let (_peer, client) = server(dialect, &[]).await;
        assert_eq!(client.count(&question("Hi")).await, Err(Error::NotFound));
        let request = ChatRequest::new(vec![picture.clone()]);
        assert_eq!(client.count(&request).await, Err(Error::NotFound));

        let nonsense = json!({ "count": -1, "tokens": "many", "prompt": 7 });
        let pages = [("POST /tokenize ", nonsense.clone()), ("POST /apply-template ", nonsense)];
        let (_peer, client) = server(dialect, &pages).await;
        for counted in [client.count(&question("Hi")).await, client.count_text("Hi").await] {
            assert!(matches!(counted, Err(Error::BadResponse { .. })), "{counted:?}");
        }
    }
}
