//! Failures of SSH.

use slipway_protocol::{ChangedHostKey, ErrorCode, ErrorFacts, LoginAttempt, Text};
use slipway_ssh::Error;

use super::host_key::host_key;
use crate::fault::Fault;

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        if out_of_descriptors(&error) {
            return too_many_files(detail);
        }
        let (code, message, fix) = sentences(&error);
        let fault = Self::new(code, message, fix, detail);
        match facts(error) {
            Some(facts) => fault.with_facts(facts),
            None => fault,
        }
    }
}

/// Whether this computer let no further file or socket be opened: EMFILE and ENFILE of Unix,
/// WSAEMFILE of Windows.
fn out_of_descriptors(error: &Error) -> bool {
    let source = match error {
        Error::Unreachable { source, .. }
        | Error::KnownHostsUnreadable { source, .. }
        | Error::KnownHostsUnwritable { source, .. }
        | Error::LocalFile { source, .. }
        | Error::LocalPort(source) => source,
        _ => return false,
    };
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };
    source.raw_os_error().is_some_and(|code| codes.contains(&code))
}

/// It passes once something else is closed, so a connection waits for it.
fn too_many_files(detail: String) -> Fault {
    Fault::new(
        ErrorCode::HostUnreachable,
        Text::new(
            "This computer lets no more files or connections be opened.",
            "Этот компьютер больше не даёт открывать файлы и соединения.",
        ),
        Text::new(
            "Close programs, or raise the limit (ulimit -n); Slipway tries again by itself.",
            "Закройте программы или поднимите лимит (ulimit -n); Slipway повторит сам.",
        ),
        detail,
    )
}

fn facts(error: Error) -> Option<ErrorFacts> {
    match error {
        Error::HostKeyChanged(changed) => Some(ErrorFacts::HostKeyChanged(ChangedHostKey {
            expected: changed.expected_fingerprint,
            actual: changed.actual_fingerprint,
            file: changed.file.to_string_lossy().into_owned(),
            line: u32::try_from(changed.line).unwrap_or(u32::MAX),
            command: changed.command,
        })),
        Error::AuthenticationRefused { tried, .. } => {
            let attempt = |tried: slipway_ssh::LoginAttempt| LoginAttempt {
                what: tried.what,
                why: tried.why,
            };
            Some(ErrorFacts::Login(tried.into_iter().map(attempt).collect()))
        }
        _ => None,
    }
}

fn sentences(error: &Error) -> (ErrorCode, Text, Text) {
    if let Some(found) = host_key(error) {
        return found;
    }
    match error {
        Error::NameNotFound { host } => (
            ErrorCode::HostNotFound,
            Text::new(
                format!("No address is known for {host}."),
                format!("Адрес для {host} не найден."),
            ),
            Text::new("Check the spelling, the network and the VPN.", "Проверьте имя, сеть и VPN."),
        ),
        Error::PortRefused { host, port } => (
            ErrorCode::ConnectionRefused,
            Text::new(
                format!("{host} answers, but nothing listens on port {port}."),
                format!("{host} отвечает, но порт {port} закрыт."),
            ),
            Text::new(
                "Check the port, and that the SSH server runs there (sudo systemctl status ssh).",
                "Проверьте порт и работает ли там сервер SSH (sudo systemctl status ssh).",
            ),
        ),
        Error::Timeout { host, port } | Error::Unreachable { host, port, .. } => (
            ErrorCode::HostUnreachable,
            Text::new(
                format!("{host} did not answer on port {port}."),
                format!("{host} не ответил на порту {port}."),
            ),
            Text::new(
                "Check that the machine is on, and the network, VPN and firewall in between.",
                "Проверьте, включена ли машина, а также сеть, VPN и межсетевой экран.",
            ),
        ),
        Error::NotSsh { host, port, banner } => (
            ErrorCode::SshProtocol,
            Text::new(
                format!("What listens on {host}:{port} is not an SSH server: it said “{banner}”."),
                format!("На {host}:{port} отвечает не сервер SSH: «{banner}»."),
            ),
            Text::new(
                "Check the port; SSH usually listens on 22.",
                "Проверьте порт; обычно SSH слушает порт 22.",
            ),
        ),
        Error::ProxyFailed { proxy, detail } => (
            ErrorCode::ProxyFailed,
            Text::new(
                format!("The proxy {proxy} does not lead to the server: {detail}."),
                format!("Прокси {proxy} не соединяет с сервером: {detail}."),
            ),
            Text::new(
                "Check ProxyCommand in ~/.ssh/config, and that the proxy runs.",
                "Проверьте ProxyCommand в ~/.ssh/config и работает ли прокси.",
            ),
        ),
        Error::JumpRefused { hop, host, port, forbidden: true } => (
            ErrorCode::ProxyFailed,
            Text::new(
                format!("The jump host {hop} forbids connections to {host}:{port}."),
                format!("Промежуточный сервер {hop} запрещает соединения с {host}:{port}."),
            ),
            Text::new(
                format!(
                    "Set “AllowTcpForwarding yes” and a fitting PermitOpen in sshd_config of {hop}."
                ),
                format!(
                    "Укажите в sshd_config на {hop} «AllowTcpForwarding yes» и подходящий PermitOpen."
                ),
            ),
        ),
        Error::JumpRefused { hop, host, port, forbidden: false } => (
            ErrorCode::ProxyFailed,
            Text::new(
                format!("The jump host {hop} does not reach {host} on port {port}."),
                format!("Промежуточный сервер {hop} не достигает {host} по порту {port}."),
            ),
            Text::new(
                format!(
                    "Check the name and port as {hop} sees them: ssh {hop} nc -vz {host} {port}"
                ),
                format!("Проверьте имя и порт со стороны {hop}: ssh {hop} nc -vz {host} {port}"),
            ),
        ),
        Error::ConfigUnusable { detail } => (
            ErrorCode::SshConfigUnusable,
            Text::new(
                format!("OpenSSH's configuration cannot be used: {detail}."),
                format!("Настройки OpenSSH использовать нельзя: {detail}."),
            ),
            Text::new(
                "Correct ~/.ssh/config (ssh -G HOST shows the same fault), then try again.",
                "Исправьте ~/.ssh/config (ту же ошибку покажет ssh -G HOST) и повторите.",
            ),
        ),
        Error::Protocol(_) | Error::SessionRefused | Error::Stalled { .. } => (
            ErrorCode::SshProtocol,
            Text::new(
                "The SSH server and Slipway did not understand each other.",
                "Сервер SSH и Slipway не поняли друг друга.",
            ),
            Text::new(
                "Try again; the details in Logs say at which point it stopped.",
                "Повторите; подробности в журнале покажут, на чём остановилось.",
            ),
        ),
        Error::KeyFileNotFound { path } => (
            ErrorCode::KeyFileUnusable,
            Text::new(
                format!("The key file {} does not exist.", path.display()),
                format!("Файла ключа {} нет.", path.display()),
            ),
            Text::new("Choose another key file.", "Укажите другой файл ключа."),
        ),
        Error::KeyFilePermissions { path, mode } => (
            ErrorCode::KeyFileUnusable,
            Text::new(
                format!("The key file {} is open to others (mode {mode:04o}).", path.display()),
                format!("Файл ключа {} доступен другим (права {mode:04o}).", path.display()),
            ),
            Text::new(
                format!("Run: chmod 600 {}", path.display()),
                format!("Выполните: chmod 600 {}", path.display()),
            ),
        ),
        Error::KeyFileUnusable { path, detail } => (
            ErrorCode::KeyFileUnusable,
            Text::new(
                format!("The key file {} cannot be used: {detail}.", path.display()),
                format!("Файл ключа {} не подходит: {detail}.", path.display()),
            ),
            Text::new(
                "Choose a private key in OpenSSH or PEM form.",
                "Укажите закрытый ключ в формате OpenSSH или PEM.",
            ),
        ),
        Error::WrongPassphrase { path } => (
            ErrorCode::KeyFileUnusable,
            Text::new(
                format!("The passphrase for {} is wrong.", path.display()),
                format!("Неверная фраза-пароль для {}.", path.display()),
            ),
            Text::new("Try again.", "Повторите попытку."),
        ),
        Error::AuthenticationRefused { user, host, tried } => (
            ErrorCode::AuthenticationRefused,
            Text::new(
                format!(
                    "{host} refused {user}. Tried: {}.",
                    slipway_ssh::LoginAttempt::list(tried)
                ),
                format!(
                    "{host} отказал пользователю {user}. Испробовано: {}.",
                    slipway_ssh::LoginAttempt::list(tried)
                ),
            ),
            Text::new(
                format!(
                    "Check the user name, then allow your key there: ssh-copy-id {user}@{host}"
                ),
                format!("Проверьте имя, затем разрешите там свой ключ: ssh-copy-id {user}@{host}"),
            ),
        ),
        Error::Cancelled(_) => {
            let fault = Fault::cancelled();
            (fault.code, fault.message.clone(), fault.fix.clone())
        }
        Error::ConnectionLost => (
            ErrorCode::ConnectionLost,
            Text::new("The SSH connection was lost.", "Соединение SSH прервалось."),
            Text::new(
                "Check the network and try again; what was done on the host is kept.",
                "Проверьте сеть и повторите; сделанное на сервере сохранено.",
            ),
        ),
        Error::SftpUnavailable => (
            ErrorCode::SshProtocol,
            Text::new("The server offers no SFTP.", "Сервер не предоставляет SFTP."),
            Text::new(
                "Add the line “Subsystem sftp internal-sftp” to its sshd_config.",
                "Добавьте в его sshd_config строку «Subsystem sftp internal-sftp».",
            ),
        ),
        Error::RemoteDiskFull { path } => disk_full(path),
        Error::RemoteWriteFailed { path } => (
            ErrorCode::HostDiskFull,
            Text::new(
                format!("The host could not write {path}: its disk or your quota there is full."),
                format!("Сервер не смог записать {path}: диск или ваша квота заполнены."),
            ),
            Text::new(
                "Free some space there, check the quota and the disk, and try again; what is complete is kept.",
                "Освободите место, проверьте квоту и диск и повторите; готовое сохранится.",
            ),
        ),
        Error::RemotePermission { path } | Error::RemoteNotADirectory { path } => permission(path),
        Error::RemoteNotFound { path } => (
            ErrorCode::NotFound,
            Text::new(
                format!("{path} does not exist on the host."),
                format!("На сервере нет {path}."),
            ),
            Text::new("Deploy again.", "Разверните заново."),
        ),
        Error::ChecksumMismatch { path, .. } => (
            ErrorCode::HashMismatch,
            Text::new(
                format!("{path} arrived damaged."),
                format!("Файл {path} пришёл повреждённым."),
            ),
            Text::new("Try again; check the host's disk.", "Повторите; проверьте диск сервера."),
        ),
        Error::LocalFile { path, source } => (
            ErrorCode::LocalDisk,
            Text::new(
                format!("{} cannot be read: {source}.", path.display()),
                format!("Файл {} не читается: {source}.", path.display()),
            ),
            Text::new("Choose another file.", "Выберите другой файл."),
        ),
        Error::LocalPort(_) => (
            ErrorCode::LocalDisk,
            Text::new(
                "No local port could be opened for the tunnel.",
                "Не удалось открыть локальный порт для туннеля.",
            ),
            Text::new(
                "Close other programs and try again.",
                "Закройте лишние программы и повторите.",
            ),
        ),
        _ => {
            let fault = Fault::internal(error.to_string());
            (fault.code, fault.message.clone(), fault.fix.clone())
        }
    }
}

/// The host has no room.
pub(super) fn disk_full(path: &str) -> (ErrorCode, Text, Text) {
    (
        ErrorCode::HostDiskFull,
        Text::new(
            format!("The disk of the host that holds {path} is full."),
            format!("Диск сервера, на котором лежит {path}, заполнен."),
        ),
        Text::new(
            "Free some space there and try again; what is complete is kept.",
            "Освободите место и повторите; готовое сохранится.",
        ),
    )
}

/// The host does not let this user write.
pub(super) fn permission(path: &str) -> (ErrorCode, Text, Text) {
    (
        ErrorCode::HostPermission,
        Text::new(
            format!("This user may not write to {path} on the host."),
            format!("У пользователя нет права записи в {path} на сервере."),
        ),
        Text::new(
            format!("Give it the right there (ls -ld {path}), or use another user."),
            format!("Дайте право записи (ls -ld {path}) или войдите другим пользователем."),
        ),
    )
}

/// The server forbids the tunnel; `AllowTcpForwarding` is sshd_config's own word.
pub(crate) fn forwarding_forbidden() -> Fault {
    let (code, message, fix) = forwarding();
    Fault::new(code, message, fix, "administratively prohibited")
}

/// The same for whoever has a detail of their own.
pub(super) fn forwarding() -> (ErrorCode, Text, Text) {
    (
        ErrorCode::ForwardingForbidden,
        Text::new(
            "The SSH server forbids port forwarding.",
            "Сервер SSH запрещает проброс портов.",
        ),
        Text::new(
            "Set “AllowTcpForwarding yes” in its sshd_config and reload sshd.",
            "Укажите в его sshd_config «AllowTcpForwarding yes» и перезагрузите sshd.",
        ),
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_of_descriptors_is_waited_out() {
        let source = std::io::Error::from_raw_os_error(24);
        let fault = Fault::from(Error::KnownHostsUnreadable { path: "known_hosts".into(), source });
        assert!(fault.is_transient());
        let source = std::io::Error::from_raw_os_error(13);
        let fault = Fault::from(Error::KnownHostsUnreadable { path: "known_hosts".into(), source });
        assert_eq!(fault.code, ErrorCode::KnownHostsUnreadable);
    }
}
