//! Conversations as one page of its own: no scripts, nothing from elsewhere, light and dark.

use std::io::Write;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use slipway_protocol::{AttachmentKind, Language, Message, Role};
use slipway_store::StoredSession;

use super::readable::{Reader, branch, line};

/// The page's looks.
const STYLE: &str = include_str!("page.css");

/// Writes everything before the conversations.
pub(crate) fn begin(out: &mut impl Write, reader: &Reader, title: &str) -> std::io::Result<()> {
    let language = match reader.language {
        Language::En => "en",
        Language::Ru => "ru",
    };
    write!(
        out,
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escaped(&line(title))
    )
}

/// Writes everything behind them.
pub(crate) fn end(out: &mut impl Write) -> std::io::Result<()> {
    out.write_all(b"</main>\n</body>\n</html>\n")
}

/// Writes one conversation.
pub(crate) fn session(
    out: &mut impl Write,
    reader: &Reader,
    stored: &StoredSession,
) -> std::io::Result<()> {
    let title = escaped(&line(&stored.session.title));
    writeln!(out, "<section>\n<h1>{title}</h1>")?;
    writeln!(out, "<p class=\"note\">{}</p>", reader.time(stored.session.created_at))?;
    said(out, reader, stored)?;
    for (index, column) in stored.columns.iter().enumerate() {
        writeln!(out, "<h2>{}</h2>", escaped(&reader.column(index + 1)))?;
        said(out, reader, column)?;
    }
    out.write_all(b"</section>\n")
}

fn said(out: &mut impl Write, reader: &Reader, stored: &StoredSession) -> std::io::Result<()> {
    if !stored.settings.system_prompt.is_empty() {
        folded(out, reader.instructions(), &stored.settings.system_prompt)?;
    }
    for participant in stored.conversation.iter().flat_map(|c| &c.setup.participants) {
        if !participant.system_prompt.is_empty() {
            let title = format!("{} — {}", reader.instructions(), line(&participant.name));
            folded(out, &title, &participant.system_prompt)?;
        }
    }
    let (shown, beside) = branch(stored);
    for message in shown {
        let class = if message.role == Role::User { "user" } else { "model" };
        let who = escaped(&reader.who(stored, message));
        let time = reader.time(message.created_at);
        writeln!(out, "<article class=\"{class}\">\n<h3>{who} <time>{time}</time></h3>")?;
        if !message.reasoning.is_empty() {
            folded(out, reader.reasoning(), &message.reasoning)?;
        }
        out.write_all(rendered(&message.content).as_bytes())?;
        files(out, reader, stored, message)?;
        if let Some(ending) = reader.ending(message) {
            writeln!(out, "<p class=\"note\">{}</p>", escaped(&ending))?;
        }
        out.write_all(b"</article>\n")?;
    }
    match reader.left_out(beside) {
        Some(sentence) => writeln!(out, "<p class=\"note\">{}</p>", escaped(&sentence)),
        None => Ok(()),
    }
}

/// A text that opens on demand.
fn folded(out: &mut impl Write, title: &str, text: &str) -> std::io::Result<()> {
    let (title, text) = (escaped(title), rendered(text));
    writeln!(out, "<details>\n<summary>{title}</summary>\n{text}</details>")
}

/// What was sent with a message: pictures themselves, other files by name.
fn files(
    out: &mut impl Write,
    reader: &Reader,
    stored: &StoredSession,
    message: &Message,
) -> std::io::Result<()> {
    if message.attachments.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = message.attachments.iter().map(|file| line(&file.name)).collect();
    let names = escaped(&names.join(", "));
    writeln!(out, "<p class=\"note\">{}: {names}</p>", reader.attachments())?;
    for file in message.attachments.iter().filter(|file| file.kind == AttachmentKind::Image) {
        let known = ["image/png", "image/jpeg", "image/webp", "image/gif"];
        let data = stored.attachments.iter().find(|(attachment, _)| attachment.id == file.id);
        if let (Some((_, data)), true) = (data, known.contains(&file.mime.as_str())) {
            let (mime, name) = (&file.mime, escaped(&line(&file.name)));
            let data = Base64Display::new(data, &STANDARD);
            writeln!(out, "<img alt=\"{name}\" src=\"data:{mime};base64,{data}\">")?;
        }
    }
    Ok(())
}

/// Markdown as HTML: tags in the text stand there as text, links lead to the web only, and pictures
/// from elsewhere become links.
fn rendered(text: &str) -> String {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    // For each open link whether its tag is written.
    let mut links = Vec::new();
    let events = Parser::new_ext(text, options).map(move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        Event::Start(
            Tag::Link { link_type, dest_url, id, .. } | Tag::Image { link_type, dest_url, id, .. },
        ) => {
            let leads = web(&dest_url);
            links.push(leads);
            match leads {
                true => {
                    Event::Start(Tag::Link { link_type, dest_url, title: CowStr::Borrowed(""), id })
                }
                false => Event::Text(CowStr::Borrowed("")),
            }
        }
        Event::End(TagEnd::Link | TagEnd::Image) => match links.pop() {
            Some(true) => Event::End(TagEnd::Link),
            _ => Event::Text(CowStr::Borrowed("")),
        },
        other => other,
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

fn web(address: &str) -> bool {
    let scheme = address.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
    matches!(scheme.as_deref(), Some("http" | "https"))
}

/// Text as it stands between tags and in attributes.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::rendered;

    #[test]
    fn nothing_in_a_text_becomes_a_tag() {
        for text in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "<svg/onload=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JAVASCRIPT:alert(1))",
            "[x](data:text/html,<script>)",
            "![x](https://a.example/x.png)",
            "![x](javascript:1)",
            "[x](https://a.example \"\\\" onclick=1\")",
            "<https://a.example/\"onclick=1>",
            "<javascript:alert(1)>",
            "[![x](https://a.example/i)](javascript:1)",
            "```\"><script>\n</code></pre><script>\n```",
            "<style>body{}</style>\n\n<!-- c -->",
        ] {
            let html = rendered(text);
            for tag in html.split('<').skip(1) {
                let tag = tag.split('>').next().unwrap();
                let name = tag.trim_start_matches('/').split([' ', '>']).next().unwrap();
                assert!(["p", "a", "code", "pre"].contains(&name), "{text}: {html}");
                let odd = ["onclick", "onerror", "javascript", "data:"];
                let quoted = tag.split('"').step_by(2).collect::<String>();
                assert!(!odd.iter().any(|odd| quoted.contains(odd)), "{text}: {html}");
                assert!(!tag.to_lowercase().contains("href=\"javascript"), "{text}: {html}");
            }
        }
        assert!(rendered("[x](https://a.example/b)").contains("<a href=\"https://a.example/b\">"));
        assert!(rendered("|a|b|\n|-|-|\n|1|2|").contains("<table>"));
    }

    #[test]
    fn bombs_end() {
        let began = std::time::Instant::now();
        for bomb in [
            ">".repeat(10_000),
            "- ".repeat(5_000),
            "[".repeat(20_000),
            "*a_ ".repeat(20_000),
            "`".repeat(50_000),
            "![".repeat(20_000),
            "<".repeat(50_000),
            "|".repeat(10_000),
        ] {
            rendered(&bomb);
        }
        assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    }
}
