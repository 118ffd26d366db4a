//! Which engine serves a model on a host, and why. The order of preference is the order in which a
//! person with that machine would choose.

use slipway_protocol::{
    ContainerEngine, Device, EngineChoice, EngineKind, EngineOption, ModelSource, Text,
};

use super::facts::Facts;

/// The oldest card that vLLM serves: its documentation names compute capability 7.5.
const VLLM_CAPABILITY: f64 = 7.5;

/// An engine chosen for a request.
pub(super) struct Chosen {
    /// With what.
    pub(super) engine: EngineChoice,
    /// Why.
    pub(super) reason: Text,
    /// Every engine, the chosen one first.
    pub(super) options: Vec<EngineOption>,
    /// What would compute; absent when only the engine itself knows.
    pub(super) device: Option<Device>,
}

/// In which form a model is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Gguf,
    Safetensors,
    Ollama,
}

impl Format {
    fn of(model: &ModelSource) -> Self {
        let is_gguf = |path: &str| path.to_ascii_lowercase().ends_with(".gguf");
        match model {
            ModelSource::Practice | ModelSource::LocalFile(_) | ModelSource::Url { .. } => {
                Self::Gguf
            }
            ModelSource::HostPath(path) if is_gguf(path.trim_end()) => Self::Gguf,
            // A folder has no ending; a file of another name is looked at by the script.
            ModelSource::HostPath(path) => {
                let name = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
                if name.contains('.') && !path.ends_with('/') {
                    Self::Gguf
                } else {
                    Self::Safetensors
                }
            }
            ModelSource::HuggingFace(model) => {
                if model.file.is_some() {
                    Self::Gguf
                } else {
                    Self::Safetensors
                }
            }
            ModelSource::Ollama(_) => Self::Ollama,
        }
    }
}

/// Chooses, or takes what was asked for.
pub(super) fn choose(facts: &Facts, model: &ModelSource, wish: &EngineChoice) -> Chosen {
    let format = Format::of(model);
    let practice = matches!(model, ModelSource::Practice);
    let mut options: Vec<EngineOption> = [
        EngineKind::LlamaCpp,
        EngineKind::Vllm,
        EngineKind::Mlx,
        EngineKind::Ollama,
        EngineKind::Container,
        EngineKind::Custom,
    ]
    .into_iter()
    .map(|kind| {
        let (usable, reason) = judge(kind, facts, format);
        EngineOption { kind, usable, reason }
    })
    .collect();
    let engine = match wish {
        EngineChoice::Auto => best(facts, format, practice),
        EngineChoice::LlamaCpp { binary: None } if !practice => {
            EngineChoice::LlamaCpp { binary: binary_for_card(facts) }
        }
        other => other.clone(),
    };
    let kind = engine.kind().unwrap_or(EngineKind::LlamaCpp);
    options.sort_by_key(|option| (option.kind != kind, !option.usable));
    let reason = if *wish == EngineChoice::Auto {
        why(&engine, facts, practice)
    } else {
        Text::new("Chosen by you.", "Выбрано вами.")
    };
    let device = device(&engine, facts, practice);
    Chosen { engine, reason, options, device }
}

fn best(facts: &Facts, format: Format, practice: bool) -> EngineChoice {
    match format {
        Format::Ollama => EngineChoice::Ollama { archive: None },
        Format::Safetensors if judge(EngineKind::Mlx, facts, format).0 => {
            EngineChoice::Mlx { version: None }
        }
        Format::Safetensors => EngineChoice::Vllm { version: None },
        Format::Gguf if practice => EngineChoice::LlamaCpp { binary: None },
        Format::Gguf => {
            let binary = binary_for_card(facts);
            let card = facts.has_gpu() && !facts.has_gpu_of("apple");
            match containers_with_cards(facts).next().filter(|_| card && binary.is_none()) {
                Some(tool) => EngineChoice::Container(ContainerEngine {
                    tool: Some(tool.to_owned()),
                    serves: EngineKind::LlamaCpp,
                    image: None,
                }),
                None => EngineChoice::LlamaCpp { binary },
            }
        }
    }
}

/// The host's own `llama-server`, where there is a card that the pinned build cannot use.
fn binary_for_card(facts: &Facts) -> Option<String> {
    let card = facts.has_gpu() && !facts.has_gpu_of("apple");
    facts.llama_server.clone().filter(|_| card || facts.engine_wheel.is_none())
}

fn containers_with_cards(facts: &Facts) -> impl Iterator<Item = &str> {
    let usable =
        facts.containers.iter().filter(|container| container.usable && container.gpu == Some(true));
    usable.map(|container| container.tool.as_str())
}

fn why(engine: &EngineChoice, facts: &Facts, practice: bool) -> Text {
    let card = facts.gpus.first();
    let free = card.and_then(|gpu| gpu.memory_free_mb).map(|mb| mb as f64 * 1.048_576e-3);
    let name = card.map_or("", |gpu| gpu.name.as_str());
    match engine {
        EngineChoice::LlamaCpp { .. } if practice => Text::new(
            "llama.cpp: the practice model needs no graphics card.",
            "llama.cpp: учебной модели видеокарта не нужна.",
        ),
        EngineChoice::LlamaCpp { binary: Some(binary) } if card.is_some() => Text::new(
            format!("llama.cpp: {name}, and the host has a build for it ({binary})."),
            format!("llama.cpp: {name}, и на сервере есть сборка для неё ({binary})."),
        ),
        EngineChoice::LlamaCpp { binary: Some(binary) } => Text::new(
            format!("llama.cpp: the host's own {binary}."),
            format!("llama.cpp: собственный {binary} сервера."),
        ),
        EngineChoice::LlamaCpp { binary: None } if facts.has_gpu_of("apple") => Text::new(
            format!("llama.cpp on Metal: {name}."),
            format!("llama.cpp на Metal: {name}."),
        ),
        EngineChoice::LlamaCpp { binary: None } if card.is_some() => Text::new(
            format!(
                "llama.cpp on the processor: {name} needs a llama-server of the host or a container."
            ),
            format!(
                "llama.cpp на процессоре: для {name} нужен llama-server на сервере или контейнер."
            ),
        ),
        EngineChoice::LlamaCpp { binary: None } => {
            Text::new("llama.cpp: no graphics card.", "llama.cpp: видеокарты нет.")
        }
        EngineChoice::Vllm { .. } => {
            let cuda = facts.cuda.as_deref().unwrap_or("?");
            match free {
                Some(free) => Text::new(
                    format!("vLLM: {free:.0} GB free on {name}, CUDA {cuda}, safetensors."),
                    format!("vLLM: на {name} свободно {free:.0} ГБ, CUDA {cuda}, safetensors."),
                ),
                None => Text::new("vLLM: safetensors.", "vLLM: safetensors."),
            }
        }
        EngineChoice::Mlx { .. } => Text::new(
            format!("MLX: {name} and safetensors."),
            format!("MLX: {name} и safetensors."),
        ),
        EngineChoice::Ollama { .. } => Text::new(
            "Ollama: the model is one of its library.",
            "Ollama: модель из её библиотеки.",
        ),
        EngineChoice::Container(container) => {
            let tool = container.tool.as_deref().unwrap_or("docker");
            Text::new(
                format!("{tool}: {name}, and no llama-server on the host."),
                format!("{tool}: {name}, а llama-server на сервере нет."),
            )
        }
        EngineChoice::Custom(_) | EngineChoice::Auto => Text::verbatim(""),
    }
}

fn device(engine: &EngineChoice, facts: &Facts, practice: bool) -> Option<Device> {
    match engine {
        EngineChoice::LlamaCpp { .. } if practice => Some(Device::Cpu),
        EngineChoice::LlamaCpp { binary: None } => {
            Some(if facts.has_gpu_of("apple") { Device::Gpu } else { Device::Cpu })
        }
        // A build of the host's may have been made without its card.
        EngineChoice::LlamaCpp { binary: Some(_) } | EngineChoice::Container(_) => {
            Some(if facts.has_gpu() { Device::Gpu } else { Device::Cpu })
        }
        EngineChoice::Vllm { .. } | EngineChoice::Mlx { .. } => Some(Device::Gpu),
        EngineChoice::Ollama { .. } => {
            Some(if facts.has_gpu() { Device::Gpu } else { Device::Cpu })
        }
        EngineChoice::Custom(_) | EngineChoice::Auto => None,
    }
}

/// Whether an engine can serve a form of model on a host, and why or why not.
fn judge(kind: EngineKind, facts: &Facts, format: Format) -> (bool, Text) {
    let no = |en: &str, ru: &str| (false, Text::new(en, ru));
    let yes = |en: &str, ru: &str| (true, Text::new(en, ru));
    match kind {
        EngineKind::LlamaCpp if format != Format::Gguf => {
            no("Serves GGUF files.", "Работает с файлами GGUF.")
        }
        EngineKind::LlamaCpp if facts.engine_wheel.is_none() && facts.llama_server.is_none() => no(
            "There is no build for this system, and no llama-server on the host.",
            "Для этой системы нет сборки, а llama-server на сервере нет.",
        ),
        EngineKind::LlamaCpp => match binary_for_card(facts) {
            Some(_) => yes("The host's llama-server.", "llama-server сервера."),
            None => yes("The pinned build.", "Проверенная сборка."),
        },
        EngineKind::Vllm if format != Format::Safetensors => {
            no("Serves safetensors.", "Работает с safetensors.")
        }
        EngineKind::Vllm if facts.os != "Linux" => no("Runs on Linux.", "Работает в Linux."),
        EngineKind::Vllm => {
            let capability = |text: &String| text.parse::<f64>().ok();
            let card = facts.gpus.iter().find(|gpu| gpu.vendor == "nvidia");
            match card.map(|gpu| gpu.compute_capability.as_ref().and_then(capability)) {
                None if facts.has_gpu_of("amd") => {
                    yes("An AMD card; ROCm decides.", "Карта AMD; решает ROCm.")
                }
                None => no("Needs a graphics card.", "Нужна видеокарта."),
                Some(Some(level)) if level < VLLM_CAPABILITY => {
                    no("Needs compute capability 7.5.", "Нужна вычислительная способность 7.5.")
                }
                Some(_) => yes("The card is new enough.", "Видеокарта подходит."),
            }
        }
        EngineKind::Mlx if !facts.has_gpu_of("apple") => {
            no("Needs Apple silicon.", "Нужен процессор Apple.")
        }
        EngineKind::Mlx if format != Format::Safetensors => {
            no("Serves safetensors.", "Работает с safetensors.")
        }
        EngineKind::Mlx => yes("Apple silicon.", "Процессор Apple."),
        EngineKind::Ollama if format != Format::Ollama => {
            no("Serves models of its own library.", "Работает с моделями своей библиотеки.")
        }
        EngineKind::Ollama => {
            let found = facts.ollama.as_ref();
            match found.and_then(|ollama| ollama.serving.as_ref().or(ollama.path.as_ref())) {
                Some(_) => yes("The host's Ollama.", "Ollama сервера."),
                None => no(
                    "The host has none: give a release archive.",
                    "На сервере её нет: укажите архив выпуска.",
                ),
            }
        }
        EngineKind::Container if format == Format::Ollama => {
            no("Serves GGUF files and safetensors.", "Работает с GGUF и safetensors.")
        }
        EngineKind::Container => match facts.containers.iter().find(|tool| tool.usable) {
            Some(tool) => (true, Text::verbatim(format!("{}.", tool.tool))),
            None => no("Needs Docker or Podman.", "Нужен Docker или Podman."),
        },
        EngineKind::Custom => yes("A command of your own.", "Ваша команда."),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use slipway_protocol::HubModel;

    use super::*;

    fn facts(change: Value) -> Facts {
        let mut facts = json!({
            "os": "Linux", "os_release": "Debian", "arch": "x86_64", "libc_version": null,
            "root": "/r", "python": {"version": "3.11.2"}, "disk": {"free_bytes": 1, "free_inodes": null},
            "memory": {"total_bytes": 1, "available_bytes": 1}, "cpu": {"model": null, "cores": 1},
            "cuda": null, "llama_server": null, "ollama": null, "clock": null, "index_reachable": null,
            "index_address": null, "services": null, "findings": [], "deployment": null,
            "engine_wheel": {"package": "p", "file": "f", "sha256": "s", "bytes": 1, "version": "v",
                             "installed": false},
        });
        for (name, value) in change.as_object().unwrap() {
            facts[name] = value.clone();
        }
        serde_json::from_value(facts).unwrap()
    }

    fn card(vendor: &str, capability: &str) -> Value {
        json!([{"vendor": vendor, "name": "Card", "memory_total_mb": 24564, "memory_free_mb": 24000,
                "driver": "570", "compute_capability": capability, "unified": vendor == "apple"}])
    }

    fn gguf() -> ModelSource {
        ModelSource::HostPath("/m/x.gguf".into())
    }

    fn safetensors() -> ModelSource {
        let (repo, file, revision) = ("a/b".to_owned(), None, None);
        ModelSource::HuggingFace(HubModel { repo, file, revision })
    }

    #[test]
    fn the_machine_and_the_model_decide() {
        let auto = |change, model: ModelSource| choose(&facts(change), &model, &EngineChoice::Auto);
        let plain = auto(json!({}), gguf());
        assert_eq!(plain.engine, EngineChoice::LlamaCpp { binary: None });
        assert_eq!(plain.device, Some(Device::Cpu));
        assert!(plain.reason.en.contains("no graphics card"));

        let own = json!({"gpus": card("nvidia", "8.9"), "llama_server": "/opt/llama-server"});
        let own = auto(own, gguf());
        let binary = Some("/opt/llama-server".to_owned());
        assert_eq!(own.engine, EngineChoice::LlamaCpp { binary });
        assert_eq!(own.device, Some(Device::Gpu));

        let docker = json!([{"tool": "docker", "version": "28", "usable": true, "gpu": true}]);
        let contained = auto(json!({"gpus": card("nvidia", "8.9"), "containers": docker}), gguf());
        assert_eq!(contained.engine.kind(), Some(EngineKind::Container));

        let vllm = auto(json!({"gpus": card("nvidia", "8.9"), "cuda": "12.8"}), safetensors());
        assert_eq!(vllm.engine.kind(), Some(EngineKind::Vllm));
        assert!(vllm.reason.en.contains("CUDA 12.8"), "{}", vllm.reason.en);

        let mac = json!({"os": "Darwin", "gpus": card("apple", "")});
        assert_eq!(auto(mac.clone(), safetensors()).engine.kind(), Some(EngineKind::Mlx));
        assert_eq!(auto(mac, gguf()).device, Some(Device::Gpu), "Metal");

        let practice = json!({"gpus": card("nvidia", "8.9"), "llama_server": "/opt/llama-server"});
        let practice = auto(practice, ModelSource::Practice);
        assert_eq!(practice.engine, EngineChoice::LlamaCpp { binary: None });
        let ollama = auto(json!({}), ModelSource::Ollama("qwen3".into()));
        assert_eq!(ollama.engine.kind(), Some(EngineKind::Ollama));
    }

    #[test]
    fn every_engine_is_told_with_its_reason() {
        let old = choose(
            &facts(json!({"gpus": card("nvidia", "6.1")})),
            &safetensors(),
            &EngineChoice::Auto,
        );
        assert_eq!(old.options.len(), 6);
        assert_eq!(old.options[0].kind, EngineKind::Vllm, "the chosen one stands first");
        assert!(!old.options[0].usable && old.options[0].reason.en.contains("7.5"));
        assert!(old.options.iter().all(|option| !option.reason.ru.is_empty()));
        let wish = EngineChoice::LlamaCpp { binary: Some("/x".into()) };
        assert_eq!(choose(&facts(json!({})), &gguf(), &wish).engine, wish);
    }
}
