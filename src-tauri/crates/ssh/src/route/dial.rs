//! Dialling: a name to a TCP connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

use crate::deadline::Deadline;
use crate::error::Error;

/// Head start of each address over the next one (RFC 8305, 5, suggests 250 ms).
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first address of a host that answers.
///
/// Addresses are tried in the resolver's order. The next one starts when the one before fails, or
/// after a head start, so that an address that swallows packets costs no more than that.
pub(super) async fn dial(host: &str, port: u16, deadline: &Deadline) -> Result<TcpStream, Error> {
    let timeout = || Error::Timeout { host: host.to_owned(), port };
    let resolved =
        deadline.run(tokio::net::lookup_host((host, port))).await.map_err(|_| timeout())?;
    let addresses: Vec<_> = match resolved {
        Ok(addresses) => addresses.collect(),
        Err(error) => {
            tracing::debug!(host, %error, "name not resolved");
            return Err(Error::NameNotFound { host: host.to_owned() });
        }
    };
    match deadline.run(race(addresses)).await.map_err(|_| timeout())? {
        Ok(stream) => {
            // Without this each opening of a channel waits for a delayed acknowledgement.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::warn!(%error, "TCP_NODELAY cannot be set");
            }
            Ok(stream)
        }
        Err(None) => Err(Error::NameNotFound { host: host.to_owned() }),
        Err(Some(error)) if is_refusal(&error) => {
            Err(Error::PortRefused { host: host.to_owned(), port })
        }
        Err(Some(error)) if error.kind() == io::ErrorKind::TimedOut => Err(timeout()),
        Err(Some(source)) => Err(Error::Unreachable { host: host.to_owned(), port, source }),
    }
}

/// The first connection, or the failure that says most; `None` without addresses.
async fn race(addresses: Vec<SocketAddr>) -> Result<TcpStream, Option<io::Error>> {
    let mut waiting = addresses.into_iter();
    let mut dialled: FuturesUnordered<_> =
        waiting.by_ref().take(1).map(TcpStream::connect).collect();
    let mut worst = None;
    while !dialled.is_empty() {
        let head_start = tokio::time::sleep(HEAD_START);
        tokio::select! {
            Some(result) = dialled.next() => match result {
                Ok(stream) => return Ok(stream),
                // A refusal says more than an address family without a route.
                Err(error) if worst.is_none() || is_refusal(&error) => worst = Some(error),
                Err(_) => {}
            },
            () = head_start, if waiting.len() > 0 => {}
        }
        dialled.extend(waiting.next().map(TcpStream::connect));
    }
    Err(worst)
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_swallows_packets_costs_its_head_start() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        // TEST-NET-1 (RFC 5737): routed nowhere, so it is silent or fails at once.
        let dead = SocketAddr::from(([192, 0, 2, 1], good.port()));
        let started = std::time::Instant::now();
        let stream = race(vec![dead, dead, good]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        assert!(started.elapsed() < 4 * HEAD_START, "{:?}", started.elapsed());
    }

    #[tokio::test]
    async fn a_refusal_says_more_than_no_route() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let closed = listener.local_addr().unwrap();
        drop(listener);
        let error = race(vec![closed]).await.unwrap_err().unwrap();
        assert!(is_refusal(&error));
        assert!(race(Vec::new()).await.unwrap_err().is_none());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_zone_of_a_link_local_address_is_kept() {
        let mut found = tokio::net::lookup_host(("fe80::1%lo", 22)).await.unwrap();
        match found.next().unwrap() {
            // The loopback interface is the first.
            SocketAddr::V6(address) => assert_eq!(address.scope_id(), 1),
            other => panic!("{other}"),
        }
    }
}
