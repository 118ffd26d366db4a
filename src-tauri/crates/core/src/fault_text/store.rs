//! Failures of the database.

use slipway_protocol::{ErrorCode, Text};
use slipway_store::Error;

use crate::fault::Fault;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let (code, message, fix) = sentences(&error);
        Self::new(code, message, fix, error.to_string())
    }
}

fn sentences(error: &Error) -> (ErrorCode, Text, Text) {
    match error {
        Error::Locked => (
            ErrorCode::DatabaseLocked,
            Text::new(
                "Another program holds Slipway's database.",
                "База данных Slipway занята другой программой.",
            ),
            Text::new("Close it and try again.", "Закройте её и повторите."),
        ),
        Error::Corrupt { path, .. } => (
            ErrorCode::DatabaseCorrupt,
            Text::new(
                format!("{} is not a readable database.", path.display()),
                format!("{} не читается как база данных.", path.display()),
            ),
            Text::new(
                "It was left as it is. Move it away to start anew, or put a copy in its place.",
                "Файл не тронут. Уберите его, чтобы начать заново, или замените копией.",
            ),
        ),
        Error::Newer { path, .. } => (
            ErrorCode::DatabaseNewer,
            Text::new(
                format!("{} was written by a newer Slipway.", path.display()),
                format!("{} создан более новой версией Slipway.", path.display()),
            ),
            Text::new(
                "Update Slipway. The file was not touched.",
                "Обновите Slipway. Файл не тронут.",
            ),
        ),
        Error::Disk { path, detail } => (
            ErrorCode::LocalDisk,
            Text::new(
                format!("{} cannot be written: {detail}.", path.display()),
                format!("Не удаётся записать {}: {detail}.", path.display()),
            ),
            Text::new(
                "Free some space, or give yourself the right to write there.",
                "Освободите место или дайте себе право записи.",
            ),
        ),
        Error::NotFound { .. } => (
            ErrorCode::NotFound,
            Text::new("It does not exist any more.", "Этого уже нет."),
            Text::new("Choose another.", "Выберите другое."),
        ),
        Error::NameTaken { name } => (
            ErrorCode::InvalidInput,
            Text::new(
                format!("There is a server named {name} already."),
                format!("Сервер с именем {name} уже есть."),
            ),
            Text::new("Choose another name.", "Выберите другое имя."),
        ),
        Error::Taken { name, .. } => (
            ErrorCode::InvalidInput,
            Text::new(
                format!("The name {name} is taken already."),
                format!("Имя {name} уже занято."),
            ),
            Text::new("Choose another name.", "Выберите другое имя."),
        ),
        Error::Output(error) => (
            ErrorCode::LocalDisk,
            Text::new(
                format!("The file cannot be written: {error}."),
                format!("Не удаётся записать файл: {error}."),
            ),
            Text::new(
                "Free some space, or choose another place.",
                "Освободите место или выберите другую папку.",
            ),
        ),
        Error::Database(_) => {
            let fault = Fault::internal(error.to_string());
            (fault.code, fault.message.clone(), fault.fix.clone())
        }
    }
}
