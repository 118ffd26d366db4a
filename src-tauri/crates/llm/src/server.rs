//! What a server says about itself: health, models, properties, slots.
//!
//! `/health`, `/props` and `/slots` are llama.cpp's; `/v1/models` is OpenAI's with llama.cpp's
//! `meta` and vLLM's `max_model_len`.

use serde::Deserialize;

/// Whether the engine can answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It can.
    Ready,
    /// It is still loading its model.
    Loading {
        /// In the engine's words.
        message: String,
    },
}

/// A model that the server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The name to ask for it by.
    pub id: String,
    /// Tokens that the context of one slot holds, as it is served.
    pub context: Option<u64>,
    /// Tokens of context that the model was trained for.
    pub training_context: Option<u64>,
    /// Number of parameters.
    pub parameters: Option<u64>,
    /// Bytes of its weights.
    pub size: Option<u64>,
    /// Whether it is in memory now; `None` where the server does not tell.
    pub loaded: Option<bool>,
    /// Whether it takes pictures; `None` where the server does not tell.
    pub vision: Option<bool>,
}

/// How a llama.cpp server was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Props {
    /// Tokens that the context of one slot holds.
    pub n_ctx: u64,
    /// How many requests are answered at once.
    pub total_slots: u32,
    /// The model's name.
    pub model_alias: Option<String>,
    /// The model's file on the host.
    pub model_path: Option<String>,
    /// The engine's build.
    pub build_info: Option<String>,
}

/// One of the requests that a llama.cpp server can work on at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Slot {
    /// Its number, from 0.
    pub id: u32,
    /// Whether it is at work now.
    pub is_processing: bool,
    /// Tokens that its context holds.
    pub n_ctx: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct ModelList {
    data: Vec<WireModel>,
}

#[derive(Deserialize)]
struct WireModel {
    id: String,
    meta: Option<Meta>,
    max_model_len: Option<u64>,
}

#[derive(Default, Deserialize)]
struct Meta {
    n_ctx: Option<u64>,
    n_ctx_train: Option<u64>,
    n_params: Option<u64>,
    size: Option<u64>,
}

impl From<ModelList> for Vec<Model> {
    fn from(list: ModelList) -> Self {
        list.data
            .into_iter()
            .map(|model| {
                let meta = model.meta.unwrap_or_default();
                Model {
                    id: model.id,
                    context: meta.n_ctx.or(model.max_model_len),
                    training_context: meta.n_ctx_train,
                    parameters: meta.n_params,
                    size: meta.size,
                    loaded: None,
                    vision: None,
                }
            })
            .collect()
    }
}

#[derive(Deserialize)]
pub(crate) struct WireProps {
    default_generation_settings: GenerationSettings,
    total_slots: u32,
    model_alias: Option<String>,
    model_path: Option<String>,
    build_info: Option<String>,
}

#[derive(Deserialize)]
struct GenerationSettings {
    n_ctx: u64,
}

impl From<WireProps> for Props {
    fn from(wire: WireProps) -> Self {
        Self {
            n_ctx: wire.default_generation_settings.n_ctx,
            total_slots: wire.total_slots,
            model_alias: wire.model_alias,
            model_path: wire.model_path,
            build_info: wire.build_info,
        }
    }
}
