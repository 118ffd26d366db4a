//! The conversations as a library: folders, search, kept presets and texts, files in and out.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::chat::ChatSettings;
use crate::id::{FolderId, HostId, MessageId, PresetId, SessionId, SnippetId};
use crate::session::Session;

/// A folder of conversations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Folder {
    /// Its id.
    pub id: FolderId,
    /// Its name, 1 to 80 characters, unique.
    pub name: String,
}

/// The command `folder_put`: makes a folder or renames one. Returns all folders by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FolderPut {
    /// The folder to rename; a new one when absent.
    pub id: Option<FolderId>,
    /// Its name.
    pub name: String,
}

/// The command `folder_remove`: its conversations stay, outside of any folder. Returns the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct FolderRef {
    /// Which.
    pub folder_id: FolderId,
}

/// The command `session_search`: words are looked for in titles and messages; each must begin a word
/// of the text. Words in double quotes must stand together. With no words, all that passes the
/// filters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(default)]
pub struct SessionQuery {
    /// The words.
    pub text: String,
    /// Only what this host answered.
    pub host_id: Option<HostId>,
    /// Only what this model answered.
    pub model: Option<String>,
    /// Only in this folder.
    pub folder_id: Option<FolderId>,
    /// Only with this tag.
    pub tag: Option<String>,
    /// Only in this conversation ("find in chat"), or in the columns of this comparison: then hits
    /// come in order, over the branch shown.
    pub session_id: Option<SessionId>,
    /// Not before, ms since the epoch.
    pub from: Option<u64>,
    /// Not after, ms since the epoch.
    pub until: Option<u64>,
    /// Archived ones too.
    pub archived: bool,
    /// At most so many hits, 1 to 500.
    pub limit: u32,
}

/// What `session_search` returns, the best first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SearchResult {
    /// The hits.
    pub hits: Vec<SearchHit>,
    /// Whether there are more than the limit.
    pub more: bool,
}

/// A place where all words were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SearchHit {
    /// The conversation.
    pub session: Session,
    /// The message; absent for a title.
    pub message_id: Option<MessageId>,
    /// When it was written, ms since the epoch.
    pub at: u64,
    /// The text around, in pieces.
    pub snippet: Vec<SnippetPiece>,
}

/// A piece of the text around a hit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SnippetPiece {
    /// The text.
    pub text: String,
    /// Whether it is what was looked for.
    pub hit: bool,
}

/// Instructions and sampling under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Preset {
    /// Its id.
    pub id: PresetId,
    /// Its name, 1 to 80 characters.
    pub name: String,
    /// What it sets.
    pub settings: ChatSettings,
}

/// The command `preset_put`: makes or changes one. Returns all by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct PresetPut {
    /// Which to change; a new one when absent.
    pub id: Option<PresetId>,
    /// Its name.
    pub name: String,
    /// What it sets.
    pub settings: ChatSettings,
}

/// The command `preset_remove`. Returns the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PresetRef {
    /// Which.
    pub preset_id: PresetId,
}

/// A text of the prompt library, put into the composer with `/` and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Snippet {
    /// Its id.
    pub id: SnippetId,
    /// Its name: 1 to 40 letters, digits, `-` and `_`; unique.
    pub name: String,
    /// The text; `{{word}}` is a place to fill in.
    pub text: String,
}

/// The command `snippet_put`: makes or changes one. Returns all by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SnippetPut {
    /// Which to change; a new one when absent.
    pub id: Option<SnippetId>,
    /// Its name.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The command `snippet_remove`. Returns the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SnippetRef {
    /// Which.
    pub snippet_id: SnippetId,
}

/// What an export is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Slipway's own, with everything; can be imported.
    Json,
    /// To read and to paste.
    Markdown,
    /// A page of its own, to read and to print.
    Html,
}

/// The command `export_start`: writes conversations into a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ExportRequest {
    /// Which; all of them, with folders, presets and texts, when empty: a backup.
    pub session_ids: Vec<SessionId>,
    /// As what. A backup is JSON.
    pub format: ExportFormat,
    /// Where to, chosen by the user in a dialog.
    pub path: String,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Exported {
    /// Conversations.
    pub sessions: u32,
    /// Bytes of the file.
    pub bytes: u64,
}

/// The command `import_start`: reads a file that Slipway, ChatGPT or Open WebUI exported, found out
/// by its content. What is there already stays as it is; a conversation that goes on differently in
/// the file gets the file's messages as further versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ImportRequest {
    /// The file, chosen by the user in a dialog: JSON, or ChatGPT's zip archive.
    pub path: String,
}

/// Where a file came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ImportSource {
    /// Slipway's own export or backup.
    Slipway,
    /// ChatGPT's `conversations.json`.
    ChatGpt,
    /// Open WebUI's export of chats.
    OpenWebUi,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Imported {
    /// Where the file came from.
    pub source: ImportSource,
    /// Conversations that are new here.
    pub sessions_added: u32,
    /// Conversations that were here and got messages.
    pub sessions_extended: u32,
    /// Conversations that were here as they are in the file.
    pub sessions_unchanged: u32,
    /// Messages that are new here.
    pub messages_added: u32,
    /// What could not be read, one sentence for each, at most 100.
    pub skipped: Vec<crate::text::Text>,
}
