//! Folders, presets and texts of a backup: what is here stays, what is not is added.

use std::collections::HashMap;

use slipway_protocol::{Folder, FolderId, Preset, Snippet, Text};
use slipway_store::{Error, Store};

use crate::fault::Fault;

/// Puts them in, and knows what a file's folders are here.
pub(super) struct Extras<'a> {
    store: &'a Store,
    places: HashMap<FolderId, FolderId>,
}

impl<'a> Extras<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        Self { store, places: HashMap::new() }
    }

    /// What a folder of the file is here.
    pub(super) fn place(&self, folder: &FolderId) -> Option<FolderId> {
        self.places.get(folder).cloned()
    }

    /// A folder is known by its id, else by its name.
    pub(super) async fn folder(&mut self, mut folder: Folder) -> Result<Option<Text>, Fault> {
        folder.name = folder.name.trim().to_owned();
        let here = self.store.folders().list().await?;
        let name = folder.name.to_lowercase();
        let known = here.iter().find(|one| one.id == folder.id);
        let known = known.or_else(|| here.iter().find(|one| one.name.to_lowercase() == name));
        let place = match known {
            Some(known) => known.id.clone(),
            None if named(&folder.name, 80) && !folder.id.0.is_empty() => {
                self.store.folders().put(&folder).await?;
                folder.id.clone()
            }
            None => {
                return Ok(Some(Text::new(
                    "A folder without a proper name was left out.",
                    "Папка без подходящего имени пропущена.",
                )));
            }
        };
        self.places.insert(folder.id, place);
        Ok(None)
    }

    pub(super) async fn preset(&self, preset: Preset) -> Result<Option<Text>, Fault> {
        if !named(&preset.name, 80) || preset.id.0.is_empty() {
            return Ok(Some(Text::new(
                "A preset without a proper name was left out.",
                "Набор настроек без подходящего имени пропущен.",
            )));
        }
        let same = |one: &Preset| {
            one.id == preset.id || (one.name == preset.name && one.settings == preset.settings)
        };
        if !self.store.presets().list().await?.iter().any(same) {
            self.store.presets().put(&preset).await?;
        }
        Ok(None)
    }

    /// A text whose name is taken by another one here gets a number behind it.
    pub(super) async fn snippet(&self, mut snippet: Snippet) -> Result<Option<Text>, Fault> {
        let sign = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
        if !named(&snippet.name, 40) || !snippet.name.chars().all(sign) || snippet.id.0.is_empty() {
            return Ok(Some(Text::new(
                "A prompt without a proper name was left out.",
                "Заготовка без подходящего имени пропущена.",
            )));
        }
        let here = self.store.snippets().list().await?;
        if here.iter().any(|one| one.id == snippet.id || one.text == snippet.text) {
            return Ok(None);
        }
        let name = snippet.name.clone();
        for number in 2..100 {
            match self.store.snippets().put(&snippet).await {
                Ok(()) => return Ok(None),
                Err(Error::Taken { .. }) => {
                    let end = format!("-{number}");
                    snippet.name = name.chars().take(40 - end.len()).collect();
                    snippet.name.push_str(&end);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Some(Text::new(
            format!("There are too many prompts named {name}."),
            format!("Слишком много заготовок с именем {name}."),
        )))
    }
}

fn named(name: &str, most: usize) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().count() <= most && !name.chars().any(char::is_control)
}
