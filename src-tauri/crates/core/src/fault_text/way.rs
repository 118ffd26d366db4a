//! Links of the way to an engine that a diagnosis finds broken.

use slipway_protocol::{ErrorCode, Text};

use crate::fault::Fault;

/// No interface of this computer has an address.
pub(crate) fn no_network() -> Fault {
    Fault::new(
        ErrorCode::NoNetwork,
        Text::new("This computer has no network.", "У этого компьютера нет сети."),
        Text::new(
            "Turn on Wi-Fi, plug in the cable or connect the VPN; Slipway reconnects by itself.",
            "Включите Wi-Fi, подключите кабель или VPN; Slipway переподключится сам.",
        ),
        "no interface has an address",
    )
}

/// The engine is not there, and another program has its port.
pub(crate) fn foreign_port(port: u16) -> Fault {
    Fault::new(
        ErrorCode::ForeignPort,
        Text::new(
            format!(
                "Another program answers on the engine's port {port}, and the engine is not running."
            ),
            format!("На порту движка {port} отвечает другая программа, а движок не работает."),
        ),
        Text::new(
            format!(
                "Connect: Slipway starts the engine on a free port. To see who it is: ss -ltnp | grep {port}"
            ),
            format!(
                "Подключитесь: Slipway запустит движок на свободном порту. Узнать, кто это: ss -ltnp | grep {port}"
            ),
        ),
        format!("port {port} is taken"),
    )
}

/// Deployed, and not running.
pub(crate) fn engine_stopped() -> Fault {
    Fault::new(
        ErrorCode::EngineNotHealthy,
        Text::new("The engine is stopped.", "Движок остановлен."),
        Text::new("Connect: Slipway starts it.", "Подключитесь: Slipway запустит его."),
        "the script says that it does not run",
    )
}

/// The server forbids the tunnel, by this line of its configuration (`FILE:LINE:TEXT`).
pub(crate) fn forwarding_forbidden_by(line: &str) -> Fault {
    Fault::new(
        ErrorCode::ForwardingForbidden,
        Text::new(
            format!("The SSH server forbids port forwarding: {line}"),
            format!("Сервер SSH запрещает проброс портов: {line}"),
        ),
        Text::new(
            "Change that line (AllowTcpForwarding yes, PermitOpen any) and reload sshd.",
            "Измените эту строку (AllowTcpForwarding yes, PermitOpen any) и перезагрузите sshd.",
        ),
        line,
    )
}
