//! Folders, search, presets and the prompt library.

use slipway_protocol::{
    Folder, FolderPut, FolderRef, Nothing, Preset, PresetPut, PresetRef, SearchResult,
    SessionQuery, Snippet, SnippetPut, SnippetRef, Text,
};

use super::validate;
use crate::fault::Fault;
use crate::program::Program;
use crate::settings::within;

/// Longest name of a folder or a preset, in characters.
const LONGEST_NAME: usize = 80;
/// Longest name of a text of the library, in characters.
const LONGEST_SNIPPET_NAME: usize = 40;
/// Longest search in characters: what is beyond is cut.
const LONGEST_QUERY: usize = 1000;

impl Program {
    /// Makes a folder or renames one.
    pub async fn folder_put(&self, put: FolderPut) -> Result<Vec<Folder>, Fault> {
        let name = named(&put.name, LONGEST_NAME)?;
        let folder = Folder { id: put.id.unwrap_or_default(), name };
        self.store().folders().put(&folder).await?;
        Ok(self.store().folders().list().await?)
    }

    /// Removes a folder; its conversations stay.
    pub async fn folder_remove(&self, folder: FolderRef) -> Result<Vec<Folder>, Fault> {
        self.store().folders().remove(&folder.folder_id).await?;
        Ok(self.store().folders().list().await?)
    }

    /// Looks words up in all conversations.
    pub async fn session_search(&self, mut query: SessionQuery) -> Result<SearchResult, Fault> {
        within("limit", query.limit, 1, 500)?;
        query.text = query.text.chars().take(LONGEST_QUERY).collect();
        Ok(self.store().search(&query).await?)
    }

    /// All presets by name.
    pub async fn preset_list(&self, _: Nothing) -> Result<Vec<Preset>, Fault> {
        Ok(self.store().presets().list().await?)
    }

    /// Makes or changes a preset.
    pub async fn preset_put(&self, put: PresetPut) -> Result<Vec<Preset>, Fault> {
        validate::settings(&put.settings)?;
        let name = named(&put.name, LONGEST_NAME)?;
        let id = put.id.unwrap_or_default();
        self.store().presets().put(&Preset { id, name, settings: put.settings }).await?;
        self.preset_list(Nothing {}).await
    }

    /// Removes a preset.
    pub async fn preset_remove(&self, preset: PresetRef) -> Result<Vec<Preset>, Fault> {
        self.store().presets().remove(&preset.preset_id).await?;
        self.preset_list(Nothing {}).await
    }

    /// All texts of the prompt library by name.
    pub async fn snippet_list(&self, _: Nothing) -> Result<Vec<Snippet>, Fault> {
        Ok(self.store().snippets().list().await?)
    }

    /// Makes or changes a text of the prompt library.
    pub async fn snippet_put(&self, put: SnippetPut) -> Result<Vec<Snippet>, Fault> {
        let name = named(&put.name, LONGEST_SNIPPET_NAME)?;
        if !name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_') {
            return Err(Fault::invalid(
                Text::new(
                    "Such a name has letters, digits, - and _ only.",
                    "В таком имени только буквы, цифры, - и _.",
                ),
                Text::new("Write another one.", "Введите другое."),
            ));
        }
        validate::instructions(&put.text)?;
        let id = put.id.unwrap_or_default();
        self.store().snippets().put(&Snippet { id, name, text: put.text }).await?;
        self.snippet_list(Nothing {}).await
    }

    /// Removes a text of the prompt library.
    pub async fn snippet_remove(&self, snippet: SnippetRef) -> Result<Vec<Snippet>, Fault> {
        self.store().snippets().remove(&snippet.snippet_id).await?;
        self.snippet_list(Nothing {}).await
    }
}

/// A name without spaces around, refused when empty or too long.
fn named(name: &str, longest: usize) -> Result<String, Fault> {
    let name = name.trim();
    let length = name.chars().count();
    if (1..=longest).contains(&length) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(Fault::invalid(
        Text::new(
            format!("A name has 1 to {longest} characters."),
            format!("Имя — от 1 до {longest} знаков."),
        ),
        Text::new("Write another one.", "Введите другое."),
    ))
}
