//! The local port of a forwarder: on the loopback addresses and nowhere else.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::forward::Shared;
use crate::stream;

/// Ports tried before the system is asked for any.
const PORT_TRIES: usize = 20;
/// Pause after a failure that a busy loop would only make worse.
const BREATHER: Duration = Duration::from_millis(100);

/// One port of 127.0.0.1 and, where the machine has IPv6, of `::1`: a browser that is given
/// `localhost` may try either first.
pub(crate) struct Loopback {
    v4: TcpListener,
    v6: Option<TcpListener>,
    port: u16,
}

impl Loopback {
    /// Binds the preferred port, or a free one when that is taken or not given.
    pub(crate) async fn bind(preferred: Option<u16>) -> io::Result<Self> {
        if let Some(port) = preferred {
            match Self::on(port).await {
                Ok(listener) => return Ok(listener),
                Err(error) => tracing::info!(port, %error, "the preferred port is not free"),
            }
        }
        for _ in 0..PORT_TRIES {
            // Somebody may take it between the look and the bind.
            let Some(port) = portpicker::pick_unused_port() else {
                break;
            };
            if let Ok(listener) = Self::on(port).await {
                return Ok(listener);
            }
        }
        // portpicker looks at IPv6 too, and finds nothing where that is switched off.
        Self::on(0).await
    }

    async fn on(port: u16) -> io::Result<Self> {
        let v4 = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let port = v4.local_addr()?.port();
        let v6 = match TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await {
            Ok(listener) => Some(listener),
            // The port is somebody else's there: `localhost` would lead to them.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
                ) =>
            {
                return Err(error);
            }
            Err(error) => {
                tracing::debug!(%error, "no IPv6 on this machine");
                None
            }
        };
        Ok(Self { v4, v6, port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Accepts until it is dropped. What it accepted ends with it.
    pub(crate) async fn serve(self, shared: Arc<Shared>) {
        let mut streams = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.accept() => match accepted {
                    Ok((stream, from)) => {
                        streams.spawn(stream::serve(shared.clone(), stream, from));
                    }
                    // It was gone before its turn came.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) => {
                        // Out of descriptors, as a rule: those in use must end first.
                        tracing::warn!(%error, "a connection was not accepted");
                        tokio::time::sleep(BREATHER).await;
                    }
                },
                Some(_) = streams.join_next() => {}
            }
        }
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.v6 {
            None => self.v4.accept().await,
            Some(v6) => tokio::select! {
                accepted = self.v4.accept() => accepted,
                accepted = v6.accept() => accepted,
            },
        }
    }
}
