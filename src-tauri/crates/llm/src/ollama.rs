//! Ollama's models, by its own interface (`docs/api.md` in its repository): `/api/tags` lists all,
//! `/api/ps` those in memory, `/api/show` tells what one can do.

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::count;
use crate::json::without_nul;
use crate::{Client, Model, Result};

/// So many models are asked about at once.
const AT_ONCE: usize = 4;
/// Longest list that is told.
const MOST: usize = 500;

/// What `/api/show` told, by name and digest: a model that is pulled anew is asked about again.
#[derive(Debug, Default)]
pub(crate) struct Shown(Mutex<HashMap<(String, String), Abilities>>);

#[derive(Clone, Copy, Debug)]
struct Abilities {
    vision: Option<bool>,
    /// Whether it can chat, and not only embed.
    chats: bool,
    training_context: Option<u64>,
    parameters: Option<u64>,
}

#[derive(Deserialize)]
struct List {
    /// `null` where there are none.
    #[serde(deserialize_with = "Option::deserialize")]
    models: Option<Vec<Value>>,
}

impl Client {
    /// All models that can chat.
    pub(crate) async fn ollama_models(&self) -> Result<Vec<Model>> {
        let tags: List = self.get_json("/api/tags").await?;
        let running: List = self.get_json("/api/ps").await?;
        let (entries, running) =
            (tags.models.unwrap_or_default(), running.models.unwrap_or_default());
        let asking = entries.into_iter().take(MOST).map(|entry| self.ollama_model(entry, &running));
        let models: Vec<_> = stream::iter(asking).buffered(AT_ONCE).collect().await;
        Ok(models.into_iter().flatten().collect())
    }

    /// `None` for an entry without a name, and for a model that only embeds.
    async fn ollama_model(&self, entry: Value, running: &[Value]) -> Option<Model> {
        let id = name(&entry)?;
        let abilities = self.abilities(&id, entry["digest"].as_str().unwrap_or_default()).await;
        if abilities.is_some_and(|abilities| !abilities.chats) {
            return None;
        }
        let loaded = running.iter().find(|entry| name(entry).as_ref() == Some(&id));
        Some(Model {
            context: loaded.and_then(|entry| count(&entry["context_length"])),
            training_context: abilities.and_then(|abilities| abilities.training_context),
            parameters: abilities.and_then(|abilities| abilities.parameters),
            size: entry["size"].as_u64(),
            loaded: Some(loaded.is_some()),
            vision: abilities.and_then(|abilities| abilities.vision),
            id,
        })
    }

    /// What is known of a model, asked for once; `None` where Ollama does not tell.
    async fn abilities(&self, model: &str, digest: &str) -> Option<Abilities> {
        let key = (model.to_owned(), digest.to_owned());
        if let Some(known) = self.shown.0.lock().ok()?.get(&key).copied() {
            return Some(known);
        }
        let shown: Value = self.post_json("/api/show", &json!({ "model": model })).await.ok()?;
        let abilities = Abilities::read(&shown);
        self.shown.0.lock().ok()?.insert(key, abilities);
        Some(abilities)
    }
}

impl Abilities {
    fn read(shown: &Value) -> Self {
        // Versions before 0.6.4 tell no capabilities.
        let capabilities = shown["capabilities"].as_array();
        let has =
            |name: &str| capabilities.map(|all| all.iter().any(|capability| capability == name));
        let info = &shown["model_info"];
        let architecture = info["general.architecture"].as_str().unwrap_or_default();
        Self {
            vision: has("vision"),
            chats: has("completion").unwrap_or(true),
            training_context: count(&info[format!("{architecture}.context_length")]),
            parameters: info["general.parameter_count"].as_u64(),
        }
    }
}

fn name(entry: &Value) -> Option<String> {
    let name = entry["model"].as_str().or_else(|| entry["name"].as_str())?;
    Some(without_nul(name.to_owned()))
}
