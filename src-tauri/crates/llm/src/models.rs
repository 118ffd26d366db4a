//! Which models a server offers.
//!
//! Sources: llama.cpp `tools/server/README.md` (`/v1/models` with `meta` and `architecture`, `/props`;
//! of a router also `status`), vLLM (`max_model_len`), Ollama `docs/api.md`.

use serde::Deserialize;
use serde_json::Value;

use crate::answer::count;
use crate::json::without_nul;
use crate::{Client, Dialect, Error, Result};

/// A model that the server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The name to ask for it by.
    pub id: String,
    /// Tokens that the context of one slot holds, as it is served; `None` where the server does not tell,
    /// as Ollama for a model that is not loaded.
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

impl Client {
    /// Lists the models that the server offers for chats.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for a missing or wrong key, [`Error::Loading`] before the model is
    /// there, and those of every call.
    pub async fn models(&self) -> Result<Vec<Model>> {
        if self.dialect() == Dialect::Ollama {
            return match self.ollama_models().await {
                // An older one, or something that only answers like it.
                Err(Error::NotFound | Error::BadResponse { .. }) => self.listed_models().await,
                models => models,
            };
        }
        let mut models = self.listed_models().await?;
        match (self.dialect(), models.as_mut_slice()) {
            (Dialect::LlamaCpp, [model]) => self.complete_from_props(model).await,
            (Dialect::Vllm, models) => {
                for model in models {
                    model.loaded = Some(true);
                }
            }
            _ => {}
        }
        Ok(models)
    }

    /// `GET /v1/models`, which all of them answer.
    async fn listed_models(&self) -> Result<Vec<Model>> {
        let list: List = self.get_json("/v1/models").await?;
        Ok(list.data.iter().filter_map(Model::read).collect())
    }

    /// The one model of a llama.cpp server that is no router: it would not answer without it.
    async fn complete_from_props(&self, model: &mut Model) {
        if model.loaded.is_some() {
            return;
        }
        model.loaded = Some(true);
        if model.vision.is_none() || model.context.is_none() {
            // Older builds tell only here; another engine has no such path.
            if let Ok(props) = self.props().await {
                model.vision = model.vision.or(props.vision);
                model.context = model.context.or(Some(props.n_ctx));
            }
        }
    }
}

#[derive(Deserialize)]
struct List {
    data: Vec<Value>,
}

impl Model {
    /// An entry of `/v1/models`; `None` without a name.
    fn read(entry: &Value) -> Option<Self> {
        let meta = &entry["meta"];
        let modalities = entry["architecture"]["input_modalities"].as_array();
        Some(Self {
            id: without_nul(entry["id"].as_str()?.to_owned()),
            context: count(&meta["n_ctx"]).or_else(|| count(&entry["max_model_len"])),
            training_context: count(&meta["n_ctx_train"]),
            parameters: meta["n_params"].as_u64(),
            size: meta["size"].as_u64(),
            // Of a router: `unloaded`, `loading`, `loaded`, `sleeping`…
            loaded: entry["status"]["value"].as_str().map(|status| status == "loaded"),
            vision: modalities.map(|all| all.iter().any(|modality| modality == "image")),
        })
    }
}
