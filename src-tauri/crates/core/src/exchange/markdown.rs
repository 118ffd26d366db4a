//! Conversations as Markdown, to read and to paste.

use std::io::Write;

use slipway_protocol::Message;
use slipway_store::StoredSession;

use super::readable::{Reader, branch, line};

/// Writes one conversation. What was said stays as it was written.
pub(crate) fn session(
    out: &mut impl Write,
    reader: &Reader,
    stored: &StoredSession,
) -> std::io::Result<()> {
    writeln!(out, "# {}\n", escaped(&stored.session.title))?;
    writeln!(out, "{}\n", reader.time(stored.session.created_at))?;
    said(out, reader, stored, "##")?;
    for (index, column) in stored.columns.iter().enumerate() {
        writeln!(out, "## {}\n", reader.column(index + 1))?;
        said(out, reader, column, "###")?;
    }
    Ok(())
}

/// The instructions and the messages.
fn said(
    out: &mut impl Write,
    reader: &Reader,
    stored: &StoredSession,
    level: &str,
) -> std::io::Result<()> {
    if !stored.settings.system_prompt.is_empty() {
        quote(out, reader.instructions(), &stored.settings.system_prompt)?;
    }
    for participant in stored.conversation.iter().flat_map(|c| &c.setup.participants) {
        if !participant.system_prompt.is_empty() {
            let title = format!("{} — {}", reader.instructions(), escaped(&participant.name));
            quote(out, &title, &participant.system_prompt)?;
        }
    }
    let (shown, beside) = branch(stored);
    for message in shown {
        let who = escaped(&reader.who(stored, message));
        writeln!(out, "{level} {who} · {}\n", reader.time(message.created_at))?;
        body(out, reader, message)?;
    }
    match reader.left_out(beside) {
        Some(sentence) => writeln!(out, "*{sentence}*\n"),
        None => Ok(()),
    }
}

fn body(out: &mut impl Write, reader: &Reader, message: &Message) -> std::io::Result<()> {
    if !message.reasoning.is_empty() {
        quote(out, reader.reasoning(), &message.reasoning)?;
    }
    if !message.content.is_empty() {
        writeln!(out, "{}", message.content.trim_end_matches('\n'))?;
        if let Some(fence) = open_fence(&message.content) {
            writeln!(out, "{fence}")?;
        }
        writeln!(out)?;
    }
    if !message.attachments.is_empty() {
        let names: Vec<_> = message.attachments.iter().map(|file| escaped(&file.name)).collect();
        writeln!(out, "{}: {}\n", reader.attachments(), names.join(", "))?;
    }
    match reader.ending(message) {
        Some(ending) => writeln!(out, "*{}*\n", escaped(&ending)),
        None => Ok(()),
    }
}

/// A text under a title, set apart as a quotation.
fn quote(out: &mut impl Write, title: &str, text: &str) -> std::io::Result<()> {
    writeln!(out, "> **{title}**\n>")?;
    for text in text.trim_end_matches('\n').split('\n') {
        writeln!(out, "> {text}")?;
    }
    writeln!(out)
}

/// A name on one line, its marks without meaning.
fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// The fence that a text opens and does not close, as answers do that were cut: it would swallow all
/// that comes after.
fn open_fence(text: &str) -> Option<String> {
    let mut open: Option<(char, usize)> = None;
    for text in text.lines() {
        let indent = text.len() - text.trim_start_matches(' ').len();
        let text = text.trim_start_matches(' ');
        let Some(mark) = text.chars().next().filter(|c| matches!(c, '`' | '~')) else { continue };
        let rest = text.trim_start_matches(mark);
        let count = text.len() - rest.len();
        open = match open {
            Some((c, least)) if c == mark && count >= least && rest.trim().is_empty() => None,
            None if indent < 4 && count >= 3 && !(mark == '`' && rest.contains('`')) => {
                Some((mark, count))
            }
            open => open,
        };
    }
    open.map(|(mark, count)| mark.to_string().repeat(count))
}

#[cfg(test)]
mod tests {
    use super::{escaped, open_fence};

    #[test]
    fn fences_that_stay_open_are_seen() {
        assert_eq!(open_fence("a\n```rust\nfn x"), Some("```".into()));
        assert_eq!(open_fence("````\n```\n"), Some("````".into()));
        assert_eq!(open_fence("~~~\n```\n~~~"), None);
        assert_eq!(open_fence("```a```\n    ```\n``"), None);
    }

    #[test]
    fn names_say_nothing_in_markdown() {
        assert_eq!(escaped("a_b <i>\n# c"), "a\\_b \\<i\\> \\# c");
    }
}
