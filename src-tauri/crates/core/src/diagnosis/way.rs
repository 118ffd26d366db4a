//! The links up to the login: network, name, port, SSH.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use slipway_protocol::{DiagnosisLink, ErrorCode, Host, LinkState, SshAddress, Text};
use tokio::sync::watch;

use super::report::Report;
use crate::fault::Fault;
use crate::fault_text::no_network;
use crate::host::{Machine, OpenStage};
use crate::program::Program;
use crate::tasks::TaskContext;
use crate::vigil;

/// For the resolver, whose own limits add up to half a minute.
const NAME_LIMIT: Duration = Duration::from_secs(8);
/// For the open connection to answer.
const PING_LIMIT: Duration = Duration::from_secs(3);
/// A round trip beyond this is felt in every word.
const SLOW_MS: u128 = 300;

/// Looks over the open connection: as long as it answers, the links up to the login hold. `None`
/// when it does not answer, which says nothing yet about which link is broken.
pub(super) async fn of_the_connection(
    report: &mut Report<'_>,
    machine: Machine,
) -> Option<Machine> {
    let Machine::Ssh(session) = &machine else { return Some(machine) };
    let answered = tokio::time::timeout(PING_LIMIT, session.ping()).await;
    let round_trip = answered.ok()?.ok()?;
    let open = || Text::new("The open connection uses it.", "Его использует открытое соединение.");
    report.found(DiagnosisLink::Network, LinkState::Ok, open());
    report.found(DiagnosisLink::Name, LinkState::Ok, open());
    let millis = round_trip.as_millis();
    let state = if millis > SLOW_MS { LinkState::Warn } else { LinkState::Ok };
    let answered = Text::new(
        format!("The connection answers in {millis} ms."),
        format!("Соединение отвечает за {millis} мс."),
    );
    report.found(DiagnosisLink::Port, state, answered);
    report.found(DiagnosisLink::Ssh, LinkState::Ok, open());
    report.found(DiagnosisLink::Login, LinkState::Ok, open());
    Some(machine)
}

/// Opens a connection of its own, link by link. `None` when one is broken.
pub(super) async fn anew(
    program: &Program,
    context: &TaskContext,
    host: &Host,
    address: &SshAddress,
    report: &mut Report<'_>,
) -> Result<Option<Machine>, Fault> {
    // Behind a jump or a proxy this computer need not know the host's own name.
    let first = match program.opener(context).first_stop(address).await {
        Ok(first) => first,
        Err(fault) => {
            if network(report, &address.host) {
                report.broken(DiagnosisLink::Name, &fault);
            }
            return Ok(None);
        }
    };
    let name = first.as_ref().map_or(address.host.as_str(), |(name, _)| name);
    if !network(report, name) {
        return Ok(None);
    }
    if let Some((name, port)) = &first
        && !context.unless_cancelled(resolve(report, name, *port)).await?
    {
        return Ok(None);
    }
    let (sender, mut stages) = watch::channel(OpenStage::Connecting);
    let opener = program.opener(context).reporting(sender);
    let opening = opener.open(host);
    tokio::pin!(opening);
    let opened = loop {
        tokio::select! {
            opened = &mut opening => break opened,
            Ok(()) = stages.changed() => {
                // A question about the host's key comes before the login.
                if *stages.borrow_and_update() == OpenStage::Authenticating {
                    reached(report, address);
                }
            }
        }
    };
    if context.token().is_cancelled() {
        return Err(Fault::cancelled());
    }
    match opened {
        Ok(machine) => {
            reached(report, address);
            let user = &address.user;
            let message =
                Text::new(format!("Logged in as {user}."), format!("Вход выполнен: {user}."));
            report.found(DiagnosisLink::Login, LinkState::Ok, message);
            Ok(Some(machine))
        }
        Err(fault) => {
            let link = link_of(fault.code);
            let later = [DiagnosisLink::Ssh, DiagnosisLink::Login].contains(&link);
            if later && !report.has(DiagnosisLink::Port) {
                answers(report, address);
            }
            if link == DiagnosisLink::Login && !report.has(DiagnosisLink::Ssh) {
                speaks_ssh(report);
            }
            report.broken(link, &fault);
            Ok(None)
        }
    }
}

/// Which link a failure to open the connection belongs to.
fn link_of(code: ErrorCode) -> DiagnosisLink {
    match code {
        ErrorCode::NoNetwork => DiagnosisLink::Network,
        ErrorCode::HostNotFound => DiagnosisLink::Name,
        ErrorCode::ConnectionRefused | ErrorCode::HostUnreachable | ErrorCode::ProxyFailed => {
            DiagnosisLink::Port
        }
        ErrorCode::AuthenticationRefused | ErrorCode::KeyFileUnusable | ErrorCode::Cancelled => {
            DiagnosisLink::Login
        }
        _ => DiagnosisLink::Ssh,
    }
}

fn network(report: &mut Report<'_>, name: &str) -> bool {
    let own = vigil::addresses();
    let Some(own) = own else {
        let message = Text::new("This computer does not say.", "Этот компьютер не сообщает.");
        report.found(DiagnosisLink::Network, LinkState::Warn, message);
        return true;
    };
    match own.first() {
        Some(first) => {
            let message = match own.len() {
                1 => Text::verbatim(first.to_string()),
                count => Text::new(
                    format!("{first} and {} more", count - 1),
                    format!("{first} и ещё {}", count - 1),
                ),
            };
            report.found(DiagnosisLink::Network, LinkState::Ok, message);
            true
        }
        None if is_this_computer(name) => {
            let message = Text::new(
                "None, and none is needed: the address is this computer's own.",
                "Сети нет, но она и не нужна: это адрес самого компьютера.",
            );
            report.found(DiagnosisLink::Network, LinkState::Ok, message);
            true
        }
        None => {
            report.broken(DiagnosisLink::Network, &no_network());
            false
        }
    }
}

fn is_this_computer(name: &str) -> bool {
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn resolve(report: &mut Report<'_>, name: &str, port: u16) -> Result<bool, Fault> {
    let looking = tokio::net::lookup_host((name, port));
    let found: BTreeSet<IpAddr> = match tokio::time::timeout(NAME_LIMIT, looking).await {
        Ok(Ok(found)) => found.map(|socket| socket.ip()).collect(),
        Ok(Err(_)) | Err(_) => BTreeSet::new(),
    };
    if found.is_empty() {
        let error = slipway_ssh::Error::NameNotFound { host: name.to_owned() };
        report.broken(DiagnosisLink::Name, &error.into());
        return Ok(false);
    }
    let all: Vec<_> = found.iter().map(ToString::to_string).collect();
    report.found(DiagnosisLink::Name, LinkState::Ok, Text::verbatim(all.join(", ")));
    Ok(true)
}

/// The server is there and is what it should be.
fn reached(report: &mut Report<'_>, address: &SshAddress) {
    if !report.has(DiagnosisLink::Port) {
        answers(report, address);
    }
    if !report.has(DiagnosisLink::Ssh) {
        speaks_ssh(report);
    }
}

fn answers(report: &mut Report<'_>, address: &SshAddress) {
    let port = address.port;
    let message = Text::new(format!("Port {port} answers."), format!("Порт {port} отвечает."));
    report.found(DiagnosisLink::Port, LinkState::Ok, message);
}

fn speaks_ssh(report: &mut Report<'_>) {
    let message = Text::new(
        "An SSH server, and its key is the known one.",
        "Сервер SSH, и его ключ известен.",
    );
    report.found(DiagnosisLink::Ssh, LinkState::Ok, message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_needs_no_network() {
        for name in ["localhost", "127.0.0.1", "::1", "127.8.8.8"] {
            assert!(is_this_computer(name), "{name}");
        }
        assert!(!is_this_computer("192.0.2.1"));
        assert!(!is_this_computer("localhost.example"));
    }
}
