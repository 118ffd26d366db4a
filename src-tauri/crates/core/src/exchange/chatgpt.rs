//! ChatGPT's `conversations.json`: an array of conversations, each a tree of nodes by id.

use serde::Deserialize;
use slipway_protocol::{AnswerStats, MessageState, Role};

use super::foreign::{Foreign, Members, Node, Said, clean, loose, milliseconds};

#[derive(Deserialize)]
struct Conversation {
    mapping: Members<Option<Entry>>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    create_time: Option<f64>,
    #[serde(default, deserialize_with = "loose")]
    update_time: Option<f64>,
    #[serde(default)]
    current_node: Option<String>,
    #[serde(default)]
    conversation_id: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default, deserialize_with = "loose")]
    is_archived: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    is_starred: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    pinned_time: Option<f64>,
    #[serde(default, deserialize_with = "loose")]
    default_model_slug: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    parent: Option<String>,
    #[serde(default)]
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    author: Author,
    #[serde(default)]
    content: Option<Content>,
    #[serde(default, deserialize_with = "loose")]
    create_time: Option<f64>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    recipient: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Author {
    role: String,
}

#[derive(Deserialize)]
struct Content {
    content_type: String,
    #[serde(default)]
    parts: Option<Vec<Part>>,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    language: Option<String>,
    #[serde(default)]
    thoughts: Option<Vec<Thought>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Part {
    Text(String),
    Object {
        #[serde(default)]
        content_type: Option<String>,
        #[serde(default)]
        text: Option<String>,
    },
    Nothing(()),
}

#[derive(Deserialize)]
struct Thought {
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    content: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default, deserialize_with = "loose")]
    is_visually_hidden_from_conversation: Option<bool>,
    #[serde(default, deserialize_with = "loose")]
    model_slug: Option<String>,
}

/// One conversation; the error is the parser's sentence.
pub(crate) fn conversation(text: &[u8]) -> Result<Foreign, serde_json::Error> {
    let read: Conversation = serde_json::from_slice(text)?;
    let model = read.default_model_slug;
    let created = milliseconds(read.create_time);
    let title = clean(read.title.unwrap_or_default());
    // Old exports have no id; their first node's is as good.
    let first = || read.mapping.0.first().map(|(id, _)| id.clone());
    let id = read.conversation_id.or(read.id).or_else(first).unwrap_or_default();
    let nodes = read.mapping.0.into_iter().map(|(id, entry)| {
        let (parent, message) = entry.map_or((None, None), |entry| (entry.parent, entry.message));
        Node { id, parent, said: message.and_then(|message| said(message, model.as_deref())) }
    });
    Ok(Foreign {
        source: "chatgpt",
        id,
        title,
        created_at: created,
        updated_at: milliseconds(read.update_time),
        pinned: read.is_starred == Some(true) || read.pinned_time.is_some(),
        archived: read.is_archived == Some(true),
        current: read.current_node,
        joins_answers: true,
        nodes: nodes.collect(),
        ..Foreign::default()
    })
}

/// What a person sees of a message, if anything.
fn said(message: Message, default_model: Option<&str>) -> Option<Said> {
    let metadata = message
        .metadata
        .unwrap_or(Metadata { is_visually_hidden_from_conversation: None, model_slug: None });
    if metadata.is_visually_hidden_from_conversation == Some(true) {
        return None;
    }
    let content = message.content?;
    let ran_code = content.content_type == "execution_output";
    let role = match message.author.role.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        // What its program said when it was run belongs to the answer that ran it.
        "tool" if ran_code => Role::Assistant,
        _ => return None,
    };
    let for_person = matches!(message.recipient.as_deref(), None | Some("all"));
    let for_python = message.recipient.as_deref() == Some("python");
    if !for_person && !for_python && !ran_code {
        return None;
    }
    let (content, reasoning) = texts(content);
    if content.trim().is_empty() && reasoning.trim().is_empty() {
        return None;
    }
    let whole = matches!(message.status.as_deref(), None | Some("finished_successfully"));
    let of_model = role == Role::Assistant;
    Some(Said {
        role,
        content: clean(content),
        reasoning: clean(reasoning),
        model: metadata
            .model_slug
            .or_else(|| default_model.map(str::to_owned))
            .filter(|_| of_model),
        at: milliseconds(message.create_time),
        state: match whole || !of_model {
            true => MessageState::Complete,
            false => MessageState::Stopped,
        },
        stats: AnswerStats::default(),
        error: None,
        attachments: Vec::new(),
    })
}

/// The text and the reasoning of a message's content.
fn texts(content: Content) -> (String, String) {
    let text = content.text.unwrap_or_default();
    match content.content_type.as_str() {
        "thoughts" => {
            let thoughts = content.thoughts.unwrap_or_default().into_iter().map(|thought| {
                let summary = thought.summary.filter(|summary| !summary.trim().is_empty());
                let summary = summary.map(|summary| format!("**{}**", summary.trim()));
                [summary, thought.content].into_iter().flatten().collect::<Vec<_>>().join("\n\n")
            });
            (String::new(), thoughts.collect::<Vec<_>>().join("\n\n"))
        }
        "code" => {
            let language = content.language.filter(|name| name != "unknown").unwrap_or_default();
            (fenced(&language, &text), String::new())
        }
        "execution_output" => (fenced("", &text), String::new()),
        "reasoning_recap" | "user_editable_context" | "model_editable_context" => {
            Default::default()
        }
        _ => {
            let parts =
                content.parts.unwrap_or_default().into_iter().filter_map(|part| match part {
                    Part::Text(text) => Some(text),
                    Part::Object { text: Some(text), .. } => Some(text),
                    Part::Object { content_type: Some(kind), .. } if kind.contains("image") => {
                        Some("[image]".to_owned())
                    }
                    Part::Object { .. } | Part::Nothing(()) => None,
                });
            let mut whole = parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n\n");
            if whole.is_empty() {
                whole = text;
            }
            (without_marks(&whole), String::new())
        }
    }
}

/// Code in a fence that is longer than any in it.
fn fenced(language: &str, code: &str) -> String {
    if code.trim().is_empty() {
        return String::new();
    }
    let mut longest = 0;
    for run in code.split(|c| c != '`') {
        longest = longest.max(run.len());
    }
    let fence = "`".repeat(longest.max(2) + 1);
    let language: String = language.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{fence}{language}\n{}\n{fence}", code.trim_end_matches('\n'))
}

/// The text without the marks that ChatGPT's own window turns into references.
fn without_marks(text: &str) -> String {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\u{e200}') {
        left.push_str(&rest[..start]);
        match rest[start..].find('\u{e201}') {
            Some(end) => rest = &rest[start + end + '\u{e201}'.len_utf8()..],
            None => rest = &rest[start + '\u{e200}'.len_utf8()..],
        }
    }
    left.push_str(rest);
    left
}
