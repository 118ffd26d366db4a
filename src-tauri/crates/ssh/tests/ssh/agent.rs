//! Logging in with the keys of an ssh-agent.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use slipway_ssh::{ConnectOptions, Error};

use crate::questions::unasked;
use crate::sshd::{Sshd, keygen};

#[tokio::test]
async fn agent_key() {
    let sshd = Sshd::start();
    let agent = Agent::start(sshd.path("agent.sock"));
    let by_agent = ConnectOptions {
        identities: Vec::new(),
        use_agent: true,
        agent_socket: Some(agent.socket.clone()),
        ..sshd.options()
    };
    // Without its key the agent does not help, and is no obstacle.
    let error = unasked(&by_agent).await.unwrap_err();
    assert!(matches!(error, Error::AuthenticationRefused { .. }), "{error:?}");
    agent.add(&sshd.identity());
    unasked(&by_agent).await.unwrap();
    // A public key file stands for its other half in the agent.
    fs::remove_file(sshd.identity()).unwrap();
    let by_name = ConnectOptions { identities: vec![sshd.path("id.pub")], ..by_agent };
    unasked(&by_name).await.unwrap();
}

#[tokio::test]
async fn an_absent_agent_is_noted_and_the_key_file_works() {
    let sshd = Sshd::start();
    let options = ConnectOptions {
        use_agent: true,
        agent_socket: Some(sshd.path("no.sock")),
        ..sshd.options()
    };
    unasked(&options).await.unwrap();
}

#[tokio::test]
async fn among_twenty_keys_the_named_one_is_tried_first() {
    let sshd = Sshd::with("MaxAuthTries 3");
    let agent = Agent::start(sshd.path("agent.sock"));
    for n in 0..20 {
        let path = sshd.path(&format!("other{n}"));
        keygen(&path, &["-t", "ed25519", "-N", ""]);
        agent.add(&path);
    }
    agent.add(&sshd.identity());
    let unnamed = ConnectOptions {
        identities: Vec::new(),
        use_agent: true,
        agent_socket: Some(agent.socket.clone()),
        ..sshd.options()
    };
    // Without a name the server's patience ends before the key's turn, and that is said.
    match unasked(&unnamed).await.unwrap_err() {
        Error::AuthenticationRefused { tried, .. } => {
            let last = tried.last().unwrap();
            assert_eq!(last.what, "the server ended the login");
            assert!(last.why.contains("Too many authentication failures"), "{last}");
        }
        other => panic!("{other:?}"),
    }
    for only in [false, true] {
        let named = ConnectOptions {
            config_identities: vec![sshd.identity()],
            identities_only: only,
            ..unnamed.clone()
        };
        unasked(&named).await.unwrap();
        // The private file may be elsewhere; then its public half names the key.
        let aside = sshd.path("aside");
        fs::rename(sshd.identity(), &aside).unwrap();
        unasked(&named).await.unwrap();
        fs::rename(&aside, sshd.identity()).unwrap();
    }
}

#[tokio::test]
async fn an_rsa_key_of_the_agent_signs_with_sha2() {
    let sshd = Sshd::start();
    let agent = Agent::start(sshd.path("agent.sock"));
    let rsa = sshd.path("rsa");
    keygen(&rsa, &["-t", "rsa", "-b", "2048", "-N", ""]);
    fs::copy(sshd.path("rsa.pub"), sshd.path("authorized_keys")).unwrap();
    agent.add(&rsa);
    let options = ConnectOptions {
        identities: Vec::new(),
        use_agent: true,
        agent_socket: Some(agent.socket.clone()),
        ..sshd.options()
    };
    unasked(&options).await.unwrap();
}

#[tokio::test]
async fn only_named_keys_are_tried_if_the_user_says_so() {
    let sshd = Sshd::start();
    let agent = Agent::start(sshd.path("agent.sock"));
    agent.add(&sshd.identity());
    let other = sshd.path("other");
    keygen(&other, &["-t", "ed25519", "-N", ""]);
    let options = ConnectOptions {
        identities: Vec::new(),
        config_identities: vec![other.clone()],
        identities_only: true,
        use_agent: true,
        agent_socket: Some(agent.socket.clone()),
        ..sshd.options()
    };
    match unasked(&options).await.unwrap_err() {
        Error::AuthenticationRefused { tried, .. } => {
            let tried: Vec<_> = tried.iter().map(|attempt| attempt.what.as_str()).collect();
            assert_eq!(tried, [format!("key {}", other.display())]);
        }
        other => panic!("{other:?}"),
    }
    unasked(&ConnectOptions { identities_only: false, ..options }).await.unwrap();
}

/// An ssh-agent of the test's own.
pub struct Agent {
    pub socket: PathBuf,
    child: Child,
}

impl Agent {
    pub fn start(socket: PathBuf) -> Self {
        let child = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(&socket)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let patience = Instant::now() + Duration::from_secs(10);
        while !socket.exists() {
            assert!(Instant::now() < patience, "ssh-agent does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        Self { socket, child }
    }

    /// Adds a key file and the certificate beside it.
    pub fn add_file(&self, key: &Path) {
        let adding =
            Command::new("ssh-add").arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket).status();
        assert!(adding.unwrap().success());
    }

    pub fn add(&self, key: &Path) {
        let mut adding = Command::new("ssh-add")
            .args(["-q", "-"])
            .env("SSH_AUTH_SOCK", &self.socket)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        adding.stdin.take().unwrap().write_all(&fs::read(key).unwrap()).unwrap();
        assert!(adding.wait().unwrap().success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
