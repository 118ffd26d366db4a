//! Failures of reading conversations from a file.

use slipway_protocol::{ErrorCode, Text};

use crate::exchange::Problem;
use crate::fault::Fault;

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        let known = Text::new(
            "Choose a file that Slipway exported, ChatGPT's conversations.json or zip archive, or \
             Open WebUI's export of chats.",
            "Выберите файл экспорта Slipway, conversations.json или архив zip из ChatGPT либо \
             экспорт чатов Open WebUI.",
        );
        let again =
            Text::new("Download or export it again.", "Скачайте или экспортируйте его заново.");
        let (message, fix) = match &problem {
            Problem::Stopped => return Self::cancelled(),
            Problem::Unreadable(error) => return unreadable(error),
            Problem::NotAFile => (Text::new("This is not a file.", "Это не файл."), known),
            Problem::NotJson => (
                Text::new(
                    "The file is neither JSON nor a zip archive.",
                    "Это не JSON и не архив zip.",
                ),
                known,
            ),
            Problem::OtherShape => (
                Text::new(
                    "The file holds no chats that Slipway knows.",
                    "В файле нет чатов, которые понимает Slipway.",
                ),
                known,
            ),
            Problem::Newer(version) => (
                Text::new(
                    format!("A newer Slipway wrote this file (version {version} of the format)."),
                    format!("Файл создан более новой версией Slipway (формат версии {version})."),
                ),
                Text::new(
                    "Update Slipway and import it then.",
                    "Обновите Slipway и импортируйте файл снова.",
                ),
            ),
            Problem::Archive(_) => (
                Text::new(
                    "The archive is damaged or encrypted.",
                    "Архив повреждён или зашифрован.",
                ),
                again,
            ),
            Problem::NothingInArchive => (
                Text::new(
                    "The archive holds no conversations.json.",
                    "В архиве нет файла conversations.json.",
                ),
                known,
            ),
            Problem::Bomb => (
                Text::new(
                    "The archive unpacks to far more than an export of chats.",
                    "Архив распаковывается в объём, несоразмерный экспорту чатов.",
                ),
                again,
            ),
        };
        let detail = match problem {
            Problem::Archive(why) => why,
            other => format!("{other:?}"),
        };
        Self::invalid(message, fix).with_detail(detail)
    }
}

fn unreadable(error: &std::io::Error) -> Fault {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Fault::new(
            ErrorCode::NotFound,
            Text::new("The file is not there.", "Файла нет на месте."),
            Text::new("Choose it again.", "Выберите его снова."),
            error.to_string(),
        );
    }
    Fault::new(
        ErrorCode::LocalDisk,
        Text::new(
            format!("The file cannot be read: {error}."),
            format!("Файл не читается: {error}."),
        ),
        Text::new(
            "Check that you may read it, or copy it to this computer.",
            "Проверьте права на чтение или скопируйте файл на этот компьютер.",
        ),
        error.to_string(),
    )
}
