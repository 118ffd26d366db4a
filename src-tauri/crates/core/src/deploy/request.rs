//! What a person asked to deploy: checked before anything is dialled, and in the script's words.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};
use slipway_protocol::{
    DeployRequest, EngineChoice, EngineKind, ErrorCode, HubModel, ModelSource, Text,
};

use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::settings::within;

/// Answers at once that an engine is started for, unless the request says otherwise.
pub(super) const DEFAULT_PARALLEL: u32 = 4;
/// The longest word that is passed on: a path, a name, an argument.
const LONGEST_WORD: usize = 4096;

/// Refuses what cannot work before anything is dialled.
pub(super) fn validate(request: &DeployRequest) -> Result<(), Fault> {
    if let Some(tokens) = request.context_size {
        within("context_size", tokens, 256, 1_048_576)?;
    }
    if let Some(parallel) = request.parallel {
        within("parallel", parallel, 1, 64)?;
    }
    if let Some(layers) = request.gpu_layers {
        within("gpu_layers", layers, 0, 1000)?;
    }
    if let Some(directory) = &request.directory {
        check_directory(directory)?;
    }
    validate_model(&request.model)?;
    validate_engine(&request.engine)
}

fn validate_model(model: &ModelSource) -> Result<(), Fault> {
    match model {
        ModelSource::Practice => Ok(()),
        ModelSource::HostPath(path) => {
            if path.trim().is_empty() {
                let params = [("path".into(), path.clone())].into();
                return Err(script_fault("model_not_found", "", &params));
            }
            line("model", path)
        }
        ModelSource::LocalFile(path) => check_local_model(Path::new(path)),
        ModelSource::Url { url, sha256 } => {
            check_url("model_url", url)?;
            sha256.as_deref().map_or(Ok(()), check_sha256)
        }
        ModelSource::HuggingFace(model) => check_hub_model(model),
        ModelSource::Ollama(name) => {
            let good = |c: char| c.is_ascii_alphanumeric() || "._-/:".contains(c);
            let plain = !name.is_empty() && name.len() <= 200 && name.chars().all(good);
            if !plain || name.contains("..") || name.starts_with(['-', '/']) {
                return Err(invalid("model", "a name of Ollama, for example qwen3:8b", name));
            }
            Ok(())
        }
    }
}

/// A repository's name, as the hub makes them.
pub(super) fn check_hub_model(model: &HubModel) -> Result<(), Fault> {
    let word = |word: &str| {
        let good = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        !word.is_empty()
            && word.len() <= 96
            && word.chars().all(good)
            && !word.starts_with(['.', '-'])
    };
    let named = model.repo.split_once('/').is_some_and(|(owner, name)| word(owner) && word(name));
    if !named || model.repo.contains("..") {
        return Err(invalid("model", "OWNER/NAME", &model.repo));
    }
    if let Some(file) = &model.file {
        let inside = file.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !inside || file.len() > 400 || file.chars().any(char::is_control) {
            return Err(invalid("file", "a file of the model", file));
        }
    }
    if let Some(revision) = &model.revision {
        let good = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        if revision.is_empty() || !revision.chars().all(good) || revision.contains("..") {
            return Err(invalid("revision", "a branch, tag or commit", revision));
        }
    }
    Ok(())
}

fn validate_engine(engine: &EngineChoice) -> Result<(), Fault> {
    match engine {
        EngineChoice::Auto => Ok(()),
        EngineChoice::LlamaCpp { binary } => {
            binary.as_deref().map_or(Ok(()), |path| line("engine_binary", path))
        }
        EngineChoice::Vllm { version } | EngineChoice::Mlx { version } => {
            let good = |c: char| c.is_ascii_alphanumeric() || "._+".contains(c);
            match version {
                Some(version) if version.is_empty() || !version.chars().all(good) => {
                    Err(invalid("version", "a version, for example 0.11.0", version))
                }
                _ => Ok(()),
            }
        }
        EngineChoice::Ollama { archive } => match archive {
            Some(archive) => {
                check_url("ollama_archive", &archive.url)?;
                check_sha256(&archive.sha256)
            }
            None => Ok(()),
        },
        EngineChoice::Container(container) => {
            if !matches!(container.serves, EngineKind::LlamaCpp | EngineKind::Vllm) {
                let words = format!("{:?}", container.serves);
                return Err(invalid("serves", "llama_cpp or vllm", &words));
            }
            match container.tool.as_deref() {
                None | Some("docker" | "podman") => {}
                Some(other) => return Err(invalid("tool", "docker or podman", other)),
            }
            container.image.as_deref().map_or(Ok(()), |image| {
                let odd = |c: char| c.is_whitespace() || c.is_control();
                if image.is_empty() || image.starts_with('-') || image.chars().any(odd) {
                    return Err(invalid("image", "the name of an image", image));
                }
                Ok(())
            })
        }
        EngineChoice::Custom(custom) => {
            if custom.command.first().is_none_or(|program| program.trim().is_empty()) {
                return Err(invalid("command", "a program and its arguments", ""));
            }
            custom.command.iter().try_for_each(|word| line("command", word))?;
            for (name, value) in &custom.environment {
                let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if name.is_empty() || !name.chars().all(good) {
                    return Err(invalid("environment", "NAME=VALUE", name));
                }
                line("environment", value)?;
            }
            Ok(())
        }
    }
}

/// A directory of a host: absolute, and nothing that climbs out.
fn check_directory(directory: &str) -> Result<(), Fault> {
    line("directory", directory)?;
    let climbs = directory.split('/').any(|part| part == "..");
    if !directory.starts_with('/') || directory.trim_end_matches('/').is_empty() || climbs {
        return Err(invalid("directory", "an absolute path on the host", directory));
    }
    Ok(())
}

fn check_url(name: &str, url: &str) -> Result<(), Fault> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let params = [("url".to_owned(), url.to_owned())].into();
        return Err(script_fault("model_url_invalid", "not a web address", &params));
    }
    line(name, url)
}

fn check_sha256(sum: &str) -> Result<(), Fault> {
    if sum.len() == 64 && sum.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(());
    }
    Err(Fault::invalid(
        Text::new(
            "The SHA-256 sum must have 64 hexadecimal digits.",
            "Сумма SHA-256 состоит из 64 шестнадцатеричных цифр.",
        ),
        Text::new("Copy it again, or leave it out.", "Скопируйте её заново или не указывайте."),
    ))
}

/// One line of text of a sensible length.
fn line(name: &str, word: &str) -> Result<(), Fault> {
    if word.len() <= LONGEST_WORD && !word.chars().any(|c| c == '\0' || c == '\n' || c == '\r') {
        return Ok(());
    }
    Err(invalid(name, "one line of text", word))
}

fn invalid(name: &str, wanted: &str, found: &str) -> Fault {
    let shown: String = found.chars().take(60).collect();
    Fault::invalid(
        Text::new(
            format!("{name} cannot be “{shown}”."),
            format!("Значение {name} не может быть «{shown}»."),
        ),
        Text::new(format!("It is {wanted}."), format!("Ожидается: {wanted}.")),
    )
}

/// A file of this computer must exist and be a GGUF before hours of upload begin.
fn check_local_model(path: &Path) -> Result<(), Fault> {
    let shown = path.to_string_lossy().into_owned();
    let mut magic = [0; 4];
    let read = std::fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    match read {
        Ok(()) if &magic == b"GGUF" => Ok(()),
        Ok(()) => Err(script_fault("model_not_gguf", "", &[("path".into(), shown)].into())),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            Err(script_fault("model_not_gguf", "", &[("path".into(), shown)].into()))
        }
        Err(error) => Err(Fault::new(
            ErrorCode::ModelNotFound,
            Text::new(
                format!("{shown} cannot be read: {error}."),
                format!("Файл {shown} не читается: {error}."),
            ),
            Text::new("Choose another file.", "Выберите другой файл."),
            error.to_string(),
        )),
    }
}

/// The source as it may be kept: the query of an address often is a token.
pub(super) fn without_secrets(source: &ModelSource) -> ModelSource {
    match source {
        ModelSource::Url { url, sha256 } => {
            let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
            ModelSource::Url { url, sha256: sha256.clone() }
        }
        other => other.clone(),
    }
}

/// The model in the script's words, as far as it can be said before anything is uploaded. The hub's
/// token goes by a file.
pub(super) fn model_words(
    model: &ModelSource,
    on_this_computer: bool,
    hub_url: &str,
) -> Option<Value> {
    Some(match model {
        ModelSource::Practice => json!({ "kind": "practice" }),
        ModelSource::HostPath(path) => json!({ "kind": "path", "path": path }),
        ModelSource::LocalFile(path) if on_this_computer => json!({ "kind": "path", "path": path }),
        ModelSource::LocalFile(_) => return None,
        ModelSource::Url { url, sha256 } => json!({ "kind": "url", "url": url, "sha256": sha256 }),
        ModelSource::HuggingFace(model) => json!({
            "kind": "huggingface",
            "repo": model.repo,
            "file": model.file,
            "revision": model.revision,
            "base_url": hub_url,
        }),
        ModelSource::Ollama(name) => json!({ "kind": "ollama", "name": name }),
    })
}

/// The engine in the script's words. `choice` is a plan's, so never "auto".
pub(super) fn engine_words(choice: &EngineChoice) -> Value {
    match choice {
        EngineChoice::Auto | EngineChoice::LlamaCpp { binary: None } => {
            json!({ "kind": "llama_cpp", "source": "auto" })
        }
        EngineChoice::LlamaCpp { binary: Some(binary) } => {
            json!({ "kind": "llama_cpp", "source": "binary", "binary": binary })
        }
        EngineChoice::Vllm { version } => json!({ "kind": "vllm", "version": version }),
        EngineChoice::Mlx { version } => json!({ "kind": "mlx", "version": version }),
        EngineChoice::Ollama { archive: None } => json!({ "kind": "ollama", "source": "auto" }),
        EngineChoice::Ollama { archive: Some(archive) } => json!({
            "kind": "ollama", "source": "archive", "url": archive.url, "sha256": archive.sha256,
        }),
        EngineChoice::Container(container) => json!({
            "kind": "container",
            "tool": container.tool.as_deref().unwrap_or("auto"),
            "serves": if container.serves == EngineKind::Vllm { "vllm" } else { "llama_cpp" },
            "image": container.image,
            "gpu": "auto",
        }),
        EngineChoice::Custom(custom) => json!({
            "kind": "custom",
            "command": custom.command,
            "environment": custom.environment,
            "key": custom.key,
            "health_path": custom.health_path.as_deref().unwrap_or("/health"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::HostId;

    use super::*;

    fn refused(change: impl FnOnce(&mut DeployRequest)) -> bool {
        let mut request = DeployRequest::new(HostId::local(), ModelSource::Practice);
        change(&mut request);
        match validate(&request) {
            Ok(()) => false,
            Err(fault) => {
                assert!(!fault.message.en.is_empty() && !fault.fix.ru.is_empty());
                true
            }
        }
    }

    #[test]
    fn hostile_names_are_refused_and_plain_ones_are_not() {
        let hub = |repo: &str, file: Option<&str>, revision: Option<&str>| {
            let (file, revision) = (file.map(str::to_owned), revision.map(str::to_owned));
            ModelSource::HuggingFace(HubModel { repo: repo.to_owned(), file, revision })
        };
        for (repo, file, revision) in [
            ("Qwen/Qwen3-8B-GGUF", Some("a/Q4_K_M.gguf"), Some("refs/pr/1")),
            ("a/b.c", None, None),
        ] {
            assert!(!refused(|r| r.model = hub(repo, file, revision)), "{repo}");
        }
        for (repo, file, revision) in [
            ("../etc", None, None),
            ("a/..", None, None),
            ("a", None, None),
            ("a/b/c", None, None),
            ("a/b;rm -rf", None, None),
            ("-a/b", None, None),
            ("a/b", Some("../x.gguf"), None),
            ("a/b", Some("/x.gguf"), None),
            ("a/b", Some("x\n.gguf"), None),
            ("a/b", None, Some("a b")),
            ("a/b", None, Some("../x")),
        ] {
            assert!(
                refused(|r| r.model = hub(repo, file, revision)),
                "{repo} {file:?} {revision:?}"
            );
        }
        for name in ["", "..", "a b", "$(x)", "-x", "/x"] {
            assert!(refused(|r| r.model = ModelSource::Ollama(name.to_owned())), "{name}");
        }
        for directory in ["", "relative", "/", "/a/../b", "/a\nb"] {
            assert!(refused(|r| r.directory = Some(directory.to_owned())), "{directory:?}");
        }
        assert!(!refused(|r| r.directory = Some("/data/my models/слип".to_owned())));
    }

    #[test]
    fn an_engine_that_cannot_be_meant_is_refused() {
        let custom = |command: &[&str]| {
            EngineChoice::Custom(slipway_protocol::CustomEngine {
                command: command.iter().map(|word| (*word).to_owned()).collect(),
                environment: Default::default(),
                key: true,
                health_path: None,
            })
        };
        assert!(refused(|r| r.engine = custom(&[])));
        assert!(refused(|r| r.engine = custom(&["a\0b"])));
        assert!(!refused(|r| r.engine = custom(&["serve", "{model}", "--port", "{port}"])));
        let version = Some("0.11; rm".to_owned());
        assert!(refused(|r| r.engine = EngineChoice::Vllm { version }));
        let container = |image: &str| {
            EngineChoice::Container(slipway_protocol::ContainerEngine {
                tool: None,
                serves: EngineKind::LlamaCpp,
                image: Some(image.to_owned()),
            })
        };
        assert!(refused(|r| r.engine = container("--privileged")));
        assert!(!refused(|r| r.engine = container("ghcr.io/ggml-org/llama.cpp:server")));
    }
}
