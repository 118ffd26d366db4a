//! What the model is asked: a branch of a conversation as engines want it.

use slipway_llm::{ChatMessage, ChatRequest, Content, Part, Role as Speaks};
use slipway_protocol::{
    Attachment, AttachmentKind, Compaction, ConversationSetup, Message, Role, Sampling,
};

use super::tokens::{OVERHEAD, PICTURE, estimate};
use crate::fault::Fault;
use crate::program::Program;

/// Asks a model to go on where another turn has to do it.
pub(super) const GO_ON: &str =
    "Continue your last message exactly where it stopped. Do not repeat any of it.";
/// Gives the word to a participant who spoke last.
const YOUR_TURN: &str = "(Go on.)";
/// Asks a participant for a summary.
const SUM_UP: &str = "The conversation is over. Sum it up for the person who started it, in its own language: what \
                      was agreed, what is still open, and who holds which view. Take no side.";

/// The compaction that counts on a branch: the last one that ends on it.
pub(super) fn effective<'a>(
    compactions: &'a [Compaction],
    path: &[Message],
) -> Option<&'a Compaction> {
    compactions.iter().rev().find(|one| path.iter().any(|message| message.id == one.until))
}

/// The messages of a branch that are sent: those behind what was left out.
pub(super) fn sent<'a>(path: &'a [Message], compaction: Option<&Compaction>) -> &'a [Message] {
    let begin = compaction
        .and_then(|one| path.iter().position(|message| message.id == one.until))
        .map_or(0, |place| place + 1);
    &path[begin..]
}

/// A chat: instructions, the summary of what was left out, and the messages of the branch.
pub(super) async fn of_chat(
    program: &Program,
    instructions: &str,
    path: &[Message],
    compactions: &[Compaction],
) -> Result<ChatRequest, Fault> {
    let compaction = effective(compactions, path);
    let mut system = instructions.trim().to_owned();
    if let Some(summary) = compaction.and_then(|one| one.summary.as_deref()) {
        if !system.is_empty() {
            system.push_str("\n\n");
        }
        system.push_str("What was said before, in short:\n");
        system.push_str(summary);
    }
    let mut said = Vec::new();
    if !system.is_empty() {
        said.push(ChatMessage::new(Speaks::System, system));
    }
    for message in sent(path, compaction) {
        if message.content.is_empty() && message.attachments.is_empty() {
            continue;
        }
        let role = match message.role {
            Role::System => Speaks::System,
            Role::User => Speaks::User,
            Role::Assistant => Speaks::Assistant,
        };
        said.push(ChatMessage { role, content: content_of(program, message).await? });
    }
    Ok(ChatRequest::new(said))
}

/// What one participant of a conversation between models hears before its turn. With `goes_on` the last
/// message is the beginning of that turn.
pub(super) fn of_participant(
    setup: &ConversationSetup,
    speaker: usize,
    path: &[Message],
    goes_on: bool,
) -> ChatRequest {
    let mut heard = heard_by(setup, speaker, path);
    if !goes_on && heard.last().is_some_and(|message| message.role != Speaks::User) {
        heard.push(ChatMessage::new(Speaks::User, YOUR_TURN));
    }
    ChatRequest::new(heard)
}

/// What one participant is asked who sums the conversation up. With `goes_on` the last message is the
/// beginning of the summary.
pub(super) fn of_summary(
    setup: &ConversationSetup,
    speaker: usize,
    path: &[Message],
    goes_on: bool,
) -> ChatRequest {
    let mut heard = heard_by(setup, speaker, path);
    say(&mut heard, Speaks::User, SUM_UP);
    if let Some(begun) = path.last().filter(|_| goes_on) {
        heard.push(ChatMessage::new(Speaks::Assistant, begun.content.clone()));
    }
    ChatRequest::new(heard)
}

/// Adds a line. Templates want the two roles to take turns: one after another of the same role is one.
fn say(said: &mut Vec<ChatMessage>, role: Speaks, text: &str) {
    match said.last_mut() {
        Some(ChatMessage { role: last, content: Content::Text(all) }) if *last == role => {
            all.push_str("\n\n");
            all.push_str(text);
        }
        _ => said.push(ChatMessage::new(role, text)),
    }
}

/// A conversation between models as one participant hears it: its own turns are the model's, all others
/// the user's, under their names where more than two speak. Lines for somebody else and summaries are
/// not heard.
fn heard_by(setup: &ConversationSetup, speaker: usize, path: &[Message]) -> Vec<ChatMessage> {
    let name = |index: usize| setup.participants.get(index).map_or("", |one| one.name.as_str());
    let others: Vec<_> = (0..setup.participants.len()).filter(|one| *one != speaker).collect();
    let names: Vec<_> = others.iter().map(|one| name(*one)).collect();
    let mut system =
        setup.participants.get(speaker).map_or("", |one| &one.system_prompt).to_owned();
    let who = format!("You are {}. You talk with {}.", name(speaker), names.join(", "));
    system = if system.trim().is_empty() { who } else { format!("{who}\n{}", system.trim()) };

    let is_for_it = |message: &&Message| {
        let audience = message.audience.is_none_or(|one| one as usize == speaker);
        audience && !message.summary && !message.content.trim().is_empty()
    };
    let mut said = vec![ChatMessage::new(Speaks::System, system)];
    for message in path.iter().filter(is_for_it) {
        match message.speaker.map(|one| one as usize) {
            Some(one) if one == speaker => say(&mut said, Speaks::Assistant, &message.content),
            Some(one) if others.len() > 1 => {
                say(&mut said, Speaks::User, &format!("{}: {}", name(one), message.content));
            }
            Some(_) | None => say(&mut said, Speaks::User, &message.content),
        }
    }
    said
}

/// Puts sampling into a request. A schema that is no JSON was refused before anything was saved.
pub(super) fn sample(request: &mut ChatRequest, sampling: &Sampling) {
    #[allow(clippy::cast_possible_truncation, reason = "engines take single precision")]
    let single = |value: Option<f64>| value.map(|value| value as f32);
    request.temperature = single(sampling.temperature);
    request.top_p = single(sampling.top_p);
    request.min_p = single(sampling.min_p);
    request.repeat_penalty = single(sampling.repeat_penalty);
    request.top_k = sampling.top_k;
    request.max_tokens = sampling.max_tokens;
    request.seed = sampling.seed;
    request.stop.clone_from(&sampling.stop);
    request.grammar.clone_from(&sampling.grammar);
    request.json_schema =
        sampling.json_schema.as_deref().and_then(|text| serde_json::from_str(text).ok());
}

/// Tokens of a message with its files: counted where the engine counted, else estimated.
pub(super) fn tokens_of(message: &Message) -> u32 {
    let files: u32 = message.attachments.iter().map(tokens_of_file).sum();
    let counted = message.stats.completion_tokens.filter(|_| message.role == Role::Assistant);
    counted.unwrap_or_else(|| estimate(&message.content)) + files + OVERHEAD
}

pub(super) fn tokens_of_file(file: &Attachment) -> u32 {
    file.tokens.unwrap_or(PICTURE)
}

/// A message's text with its files: text files stand before it, pictures beside it.
async fn content_of(program: &Program, message: &Message) -> Result<Content, Fault> {
    if message.attachments.is_empty() {
        return Ok(Content::Text(message.content.clone()));
    }
    let mut text = String::new();
    let mut parts = Vec::new();
    for file in &message.attachments {
        let (_, bytes) = program.store().attachments().get(&file.id).await?;
        match file.kind {
            AttachmentKind::Text => {
                let body = String::from_utf8_lossy(&bytes);
                let fence = fence_for(&body);
                text.push_str(&format!("File “{}”:\n{fence}\n{body}\n{fence}\n\n", file.name));
            }
            AttachmentKind::Image => {
                use base64::Engine as _;
                let base64 = base64::engine::general_purpose::STANDARD.encode(&bytes);
                parts.push(Part::Image { mime: file.mime.clone(), base64 });
            }
        }
    }
    text.push_str(&message.content);
    if parts.is_empty() {
        return Ok(Content::Text(text));
    }
    if !text.is_empty() {
        parts.insert(0, Part::Text(text));
    }
    Ok(Content::Parts(parts))
}

/// A fence that the text does not contain.
fn fence_for(text: &str) -> String {
    let mut fence = "```".to_owned();
    while text.contains(&fence) {
        fence.push('`');
    }
    fence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::conversation::rules::tests::setup;
    use slipway_protocol::MessageState;

    fn line(speaker: Option<u32>, content: &str) -> Message {
        let role = if speaker.is_some() { Role::Assistant } else { Role::User };
        let mut message = crate::chat::new_message(&"s".into(), role, MessageState::Complete);
        message.speaker = speaker;
        message.content = content.to_owned();
        message
    }

    fn words(request: &ChatRequest) -> Vec<(Speaks, String)> {
        let text = |message: &ChatMessage| match &message.content {
            Content::Text(text) => text.clone(),
            Content::Parts(_) => panic!("no parts here"),
        };
        request.messages.iter().map(|message| (message.role, text(message))).collect()
    }

    #[test]
    fn each_hears_itself_as_the_model_and_the_others_as_the_user() {
        let path =
            [line(None, "Talk."), line(Some(0), "A1"), line(Some(1), "B1"), line(None, "Hm.")];
        let heard = words(&of_participant(&setup(&["Ann", "Bob"]), 0, &path, false));
        assert_eq!(heard[0].1, "You are Ann. You talk with Bob.\nBe short.");
        let rest: Vec<_> = heard[1..].iter().map(|(role, text)| (*role, text.as_str())).collect();
        let wanted =
            [(Speaks::User, "Talk."), (Speaks::Assistant, "A1"), (Speaks::User, "B1\n\nHm.")];
        assert_eq!(rest, wanted);
        let heard = words(&of_participant(&setup(&["Ann", "Bob", "Cy"]), 2, &path, false));
        assert_eq!(heard[1], (Speaks::User, "Talk.\n\nAnn: A1\n\nBob: B1\n\nHm.".to_owned()));
    }

    #[test]
    fn who_spoke_last_is_given_the_word() {
        let path = [line(None, "Talk."), line(Some(0), "A1")];
        let heard = words(&of_participant(&setup(&["Ann", "Bob"]), 0, &path, false));
        assert_eq!(heard.last(), Some(&(Speaks::User, YOUR_TURN.to_owned())));
    }

    #[test]
    fn a_line_for_one_is_heard_by_no_other_and_a_summary_by_nobody() {
        let mut path =
            [line(None, "Talk."), line(Some(0), "A1"), line(None, "Psst."), line(Some(1), "S")];
        path[2].audience = Some(1);
        path[3].summary = true;
        let both = setup(&["Ann", "Bob"]);
        let ann = words(&of_participant(&both, 0, &path, false));
        assert_eq!(
            ann[1..],
            [
                (Speaks::User, "Talk.".to_owned()),
                (Speaks::Assistant, "A1".to_owned()),
                (Speaks::User, YOUR_TURN.to_owned()),
            ]
        );
        let bob = words(&of_participant(&both, 1, &path, false));
        assert_eq!(bob[1..], [(Speaks::User, "Talk.\n\nA1\n\nPsst.".to_owned())]);
    }

    #[test]
    fn a_summary_is_asked_for_after_all_turns_and_gone_on_with() {
        let mut path =
            [line(None, "Talk."), line(Some(0), "A1"), line(Some(1), "B1"), line(Some(0), "In sh")];
        path[3].summary = true;
        let both = setup(&["Ann", "Bob"]);
        let asked = words(&of_summary(&both, 0, &path[..3], false));
        assert_eq!(asked.last(), Some(&(Speaks::User, format!("B1\n\n{SUM_UP}"))));
        let goes_on = words(&of_summary(&both, 0, &path, true));
        assert_eq!(goes_on[..asked.len()], asked[..]);
        assert_eq!(goes_on[asked.len()..], [(Speaks::Assistant, "In sh".to_owned())]);
    }

    #[test]
    fn what_was_left_out_is_not_sent() {
        let path = [line(None, "a"), line(Some(0), "b"), line(None, "c")];
        let compaction = |until: &Message| Compaction {
            id: "c".into(),
            until: until.id.clone(),
            summary: None,
            tokens_before: 1,
            tokens_after: 0,
            created_at: 0,
        };
        let compactions = [compaction(&path[0]), compaction(&path[1])];
        let found = effective(&compactions, &path);
        assert_eq!(sent(&path, found).len(), 1);
        let other = [line(None, "x")];
        assert!(effective(&compactions, &other).is_none());
        assert_eq!(sent(&other, None).len(), 1);
    }

    #[test]
    fn a_fence_is_longer_than_any_in_the_text() {
        assert_eq!(fence_for("plain"), "```");
        assert_eq!(fence_for("a ```` b"), "`````");
    }
}
