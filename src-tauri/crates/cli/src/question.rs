//! Questions of a task, asked on the terminal.

use std::io::{IsTerminal, Write};

use slipway_core::Program;
use slipway_protocol::{
    HostKeyQuestion, InteractiveQuestion, Prompt, PromptAnswer, PromptQuestion, PromptReply,
};

use crate::bring;
use crate::output::Output;
use crate::printable::printable;

/// Asks and answers. Where nobody can be asked (no terminal, `--json`) the answer is no, and says
/// how to answer beforehand.
pub(crate) async fn ask(program: &Program, output: &Output, prompt: &Prompt) {
    let reply = if can_ask(output) {
        let asked = Asked::new(output, &prompt.question);
        let answer = tokio::task::spawn_blocking(move || asked.read());
        answer.await.unwrap_or(PromptReply::Decline)
    } else {
        explain(output, &prompt.question);
        PromptReply::Decline
    };
    program.prompt_answer(PromptAnswer { prompt_id: prompt.prompt_id.clone(), reply });
}

/// Whether somebody is there to answer.
pub(crate) fn can_ask(output: &Output) -> bool {
    std::io::stdin().is_terminal() && !output.json
}

/// Asks for a yes; anything else is a no.
pub(crate) async fn confirm(words: &str) -> bool {
    let asked = Asked::YesNo(yes_no(words));
    let answer = tokio::task::spawn_blocking(move || asked.read()).await;
    matches!(answer, Ok(PromptReply::Accept))
}

/// A question in the words in which it is asked.
enum Asked {
    /// Yes or no.
    YesNo(String),
    /// One hidden line.
    Secret(String),
    /// A line each: its label, and whether it may be seen while it is typed.
    Fields { heading: String, fields: Vec<(String, bool)> },
}

impl Asked {
    fn new(output: &Output, question: &PromptQuestion) -> Self {
        match question {
            PromptQuestion::HostKey(key) => Self::YesNo(host_key(output, key)),
            PromptQuestion::Bring(bring) => Self::YesNo(yes_no(&bring::question(output, bring))),
            PromptQuestion::Password(password) => {
                let again = if password.attempt > 1 { refused(output) } else { "" };
                let of = output.pick("Password of", "Пароль");
                Self::Secret(format!("{again}{of} {}@{}: ", password.user, password.address))
            }
            PromptQuestion::Passphrase(passphrase) => {
                let again = if passphrase.attempt > 1 { wrong(output) } else { "" };
                let of = output.pick("Passphrase of", "Фраза-пароль для");
                Self::Secret(format!("{again}{of} {}: ", passphrase.path))
            }
            PromptQuestion::Interactive(asked) => Self::Fields {
                heading: heading(output, asked),
                fields: asked
                    .fields
                    .iter()
                    .map(|field| (format!("{} ", printable(&field.label).trim_end()), field.echo))
                    .collect(),
            },
        }
    }

    fn read(self) -> PromptReply {
        match self {
            Self::YesNo(words) => {
                match read_line(&words).unwrap_or_default().trim().to_lowercase().as_str() {
                    "y" | "yes" | "д" | "да" => PromptReply::Accept,
                    _ => PromptReply::Decline,
                }
            }
            Self::Secret(words) => match rpassword::prompt_password(words) {
                Ok(value) if !value.is_empty() => PromptReply::Secret { value, remember: false },
                _ => PromptReply::Decline,
            },
            Self::Fields { heading, fields } => {
                let _ = std::io::stderr().lock().write_all(heading.as_bytes());
                let answers = fields.into_iter().map(|(label, echo)| {
                    if echo { read_line(&label) } else { rpassword::prompt_password(label).ok() }
                });
                // An empty answer is one too: the server says what it wants.
                match answers.collect() {
                    Some(values) => PromptReply::Answers { values },
                    None => PromptReply::Decline,
                }
            }
        }
    }
}

/// A line that may be seen, without its end; nothing at the end of the input.
fn read_line(words: &str) -> Option<String> {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(words.as_bytes()).and_then(|()| err.flush());
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(length) if length > 0 => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => None,
    }
}

fn host_key(output: &Output, key: &HostKeyQuestion) -> String {
    let mut words = format!(
        "{} {}:{}\n  {} {}\n{}",
        output.pick("Unknown host", "Неизвестный сервер"),
        key.address,
        key.port,
        key.algorithm,
        key.fingerprint,
        key.randomart,
    );
    if !key.randomart.is_empty() && !key.randomart.ends_with('\n') {
        words.push('\n');
    }
    if let Some(place) = &key.known_by_other_key {
        words.push_str(output.pick(
            "WARNING: this host is on record with a key of another type, and does not show it now.\n\
             Somebody may be in between. On record: ",
            "ВНИМАНИЕ: для этого сервера записан ключ другого типа, и сейчас он его не показал.\n\
             Возможно, соединение перехвачено. Где записан: ",
        ));
        words.push_str(place);
        words.push('\n');
    }
    words.push_str(output.pick("Trust this key?", "Доверять этому ключу?"));
    yes_no(&words)
}

fn yes_no(words: &str) -> String {
    format!("{words} [y/N] ")
}

/// Who asks; the title and the instructions are the server's own words.
fn heading(output: &Output, asked: &InteractiveQuestion) -> String {
    let who = output.pick("asks", "спрашивает");
    let mut words = format!("{} {who} ({})\n", asked.address, asked.user);
    for text in [&asked.title, &asked.instructions] {
        let text = printable(text);
        if !text.trim().is_empty() {
            words.push_str(text.trim_end());
            words.push('\n');
        }
    }
    words
}

fn refused(output: &Output) -> &'static str {
    output.pick("It was refused. ", "Он не подошёл. ")
}

fn wrong(output: &Output) -> &'static str {
    output.pick("It was wrong. ", "Она не подошла. ")
}

fn explain(output: &Output, question: &PromptQuestion) {
    match question {
        PromptQuestion::HostKey(key) => output.note(&format!(
            "{} {} {}\n  slipway host add NAME ADDRESS --accept-new-host-key {}",
            output.pick(
                "The host is unknown. If this is its key, add it with:",
                "Сервер неизвестен. Если это его ключ, добавьте сервер так:"
            ),
            key.algorithm,
            key.fingerprint,
            key.fingerprint,
        )),
        PromptQuestion::Interactive(asked) => output.note(&format!(
            "{}{}",
            heading(output, asked),
            output.pick(
                "The server asks something: run this on a terminal.",
                "Сервер задаёт вопросы: запустите команду в терминале."
            )
        )),
        PromptQuestion::Bring(bring) => output.note(&bring::declined(output, bring)),
        PromptQuestion::Password(_) | PromptQuestion::Passphrase(_) => output.note(output.pick(
            "A secret is needed: run this on a terminal, or use a key without a passphrase or an agent.",
            "Нужен пароль: запустите в терминале либо используйте агент или ключ без фразы-пароля.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{InteractiveField, Language};

    use super::*;

    fn output() -> Output {
        Output::of(Language::En)
    }

    #[test]
    fn a_key_of_another_type_is_a_warning_of_its_own() {
        let mut key = HostKeyQuestion {
            address: "gpu".into(),
            port: 22,
            algorithm: "ssh-rsa".into(),
            fingerprint: "SHA256:x".into(),
            randomart: "+--[RSA 3072]--+\n+----[SHA256]--+".into(),
            known_by_other_key: None,
        };
        let words = host_key(&output(), &key);
        assert!(words.contains("SHA256:x") && words.contains("RSA 3072") && words.ends_with("] "));
        assert!(!words.contains("WARNING"));
        key.known_by_other_key = Some("/k:3".into());
        let words = host_key(&output(), &key);
        assert!(words.contains("WARNING") && words.contains("On record: /k:3\n"), "{words}");
    }

    #[test]
    fn a_servers_questions_keep_their_order_and_their_echo() {
        let field = |label: &str, echo| InteractiveField { label: label.into(), echo };
        let asked = PromptQuestion::Interactive(InteractiveQuestion {
            user: "me".into(),
            address: "gpu".into(),
            title: String::new(),
            instructions: "Two\u{1b}[31m factors\n".into(),
            fields: vec![field("Password:", false), field("Code: ", true)],
        });
        let Asked::Fields { heading, fields } = Asked::new(&output(), &asked) else {
            panic!("fields")
        };
        assert_eq!(heading, "gpu asks (me)\nTwo[31m factors\n");
        assert_eq!(fields, [("Password: ".to_owned(), false), ("Code: ".to_owned(), true)]);
    }
}
