//! `slipway host models` and `slipway hub-token`.

use std::io::IsTerminal;
use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{HubListing, HubQuery, HubTokenSet, TaskResult, Text};

use crate::figures::size;
use crate::model::{hub_model, hub_name};
use crate::output::Output;
use crate::printable::one_line;
use crate::{follow, hosts};

/// Lists what a model of the hub comes in, smallest first.
pub(crate) async fn models(
    program: &Program,
    output: &Output,
    name: &str,
    model: &str,
) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, name).await?;
    let asked = hub_model(model.strip_prefix("hf:").unwrap_or(model))?;
    if asked.file.is_some() {
        return Err(Fault::invalid(
            Text::new(
                "A file is named already; there is nothing to list.",
                "Файл уже указан, перечислять нечего.",
            ),
            Text::new("Name OWNER/NAME only.", "Укажите только OWNER/NAME."),
        ));
    }
    let revision = asked.revision.clone();
    let query = HubQuery { host_id: host.id, repo: asked.repo, revision: asked.revision };
    let task = program.hub_list(query).await?;
    let TaskResult::Hub(listing) = follow::task(program, output, &task.request_id).await? else {
        return Err(follow::unexpected("hub"));
    };
    output.note(&heading(output, &listing));
    for line in lines(output, &listing) {
        output.line(&line);
    }
    match listing.choices.first() {
        Some(choice) => output.note(&format!(
            "{} slipway deploy {name} --plan --model {}",
            output.pick("Next:", "Дальше:"),
            one_line(&hub_name(&listing.repo, choice.file.as_deref(), revision.as_deref()))
        )),
        None => output.note(output.pick(
            "It has neither GGUF files nor safetensors.",
            "В ней нет ни файлов GGUF, ни safetensors.",
        )),
    }
    Ok(ExitCode::SUCCESS)
}

/// Keeps a token, which never is an argument: others could read it there.
pub(crate) async fn token_set(program: &Program, output: &Output) -> Result<ExitCode, Fault> {
    let words = output.pick("Token of the hub: ", "Токен хаба: ").to_owned();
    let read = tokio::task::spawn_blocking(move || read_token(words)).await;
    let typed = read
        .map_err(|error| Fault::internal(format!("reading a token: {error}")))?
        .map_err(|error| Fault::internal(format!("standard input: {error}")))?;
    program.hub_token_set(HubTokenSet { token: Some(token(&typed)?.to_owned()) }).await?;
    output.note(output.pick("The token is kept.", "Токен сохранён."));
    Ok(ExitCode::SUCCESS)
}

/// Forgets the token; that there is none is no error.
pub(crate) async fn token_forget(program: &Program, output: &Output) -> Result<ExitCode, Fault> {
    program.hub_token_set(HubTokenSet { token: None }).await?;
    output.note(output.pick("The token is forgotten.", "Токен забыт."));
    Ok(ExitCode::SUCCESS)
}

fn read_token(words: String) -> std::io::Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(words);
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line)
}

/// A token as it may stand in a header of a request.
fn token(typed: &str) -> Result<&str, Fault> {
    let token = typed.trim();
    if !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(token);
    }
    Err(Fault::invalid(
        Text::new("That is no token.", "Это не токен."),
        Text::new(
            "Give it as one line: slipway hub-token set < FILE.",
            "Передайте его одной строкой: slipway hub-token set < ФАЙЛ.",
        ),
    ))
}

fn heading(output: &Output, listing: &HubListing) -> String {
    let mut parts = vec![format!("{} @ {}", listing.repo, listing.commit)];
    if listing.gated {
        parts.push(output.pick("its owner has to let one in", "нужен доступ от владельца").into());
    }
    if listing.private {
        parts.push(output.pick("private", "закрытая").into());
    }
    if listing.from_here {
        parts.push(output.pick("asked from this computer", "спросил этот компьютер").into());
    }
    one_line(&parts.join(" · "))
}

fn lines(output: &Output, listing: &HubListing) -> Vec<String> {
    let line = |choice: &slipway_protocol::HubChoice| {
        let quantisation = one_line(choice.quantisation.as_deref().unwrap_or("—"));
        let file = one_line(choice.file.as_deref().unwrap_or("safetensors"));
        let parts = match choice.parts {
            0 | 1 => String::new(),
            count => format!(" ({} {count})", output.pick("files:", "файлов:")),
        };
        format!("{quantisation:<12} {:>9}  {file}{parts}", size(output, choice.bytes))
    };
    listing.choices.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{ErrorCode, HubChoice, Language};

    use super::*;

    #[test]
    fn a_listing_says_quantisation_size_and_file() {
        let choice = |file: Option<&str>, quantisation: Option<&str>, bytes, parts| HubChoice {
            file: file.map(str::to_owned),
            quantisation: quantisation.map(str::to_owned),
            bytes,
            parts,
        };
        let listing = HubListing {
            repo: "o/n".into(),
            commit: "abc".into(),
            gated: true,
            private: false,
            choices: vec![
                choice(Some("n-Q4_K_M.gguf"), Some("Q4_K_M"), 4_700_000_000, 1),
                choice(Some("big\n.gguf"), None, 40_000_000_000, 3),
                choice(None, Some("BF16"), 60_000_000_000, 9),
            ],
            from_here: true,
        };
        let output = Output::of(Language::En);
        assert_eq!(
            lines(&output, &listing),
            [
                "Q4_K_M          4.7 GB  n-Q4_K_M.gguf",
                "—              40.0 GB  big .gguf (files: 3)",
                "BF16           60.0 GB  safetensors (files: 9)",
            ]
        );
        let heading = heading(&output, &listing);
        assert_eq!(heading, "o/n @ abc · its owner has to let one in · asked from this computer");
    }

    #[test]
    fn only_one_printable_word_is_a_token() {
        assert_eq!(token("  hf_abc\r\n").unwrap(), "hf_abc");
        for typed in ["", "\n", "hf abc", "hf_a\u{1b}b", "токен"] {
            assert_eq!(token(typed).unwrap_err().code, ErrorCode::InvalidInput, "{typed:?}");
        }
    }
}
