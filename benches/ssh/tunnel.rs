//! Slipway's own part: the tunnel, as the program makes it.

use std::net::SocketAddr;

use slipway_benches::Outcome;
use slipway_benches::login::Login;
use slipway_benches::role::say;
use slipway_ssh::{Forwarder, RemoteTarget};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Holds a tunnel to an address until standard input ends.
pub fn hold(login: &Login, address: SocketAddr) -> Outcome<()> {
    Runtime::new()?.block_on(async {
        let session = login.connect().await?;
        let forwarder = Forwarder::bind(None).await?;
        let target = RemoteTarget::tcp(address.ip().to_string(), address.port());
        forwarder.attach(session.clone(), target);
        say(&format!("READY {}", forwarder.local_port()))?;
        // On a thread of its own, which an end of the tunnel need not wait for.
        let (ended, end_of_input) = oneshot::channel();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
            ended.send(())
        });
        tokio::select! {
            end = end_of_input => end?,
            end = session.closed() => return Err(format!("the tunnel ended: {end:?}").into()),
        }
        forwarder.close().await;
        session.disconnect().await;
        Ok(())
    })
}
