//! The lines of a preflight report that are no errors, and what each line is about.

use std::collections::BTreeMap;

use slipway_protocol::Text;

/// What a finding is about, in a word or two.
pub(crate) fn finding_subject(code: &str) -> Text {
    let (en, ru) = match code {
        code if code.starts_with("gpu_") => ("Graphics card", "Видеокарта"),
        code if code.starts_with("container_") => ("Containers", "Контейнеры"),
        code if code.starts_with("python_") || code == "venv_missing" => ("Python", "Python"),
        "model_too_big" | "memory_low" => ("Memory", "Память"),
        code if code.starts_with("model_") || code == "hash_mismatch" => ("Model", "Модель"),
        code if code.starts_with("engine_") || code == "libgomp_missing" => ("Engine", "Движок"),
        code if code.starts_with("forwarding_") => ("Forwarding", "Проброс"),
        "disk_ok" | "disk_full" | "place_full" => ("Free disk", "Место на диске"),
        "inodes_low" => ("Inodes", "Inode"),
        "writable_ok" | "no_write_permission" => ("Directory", "Каталог"),
        "noexec" | "tmp_noexec" => ("Can execute", "Запуск программ"),
        "index_ok" | "no_index_reachable" => ("Package index", "Индекс пакетов"),
        "llama_server_ok" => ("llama-server", "llama-server"),
        "ollama_ok" => ("Ollama", "Ollama"),
        "proxy_set" => ("Proxy", "Прокси"),
        "systemd_ok" | "launchd_ok" | "linger_off" | "kill_user_processes" => {
            ("Keeps running", "Непрерывная работа")
        }
        "clock_skew" => ("Clock", "Часы"),
        "cpu_unsupported" => ("Processor", "Процессор"),
        "unsupported_platform" | "glibc_too_old" | "system_ok" => ("System", "Система"),
        "lock_held" | "lock_ok" => ("Lock", "Блокировка"),
        _ => ("Other", "Прочее"),
    };
    Text::new(en, ru)
}

/// The sentence of a finding that is no error; absent for one that is, or that is not known.
pub(crate) fn finding_note(code: &str, params: &BTreeMap<String, String>) -> Option<Text> {
    let get = |name: &str| params.get(name).map_or("?", String::as_str);
    let number = |name: &str| get(name).parse::<f64>().unwrap_or(0.0);
    let gigabytes = |name: &str| number(name) / 1e9;
    let mebibytes = |name: &str| number(name) * 1.048_576e-3;
    Some(match code {
        "python_ok" => Text::new(
            format!("Python {} can run the engine.", get("version")),
            format!("Python {} подходит для движка.", get("version")),
        ),
        "disk_ok" => Text::new(
            format!("{:.1} GB of disk space are free.", gigabytes("free")),
            format!("На диске свободно {:.1} ГБ.", gigabytes("free")),
        ),
        "writable_ok" => Text::new(
            format!("{} can be written.", get("path")),
            format!("В {} можно писать.", get("path")),
        ),
        "index_ok" => {
            Text::new("The Python package index answers.", "Индекс пакетов Python отвечает.")
        }
        "engine_ok" => Text::new("The engine is already installed.", "Движок уже установлен."),
        "engine_available" => Text::new("The engine can be installed.", "Движок можно установить."),
        "llama_server_ok" => Text::new(
            format!("The host has a llama-server: {}.", get("path")),
            format!("На сервере есть llama-server: {}.", get("path")),
        ),
        "model_ok" => {
            Text::new("The model is there and complete.", "Модель на месте и не повреждена.")
        }
        "gpu_ok" => match params.get("memory_total_mb").filter(|total| !total.is_empty()) {
            Some(_) => Text::new(
                format!(
                    "{}, {:.1} GB, {:.1} GB free, driver {}.",
                    get("name"),
                    mebibytes("memory_total_mb"),
                    mebibytes("memory_free_mb"),
                    get("driver")
                ),
                format!(
                    "{}, {:.1} ГБ, свободно {:.1} ГБ, драйвер {}.",
                    get("name"),
                    mebibytes("memory_total_mb"),
                    mebibytes("memory_free_mb"),
                    get("driver")
                ),
            ),
            None => Text::new(
                format!("{}, memory shared with the processor.", get("name")),
                format!("{}, общая память с процессором.", get("name")),
            ),
        },
        "gpu_absent" => Text::new(
            "There is an nvidia-smi, but no graphics card.",
            "nvidia-smi есть, видеокарты нет.",
        ),
        "container_ok" => Text::new(
            format!("{} {} can be used.", get("tool"), get("version")),
            format!("{} {} доступен.", get("tool"), get("version")),
        ),
        "container_denied" => Text::new(
            format!("You may not use {} on the host.", get("tool")),
            format!("Вам нельзя пользоваться {} на сервере.", get("tool")),
        ),
        "container_not_running" => Text::new(
            format!("{} is installed and its service does not run.", get("tool")),
            format!("{} установлен, но его служба не запущена.", get("tool")),
        ),
        "container_hangs" => Text::new(
            format!("{} does not answer.", get("tool")),
            format!("{} не отвечает.", get("tool")),
        ),
        "container_failed" => Text::new(
            format!("{} is installed and fails: {}", get("tool"), get("detail")),
            format!("{} установлен, но не работает: {}", get("tool"), get("detail")),
        ),
        "ollama_ok" => Text::new(
            format!("Ollama {} answers at {}.", get("version"), get("address")),
            format!("Ollama {} отвечает по адресу {}.", get("version"), get("address")),
        ),
        "proxy_set" => Text::new(
            format!("The host uses a proxy: {}.", get("names")),
            format!("Сервер работает через прокси: {}.", get("names")),
        ),
        "systemd_ok" => Text::new(
            "systemd can keep the server running.",
            "systemd может держать сервер запущенным.",
        ),
        "launchd_ok" => Text::new(
            "launchd can keep the server running.",
            "launchd может держать сервер запущенным.",
        ),
        "forwarding_ok" => Text::new(
            "The SSH server forwards to TCP ports and unix sockets.",
            "SSH-сервер пробрасывает TCP-порты и unix-сокеты.",
        ),
        "forwarding_tcp_only" => Text::new(
            "The SSH server forwards to TCP ports only: the engine listens on 127.0.0.1 with a key.",
            "SSH-сервер пробрасывает только TCP-порты: движок слушает 127.0.0.1 и требует ключ.",
        ),
        "forwarding_socket_only" => Text::new(
            "The SSH server forwards to unix sockets only.",
            "SSH-сервер пробрасывает только unix-сокеты.",
        ),
        "memory_low" => Text::new(
            format!(
                "The model has {:.1} GB, but only {:.1} GB of memory are free.",
                gigabytes("bytes"),
                gigabytes("available")
            ),
            format!(
                "Модель занимает {:.1} ГБ, а свободно только {:.1} ГБ памяти.",
                gigabytes("bytes"),
                gigabytes("available")
            ),
        ),
        "gpu_busy" => Text::new(
            format!(
                "{} (pid {}) holds {:.1} GB of graphics memory.",
                get("name"),
                get("pid"),
                mebibytes("memory_mb")
            ),
            format!(
                "{} (pid {}) занимает {:.1} ГБ видеопамяти.",
                get("name"),
                get("pid"),
                mebibytes("memory_mb")
            ),
        ),
        "gpu_driver_mismatch" => Text::new(
            "The NVIDIA driver in the kernel and its library differ in version.",
            "Версии драйвера NVIDIA в ядре и его библиотеки различаются.",
        ),
        "gpu_driver_not_loaded" => Text::new(
            "There is an nvidia-smi, but the NVIDIA driver does not answer it.",
            "nvidia-smi есть, но драйвер NVIDIA ему не отвечает.",
        ),
        "gpu_lost" => {
            Text::new("The driver has lost a graphics card.", "Драйвер потерял видеокарту.")
        }
        "gpu_tool_missing" => Text::new(
            "The kernel has an NVIDIA driver, but there is no nvidia-smi.",
            "В ядре есть драйвер NVIDIA, но нет nvidia-smi.",
        ),
        "gpu_tool_hangs" => Text::new(
            format!("{} does not answer.", get("tool")),
            format!("{} не отвечает.", get("tool")),
        ),
        "gpu_tool_failed" => Text::new(
            format!("{} fails: {}", get("tool"), get("detail")),
            format!("{} завершается с ошибкой: {}", get("tool"), get("detail")),
        ),
        "place_full" => Text::new(
            format!("Only {:.1} GB are free at {}.", gigabytes("free"), get("path")),
            format!("В {} свободно только {:.1} ГБ.", get("path"), gigabytes("free")),
        ),
        "inodes_low" => Text::new(
            format!(
                "The file system of {} has room for {} files.",
                get("path"),
                get("free_inodes")
            ),
            format!(
                "На файловой системе {} можно создать ещё {} файлов.",
                get("path"),
                get("free_inodes")
            ),
        ),
        "tmp_noexec" => Text::new(
            format!("Programs may not run in {}, which some installers need.", get("path")),
            format!("Из {} нельзя запускать программы, а установщикам это нужно.", get("path")),
        ),
        "linger_off" => Text::new(
            "Linger is off: the service manager would end the server at logout, so Slipway's own \
             supervisor keeps it.",
            "Linger выключен: менеджер служб остановил бы сервер при выходе, поэтому его держит \
             супервизор Slipway.",
        ),
        "kill_user_processes" => Text::new(
            "The host ends what a user leaves running at logout.",
            "Сервер завершает процессы пользователя при выходе.",
        ),
        "clock_skew" => {
            let minutes = (number("seconds").abs() / 60.0).round();
            let (en, ru) = if number("seconds") > 0.0 {
                ("ahead", "спешат")
            } else {
                ("behind", "отстают")
            };
            Text::new(
                format!("The host's clock is {minutes} minutes {en}."),
                format!("Часы сервера {ru} на {minutes} мин."),
            )
        }
        _ => return None,
    })
}
