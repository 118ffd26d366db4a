//! Open WebUI's export of chats: an array of rows, each with the chat as its window keeps it.

use base64::Engine as _;
use serde::Deserialize;
use slipway_protocol::{
    AnswerStats, Attachment, AttachmentId, AttachmentKind, ErrorCode, ErrorInfo, MessageState,
    Role, Text,
};

use super::foreign::{Foreign, Members, Node, Said, clean, loose, milliseconds};
use super::ids::derived;

#[derive(Deserialize)]
struct Row {
    chat: Chat,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    created_at: Option<f64>,
    #[serde(default, deserialize_with = "loose")]
    updated_at: Option<f64>,
    #[serde(default, deserialize_with = "loose")]
    archived: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    pinned: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Deserialize)]
struct Chat {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    timestamp: Option<f64>,
    #[serde(default, deserialize_with = "loose")]
    models: Option<Vec<String>>,
    #[serde(default, deserialize_with = "loose")]
    tags: Option<Vec<String>>,
    #[serde(default, deserialize_with = "loose")]
    params: Option<Params>,
    #[serde(default)]
    history: Option<History>,
    /// The branch shown; all there is in old exports.
    #[serde(default)]
    messages: Option<Vec<Message>>,
}

#[derive(Deserialize)]
struct Params {
    #[serde(default)]
    system: Option<String>,
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    messages: Members<Message>,
    #[serde(default, rename = "currentId")]
    current_id: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    id: Option<String>,
    #[serde(default, rename = "parentId")]
    parent_id: Option<String>,
    role: String,
    #[serde(default)]
    content: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    timestamp: Option<f64>,
    #[serde(default, deserialize_with = "loose")]
    model: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    done: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    usage: Option<Usage>,
    #[serde(default, deserialize_with = "loose")]
    info: Option<Usage>,
    #[serde(default, deserialize_with = "loose")]
    error: Option<Trouble>,
    #[serde(default, deserialize_with = "loose")]
    files: Option<Vec<File>>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default, alias = "prompt_eval_count", deserialize_with = "loose")]
    prompt_tokens: Option<u32>,
    #[serde(default, alias = "eval_count", deserialize_with = "loose")]
    completion_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Trouble {
    content: String,
}

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    name: Option<String>,
}

/// One conversation; the error is the parser's sentence.
pub(crate) fn conversation(text: &[u8]) -> Result<Foreign, serde_json::Error> {
    let row: Row = serde_json::from_slice(text)?;
    let chat = row.chat;
    let only_model = chat.models.filter(|models| models.len() == 1).and_then(|mut m| m.pop());
    let (tree, current) = chat.history.map(|h| (h.messages.0, h.current_id)).unwrap_or_default();
    let listed = chat.messages.unwrap_or_default();
    let nodes: Vec<Node> = match tree.is_empty() {
        false => tree
            .into_iter()
            .map(|(id, message)| {
                let parent = message.parent_id.clone();
                Node { id, parent, said: said(message, only_model.as_deref()) }
            })
            .collect(),
        true => in_a_row(listed, only_model.as_deref()),
    };
    let first = || nodes.first().map(|node| node.id.clone());
    let title = row.title.or(chat.title).unwrap_or_default();
    let tags = row.meta.map(|meta| meta.tags).filter(|tags| !tags.is_empty()).or(chat.tags);
    Ok(Foreign {
        source: "open-webui",
        id: row.id.or(chat.id).or_else(first).unwrap_or_default(),
        // What the program calls a chat that nobody has named.
        title: clean(title).trim().trim_start_matches("New Chat").to_owned(),
        created_at: milliseconds(row.created_at).or(milliseconds(chat.timestamp)),
        updated_at: milliseconds(row.updated_at),
        pinned: row.pinned == Some(true),
        archived: row.archived == Some(true),
        tags: tags.unwrap_or_default().into_iter().map(clean).collect(),
        system_prompt: clean(chat.params.and_then(|params| params.system).unwrap_or_default()),
        nodes,
        current,
        joins_answers: false,
    })
}

/// Messages of the older form: one after another.
fn in_a_row(messages: Vec<Message>, model: Option<&str>) -> Vec<Node> {
    let mut above: Option<String> = None;
    let nodes = messages.into_iter().enumerate().map(|(place, message)| {
        let id = message.id.clone().unwrap_or_else(|| place.to_string());
        let parent = above.replace(id.clone());
        Node { id, parent, said: said(message, model) }
    });
    nodes.collect()
}

fn said(message: Message, only_model: Option<&str>) -> Option<Said> {
    let role = match message.role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        _ => return None,
    };
    let of_model = role == Role::Assistant;
    let (mut content, reasoning, reasoning_ms) = match of_model {
        true => without_reasoning(message.content.unwrap_or_default()),
        false => (message.content.unwrap_or_default(), String::new(), None),
    };
    let mut attachments = Vec::new();
    for file in message.files.unwrap_or_default() {
        match picture(&file) {
            Some(picture) => attachments.push(picture),
            None => {
                let what = file.name.or(file.kind).unwrap_or_default();
                content.push_str(&format!("\n\n[{}]", what.replace(['[', ']', '\n'], " ").trim()));
            }
        }
    }
    let error = message.error.filter(|_| of_model).map(|error| failed(&clean(error.content)));
    let empty = content.trim().is_empty() && reasoning.trim().is_empty();
    if empty && attachments.is_empty() && error.is_none() {
        return None;
    }
    let usage = message.usage.or(message.info);
    let state = match (&error, message.done) {
        (Some(_), _) => MessageState::Failed,
        (None, Some(false)) if of_model => MessageState::Interrupted,
        _ => MessageState::Complete,
    };
    Some(Said {
        role,
        content: clean(content),
        reasoning: clean(reasoning),
        model: message.model.or_else(|| only_model.map(str::to_owned)).filter(|_| of_model),
        at: milliseconds(message.timestamp),
        state,
        stats: AnswerStats {
            prompt_tokens: usage.as_ref().and_then(|usage| usage.prompt_tokens),
            completion_tokens: usage.as_ref().and_then(|usage| usage.completion_tokens),
            reasoning_ms,
            ..AnswerStats::default()
        },
        error,
        attachments,
    })
}

fn failed(said: &str) -> ErrorInfo {
    ErrorInfo {
        code: ErrorCode::EngineError,
        message: Text::verbatim(said),
        fix: Text::new("Ask again.", "Спросите ещё раз."),
        detail_id: String::new(),
        facts: None,
    }
}

/// The text without the block of reasoning before it; that; and how long it took.
fn without_reasoning(content: String) -> (String, String, Option<u64>) {
    let start = content.trim_start();
    let whole = || -> Option<(String, String, Option<u64>)> {
        let (tag, rest) = start.strip_prefix("<details type=\"reasoning\"")?.split_once('>')?;
        let (block, after) = rest.split_once("</details>")?;
        let block = block.split_once("</summary>").map_or(block, |(_, block)| block);
        let lines = block.trim().lines().map(|line| {
            let quoted = line.strip_prefix("&gt;").or_else(|| line.strip_prefix('>'));
            let line = quoted.map_or(line, |line| line.strip_prefix(' ').unwrap_or(line));
            line.replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#x27;", "'")
                .replace("&amp;", "&")
        });
        let seconds = tag.split_once("duration=\"").and_then(|(_, rest)| rest.split('"').next());
        let ms = seconds.and_then(|s| s.parse::<u64>().ok()).and_then(|s| s.checked_mul(1000));
        Some((after.trim_start().to_owned(), lines.collect::<Vec<_>>().join("\n"), ms))
    };
    whole().unwrap_or((content, String::new(), None))
}

/// A picture that lies in the file itself.
fn picture(file: &File) -> Option<(Attachment, Vec<u8>)> {
    let (mime, data) = file.url.as_deref()?.strip_prefix("data:")?.split_once(";base64,")?;
    if !matches!(mime, "image/png" | "image/jpeg" | "image/webp" | "image/gif") {
        return None;
    }
    let data = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
    let kind = mime.trim_start_matches("image/");
    let name: String = file.name.clone().unwrap_or_else(|| format!("image.{kind}"));
    let name: String = name.rsplit(['/', '\\']).next().unwrap_or(kind).chars().take(255).collect();
    let encoded = base64::engine::general_purpose::STANDARD.encode(&data);
    let attachment = Attachment {
        id: AttachmentId(derived(&["open-webui", "picture", &name, &encoded])),
        name: clean(name),
        mime: mime.to_owned(),
        kind: AttachmentKind::Image,
        bytes: data.len() as u64,
        tokens: None,
    };
    Some((attachment, data))
}
