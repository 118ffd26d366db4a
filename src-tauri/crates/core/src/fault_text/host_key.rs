//! Failures of recognising a server by its key.

use slipway_protocol::{ErrorCode, Text};
use slipway_ssh::Error;

/// `None` for failures of another kind.
pub(super) fn host_key(error: &Error) -> Option<(ErrorCode, Text, Text)> {
    Some(match error {
        Error::HostKeyChanged(changed) => {
            let slipway_ssh::ChangedHostKey {
                host,
                line,
                expected_fingerprint,
                actual_fingerprint,
                command,
                ..
            } = &**changed;
            (
                ErrorCode::HostKeyChanged,
                Text::new(
                    format!(
                        "The key of {host} has changed. Known: {expected_fingerprint}. Now: \
                         {actual_fingerprint}. Somebody may be listening in, or the machine was \
                         set up anew."
                    ),
                    format!(
                        "Ключ сервера {host} изменился. Известен: {expected_fingerprint}. Сейчас: \
                         {actual_fingerprint}. Возможно, кто-то вмешался в соединение, или машину \
                         установили заново."
                    ),
                ),
                Text::new(
                    format!(
                        "Compare it with the key on the machine itself. If it is right, remove \
                         the old one (line {line}) with {command} and connect again."
                    ),
                    format!(
                        "Сверьте ключ на самой машине. Если он верен, удалите прежний (строка \
                         {line}) командой {command} и подключитесь снова."
                    ),
                ),
            )
        }
        Error::HostCertificateRefused { host, detail, .. } => (
            ErrorCode::HostKeyChanged,
            Text::new(
                format!("The certificate of {host} is not acceptable: {detail}."),
                format!("Сертификат сервера {host} не принят: {detail}."),
            ),
            Text::new(
                "Ask whoever runs the server for a new host certificate; do not connect before.",
                "Попросите администратора выпустить новый сертификат сервера; до этого не \
                 подключайтесь.",
            ),
        ),
        Error::HostKeyRevoked { host, file, line, .. } => (
            ErrorCode::HostKeyChanged,
            Text::new(
                format!("The key of {host} is marked as revoked."),
                format!("Ключ сервера {host} помечен как отозванный."),
            ),
            Text::new(
                format!("Do not connect. The mark is in line {line} of {}.", file.display()),
                format!("Не подключайтесь. Пометка в строке {line} файла {}.", file.display()),
            ),
        ),
        Error::HostKeyRejectedByUser { host, .. } => (
            ErrorCode::HostKeyRejected,
            Text::new(
                format!("The key of {host} was not accepted."),
                format!("Ключ сервера {host} не принят."),
            ),
            Text::new(
                "Connect again and accept it once it matches the machine's own \
                 (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub).",
                "Подключитесь снова и примите ключ, если он совпадает с ключом машины \
                 (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub).",
            ),
        ),
        Error::KnownHostsUnreadable { path, .. } | Error::KnownHostsUnwritable { path, .. } => (
            ErrorCode::KnownHostsUnreadable,
            Text::new(
                format!("{} cannot be used.", path.display()),
                format!("Файл {} недоступен.", path.display()),
            ),
            Text::new(
                format!("Make it readable and writable for you: chmod 600 {}", path.display()),
                format!("Дайте себе права на него: chmod 600 {}", path.display()),
            ),
        ),
        _ => return None,
    })
}
