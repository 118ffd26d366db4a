//! Failures that the deploy script reports: its stable codes, given sentences here.

use std::collections::BTreeMap;

use slipway_protocol::{ErrorCode, Text};

use super::engine::{looks_out_of_memory, out_of_memory};
use super::ssh::{disk_full, permission};
use crate::fault::Fault;

/// A failure or finding of the deploy script as a fault. `words` are the script's own, for the log
/// and for codes that this version does not know.
pub(crate) fn script_fault(code: &str, words: &str, params: &BTreeMap<String, String>) -> Fault {
    let get = |name: &str| params.get(name).map_or("?", String::as_str);
    let (code, message, fix) = match code {
        "cancelled" => return Fault::cancelled(),
        "python_missing" | "python_too_old" => python(params),
        "venv_missing" => venv(get("python"), params),
        "libgomp_missing" => (
            ErrorCode::LibraryMissing,
            Text::new(
                "The library libgomp is missing on the host.",
                "На сервере нет библиотеки libgomp.",
            ),
            run_there(params, "sudo apt install libgomp1"),
        ),
        "cpu_unsupported" => (
            ErrorCode::PlatformUnsupported,
            Text::new(
                format!("The host's processor lacks {}.", get("missing")),
                format!("Процессор сервера не умеет {}.", get("missing")),
            ),
            Text::new(
                "Use another machine, or a llama-server built for this processor.",
                "Возьмите другую машину или llama-server, собранный под этот процессор.",
            ),
        ),
        "unsupported_platform" | "glibc_too_old" => (
            ErrorCode::PlatformUnsupported,
            Text::new(
                format!("The engine does not run on this system: {words}"),
                format!("На этой системе движок не работает: {words}"),
            ),
            Text::new(
                "Use Linux on x86_64 or arm64 or macOS, or a llama-server already on the host.",
                "Нужны Linux (x86_64 или arm64) или macOS либо готовый llama-server на сервере.",
            ),
        ),
        "disk_full" => {
            let (code, _, fix) = disk_full(get("path"));
            let (needed, free) = (size(params, "needed"), size(params, "free"));
            let message = Text::new(
                format!(
                    "Not enough disk: {needed} are needed in {}, {free} are free.",
                    get("path")
                ),
                format!("Мало места: в {} нужно {needed}, свободно {free}.", get("path")),
            );
            (code, message, fix)
        }
        "no_write_permission" => permission(get("path")),
        "noexec" => (
            ErrorCode::HostPermission,
            Text::new(
                format!("Programs may not run from {} (noexec).", get("path")),
                format!("Из {} нельзя запускать программы (noexec).", get("path")),
            ),
            Text::new(
                "Use a home directory on a file system mounted without noexec.",
                "Нужен домашний каталог на файловой системе без noexec.",
            ),
        ),
        "no_index_reachable" => (
            ErrorCode::IndexUnreachable,
            Text::new(
                "The host cannot reach the Python package index.",
                "Сервер не может связаться с индексом пакетов Python.",
            ),
            Text::new(
                "Check its network and proxy (pip config list), or name a llama-server there.",
                "Проверьте его сеть и прокси (pip config list) или укажите llama-server.",
            ),
        ),
        "engine_install_failed" => (
            ErrorCode::EngineInstallFailed,
            Text::new("The engine could not be installed.", "Движок не удалось установить."),
            Text::new("The log below says why.", "Причина указана в журнале ниже."),
        ),
        "hash_mismatch" => (
            ErrorCode::HashMismatch,
            Text::new(
                format!(
                    "The checksum differs: expected {}, got {}.",
                    get("expected"),
                    get("actual")
                ),
                format!(
                    "Контрольная сумма не совпала: {} вместо {}.",
                    get("actual"),
                    get("expected")
                ),
            ),
            Text::new(
                "Check the sum given, or load the file again.",
                "Проверьте указанную сумму или загрузите файл заново.",
            ),
        ),
        "model_not_found" => (
            ErrorCode::ModelNotFound,
            Text::new(
                format!("There is no file {} on the host.", get("path")),
                format!("На сервере нет файла {}.", get("path")),
            ),
            Text::new("Check the path.", "Проверьте путь."),
        ),
        "model_not_gguf" => (
            ErrorCode::ModelNotGguf,
            Text::new(
                format!("{} is not a GGUF model.", get("path")),
                format!("{} — не модель GGUF.", get("path")),
            ),
            Text::new("Choose a file in GGUF form.", "Выберите файл в формате GGUF."),
        ),
        "model_truncated" => (
            ErrorCode::ModelTruncated,
            Text::new(
                format!(
                    "{} is cut: {} bytes instead of {}.",
                    get("path"),
                    get("actual"),
                    get("expected")
                ),
                format!(
                    "Файл {} обрезан: {} байт вместо {}.",
                    get("path"),
                    get("actual"),
                    get("expected")
                ),
            ),
            Text::new("Load it again.", "Загрузите его заново."),
        ),
        "model_unreachable" | "model_url_invalid" => (
            ErrorCode::ModelUnreachable,
            Text::new(
                format!("{} cannot be loaded: {}.", get("url"), either(params, "detail", words)),
                format!(
                    "Не удаётся загрузить {}: {}.",
                    get("url"),
                    either(params, "detail", words)
                ),
            ),
            Text::new(
                "Check the address, and that the host may reach it.",
                "Проверьте адрес и доступен ли он с сервера.",
            ),
        ),
        "engine_crashed" => {
            let text = format!("{} {}", either(params, "detail", words), get("log"));
            if looks_out_of_memory(&text) {
                out_of_memory()
            } else {
                let why = either(params, "detail", words);
                (
                    ErrorCode::EngineCrashed,
                    Text::new(
                        format!("The engine ended: {why}"),
                        format!("Движок завершился: {why}"),
                    ),
                    Text::new("Its last lines are in the log.", "Последние строки — в журнале."),
                )
            }
        }
        "engine_not_healthy" => (
            ErrorCode::EngineNotHealthy,
            Text::new(
                format!("The engine was not ready after {} s.", get("seconds")),
                format!("Движок не был готов через {} с.", get("seconds")),
            ),
            Text::new(
                "A large model may need longer: try again. Its log tells more.",
                "Большой модели может быть нужно больше времени: повторите. Подробности в журнале.",
            ),
        ),
        "lock_held" => (
            ErrorCode::HostLocked,
            Text::new(
                format!(
                    "Another deploy works on this host ({}, pid {}).",
                    get("owner"),
                    get("pid")
                ),
                format!(
                    "На сервере идёт другое развёртывание ({}, pid {}).",
                    get("owner"),
                    get("pid")
                ),
            ),
            Text::new("Wait for it to end and try again.", "Дождитесь его окончания и повторите."),
        ),
        "not_deployed" => (
            ErrorCode::NotDeployed,
            Text::new(
                "Nothing is deployed on this server.",
                "На этом сервере ничего не развёрнуто.",
            ),
            Text::new("Deploy first.", "Сначала выполните развёртывание."),
        ),
        _ => (
            ErrorCode::ScriptFailed,
            Text::new(
                format!("The deploy script failed: {words}"),
                format!("Скрипт развёртывания завершился с ошибкой: {words}"),
            ),
            Text::new("Try again; the log says more.", "Повторите; подробности в журнале."),
        ),
    };
    Fault::new(code, message, fix, format!("{words} {params:?}"))
}

fn python(params: &BTreeMap<String, String>) -> (ErrorCode, Text, Text) {
    let message = match params.get("found").filter(|found| !found.is_empty()) {
        Some(found) => Text::new(
            format!("Python {found} on the host is too old; 3.8 or newer is needed."),
            format!("На сервере Python {found}; нужен 3.8 или новее."),
        ),
        None => Text::new(
            "There is no Python 3.8 or newer on the host.",
            "На сервере нет Python 3.8 или новее.",
        ),
    };
    (ErrorCode::PythonMissing, message, run_there(params, "sudo apt install python3 python3-venv"))
}

fn venv(python: &str, params: &BTreeMap<String, String>) -> (ErrorCode, Text, Text) {
    let message = Text::new(
        format!("{python} has no venv module, and no other way to install the engine works."),
        format!("В {python} нет модуля venv, другого способа установить движок не нашлось."),
    );
    (ErrorCode::VenvMissing, message, run_there(params, "sudo apt install python3-venv"))
}

/// The fix as a command, the script's own if it gave one.
fn run_there(params: &BTreeMap<String, String>, command: &str) -> Text {
    let command = either(params, "fix", command);
    Text::new(format!("Run on the host: {command}"), format!("Выполните на сервере: {command}"))
}

fn either<'a>(params: &'a BTreeMap<String, String>, name: &str, other: &'a str) -> &'a str {
    params.get(name).map(String::as_str).filter(|value| !value.is_empty()).unwrap_or(other)
}

/// A number of bytes as people write it.
fn size(params: &BTreeMap<String, String>, name: &str) -> String {
    match params.get(name).and_then(|value| value.parse::<f64>().ok()) {
        Some(bytes) if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        Some(bytes) => format!("{:.0} MB", bytes / 1e6),
        None => "?".to_owned(),
    }
}
