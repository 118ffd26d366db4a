//! What may be sent.

use slipway_protocol::{ChatSend, ChatSettings, ErrorCode, Sampling, Text};

use crate::fault::Fault;
use crate::settings::within;

/// Longest message in bytes: far above any context window, far below what hurts.
const LONGEST: usize = 4 * 1024 * 1024;
/// Longest instructions in bytes.
const LONGEST_INSTRUCTIONS: usize = 64 * 1024;
/// Most files of one message.
const MOST_FILES: usize = 32;
/// Most texts that end an answer.
const MOST_STOPS: usize = 4;

/// Refuses what no engine can answer, before anything is saved.
pub(super) fn check(send: &ChatSend) -> Result<(), Fault> {
    if send.text.trim().is_empty() && send.attachments.is_empty() {
        return Err(Fault::new(
            ErrorCode::EmptyMessage,
            Text::new("The message is empty.", "Сообщение пустое."),
            Text::new("Write something first.", "Сначала напишите что-нибудь."),
            "empty message",
        ));
    }
    text(&send.text)?;
    if send.attachments.len() > MOST_FILES {
        return Err(Fault::invalid(
            Text::new("More than 32 files are attached.", "Прикреплено больше 32 файлов."),
            Text::new("Send some of them later.", "Отправьте часть позже."),
        ));
    }
    settings(&send.settings)
}

/// Refuses a text that is too long.
pub(super) fn text(text: &str) -> Result<(), Fault> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    Err(Fault::invalid(
        Text::new("The message has more than 4 MB.", "В сообщении больше 4 МБ."),
        Text::new("Send a smaller part of it.", "Отправьте меньшую часть."),
    ))
}

/// Refuses settings of a conversation that no engine takes.
pub(super) fn settings(settings: &ChatSettings) -> Result<(), Fault> {
    instructions(&settings.system_prompt)?;
    sampling(&settings.sampling)
}

/// Refuses instructions that are too long.
pub(super) fn instructions(text: &str) -> Result<(), Fault> {
    if text.len() <= LONGEST_INSTRUCTIONS {
        return Ok(());
    }
    Err(Fault::invalid(
        Text::new("The instructions have more than 64 KB.", "В инструкции больше 64 КБ."),
        Text::new("Attach long texts as files.", "Длинные тексты прикрепляйте файлами."),
    ))
}

/// Refuses sampling values out of range.
pub(super) fn sampling(sampling: &Sampling) -> Result<(), Fault> {
    let ranges = [
        ("temperature", sampling.temperature, 2.0),
        ("top_p", sampling.top_p, 1.0),
        ("min_p", sampling.min_p, 1.0),
        ("repeat_penalty", sampling.repeat_penalty, 2.0),
    ];
    for (name, value, most) in ranges {
        if let Some(value) = value {
            within(name, value, 0.0, most)?;
        }
    }
    if let Some(top_k) = sampling.top_k {
        within("top_k", top_k, 0, 100_000)?;
    }
    if let Some(max_tokens) = sampling.max_tokens {
        within("max_tokens", max_tokens, 1, 1_048_576)?;
    }
    let stops = &sampling.stop;
    if stops.len() > MOST_STOPS || stops.iter().any(|stop| stop.is_empty() || stop.len() > 200) {
        return Err(Fault::invalid(
            Text::new("These stop texts cannot be used.", "Эти стоп-строки не подходят."),
            Text::new("Up to 4, each 1 to 200 bytes.", "До 4 строк, каждая от 1 до 200 байт."),
        ));
    }
    shape(sampling)
}

/// Refuses a schema or grammar that no engine can follow.
fn shape(sampling: &Sampling) -> Result<(), Fault> {
    let Some(schema) = &sampling.json_schema else { return Ok(()) };
    if sampling.grammar.is_some() {
        return Err(Fault::invalid(
            Text::new(
                "An answer follows a JSON schema or a grammar, not both.",
                "Ответ следует либо схеме JSON, либо грамматике.",
            ),
            Text::new("Remove one of them.", "Уберите одно из двух."),
        ));
    }
    match serde_json::from_str::<serde_json::Value>(schema) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err(no_schema("it is no object".to_owned())),
        Err(error) => Err(no_schema(error.to_string())),
    }
}

fn no_schema(why: String) -> Fault {
    Fault::invalid(
        Text::new(format!("This is no JSON schema: {why}."), format!("Это не схема JSON: {why}.")),
        Text::new(
            "It looks like {\"type\": \"object\", …}.",
            "Она выглядит как {\"type\": \"object\", …}.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(text: &str, sampling: Sampling) -> Result<(), Fault> {
        check(&ChatSend {
            session_id: None,
            host_id: "h".into(),
            model: None,
            text: text.to_owned(),
            attachments: Vec::new(),
            settings: ChatSettings { sampling, ..ChatSettings::default() },
            replaces: None,
            stream: true,
        })
    }

    #[test]
    fn empty_and_out_of_range_are_refused() {
        assert!(send("hi", Sampling::default()).is_ok());
        assert_eq!(send(" \n ", Sampling::default()).unwrap_err().code, ErrorCode::EmptyMessage);
        for temperature in [-0.1, 2.1, f64::NAN, f64::INFINITY] {
            let sampling = Sampling { temperature: Some(temperature), ..Sampling::default() };
            assert_eq!(send("hi", sampling).unwrap_err().code, ErrorCode::InvalidInput);
        }
        let sampling = Sampling { max_tokens: Some(0), ..Sampling::default() };
        assert!(send("hi", sampling).is_err());
        assert!(send(&"x".repeat(LONGEST + 1), Sampling::default()).is_err());
    }

    #[test]
    fn a_schema_is_an_object_and_alone() {
        let with = |schema: &str, grammar: Option<&str>| {
            send(
                "hi",
                Sampling {
                    json_schema: Some(schema.to_owned()),
                    grammar: grammar.map(str::to_owned),
                    ..Sampling::default()
                },
            )
        };
        assert!(with(r#"{"type":"object"}"#, None).is_ok());
        for bad in ["", "[]", "{", "7"] {
            assert!(with(bad, None).is_err(), "{bad}");
        }
        assert!(with(r#"{"type":"object"}"#, Some("root ::= \"a\"")).is_err());
        let stops = |stop: Vec<&str>| {
            let stop = stop.into_iter().map(str::to_owned).collect();
            send("hi", Sampling { stop, ..Sampling::default() })
        };
        assert!(stops(vec!["a", "b"]).is_ok());
        assert!(stops(vec![""]).is_err() && stops(vec!["a"; 5]).is_err());
    }
}
