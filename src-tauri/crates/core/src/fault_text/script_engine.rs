//! What is wrong with an engine or with the versions of a deployment.

use slipway_protocol::{ErrorCode, Text};

use super::engine::{looks_out_of_memory, out_of_memory};
use super::script::{Said, Told};

pub(super) fn said(code: &str, told: &Told<'_>) -> Option<Said> {
    Some(match code {
        "engine_install_failed" => (
            ErrorCode::EngineInstallFailed,
            Text::new("The engine could not be installed.", "Движок не удалось установить."),
            Text::new("The log below says why.", "Причина указана в журнале ниже."),
        ),
        "engine_crashed" => crashed(told),
        "engine_not_healthy" => (
            ErrorCode::EngineNotHealthy,
            Text::new(
                format!("The engine was not ready after {} s.", told.get("seconds")),
                format!("Движок не был готов через {} с.", told.get("seconds")),
            ),
            Text::new(
                "A large model may need longer: try again. Its log tells more.",
                "Большой модели может быть нужно больше времени: повторите. Подробности в журнале.",
            ),
        ),
        "port_unavailable" => (
            ErrorCode::ForeignPort,
            Text::new(
                "Another program took the engine's port.",
                "Порт движка занят другой программой.",
            ),
            Text::new("Deploy again.", "Разверните ещё раз."),
        ),
        "container_unavailable" => (
            ErrorCode::EngineUnavailable,
            Text::new(
                format!("{} cannot be used on the host.", told.get("tool")),
                format!("{} на сервере недоступен.", told.get("tool")),
            ),
            Text::new(
                "Install it and let your user run it, or choose another engine.",
                "Установите его и дайте своему пользователю доступ или выберите другой движок.",
            ),
        ),
        "gpu_not_used" => (
            ErrorCode::GpuNotUsed,
            Text::new(
                format!(
                    "The engine computes on the processor instead of the graphics card: {}",
                    told.detail()
                ),
                format!("Движок считает на процессоре, а не на видеокарте: {}", told.detail()),
            ),
            Text::new(
                "Check the driver (nvidia-smi, rocm-smi), or set the layers on the card to 0.",
                "Проверьте драйвер (nvidia-smi, rocm-smi) или задайте 0 слоёв на видеокарте.",
            ),
        ),
        "not_deployed" => (
            ErrorCode::NotDeployed,
            Text::new(
                "Nothing is deployed on this server.",
                "На этом сервере ничего не развёрнуто.",
            ),
            Text::new("Deploy first.", "Сначала выполните развёртывание."),
        ),
        "manifest_damaged" => (
            ErrorCode::VersionUnusable,
            Text::new(
                format!("The record of a version is damaged: {}.", told.get("path")),
                format!("Запись о версии повреждена: {}.", told.get("path")),
            ),
            Text::new("Deploy again.", "Разверните ещё раз."),
        ),
        "candidate_not_running" => (
            ErrorCode::EngineCrashed,
            Text::new(
                "The new version ended before it was verified.",
                "Новая версия завершилась до проверки.",
            ),
            Text::new("Its last lines are in the log.", "Последние строки — в журнале."),
        ),
        "no_previous_version" => (
            ErrorCode::VersionUnusable,
            Text::new(
                "There is no version to go back to.",
                "Нет версии, к которой можно вернуться.",
            ),
            Text::new("Deploy what you want.", "Разверните то, что нужно."),
        ),
        "version_unknown" | "version_incomplete" => {
            let version = told.get("version");
            let (en, ru) = if code == "version_unknown" {
                ("is not on the host", "на сервере нет")
            } else {
                ("lacks its engine or model", "лишилась движка или модели")
            };
            (
                ErrorCode::VersionUnusable,
                Text::new(
                    format!("The version {version} {en}."),
                    format!("Версия {version}: {ru}."),
                ),
                Text::new(
                    "Choose another version, or deploy it anew.",
                    "Выберите другую версию или разверните её заново.",
                ),
            )
        }
        _ => return None,
    })
}

fn crashed(told: &Told<'_>) -> Said {
    let why = told.detail();
    if looks_out_of_memory(&format!("{why} {}", told.get("log"))) {
        return out_of_memory();
    }
    (
        ErrorCode::EngineCrashed,
        Text::new(format!("The engine ended: {why}"), format!("Движок завершился: {why}")),
        Text::new("Its last lines are in the log.", "Последние строки — в журнале."),
    )
}
