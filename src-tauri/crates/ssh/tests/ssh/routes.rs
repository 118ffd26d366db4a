//! Through other servers and through commands.

use std::fs;

use slipway_ssh::{ConnectOptions, Error, ProxyCommand, Question, Route, Stage, connect_in_stages};
use tokio::sync::{mpsc, watch};

use crate::questions::{answering, unasked};
use crate::sshd::{Sshd, free_port};

/// Options for the last server, through the others in order.
fn through(hops: &[&Sshd], last: &Sshd) -> ConnectOptions {
    let mut route = Route::Direct;
    for hop in hops {
        route = Route::Jump(Box::new(ConnectOptions { route, ..hop.options() }));
    }
    ConnectOptions { route, ..last.options() }
}

#[tokio::test]
async fn two_jumps() {
    let (first, second, last) = (Sshd::start(), Sshd::start(), Sshd::start());
    let options = through(&[&first, &second], &last);
    assert_eq!(
        options.jumps().iter().map(|o| o.port).collect::<Vec<_>>(),
        [first.port, second.port]
    );
    let (sender, _questions) = mpsc::channel(1);
    let stage = watch::Sender::new(Stage::Connecting { host: String::new() });
    let session = connect_in_stages(&options, sender, &stage).await.unwrap();
    assert_eq!(*stage.borrow(), Stage::Authenticating { host: "127.0.0.1".to_owned() });
    let output = session
        .run("printenv SSH_CONNECTION HOME", Vec::new(), std::time::Duration::from_secs(10))
        .await
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!(" 127.0.0.1 {}\n", last.port)), "{text}");
    assert!(text.contains(last.dir.path().to_str().unwrap()), "{text}");
    // Each of the three has seen a login of its own.
    for sshd in [&first, &second, &last] {
        let log = fs::read_to_string(sshd.path("sshd.log")).unwrap();
        assert_eq!(log.matches("Accepted publickey").count(), 1, "{log}");
    }
    session.disconnect().await;
    assert!(session.is_closed());
}

#[tokio::test]
async fn a_jump_ends_with_the_session_that_it_carries() {
    let (hop, last) = (Sshd::start(), Sshd::start());
    let session = unasked(&through(&[&hop], &last)).await.unwrap();
    assert!(hop.sessions() > 0);
    drop(session);
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while hop.sessions() > 0 {
        assert!(std::time::Instant::now() < patience, "the jump is still connected");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_jump_that_dies_ends_the_session() {
    let (mut hop, last) = (Sshd::start(), Sshd::start());
    let session = unasked(&through(&[&hop], &last)).await.unwrap();
    hop.kill();
    let ended = tokio::time::timeout(std::time::Duration::from_secs(5), session.closed()).await;
    assert!(ended.is_ok(), "the end was not noticed");
}

#[tokio::test]
async fn questions_name_the_hop() {
    let (hop, last) = (Sshd::start(), Sshd::start());
    let mut options = through(&[&hop], &last);
    options.accepted_fingerprint = None;
    if let Route::Jump(hop) = &mut options.route {
        hop.accepted_fingerprint = None;
        hop.host = "localhost".to_owned();
    }
    let mut asked = Vec::new();
    answering(&options, |question| match question {
        Question::HostKey { host, port, answer, .. } => {
            asked.push((host, port));
            answer.send(true).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    assert_eq!(asked, [("localhost".to_owned(), hop.port), ("127.0.0.1".to_owned(), last.port)]);
}

#[tokio::test]
async fn a_jump_that_leads_nowhere() {
    let (hop, last) = (Sshd::start(), Sshd::start());
    let closed = ConnectOptions { port: free_port(), ..through(&[&hop], &last) };
    let error = unasked(&closed).await.unwrap_err();
    assert!(
        matches!(&error, Error::JumpRefused { hop, forbidden: false, .. } if hop == "127.0.0.1"),
        "{error:?}"
    );
    let strict = Sshd::with("AllowTcpForwarding no");
    let error = unasked(&through(&[&strict], &last)).await.unwrap_err();
    assert!(matches!(error, Error::JumpRefused { forbidden: true, .. }), "{error:?}");
    let locked = Sshd::start();
    fs::write(locked.path("authorized_keys"), "").unwrap();
    let error = unasked(&through(&[&locked], &last)).await.unwrap_err();
    assert!(matches!(error, Error::AuthenticationRefused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_command_leads_to_the_server() {
    let sshd = Sshd::start();
    let port = sshd.port;
    let line = format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}; cat <&3 & cat >&3'");
    let route = Route::Command(ProxyCommand::new(line));
    let options = ConnectOptions { route, ..sshd.options() };
    let session = unasked(&options).await.unwrap();
    session.ping().await.unwrap();
    session.disconnect().await;
}

#[tokio::test]
async fn a_command_that_fails_says_why() {
    let sshd = Sshd::start();
    for (line, said) in [
        ("sh -c 'echo first >&2; echo no way in >&2; exit 1'", "no way in"),
        ("/no/such/program --token s3cret", "/no/such/program"),
    ] {
        let options =
            ConnectOptions { route: Route::Command(ProxyCommand::new(line)), ..sshd.options() };
        assert!(!format!("{options:?}").contains("s3cret"));
        match unasked(&options).await.unwrap_err() {
            Error::ProxyFailed { proxy, detail } => {
                assert!(detail.contains(said), "{detail}");
                assert!(!proxy.contains("s3cret"), "{proxy}");
            }
            other => panic!("{other:?}"),
        }
    }
}
