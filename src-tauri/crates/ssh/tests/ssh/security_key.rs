//! A key on a security key, which only an agent can use, and which wants a touch.

use std::fs;
use std::time::Duration;

use russh::keys::ssh_encoding::base64::{Base64, Encoding};
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{signature::Signer, ssh_encoding::Encode};
use sha2::{Digest, Sha256};
use slipway_ssh::ConnectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;

use crate::questions::unasked;
use crate::sshd::Sshd;

const KIND: &str = "sk-ssh-ed25519@openssh.com";
const APPLICATION: &str = "ssh:";

/// What the hardware would do, after as long as a person takes to touch it.
struct SecurityKey {
    pair: Ed25519Keypair,
    touch: Duration,
}

impl SecurityKey {
    /// PROTOCOL.u2f of OpenSSH, "SSH U2F Key formats".
    fn public(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        KIND.encode(&mut blob).unwrap();
        self.pair.public.0.as_slice().encode(&mut blob).unwrap();
        APPLICATION.encode(&mut blob).unwrap();
        blob
    }

    /// PROTOCOL.u2f, "SSH U2F signatures".
    fn sign(&self, data: &[u8]) -> Vec<u8> {
        const TOUCHED: u8 = 1;
        const COUNTER: u32 = 7;
        let mut message = Sha256::digest(APPLICATION).to_vec();
        message.push(TOUCHED);
        message.extend(COUNTER.to_be_bytes());
        message.extend(Sha256::digest(data));
        let mut signature = Vec::new();
        KIND.encode(&mut signature).unwrap();
        self.pair.sign(&message).as_bytes().encode(&mut signature).unwrap();
        signature.push(TOUCHED);
        signature.extend(COUNTER.to_be_bytes());
        signature
    }

    /// The agent protocol (draft-miller-ssh-agent, 4).
    async fn serve(&self, mut stream: UnixStream) {
        while let Ok(length) = stream.read_u32().await {
            let mut request = vec![0; length as usize];
            stream.read_exact(&mut request).await.unwrap();
            let mut reply = Vec::new();
            match request[0] {
                11 => {
                    reply.push(12);
                    1_u32.encode(&mut reply).unwrap();
                    self.public().encode(&mut reply).unwrap();
                    "my security key".encode(&mut reply).unwrap();
                }
                13 => {
                    let blob = 5 + self.public().len();
                    assert_eq!(&request[5..blob], self.public());
                    let length = u32::from_be_bytes(request[blob..blob + 4].try_into().unwrap());
                    let data = &request[blob + 4..blob + 4 + length as usize];
                    tokio::time::sleep(self.touch).await;
                    reply.push(14);
                    self.sign(data).encode(&mut reply).unwrap();
                }
                // Such as the session binding, which older agents do not know.
                _ => reply.push(5),
            }
            stream.write_u32(u32::try_from(reply.len()).unwrap()).await.unwrap();
            stream.write_all(&reply).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_touch_may_take_longer_than_the_network() {
    let sshd = Sshd::start();
    let key = SecurityKey {
        pair: Ed25519Keypair::from_seed(&[7; 32]),
        touch: Duration::from_millis(2500),
    };
    let line = format!("{KIND} {}\n", Base64::encode_string(&key.public()));
    fs::write(sshd.path("authorized_keys"), line).unwrap();
    let socket = sshd.path("agent.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            key.serve(stream).await;
        }
    });
    let options = ConnectOptions {
        identities: Vec::new(),
        use_agent: true,
        agent_socket: Some(socket),
        connect_timeout: Duration::from_secs(2),
        ..sshd.options()
    };
    unasked(&options).await.unwrap();
}
