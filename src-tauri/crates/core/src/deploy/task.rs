//! One deploy, from the first word to the recorded result.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use slipway_protocol::{
    DeployRequest, DeployResult, DeployStep, Deployment, ErrorCode, Host, ModelSource, TaskResult,
    Text,
};

use super::events::ScriptEvent;
use super::preflight::{self, ServedModel};
use super::script::{InstalledScript, ScriptRun, Subcommand};
use super::steps::Steps;
use super::verify::verify;
use crate::clock::{elapsed_ms, now_ms};
use crate::connect::{Persistence, Route};
use crate::fault::Fault;
use crate::fault_text::script_fault;
use crate::host::Machine;
use crate::program::Program;
use crate::settings::within;
use crate::tasks::TaskContext;

/// Answers at once that an engine is started for, unless the request says otherwise.
const DEFAULT_PARALLEL: u32 = 4;

/// Refuses what cannot work before anything is dialled.
pub(super) fn validate(request: &DeployRequest) -> Result<(), Fault> {
    if let Some(tokens) = request.context_size {
        within("context_size", tokens, 256, 1_048_576)?;
    }
    if let Some(parallel) = request.parallel {
        within("parallel", parallel, 1, 64)?;
    }
    match &request.model {
        ModelSource::Practice => Ok(()),
        ModelSource::HostPath(path) => {
            if path.trim().is_empty() {
                return Err(script_fault(
                    "model_not_found",
                    "",
                    &[("path".into(), path.clone())].into(),
                ));
            }
            Ok(())
        }
        ModelSource::LocalFile(path) => check_local_model(Path::new(path)),
        ModelSource::Url { url, sha256 } => {
            let params = || [("url".to_owned(), url.clone())].into();
            if !url.starts_with("https://") && !url.starts_with("http://") {
                return Err(script_fault("model_url_invalid", "not a web address", &params()));
            }
            match sha256 {
                Some(sum) if sum.len() != 64 || !sum.chars().all(|c| c.is_ascii_hexdigit()) => {
                    Err(Fault::invalid(
                        Text::new(
                            "The SHA-256 sum must have 64 hexadecimal digits.",
                            "Сумма SHA-256 состоит из 64 шестнадцатеричных цифр.",
                        ),
                        Text::new(
                            "Copy it again, or leave it out.",
                            "Скопируйте её заново или не указывайте.",
                        ),
                    ))
                }
                _ => Ok(()),
            }
        }
    }
}

/// A file of this computer must exist and be a GGUF before hours of upload begin.
fn check_local_model(path: &Path) -> Result<(), Fault> {
    use std::io::Read;
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

/// The body of the task.
pub(super) async fn run(
    program: Program,
    context: TaskContext,
    host: Host,
    request: DeployRequest,
) -> Result<TaskResult, Fault> {
    let mut steps = Steps::new(&context);
    let outcome = deploy(&program, &context, &host, &request, &mut steps).await;
    let outcome = steps.settle(outcome);
    match outcome {
        Ok((result, machine)) => {
            // Already logged in: the connection takes this way over, and no question is asked twice.
            if let Err(fault) = program.connect_over(&host, Some(machine), Persistence::OnceReached)
            {
                tracing::warn!(target: "deploy", "not connected by itself: {fault}");
            }
            Ok(TaskResult::Deploy(result))
        }
        Err(fault) => {
            if fault.code != ErrorCode::Cancelled {
                program.store().deployments().set_error(&host.id, Some(&fault.info())).await?;
            }
            Err(fault)
        }
    }
}

async fn deploy(
    program: &Program,
    context: &TaskContext,
    host: &Host,
    request: &DeployRequest,
    steps: &mut Steps<'_>,
) -> Result<(DeployResult, Machine), Fault> {
    let began = Instant::now();

    steps.begin(DeployStep::Connect);
    // A file of this computer goes over a connection of its own: the words of chats do not wait in
    // line behind gigabytes.
    let bulk = matches!(request.model, ModelSource::LocalFile(_));
    let machine = match program.connections().machine(&host.id).filter(|_| !bulk) {
        Some(machine) => machine,
        None => program.opener(context).open(host).await?,
    };
    steps.done(None);

    steps.begin(DeployStep::Check);
    let run = ScriptRun::new(context, &machine, program.script_root(host));
    let (model, engine) = (probe_model(host, request), request.engine_binary.as_deref());
    let probed = preflight::probe(&run, model, engine).await?;
    if let Some(obstacle) = probed.obstacle {
        return Err(obstacle);
    }
    let report = probed.report;
    steps.done(Some(Text::verbatim(format!("{}, {}", report.os, report.arch))));

    steps.begin(DeployStep::Directory);
    let script = InstalledScript::below(&report.root);
    machine.make_dir_all(script.directory()).await?;
    steps.done(Some(Text::verbatim(report.root.clone())));

    steps.begin(DeployStep::Upload);
    let label = Text::new("Uploading the script", "Загрузка скрипта");
    let upload = script
        .upload(&machine, |done, total| steps.activity(label.clone(), Some((done, Some(total)))));
    let size = context.unless_cancelled(upload).await?;
    let placing = place_model(&machine, host, request, &report.root, probed.served, steps);
    let model = context.unless_cancelled(placing).await?;
    let detail = Text::new(
        format!("{} KB, SHA-256 matches", size / 1000),
        format!("{} КБ, SHA-256 совпадает", size / 1000),
    );
    steps.done(Some(detail));

    steps.begin(DeployStep::Run);
    let install = json!({
        "engine": {
            "kind": "llama_cpp",
            "source": if request.engine_binary.is_some() { "binary" } else { "auto" },
            "binary": request.engine_binary,
        },
        "model": model,
        "context_size": request.context_size,
        "parallel": request.parallel.unwrap_or(DEFAULT_PARALLEL),
    });
    let on_event = |event: &ScriptEvent| show(steps, event);
    let installed = run.installed(&script, Subcommand::Install, install, on_event).await?;
    let on_event = |event: &ScriptEvent| show(steps, event);
    let started = run.installed(&script, Subcommand::Start, json!({}), on_event).await?;
    let guard = StartedHere { already: started["already_running"].as_bool().unwrap_or(false) };
    let engine = text(&installed["engine"]["version"]);
    let label = text(&installed["model"]["label"]);
    steps.done(Some(Text::verbatim(format!("llama.cpp {engine}, {label}"))));

    steps.begin(DeployStep::Verify);
    let verified = async {
        let route = Route::open(&machine, &started).await?;
        verify(&route, &program.settings()).await
    };
    let verified = match context.unless_cancelled(verified).await {
        Ok(verified) => verified,
        Err(fault) => {
            guard.undo(&run, &script).await;
            return Err(fault);
        }
    };
    steps.done(Some(speed(verified.first_token_ms, verified.tokens_per_second)));

    steps.begin(DeployStep::Finish);
    let deployment = Deployment {
        host_id: host.id.clone(),
        engine: "llama.cpp".to_owned(),
        engine_version: engine,
        model: label,
        practice: installed["model"]["practice"].as_bool().unwrap_or(false),
        context_size: verified.context_size,
        source: without_secrets(&request.model),
        deployed_at: now_ms(),
        first_token_ms: verified.first_token_ms,
        tokens_per_second: verified.tokens_per_second,
    };
    program.store().deployments().put(&deployment).await?;
    steps.done(None);
    let result = DeployResult {
        deployment,
        steps: steps.timings(),
        total_ms: elapsed_ms(began),
        changed: installed["changed"].as_bool().unwrap_or(true),
        sample: verified.sample,
    };
    Ok((result, machine))
}

/// The source as it may be kept: the query of an address often is a token.
fn without_secrets(source: &ModelSource) -> ModelSource {
    match source {
        ModelSource::Url { url, sha256 } => {
            let url = url.split(['?', '#']).next().unwrap_or_default().to_owned();
            let sha256 = sha256.clone();
            ModelSource::Url { url, sha256 }
        }
        other => other.clone(),
    }
}

/// Whether the engine ran before this deploy: then a failed verification leaves it alone.
struct StartedHere {
    already: bool,
}

impl StartedHere {
    async fn undo(self, run: &ScriptRun<'_>, script: &InstalledScript) {
        if !self.already
            && let Err(fault) = run.installed(script, Subcommand::Stop, json!({}), |_| ()).await
        {
            tracing::warn!(target: "deploy", "the engine was not stopped: {fault}");
        }
    }
}

/// The model in the script's words, as far as it is known before the upload.
fn probe_model(host: &Host, request: &DeployRequest) -> Option<Value> {
    match &request.model {
        ModelSource::LocalFile(_) if !host.id.is_local() => None,
        ModelSource::LocalFile(path) | ModelSource::HostPath(path) => {
            Some(json!({ "kind": "path", "path": path }))
        }
        ModelSource::Practice => Some(json!({ "kind": "practice" })),
        // An address may hold a secret, and the probe's parameters are visible on the host.
        ModelSource::Url { .. } => None,
    }
}

/// Brings a model file of this computer to the host, unless the engine there serves that very file;
/// returns the model in the script's words.
async fn place_model(
    machine: &Machine,
    host: &Host,
    request: &DeployRequest,
    root: &str,
    served: Option<ServedModel>,
    steps: &mut Steps<'_>,
) -> Result<Value, Fault> {
    let (ModelSource::LocalFile(path), Machine::Ssh(session)) = (&request.model, machine) else {
        return Ok(match &request.model {
            ModelSource::Url { url, sha256 } => {
                json!({ "kind": "url", "url": url, "sha256": sha256 })
            }
            _ => probe_model(host, request).unwrap_or_default(),
        });
    };
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    let dest = format!("{root}/models/{name}");
    if let Some(served) = served.filter(|served| served.path == dest) {
        let label = Text::new("Comparing the file", "Сравнение файла");
        steps.activity(label, None);
        if served.sha256.is_some() && served.sha256 == sha256_of(path.clone()).await {
            return Ok(json!({ "kind": "uploaded", "path": dest, "sha256": served.sha256 }));
        }
    }
    machine.make_dir_all(&format!("{root}/models")).await?;
    let label = Text::new(format!("Uploading {name}"), format!("Загрузка {name}"));
    let uploaded = session
        .upload(slipway_ssh::UploadSource::File(path.into()), &dest, 0o600, |done, total| {
            steps.activity(label.clone(), Some((done, Some(total))))
        })
        .await?;
    Ok(json!({ "kind": "uploaded", "path": dest, "sha256": uploaded.sha256 }))
}

/// The SHA-256 of a file of this computer in hex; absent when it cannot be read, which the upload
/// then says.
async fn sha256_of(path: String) -> Option<String> {
    use sha2::Digest;
    let hash = tokio::task::spawn_blocking(move || {
        let mut hasher = sha2::Sha256::new();
        std::io::copy(&mut std::fs::File::open(path).ok()?, &mut hasher).ok()?;
        Some(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    });
    hash.await.ok().flatten()
}

/// Shows the script's progress as the step's activity.
fn show(steps: &mut Steps<'_>, event: &ScriptEvent) {
    let ScriptEvent::Progress { stage, text, done, total } = event else {
        return;
    };
    let (label, bytes) = match stage.as_str() {
        "engine" => (Text::new("Installing the engine", "Установка движка"), true),
        "model" => (Text::new("Downloading the model", "Загрузка модели"), true),
        "verify_file" => (Text::new("Checking the file", "Проверка файла"), true),
        "load" => (Text::new("Loading the model", "Загрузка модели в память"), false),
        _ => (Text::verbatim(text.clone()), true),
    };
    steps.activity(label, bytes.then_some((*done, *total)));
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn speed(first_token_ms: Option<u64>, tokens_per_second: Option<f64>) -> Text {
    let first = first_token_ms.unwrap_or(0);
    match tokens_per_second {
        Some(speed) => Text::new(
            format!("first token {first} ms, {speed:.0} tok/s"),
            format!("первый токен {first} мс, {speed:.0} ток/с"),
        ),
        None => Text::new(format!("first token {first} ms"), format!("первый токен {first} мс")),
    }
}
