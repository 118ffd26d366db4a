use serde_json::{Value, json};
use slipway_protocol::{MessageState, Role};

use super::*;

fn all(text: &[u8]) -> (Result<ImportSource, Problem>, Vec<StoredSession>, Vec<Text>) {
    let (mut sessions, mut skipped) = (Vec::new(), Vec::new());
    let mut sink = |item| {
        match item {
            Item::Session(session) => sessions.push(*session),
            Item::Skipped(text) => skipped.push(text),
            Item::Folder(_) | Item::Preset(_) | Item::Snippet(_) => (),
        }
        true
    };
    let source = shape(text).and_then(|shape| read(text, shape, &mut sink));
    (source, sessions, skipped)
}

fn text(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

fn spoken(session: &StoredSession) -> Vec<(Role, &str)> {
    session.messages.iter().map(|message| (message.role, message.content.as_str())).collect()
}

fn node(id: &str, parent: Value, role: &str, parts: Value) -> (String, Value) {
    let message = json!({ "id": id, "author": { "role": role }, "create_time": 1_700_000_000.5,
        "content": { "content_type": "text", "parts": parts }, "status": "finished_successfully",
        "weight": 1.0, "metadata": { "model_slug": "gpt-4o" }, "recipient": "all" });
    (id.to_owned(), json!({ "id": id, "message": message, "parent": parent, "children": [] }))
}

fn chatgpt(nodes: Vec<(String, Value)>, current: &str) -> Value {
    let mapping: serde_json::Map<String, Value> = nodes.into_iter().collect();
    json!({ "title": "Trip", "create_time": 1_700_000_000.0, "update_time": 1_700_000_100.25,
        "mapping": mapping, "current_node": current, "conversation_id": "c1", "is_archived": true,
        "is_starred": true, "plugin_ids": null })
}

fn simple() -> Value {
    chatgpt(
        vec![
            ("root".into(), json!({ "id": "root", "message": null, "parent": null })),
            node("sys", json!("root"), "system", json!([""])),
            node("u1", json!("sys"), "user", json!(["Where to?"])),
            node("a1", json!("u1"), "assistant", json!(["Norway."])),
            node("a2", json!("u1"), "assistant", json!(["Peru."])),
            node("u2", json!("a1"), "user", json!(["Why?"])),
        ],
        "u2",
    )
}

#[test]
fn chatgpt_is_read_with_its_branches() {
    let (source, sessions, skipped) = all(&text(&json!([simple()])));
    assert_eq!(source.unwrap(), ImportSource::ChatGpt);
    assert!(skipped.is_empty(), "{skipped:?}");
    let session = &sessions[0];
    assert_eq!(session.session.title, "Trip");
    assert!(session.session.pinned && session.session.archived && session.session.titled);
    assert_eq!(session.session.created_at, 1_700_000_000_000);
    assert_eq!(session.session.updated_at, 1_700_000_100_250);
    assert_eq!(session.session.model.as_deref(), Some("gpt-4o"));
    let said = [
        (Role::User, "Where to?"),
        (Role::Assistant, "Norway."),
        (Role::User, "Why?"),
        (Role::Assistant, "Peru."),
    ];
    assert_eq!(spoken(session), said);
    let [first, norway, why, peru] = &session.messages[..] else { panic!() };
    assert_eq!((norway.parent_id.as_ref(), norway.position), (Some(&first.id), 1));
    assert_eq!((peru.parent_id.as_ref(), peru.position), (Some(&first.id), 1));
    assert_eq!(why.model, None);
    assert_eq!(session.leaf.as_ref(), Some(&why.id));
    // The same again, to the letter.
    assert_eq!(all(&text(&json!([simple()]))).1, sessions);
    // One conversation alone, not in an array.
    assert_eq!(all(&text(&simple())).1, sessions);
}

#[test]
fn chatgpt_tools_and_thoughts_become_one_answer() {
    let with = |id: &str, parent: &str, role: &str, content: Value, more: Value| {
        let mut message = json!({ "author": { "role": role }, "content": content });
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (id.to_owned(), json!({ "message": message, "parent": parent }))
    };
    let nodes = vec![
        node(
            "u",
            json!(null),
            "user",
            json!(["Plot it", { "content_type": "image_asset_pointer" }]),
        ),
        with(
            "h",
            "u",
            "user",
            json!({ "content_type": "text", "parts": ["hidden"] }),
            json!({ "metadata": { "is_visually_hidden_from_conversation": true } }),
        ),
        with(
            "t",
            "h",
            "assistant",
            json!({ "content_type": "thoughts",
            "thoughts": [{ "summary": "Look", "content": "I look." }] }),
            json!({}),
        ),
        with(
            "c",
            "t",
            "assistant",
            json!({ "content_type": "code", "language": "python",
            "text": "print('```')" }),
            json!({ "recipient": "python" }),
        ),
        with(
            "o",
            "c",
            "tool",
            json!({ "content_type": "execution_output", "text": "```" }),
            json!({}),
        ),
        with(
            "b",
            "o",
            "tool",
            json!({ "content_type": "tether_quote", "text": "page" }),
            json!({}),
        ),
        with(
            "e",
            "b",
            "assistant",
            json!({ "content_type": "text",
            "parts": ["Done\u{e200}cite\u{e202}turn0\u{e201}."] }),
            json!({}),
        ),
    ];
    let (_, sessions, skipped) = all(&text(&json!([chatgpt(nodes, "e")])));
    assert!(skipped.is_empty(), "{skipped:?}");
    let [user, answer] = &sessions[0].messages[..] else { panic!("{:?}", spoken(&sessions[0])) };
    assert_eq!(user.content, "Plot it\n\n[image]");
    assert_eq!(answer.reasoning, "**Look**\n\nI look.");
    assert_eq!(answer.content, "````python\nprint('```')\n````\n\n````\n```\n````\n\nDone.");
}

#[test]
fn odd_trees_find_a_place() {
    let nodes = vec![
        node("a", json!("b"), "user", json!(["in a circle"])),
        node("b", json!("a"), "assistant", json!(["also"])),
        node("c", json!("nowhere"), "user", json!(["lost parent"])),
        node("d", json!("d"), "user", json!(["its own parent"])),
        ("s".into(), json!({ "message": null, "parent": "t" })),
        ("t".into(), json!({ "message": null, "parent": "s" })),
        node("e", json!("s"), "user", json!(["below a silent circle"])),
        ("n".into(), json!(null)),
    ];
    let (_, sessions, skipped) = all(&text(&json!([chatgpt(nodes, "gone")])));
    assert!(skipped.is_empty(), "{skipped:?}");
    assert_eq!(sessions[0].messages.len(), 5);
    let twice = br#"[{"id":"x","mapping":{
        "u":{"message":{"author":{"role":"user"},"content":{"content_type":"text","parts":["one"]}}},
        "u":{"message":{"author":{"role":"user"},"content":{"content_type":"text","parts":["two"]}}}}}]"#;
    assert_eq!(spoken(&all(twice).1[0]), [(Role::User, "one")]);
}

#[test]
fn a_long_conversation_needs_no_stack() {
    let mut nodes = vec![node("0", json!(null), "user", json!(["x"]))];
    for place in 1..10_000 {
        let role = if place % 2 == 0 { "user" } else { "assistant" };
        nodes.push(node(&place.to_string(), json!((place - 1).to_string()), role, json!(["x"])));
    }
    let (_, sessions, _) = all(&text(&json!([chatgpt(nodes, "9999")])));
    assert_eq!(sessions[0].messages.last().unwrap().position, 9999);
}

#[test]
fn one_bad_conversation_costs_itself_only() {
    let mut bad = simple();
    bad["mapping"]["u1"]["message"]["content"]["parts"] = json!(17);
    let mut other = simple();
    other["conversation_id"] = json!("c2");
    let deep: Value = json!("DEEP");
    let array = text(&json!([simple(), bad, 5, null, "x", [], {}, deep, other]));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let array = String::from_utf8(array).unwrap().replace("\"DEEP\"", &deep);
    let (source, sessions, skipped) = all(array.as_bytes());
    assert_eq!(source.unwrap(), ImportSource::ChatGpt);
    assert_eq!(sessions.len(), 2);
    assert_eq!(skipped.len(), 7);
    assert!(skipped[0].en.starts_with("Conversation 2 cannot be read"), "{}", skipped[0].en);
    assert!(skipped[0].ru.starts_with("Беседа 2 не читается"));
}

#[test]
fn odd_values_that_matter_little_are_let_pass() {
    let mut odd = simple();
    for field in ["create_time", "update_time", "is_archived", "is_starred"] {
        odd[field] = json!({ "x": [1] });
    }
    odd["title"] = json!(null);
    odd["mapping"]["u1"]["message"]["create_time"] = json!(-1e300);
    odd["mapping"]["a1"]["message"]["metadata"] = json!(null);
    let (_, sessions, skipped) = all(&text(&json!([odd])));
    assert!(skipped.is_empty(), "{skipped:?}");
    assert_eq!(sessions[0].session.title, "Where to?");
    assert!(!sessions[0].session.titled);
}

#[test]
fn nul_and_half_characters_are_replaced() {
    let text = r#"[{"id":"x","mapping":{"u":{"message":{"author":{"role":"user"},
        "content":{"content_type":"text","parts":["a\u0000b \ud83d"]}}}}}]"#;
    assert_eq!(spoken(&all(text.as_bytes()).1[0]), [(Role::User, "a\u{fffd}b \u{fffd}")]);
}

#[test]
fn a_cut_file_gives_what_was_whole() {
    let mut other = simple();
    other["conversation_id"] = json!("c2");
    let array = text(&json!([simple(), other]));
    let one = text(&simple()).len();
    for length in [one + 10, array.len() - 5, array.len() - 1] {
        let (source, sessions, skipped) = all(&array[..length]);
        assert_eq!(source.unwrap(), ImportSource::ChatGpt);
        assert_eq!(sessions.len(), if length == array.len() - 1 { 2 } else { 1 });
        assert!(skipped[0].en.starts_with("The file ends in the middle"), "{}", skipped[0].en);
    }
    let (source, sessions, skipped) = all(&array[..one - 20]);
    assert_eq!(source.unwrap(), ImportSource::ChatGpt);
    assert!(sessions.is_empty() && skipped.len() == 1);
}

#[test]
fn other_files_are_told_apart() {
    for odd in ["{}", "{\"a\":1}", "[]", "[1,2]", "[{\"role\":\"user\"}]", "{\"format\":\"x\"}"] {
        assert!(matches!(all(odd.as_bytes()).0, Err(Problem::OtherShape)), "{odd}");
    }
    for odd in ["", "hello", "<html>", "\u{1}\0\0"] {
        assert!(matches!(all(odd.as_bytes()).0, Err(Problem::NotJson)), "{odd:?}");
    }
    let newer = "{\"format\":\"slipway-chats\",\"version\":2,\"sessions\":[]}";
    assert!(matches!(all(newer.as_bytes()).0, Err(Problem::Newer(2))));
}

#[test]
fn whoever_wants_no_more_is_not_read_on_to() {
    let array = text(&json!([simple(), simple()]));
    let mut count = 0;
    let mut sink = |_| {
        count += 1;
        false
    };
    let read = read(array.as_slice(), Shape::Array, &mut sink);
    assert!(matches!(read, Err(Problem::Stopped)));
    assert_eq!(count, 1);
}

fn open_webui() -> Value {
    json!({ "id": "w1", "user_id": "u", "title": "Cats", "archived": false, "pinned": true,
        "created_at": 1_700_000_000, "updated_at": 1_700_000_200, "meta": { "tags": ["pets"] },
        "chat": { "title": "Cats", "models": ["llama3"], "params": { "system": "Purr." },
            "history": { "currentId": "a2", "messages": {
                "u1": { "id": "u1", "parentId": null, "childrenIds": ["a1", "a2"], "role": "user",
                    "content": "Tell", "timestamp": 1_700_000_001, "files": [
                        { "type": "image", "url": "data:image/png;base64,iVBORw==" },
                        { "type": "file", "name": "notes.txt" }] },
                "a1": { "id": "a1", "parentId": "u1", "role": "assistant", "content": "Meow",
                    "model": "llama3", "done": true, "timestamp": 1_700_000_002,
                    "usage": { "prompt_tokens": 5, "completion_tokens": 2 } },
                "a2": { "id": "a2", "parentId": "u1", "role": "assistant", "model": "qwen3",
                    "content": "<details type=\"reasoning\" done=\"true\" duration=\"3\">\n<summary>Thought for 3 seconds</summary>\n> I &lt;think&gt;\n> twice\n</details>\nHiss",
                    "done": true, "timestamp": 1_700_000_003 } } },
            "messages": [] } })
}

#[test]
fn open_webui_is_read_with_its_branches() {
    let (source, sessions, skipped) = all(&text(&json!([open_webui()])));
    assert_eq!(source.unwrap(), ImportSource::OpenWebUi);
    assert!(skipped.is_empty(), "{skipped:?}");
    let session = &sessions[0];
    assert_eq!(session.session.tags, ["pets"]);
    assert_eq!(session.settings.system_prompt, "Purr.");
    assert!(session.session.pinned);
    let said =
        [(Role::User, "Tell\n\n[notes.txt]"), (Role::Assistant, "Meow"), (Role::Assistant, "Hiss")];
    assert_eq!(spoken(session), said);
    let [user, meow, hiss] = &session.messages[..] else { panic!() };
    assert_eq!(user.attachments.len(), 1);
    assert_eq!(session.attachments[0].1, [0x89, b'P', b'N', b'G']);
    assert_eq!(meow.stats.completion_tokens, Some(2));
    assert_eq!(hiss.reasoning, "I <think>\ntwice");
    assert_eq!(hiss.stats.reasoning_ms, Some(3000));
    assert_eq!(hiss.model.as_deref(), Some("qwen3"));
    assert_eq!(session.leaf.as_ref(), Some(&hiss.id));
}

#[test]
fn open_webui_of_old_is_a_list() {
    let old = json!([{ "id": "w0", "user_id": "u", "title": "Old", "timestamp": 1, "chat": {
        "models": ["llama2"], "messages": [
            { "role": "user", "content": "Hi" },
            { "role": "assistant", "content": "", "error": { "content": "out of memory" } },
            { "role": "user", "content": "Again" },
            { "role": "assistant", "content": "Hello", "done": false }] } }]);
    let (_, sessions, skipped) = all(&text(&old));
    assert!(skipped.is_empty(), "{skipped:?}");
    let states: Vec<_> = sessions[0].messages.iter().map(|message| message.state).collect();
    use MessageState::{Complete, Failed, Interrupted};
    assert_eq!(states, [Complete, Failed, Complete, Interrupted]);
    assert_eq!(sessions[0].messages[3].position, 3);
    assert_eq!(sessions[0].messages[3].model.as_deref(), Some("llama2"));
}
