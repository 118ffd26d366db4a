//! The engine that the options ask for.

use slipway_core::Fault;
use slipway_protocol::{
    ContainerEngine, CustomEngine, EngineChoice, EngineKind, ModelSource, OllamaArchive, Text,
};

use crate::args::{ContainerServes, EngineArgs, EngineName};

/// What a program of the user's own is told when it shall ask for the deployment's key.
const KEY_FILE: &str = "{key_file}";

/// The choice. `sha256` is that of the Ollama archive, `model` what it shall serve.
pub(crate) fn choice(
    args: EngineArgs,
    sha256: Option<String>,
    model: &ModelSource,
) -> Result<EngineChoice, Fault> {
    let name = name(&args)?;
    let EngineArgs { engine_binary, engine_version, ollama_archive, .. } = args;
    Ok(match name {
        EngineName::Auto => EngineChoice::Auto,
        EngineName::LlamaCpp => EngineChoice::LlamaCpp { binary: engine_binary },
        EngineName::Vllm => EngineChoice::Vllm { version: engine_version },
        EngineName::Mlx => EngineChoice::Mlx { version: engine_version },
        EngineName::Ollama => {
            let archive = ollama_archive.zip(sha256);
            let archive = archive.map(|(url, sha256)| OllamaArchive { url, sha256 });
            EngineChoice::Ollama { archive }
        }
        EngineName::Container => EngineChoice::Container(ContainerEngine {
            tool: args.container_tool,
            serves: match args.serves {
                Some(ContainerServes::LlamaCpp) => EngineKind::LlamaCpp,
                Some(ContainerServes::Vllm) => EngineKind::Vllm,
                None if is_safetensors(model) => EngineKind::Vllm,
                None => EngineKind::LlamaCpp,
            },
            image: args.image,
        }),
        EngineName::Custom => {
            EngineChoice::Custom(custom(args.command, args.env, args.health_path)?)
        }
    })
}

/// The engine that was named, or to which the options given belong; two are a contradiction.
fn name(args: &EngineArgs) -> Result<EngineName, Fault> {
    use EngineName as E;
    let version: &[E] = &[E::Vllm, E::Mlx];
    let given: [(&str, bool, &[E]); 9] = [
        ("--engine-binary", args.engine_binary.is_some(), &[E::LlamaCpp]),
        ("--engine-version", args.engine_version.is_some(), version),
        ("--image", args.image.is_some(), &[E::Container]),
        ("--container-tool", args.container_tool.is_some(), &[E::Container]),
        ("--serves", args.serves.is_some(), &[E::Container]),
        ("--command", args.command.is_some(), &[E::Custom]),
        ("--env", !args.env.is_empty(), &[E::Custom]),
        ("--health-path", args.health_path.is_some(), &[E::Custom]),
        ("--ollama-archive", args.ollama_archive.is_some(), &[E::Ollama]),
    ];
    let mut name = args.engine.filter(|name| *name != E::Auto);
    for (option, _, engines) in given.into_iter().filter(|(_, given, _)| *given) {
        match (name, engines) {
            (Some(name), _) if engines.contains(&name) => {}
            (None, [engine]) => name = Some(*engine),
            _ => return Err(misplaced(option, engines)),
        }
    }
    Ok(name.unwrap_or(E::Auto))
}

fn custom(
    command: Option<String>,
    env: Vec<(String, String)>,
    health_path: Option<String>,
) -> Result<CustomEngine, Fault> {
    let text = command.unwrap_or_default();
    let words = shell_words::split(&text).map_err(|error| {
        Fault::invalid(
            Text::new(
                format!("The command cannot be read: {error}."),
                format!("Команду не удалось разобрать: {error}."),
            ),
            Text::new("Check its quotes.", "Проверьте кавычки."),
        )
    })?;
    if words.is_empty() {
        return Err(Fault::invalid(
            Text::new(
                "A program of your own needs its command.",
                "Для своей программы нужна её команда.",
            ),
            Text::new(
                "Give it with --command \"PROGRAM ARGUMENTS…\".",
                "Укажите её: --command \"ПРОГРАММА АРГУМЕНТЫ…\".",
            ),
        ));
    }
    let asks = |text: &String| text.contains(KEY_FILE);
    Ok(CustomEngine {
        key: words.iter().any(asks) || env.iter().any(|(_, value)| asks(value)),
        command: words,
        environment: env.into_iter().collect(),
        health_path,
    })
}

/// Whether a model of the hub is meant as a whole, not by a GGUF file of it.
fn is_safetensors(model: &ModelSource) -> bool {
    matches!(model, ModelSource::HuggingFace(hub) if hub.file.is_none())
}

fn misplaced(option: &str, engines: &[EngineName]) -> Fault {
    use clap::ValueEnum;
    let names: Vec<String> = engines
        .iter()
        .filter_map(EngineName::to_possible_value)
        .map(|value| format!("--engine {}", value.get_name()))
        .collect();
    Fault::invalid(
        Text::new(
            format!("{option} does not belong to this engine."),
            format!("{option} не относится к этому движку."),
        ),
        Text::new(
            format!("Use it with {}.", names.join(" or ")),
            format!("Он нужен только с {}.", names.join(" или ")),
        ),
    )
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{ErrorCode, HubModel};

    use super::*;

    fn chosen(args: EngineArgs) -> Result<EngineChoice, Fault> {
        choice(args, Some("ab".into()), &ModelSource::Practice)
    }

    #[test]
    fn nothing_said_leaves_it_to_the_plan() {
        assert_eq!(chosen(EngineArgs::default()).unwrap(), EngineChoice::Auto);
    }

    #[test]
    fn an_option_of_one_engine_chooses_it() {
        let binary = EngineArgs { engine_binary: Some("/b".into()), ..EngineArgs::default() };
        let llama = EngineChoice::LlamaCpp { binary: Some("/b".into()) };
        assert_eq!(chosen(binary).unwrap(), llama);
        let archive = EngineArgs { ollama_archive: Some("u".into()), ..EngineArgs::default() };
        let release = OllamaArchive { url: "u".into(), sha256: "ab".into() };
        assert_eq!(chosen(archive).unwrap(), EngineChoice::Ollama { archive: Some(release) });
    }

    #[test]
    fn an_option_of_another_engine_or_of_two_is_wrong_input() {
        let version = EngineArgs { engine_version: Some("1".into()), ..EngineArgs::default() };
        let fault = chosen(version).unwrap_err();
        assert_eq!(fault.code, ErrorCode::InvalidInput);
        assert!(fault.fix.en.contains("--engine vllm or --engine mlx"), "{}", fault.fix.en);
        let mixed = EngineArgs {
            engine: Some(EngineName::Vllm),
            engine_binary: Some("/b".into()),
            ..EngineArgs::default()
        };
        assert_eq!(chosen(mixed).unwrap_err().code, ErrorCode::InvalidInput);
        let two = EngineArgs {
            engine_binary: Some("/b".into()),
            image: Some("i".into()),
            ..EngineArgs::default()
        };
        assert_eq!(chosen(two).unwrap_err().code, ErrorCode::InvalidInput);
    }

    #[test]
    fn an_image_serves_what_the_model_needs() {
        let args = || EngineArgs { engine: Some(EngineName::Container), ..EngineArgs::default() };
        let serves = |model: &ModelSource| match choice(args(), None, model).unwrap() {
            EngineChoice::Container(engine) => engine.serves,
            other => panic!("{other:?}"),
        };
        let hub = |file: Option<&str>| {
            let file = file.map(str::to_owned);
            ModelSource::HuggingFace(HubModel { repo: "o/n".into(), file, revision: None })
        };
        assert_eq!(serves(&hub(None)), EngineKind::Vllm);
        assert_eq!(serves(&hub(Some("q.gguf"))), EngineKind::LlamaCpp);
        assert_eq!(serves(&ModelSource::Practice), EngineKind::LlamaCpp);
    }

    #[test]
    fn a_command_is_words_and_asks_for_the_key_if_it_is_told_of_it() {
        let custom = |command: &str| {
            let args = EngineArgs {
                command: Some(command.into()),
                env: vec![("A".into(), "b=c".into())],
                ..EngineArgs::default()
            };
            chosen(args)
        };
        let EngineChoice::Custom(engine) = custom("/opt/run 'two words' --port {port}").unwrap()
        else {
            panic!("custom")
        };
        assert_eq!(engine.command, ["/opt/run", "two words", "--port", "{port}"]);
        assert_eq!(engine.environment["A"], "b=c");
        assert!(!engine.key);
        let keyed = custom("/opt/run --key-file={key_file}").unwrap();
        assert!(matches!(keyed, EngineChoice::Custom(CustomEngine { key: true, .. })));
        for broken in ["", "  ", "/opt/run 'open"] {
            assert_eq!(custom(broken).unwrap_err().code, ErrorCode::InvalidInput, "{broken}");
        }
    }
}
