//! What the host lacks or forbids.

use slipway_protocol::{ErrorCode, Text};

use super::script::{Said, Told};
use super::ssh::{disk_full, permission};

pub(super) fn said(code: &str, told: &Told<'_>) -> Option<Said> {
    Some(match code {
        "python_missing" | "python_too_old" => python(told),
        "venv_missing" => venv(told),
        "libgomp_missing" => (
            ErrorCode::LibraryMissing,
            Text::new(
                "The library libgomp is missing on the host.",
                "На сервере нет библиотеки libgomp.",
            ),
            told.run_there("sudo apt install libgomp1"),
        ),
        "cpu_unsupported" => (
            ErrorCode::PlatformUnsupported,
            Text::new(
                format!("The host's processor lacks {}.", told.get("missing")),
                format!("Процессор сервера не умеет {}.", told.get("missing")),
            ),
            Text::new(
                "Use another machine, or a llama-server built for this processor.",
                "Возьмите другую машину или llama-server, собранный под этот процессор.",
            ),
        ),
        "unsupported_platform" | "glibc_too_old" => (
            ErrorCode::PlatformUnsupported,
            Text::new(
                format!("The engine does not run on this system: {}", told.words),
                format!("На этой системе движок не работает: {}", told.words),
            ),
            Text::new(
                "Use Linux on x86_64 or arm64 or macOS, or a llama-server already on the host.",
                "Нужны Linux (x86_64 или arm64) или macOS либо готовый llama-server на сервере.",
            ),
        ),
        "disk_full" => disk(told),
        "no_write_permission" => permission(told.get("path")),
        "noexec" => (
            ErrorCode::HostPermission,
            Text::new(
                format!("Programs may not run from {} (noexec).", told.get("path")),
                format!("Из {} нельзя запускать программы (noexec).", told.get("path")),
            ),
            Text::new(
                "Choose a directory on a file system mounted without noexec.",
                "Выберите каталог на файловой системе без noexec.",
            ),
        ),
        "no_index_reachable" => (
            ErrorCode::IndexUnreachable,
            Text::new(
                "The host cannot reach the Python package index.",
                "Сервер не может связаться с индексом пакетов Python.",
            ),
            Text::new(
                "Let Slipway bring the engine from this computer, check the host's network and proxy \
                 (pip config list), or name a llama-server there.",
                "Разрешите Slipway передать движок с этого компьютера, проверьте сеть и прокси \
                 сервера (pip config list) или укажите llama-server.",
            ),
        ),
        "lock_held" => lock(told),
        "run_lost" => (
            ErrorCode::HostWorkLost,
            Text::new(
                "The work on the host was ended from outside: it was killed, or the host restarted.",
                "Работа на сервере прервана извне: её завершили или сервер перезагрузился.",
            ),
            Text::new(
                "Deploy again: it goes on from what is there.",
                "Разверните ещё раз: готовое будет использовано.",
            ),
        ),
        _ => return None,
    })
}

fn python(told: &Told<'_>) -> Said {
    let message = match told.given("found") {
        Some(found) => Text::new(
            format!("Python {found} on the host is too old; 3.8 or newer is needed."),
            format!("На сервере Python {found}; нужен 3.8 или новее."),
        ),
        None => Text::new(
            "There is no Python 3.8 or newer on the host.",
            "На сервере нет Python 3.8 или новее.",
        ),
    };
    let command = told.given("fix").unwrap_or("sudo apt install python3 python3-venv");
    let fix = Text::new(
        format!("Let Slipway bring one of its own, or run on the host: {command}"),
        format!("Разрешите Slipway передать свой Python или выполните на сервере: {command}"),
    );
    (ErrorCode::PythonMissing, message, fix)
}

fn venv(told: &Told<'_>) -> Said {
    let python = told.get("python");
    let message = Text::new(
        format!("{python} has no venv module, and no other way to install the engine works."),
        format!("В {python} нет модуля venv, другого способа установить движок не нашлось."),
    );
    (ErrorCode::VenvMissing, message, told.run_there("sudo apt install python3-venv"))
}

fn disk(told: &Told<'_>) -> Said {
    let path = told.get("path");
    let (code, _, fix) = disk_full(path);
    let (needed, free) = (told.size("needed"), told.size("free"));
    let message = match told.given("free_inodes") {
        Some(files) => Text::new(
            format!("The file system of {path} has room for {files} more files only."),
            format!("На файловой системе {path} можно создать ещё только {files} файлов."),
        ),
        None => Text::new(
            format!("Not enough disk: {} are needed in {path}, {} are free.", needed.en, free.en),
            format!("Мало места: в {path} нужно {}, свободно {}.", needed.ru, free.ru),
        ),
    };
    (code, message, fix)
}

fn lock(told: &Told<'_>) -> Said {
    let (owner, pid) = (told.get("owner"), told.get("pid"));
    let seconds = told.get("age_seconds").parse::<f64>().unwrap_or(0.0);
    let minutes = (seconds / 60.0).round();
    let message = Text::new(
        format!("Another deploy works on this host ({owner}, pid {pid}, for {minutes} min)."),
        format!("На сервере идёт другое развёртывание ({owner}, pid {pid}, {minutes} мин)."),
    );
    let fix =
        Text::new("Wait for it to end and try again.", "Дождитесь его окончания и повторите.");
    (ErrorCode::HostLocked, message, fix)
}
