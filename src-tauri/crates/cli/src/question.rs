//! Questions of a task, asked on the terminal.

use std::io::{IsTerminal, Write};

use slipway_core::Program;
use slipway_protocol::{Prompt, PromptAnswer, PromptQuestion, PromptReply};

use crate::output::Output;

/// Asks and answers. Where nobody can be asked (no terminal, `--json`) the answer is no, and says
/// how to answer beforehand.
pub(crate) async fn ask(program: &Program, output: &Output, prompt: &Prompt) {
    let question = prompt.question.clone();
    let reply = if std::io::stdin().is_terminal() && !output.json {
        let words = words(output, &question);
        let answer = tokio::task::spawn_blocking(move || read(&words, &question));
        answer.await.unwrap_or(PromptReply::Decline)
    } else {
        explain(output, &question);
        PromptReply::Decline
    };
    program.prompt_answer(PromptAnswer { prompt_id: prompt.prompt_id.clone(), reply });
}

fn words(output: &Output, question: &PromptQuestion) -> String {
    match question {
        PromptQuestion::HostKey(key) => format!(
            "{} {}:{}\n  {} {}\n{} [y/N] ",
            output.pick("Unknown host", "Неизвестный сервер"),
            key.address,
            key.port,
            key.algorithm,
            key.fingerprint,
            output.pick("Trust this key?", "Доверять этому ключу?"),
        ),
        PromptQuestion::Password(password) => format!(
            "{} {}@{}: ",
            output.pick("Password of", "Пароль"),
            password.user,
            password.address
        ),
        PromptQuestion::Passphrase(passphrase) => {
            format!("{} {}: ", output.pick("Passphrase of", "Фраза-пароль для"), passphrase.path)
        }
    }
}

fn read(words: &str, question: &PromptQuestion) -> PromptReply {
    match question {
        PromptQuestion::HostKey(_) => {
            let mut err = std::io::stderr().lock();
            let _ = err.write_all(words.as_bytes()).and_then(|()| err.flush());
            let mut line = String::new();
            let _ = std::io::stdin().read_line(&mut line);
            match line.trim().to_lowercase().as_str() {
                "y" | "yes" | "д" | "да" => PromptReply::Accept,
                _ => PromptReply::Decline,
            }
        }
        PromptQuestion::Password(_) | PromptQuestion::Passphrase(_) => {
            match rpassword::prompt_password(words) {
                Ok(value) if !value.is_empty() => PromptReply::Secret { value, remember: false },
                _ => PromptReply::Decline,
            }
        }
    }
}

fn explain(output: &Output, question: &PromptQuestion) {
    if let PromptQuestion::HostKey(key) = question {
        output.note(&format!(
            "{} {} {}\n  slipway host add NAME ADDRESS --accept-new-host-key {}",
            output.pick(
                "The host is unknown. If this is its key, add it with:",
                "Сервер неизвестен. Если это его ключ, добавьте сервер так:"
            ),
            key.algorithm,
            key.fingerprint,
            key.fingerprint,
        ));
    } else {
        output.note(output.pick(
            "A secret is needed: run this on a terminal, or use a key without a passphrase or an agent.",
            "Нужен пароль: запустите в терминале либо используйте агент или ключ без фразы-пароля.",
        ));
    }
}
