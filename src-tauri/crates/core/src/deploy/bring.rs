//! What a host lacks and cannot fetch: brought from this computer, with the user's consent.

use std::path::PathBuf;

use serde_json::{Value, json};
use slipway_fetch::{Expected, Fetcher, Hub, ModelFormat, Source};
use slipway_protocol::{
    BringQuestion, Brought, DeployRequest, ErrorCode, Host, HubModel, ModelSource, PromptQuestion,
    Text,
};

use super::bare_host::{BareHost, run_to_end};
use super::facts::{EngineWheel, ServedModel};
use super::script::quoted;
use super::steps::Steps;
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::Machine;
use crate::program::Program;
use crate::tasks::TaskContext;

/// How long a person may think about the question.
const ANSWER_LIMIT: std::time::Duration = std::time::Duration::from_secs(600);
/// For unpacking on a slow disk.
const UNPACK_LIMIT: std::time::Duration = std::time::Duration::from_secs(120);

/// Asks whether the parts may be brought, unless the request says so already.
pub(super) async fn ask(
    context: &TaskContext,
    host: &Host,
    request: &DeployRequest,
    parts: Vec<Brought>,
    directory: &str,
) -> Result<(), Fault> {
    match request.bring {
        Some(true) => Ok(()),
        Some(false) => Err(Fault::cancelled()),
        None => {
            let directory = directory.to_owned();
            let question = PromptQuestion::Bring(BringQuestion { parts, directory });
            context.ask(&host.id, question, ANSWER_LIMIT).await.map(|_| ())
        }
    }
}

/// Brings things for one deploy.
pub(super) struct Bringer<'a> {
    pub(super) program: &'a Program,
    pub(super) context: &'a TaskContext,
    pub(super) machine: &'a Machine,
    pub(super) root: &'a str,
    /// What an engine there serves now: it need not be uploaded again.
    pub(super) served: Option<&'a ServedModel>,
}

impl Bringer<'_> {
    /// Puts a Python below the root of a host that has none.
    pub(super) async fn python(&self, bare: &BareHost, steps: &mut Steps<'_>) -> Result<(), Fault> {
        let build = bare.build()?;
        let label = Text::new(
            format!("Bringing Python {}", build.version),
            format!("Передача Python {}", build.version),
        );
        let source = Source { url: build.url.clone(), bearer: None };
        let expected = Expected { sha256: Some(build.sha256.clone()), bytes: None };
        let name = format!("python-{}.tar.gz", &build.sha256[..build.sha256.len().min(16)]);
        let file = self.fetch(&source, &expected, &name, &label, steps).await?;
        let archive = format!("{}/{name}", self.root);
        self.machine.make_dir_all(self.root).await?;
        self.upload(&file, &archive, &label, steps).await?;
        let unpacked = self.unpack(&archive).await;
        self.machine.remove_file(&archive).await;
        unpacked
    }

    /// The archive holds one folder, `python`.
    async fn unpack(&self, archive: &str) -> Result<(), Fault> {
        let (root, archive) = (quoted(self.root), quoted(archive));
        let script = format!(
            "cd {root} && rm -rf python.new && mkdir python.new && tar -xzf {archive} -C python.new && \
             rm -rf python && mv python.new/python python && rmdir python.new && \
             python/bin/python3 -c 0 && echo \"<unpacked>\""
        );
        let command = format!("sh -c {}", quoted(&script));
        let running = run_to_end(self.machine, &command);
        let words = match tokio::time::timeout(UNPACK_LIMIT, running).await {
            Ok(words) => words?,
            Err(_) => "it took too long".to_owned(),
        };
        if words.contains("<unpacked>") {
            return Ok(());
        }
        let tail: String = words.lines().rev().take(3).collect::<Vec<_>>().join(" / ");
        let words = format!("the Python that was brought does not run: {tail}");
        Err(script_fault("engine_install_failed", &words, &Default::default()))
    }

    /// Puts the engine's package on the host; the folder for the script's parameter `wheels`.
    pub(super) async fn engine(
        &self,
        wheel: &EngineWheel,
        host_index: Option<&str>,
        steps: &mut Steps<'_>,
    ) -> Result<String, Fault> {
        let label = Text::new("Bringing the engine", "Передача движка");
        let setting = self.program.settings().package_index;
        let index = Some(setting)
            .filter(|address| !address.is_empty())
            .or_else(slipway_fetch::configured_index)
            .or_else(|| host_index.map(str::to_owned))
            .ok_or_else(|| {
                script_fault("no_index_reachable", "no index known", &Default::default())
            })?;
        let fetcher = Fetcher::new()?;
        let expected = Expected { sha256: Some(wheel.sha256.clone()), bytes: Some(wheel.bytes) };
        let kept = self.cache().join(&wheel.file);
        // The sum is pinned: what is here already needs no index.
        let url = if tokio::fs::try_exists(&kept).await.unwrap_or(false) {
            String::new()
        } else {
            fetcher.index_file(&index, &wheel.package, &wheel.file).await?.url
        };
        let source = Source { url, bearer: None };
        let file = self.fetch(&source, &expected, &wheel.file, &label, steps).await?;
        let folder = format!("{}/wheels", self.root);
        self.machine.make_dir_all(&folder).await?;
        self.upload(&file, &format!("{folder}/{}", wheel.file), &label, steps).await?;
        Ok(folder)
    }

    /// Puts a model of an address or of the hub on the host; the model in the script's words.
    pub(super) async fn model(
        &self,
        source: &ModelSource,
        steps: &mut Steps<'_>,
    ) -> Result<Value, Fault> {
        match source {
            ModelSource::Url { url, sha256 } => {
                let name = file_name(url.split(['?', '#']).next().unwrap_or_default());
                let source = Source { url: url.clone(), bearer: None };
                let expected = Expected { sha256: sha256.clone(), bytes: None };
                let key = crate::host::sha256(url.as_bytes());
                self.one_file(&source, &expected, &key[..16], &name, steps).await
            }
            ModelSource::HuggingFace(model) => self.hub_model(model, steps).await,
            other => Err(Fault::internal(format!("nothing to bring for {other:?}"))),
        }
    }

    /// Uploads a file of this computer; the model in the script's words.
    pub(super) async fn local_file(
        &self,
        path: &str,
        steps: &mut Steps<'_>,
    ) -> Result<Value, Fault> {
        let name = file_name(path);
        let label = Text::new(format!("Uploading {name}"), format!("Загрузка {name}"));
        self.place(PathBuf::from(path), &name, &label, steps).await
    }

    async fn one_file(
        &self,
        source: &Source,
        expected: &Expected,
        key: &str,
        name: &str,
        steps: &mut Steps<'_>,
    ) -> Result<Value, Fault> {
        let label = Text::new(format!("Bringing {name}"), format!("Передача {name}"));
        let file = self.fetch(source, expected, &format!("{key}-{name}"), &label, steps).await?;
        let placed = self.place(file.clone(), name, &label, steps).await?;
        // It is on the host now, and models are large.
        let _ = tokio::fs::remove_file(&file).await;
        Ok(placed)
    }

    async fn hub_model(&self, model: &HubModel, steps: &mut Steps<'_>) -> Result<Value, Fault> {
        let hub = Hub {
            base_url: self.program.settings().hub_url,
            token: self.program.hub_token().await,
        };
        let listing =
            Fetcher::new()?.hub_listing(&hub, &model.repo, model.revision.as_deref()).await?;
        let chosen = listing.choices.iter().find(|choice| match &model.file {
            Some(file) => choice.file.as_ref() == Some(file),
            None => choice.format == ModelFormat::Safetensors,
        });
        let files = match (chosen, &model.file) {
            (Some(choice), _) => Some(choice.parts.clone()),
            (None, Some(file)) => listing.parts_of(file),
            (None, None) => None,
        };
        let Some(mut files) = files.filter(|files| !files.is_empty()) else {
            let file = model.file.clone().unwrap_or_default();
            let params =
                [("repo".to_owned(), model.repo.clone()), ("file".to_owned(), file)].into();
            return Err(script_fault("model_file_not_found", "", &params));
        };
        if model.file.is_none() {
            // The configuration and the tokenizer stand beside the weights.
            let small = |path: &str| {
                !path.contains('/')
                    && (path.ends_with(".json")
                        || path.ends_with(".model")
                        || path.ends_with(".txt"))
            };
            files.extend(listing.files.iter().filter(|file| small(&file.path)).cloned());
        }
        let commit = &listing.commit[..listing.commit.len().min(16)];
        let source = |path: &str| hub.source(&model.repo, &listing.commit, path);
        if let ([file], true) = (files.as_slice(), model.file.is_some()) {
            let expected = Expected { sha256: file.sha256.clone(), bytes: Some(file.bytes) };
            let name = file_name(&file.path);
            return self.one_file(&source(&file.path)?, &expected, commit, &name, steps).await;
        }
        let owner_and_name = model.repo.replace('/', "--");
        let folder = format!("{}/models/{commit}/{owner_and_name}", self.root);
        self.machine.make_dir_all(&folder).await?;
        for file in &files {
            let name = file_name(&file.path);
            let label = Text::new(format!("Bringing {name}"), format!("Передача {name}"));
            let expected = Expected { sha256: file.sha256.clone(), bytes: Some(file.bytes) };
            let kept = format!("{commit}-{name}");
            let fetched = self.fetch(&source(&file.path)?, &expected, &kept, &label, steps).await?;
            self.upload(&fetched, &format!("{folder}/{name}"), &label, steps).await?;
            let _ = tokio::fs::remove_file(&fetched).await;
        }
        let path = match (&model.file, files.first()) {
            (Some(_), Some(first)) => format!("{folder}/{}", file_name(&first.path)),
            _ => folder,
        };
        Ok(json!({ "kind": "path", "path": path }))
    }

    /// Uploads a model file to the place that its content names.
    async fn place(
        &self,
        file: PathBuf,
        name: &str,
        label: &Text,
        steps: &mut Steps<'_>,
    ) -> Result<Value, Fault> {
        steps.activity(Text::new("Reading the file", "Чтение файла"), None);
        let sum = self.context.unless_cancelled(sum_of(file.clone())).await?;
        let folder = format!("{}/models/{}", self.root, &sum[..16]);
        let dest = format!("{folder}/{name}");
        let is_served = self.served.is_some_and(|served| {
            served.path.as_deref() == Some(&dest) && served.sha256.as_deref() == Some(&sum)
        });
        if !is_served {
            self.machine.make_dir_all(&folder).await?;
            self.upload(&file, &dest, label, steps).await?;
        }
        Ok(json!({ "kind": "uploaded", "path": dest, "sha256": sum }))
    }

    async fn fetch(
        &self,
        source: &Source,
        expected: &Expected,
        name: &str,
        label: &Text,
        steps: &mut Steps<'_>,
    ) -> Result<PathBuf, Fault> {
        let dest = self.cache().join(name);
        let label = Text::new(
            format!("{}: fetching here", label.en),
            format!("{}: загрузка сюда", label.ru),
        );
        let fetcher = Fetcher::new()?;
        let fetching = fetcher.file(source, &dest, expected, |done, total| {
            steps.activity(label.clone(), Some((done, total)));
        });
        self.context.unless_cancelled(async { Ok(fetching.await?) }).await?;
        Ok(dest)
    }

    async fn upload(
        &self,
        file: &std::path::Path,
        dest: &str,
        label: &Text,
        steps: &mut Steps<'_>,
    ) -> Result<(), Fault> {
        let uploading = self.machine.upload_file(file, dest, |done, total| {
            steps.activity(label.clone(), Some((done, Some(total))));
        });
        let uploaded = self.context.unless_cancelled(uploading).await;
        if uploaded.as_ref().is_err_and(|fault| fault.code == ErrorCode::HostDiskFull) {
            // It would be kept to go on there, and with it a disk without room for anybody.
            let remove = format!("rm -f -- {}.part-*", quoted(dest));
            if let Err(fault) = self.machine.run_quietly(&remove).await {
                tracing::warn!(target: "deploy", "the disk stays full: {fault}");
            }
        }
        uploaded
    }

    /// Where this computer keeps what it fetched for hosts.
    fn cache(&self) -> PathBuf {
        self.program.dir().fetched()
    }
}

/// The last part of a path or address, as a file name.
fn file_name(path: &str) -> String {
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let good = |c: &char| !c.is_control();
    let name: String = last.chars().filter(good).take(200).collect();
    if name.is_empty() || name.starts_with('.') { format!("model{name}") } else { name }
}

/// The SHA-256 of a file of this computer in hex.
async fn sum_of(path: PathBuf) -> Result<String, Fault> {
    use sha2::Digest;
    let shown = path.to_string_lossy().into_owned();
    let hashing = tokio::task::spawn_blocking(move || {
        let mut hasher = sha2::Sha256::new();
        std::io::copy(&mut std::fs::File::open(path)?, &mut hasher)?;
        Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    });
    let hashed: std::io::Result<String> =
        hashing.await.map_err(|error| Fault::internal(error.to_string()))?;
    hashed.map_err(|error| {
        Fault::new(
            ErrorCode::ModelNotFound,
            Text::new(
                format!("{shown} cannot be read: {error}."),
                format!("Файл {shown} не читается: {error}."),
            ),
            Text::new("Choose another file.", "Выберите другой файл."),
            error.to_string(),
        )
    })
}
