//! What is wrong with a model, or with the way to it.

use slipway_protocol::{ErrorCode, Text};

use super::script::{Said, Told};

pub(super) fn said(code: &str, told: &Told<'_>) -> Option<Said> {
    let (path, repo) = (told.get("path"), told.get("repo"));
    Some(match code {
        "model_not_found" => (
            ErrorCode::ModelNotFound,
            Text::new(
                format!("There is no file {path} on the host."),
                format!("На сервере нет файла {path}."),
            ),
            Text::new("Check the path.", "Проверьте путь."),
        ),
        "model_not_gguf" => (
            ErrorCode::ModelNotGguf,
            Text::new(format!("{path} is not a GGUF model."), format!("{path} — не модель GGUF.")),
            Text::new("Choose a file in GGUF form.", "Выберите файл в формате GGUF."),
        ),
        "model_not_safetensors" => (
            ErrorCode::ModelNotFound,
            Text::new(
                format!("{path} holds no model as safetensors (config.json and *.safetensors)."),
                format!("В {path} нет модели в safetensors (config.json и *.safetensors)."),
            ),
            Text::new("Choose the model's folder.", "Выберите папку модели."),
        ),
        "model_truncated" => {
            let (actual, expected) = (told.get("actual"), told.get("expected"));
            (
                ErrorCode::ModelTruncated,
                Text::new(
                    format!("{path} is cut: {actual} bytes instead of {expected}."),
                    format!("Файл {path} обрезан: {actual} байт вместо {expected}."),
                ),
                Text::new("Load it again.", "Загрузите его заново."),
            )
        }
        "model_unreachable" | "model_url_invalid" => {
            let (url, detail) = (told.get("url"), told.detail());
            (
                ErrorCode::ModelUnreachable,
                Text::new(
                    format!("{url} cannot be loaded: {detail}."),
                    format!("Не удаётся загрузить {url}: {detail}."),
                ),
                Text::new(
                    "Check the address, and that the host may reach it.",
                    "Проверьте адрес и доступен ли он с сервера.",
                ),
            )
        }
        "model_repo_not_found" => {
            let (en, ru) = match told.get("token") {
                "none" => (
                    "Check the name; a private model needs a token (Settings, Model hub).",
                    "Проверьте имя; закрытой модели нужен токен (Настройки, «Хаб моделей»).",
                ),
                _ => (
                    "Check the name, and that the token may read it.",
                    "Проверьте имя и доступна ли модель с этим токеном.",
                ),
            };
            (
                ErrorCode::ModelNotFound,
                Text::new(
                    format!("The hub has no model {repo}."),
                    format!("В хабе нет модели {repo}."),
                ),
                Text::new(en, ru),
            )
        }
        "model_file_not_found" => (
            ErrorCode::ModelNotFound,
            Text::new(
                format!("{repo} has no file {}.", told.get("file")),
                format!("В {repo} нет файла {}.", told.get("file")),
            ),
            Text::new("Choose one of its files.", "Выберите один из её файлов."),
        ),
        "model_gated" => (
            ErrorCode::ModelGated,
            Text::new(
                format!("The owner of {repo} lets in only who has accepted the terms."),
                format!("Доступ к {repo} открывают только принявшим условия."),
            ),
            match told.get("token") {
                "none" => Text::new(
                    format!("Accept them at {}, then give a token.", told.get("url")),
                    format!("Примите их на {} и укажите токен.", told.get("url")),
                ),
                _ => Text::new(
                    format!("Accept them at {} with the account of the token.", told.get("url")),
                    format!("Примите их на {} под учётной записью токена.", told.get("url")),
                ),
            },
        ),
        "model_token_refused" => (
            ErrorCode::HubTokenRefused,
            Text::new("The hub does not take the token.", "Хаб не принял токен."),
            Text::new("Make a new one and give it again.", "Создайте новый и укажите его."),
        ),
        "model_unsupported" => {
            let (engine, wanted) = (told.get("engine"), told.get("wanted"));
            (
                ErrorCode::ModelUnsupported,
                Text::new(
                    format!("{engine} does not serve this model: it takes {wanted}."),
                    format!("{engine} не умеет эту модель, ему нужны {wanted}."),
                ),
                Text::new(
                    "Choose another engine, or leave the choice to the plan.",
                    "Выберите другой движок или оставьте выбор плану.",
                ),
            )
        }
        "model_too_big" => {
            let (needed, free) = (told.size("needed"), told.size("free"));
            (
                ErrorCode::ModelTooBig,
                Text::new(
                    format!("The model needs {}, {} are free.", needed.en, free.en),
                    format!("Модели нужно {}, свободно {}.", needed.ru, free.ru),
                ),
                Text::new(
                    "Choose a smaller file or context, or load it anyway.",
                    "Выберите файл или контекст поменьше либо загрузите всё равно.",
                ),
            )
        }
        "hash_mismatch" => {
            let (expected, actual) = (told.get("expected"), told.get("actual"));
            (
                ErrorCode::HashMismatch,
                Text::new(
                    format!("The checksum differs: expected {expected}, got {actual}."),
                    format!("Контрольная сумма не совпала: {actual} вместо {expected}."),
                ),
                Text::new(
                    "Check the sum given, or load the file again.",
                    "Проверьте указанную сумму или загрузите файл заново.",
                ),
            )
        }
        _ => return None,
    })
}
