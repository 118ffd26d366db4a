//! Failures of what this computer downloads for a host.

use slipway_fetch::Error;
use slipway_protocol::{ErrorCode, Text};

use crate::fault::Fault;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (code, message, fix) = sentences(&error);
        Self::new(code, message, fix, error.to_string())
    }
}

fn sentences(error: &Error) -> (ErrorCode, Text, Text) {
    let again = || {
        Text::new(
            "Check this computer's network and try again; what has come is kept.",
            "Проверьте сеть этого компьютера и повторите; полученное сохранено.",
        )
    };
    match error {
        Error::InvalidInput { what, reason } => (
            ErrorCode::InvalidInput,
            Text::new(
                format!("The {what} cannot be used: {reason}."),
                format!("Значение {what} не подходит: {reason}."),
            ),
            Text::new("Correct it.", "Исправьте его."),
        ),
        Error::NotFound { url, file: Some(file) } => (
            ErrorCode::ModelNotFound,
            Text::new(
                format!("{file} does not exist at {url}."),
                format!("{file} нет по адресу {url}."),
            ),
            Text::new(
                "Check the name; what is private needs a token (Settings, Model hub).",
                "Проверьте имя; закрытому нужен токен (Настройки, «Хаб моделей»).",
            ),
        ),
        Error::NotFound { url, file: None } => (
            ErrorCode::ModelNotFound,
            Text::new(format!("{url} does not exist."), format!("Адреса {url} нет.")),
            Text::new("Check the address.", "Проверьте адрес."),
        ),
        Error::Refused { url, gated: true, token_given, .. } => (
            ErrorCode::ModelGated,
            Text::new(
                format!("The owner of {url} lets in only who has accepted the terms."),
                format!("Доступ к {url} открывают только принявшим условия."),
            ),
            if *token_given {
                Text::new(
                    "Accept them on the hub with the account of the token.",
                    "Примите их в хабе под учётной записью токена.",
                )
            } else {
                Text::new(
                    "Accept them on the hub, then give a token.",
                    "Примите их в хабе и укажите токен.",
                )
            },
        ),
        Error::Refused { url, token_given, status, .. } => (
            if *token_given { ErrorCode::HubTokenRefused } else { ErrorCode::ModelGated },
            Text::new(
                format!("{url} refuses this computer ({status})."),
                format!("{url} отказывает этому компьютеру ({status})."),
            ),
            Text::new("Give a token that may read it.", "Укажите токен с правом чтения."),
        ),
        Error::Unreachable { url, detail } => (
            ErrorCode::ModelUnreachable,
            Text::new(
                format!("This computer cannot reach {url}: {detail}."),
                format!("Этому компьютеру недоступен {url}: {detail}."),
            ),
            again(),
        ),
        Error::Interrupted { url, detail, .. } => (
            ErrorCode::ModelUnreachable,
            Text::new(
                format!("The download from {url} broke off: {detail}."),
                format!("Загрузка с {url} прервалась: {detail}."),
            ),
            again(),
        ),
        Error::BadResponse { url, detail } => (
            ErrorCode::ModelUnreachable,
            Text::new(
                format!("{url} gave an answer that cannot be used: {detail}."),
                format!("Ответ {url} непригоден: {detail}."),
            ),
            Text::new("Check the address.", "Проверьте адрес."),
        ),
        Error::HashMismatch { url, expected, actual } => (
            ErrorCode::HashMismatch,
            Text::new(
                format!("{url} is not the expected file: SHA-256 {actual} instead of {expected}."),
                format!("По адресу {url} другой файл: SHA-256 {actual} вместо {expected}."),
            ),
            Text::new("Check the sum and the address.", "Проверьте сумму и адрес."),
        ),
        Error::Busy { path } => (
            ErrorCode::Busy,
            Text::new(
                format!("{} is being downloaded already.", path.display()),
                format!("{} уже загружается.", path.display()),
            ),
            Text::new("Wait for that download.", "Дождитесь этой загрузки."),
        ),
        Error::LocalDisk { path, source } => (
            ErrorCode::LocalDisk,
            Text::new(
                format!("{} cannot be written: {source}.", path.display()),
                format!("Файл {} не записывается: {source}.", path.display()),
            ),
            Text::new("Free some space on this computer.", "Освободите место на этом компьютере."),
        ),
    }
}
