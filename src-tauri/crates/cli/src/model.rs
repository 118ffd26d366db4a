//! Models as they are named on the command line.

use slipway_core::Fault;
use slipway_protocol::{HubModel, ModelSource, Text};

/// The model behind `--model`. `sha256` is what was said of its web address.
pub(crate) fn source(model: &str, sha256: Option<String>) -> Result<ModelSource, Fault> {
    let url = model.starts_with("https://") || model.starts_with("http://");
    if sha256.is_some() && !url {
        return Err(Fault::invalid(
            Text::new(
                "--sha256 belongs to a web address, and none is given.",
                "--sha256 относится к веб-адресу, а он не указан.",
            ),
            Text::new(
                "Leave it out, or name an https address.",
                "Уберите его или укажите адрес https.",
            ),
        ));
    }
    if model == "practice" {
        Ok(ModelSource::Practice)
    } else if url {
        Ok(ModelSource::Url { url: model.to_owned(), sha256 })
    } else if let Some(path) = model.strip_prefix("host:") {
        Ok(ModelSource::HostPath(path.to_owned()))
    } else if let Some(name) = model.strip_prefix("hf:") {
        hub_model(name).map(ModelSource::HuggingFace)
    } else if let Some(name) = model.strip_prefix("ollama:") {
        match name.trim() {
            "" => Err(unreadable(model, "ollama:NAME, ollama:qwen3:8b")),
            name => Ok(ModelSource::Ollama(name.to_owned())),
        }
    } else {
        let absolute = std::path::absolute(model).unwrap_or_else(|_| model.into());
        Ok(ModelSource::LocalFile(absolute.to_string_lossy().into_owned()))
    }
}

/// `OWNER/NAME[:FILE][@REVISION]`. A revision may hold slashes, and no colon, as git has it.
pub(crate) fn hub_model(text: &str) -> Result<HubModel, Fault> {
    let (rest, revision) = match text.rsplit_once('@') {
        Some((rest, revision)) => (rest, Some(revision)),
        None => (text, None),
    };
    let (repo, file) = match rest.split_once(':') {
        Some((repo, file)) => (repo, Some(file)),
        None => (rest, None),
    };
    let named =
        matches!(repo.split_once('/'), Some((owner, name)) if is_name(owner) && is_name(name));
    let revision_reads = revision.is_none_or(|revision| {
        !revision.is_empty() && !revision.contains(|c: char| c == ':' || c.is_whitespace())
    });
    if !named || !revision_reads || file.is_some_and(str::is_empty) {
        return Err(unreadable(text, "OWNER/NAME[:FILE][@REVISION]"));
    }
    Ok(HubModel {
        repo: repo.to_owned(),
        file: file.map(str::to_owned),
        revision: revision.map(str::to_owned),
    })
}

/// A hub model as `--model` takes it.
pub(crate) fn hub_name(repo: &str, file: Option<&str>, revision: Option<&str>) -> String {
    let file = file.map(|file| format!(":{file}")).unwrap_or_default();
    let revision = revision.map(|revision| format!("@{revision}")).unwrap_or_default();
    format!("hf:{repo}{file}{revision}")
}

fn is_name(part: &str) -> bool {
    !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn unreadable(text: &str, form: &str) -> Fault {
    Fault::invalid(
        Text::new(
            format!("“{text}” does not name a model."),
            format!("«{text}» не похоже на имя модели."),
        ),
        Text::new(format!("The form is {form}."), format!("Нужный вид: {form}.")),
    )
}

#[cfg(test)]
mod tests {
    use slipway_protocol::ErrorCode;

    use super::*;

    fn hub(repo: &str, file: Option<&str>, revision: Option<&str>) -> ModelSource {
        ModelSource::HuggingFace(HubModel {
            repo: repo.into(),
            file: file.map(str::to_owned),
            revision: revision.map(str::to_owned),
        })
    }

    #[test]
    fn each_form_names_its_source() {
        let read = |model: &str| source(model, None).unwrap();
        assert_eq!(read("practice"), ModelSource::Practice);
        assert_eq!(read("host:/m/q.gguf"), ModelSource::HostPath("/m/q.gguf".into()));
        assert_eq!(read("ollama:qwen3:8b"), ModelSource::Ollama("qwen3:8b".into()));
        let url = "https://example.org/q.gguf";
        assert_eq!(read(url), ModelSource::Url { url: url.into(), sha256: None });
        let file = std::env::current_dir().unwrap().join("q.gguf");
        let file = ModelSource::LocalFile(file.to_string_lossy().into_owned());
        assert_eq!(read("q.gguf"), file);
    }

    #[test]
    fn a_hub_model_is_read_to_the_file_and_the_revision() {
        let read = |model: &str| source(model, None).unwrap();
        assert_eq!(read("hf:Qwen/Qwen3-8B"), hub("Qwen/Qwen3-8B", None, None));
        let file = "a/Q4_K_M-00001-of-00002.gguf";
        assert_eq!(read(&format!("hf:o/n:{file}")), hub("o/n", Some(file), None));
        assert_eq!(read("hf:o/n@refs/pr/1"), hub("o/n", None, Some("refs/pr/1")));
        let full = "hf:o/n:f.gguf@v1.0";
        assert_eq!(read(full), hub("o/n", Some("f.gguf"), Some("v1.0")));
        assert_eq!(hub_name("o/n", Some("f.gguf"), Some("v1.0")), full);
    }

    #[test]
    fn what_names_nothing_is_wrong_input() {
        for model in [
            "hf:",
            "hf:name",
            "hf:/n",
            "hf:o/",
            "hf:o/n/m",
            "hf:o/n:",
            "hf:o/n@",
            "hf:o/n@v1:f",
            "hf:o /n",
            "ollama:",
        ] {
            let fault = source(model, None).unwrap_err();
            assert_eq!(fault.code, ErrorCode::InvalidInput, "{model}");
        }
    }

    #[test]
    fn a_checksum_without_an_address_is_not_passed_over() {
        let sum = || Some("ab".repeat(32));
        assert!(source("https://example.org/q.gguf", sum()).is_ok());
        for model in ["practice", "host:/q.gguf", "q.gguf", "hf:o/n", "ollama:x"] {
            assert_eq!(source(model, sum()).unwrap_err().code, ErrorCode::InvalidInput, "{model}");
        }
    }
}
