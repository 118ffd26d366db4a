//! What a llama.cpp server says about itself: health, properties, slots.

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
    /// Whether the model takes pictures; `None` where the build does not tell.
    pub vision: Option<bool>,
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
pub(crate) struct WireProps {
    default_generation_settings: GenerationSettings,
    total_slots: u32,
    model_alias: Option<String>,
    model_path: Option<String>,
    build_info: Option<String>,
    #[serde(default)]
    modalities: Modalities,
}

#[derive(Default, Deserialize)]
struct Modalities {
    vision: Option<bool>,
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
            vision: wire.modalities.vision,
        }
    }
}
