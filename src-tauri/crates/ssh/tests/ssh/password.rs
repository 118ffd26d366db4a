//! Passwords.

use std::sync::atomic::Ordering;

use slipway_ssh::{Asked, ConnectOptions, Error, KnownHosts, Question};

use crate::login_server::{LoginServer, Step};
use crate::questions::answering;
use crate::sshd::Sshd;
use tempfile::TempDir;

pub fn options(dir: &TempDir, port: u16) -> ConnectOptions {
    let own = dir.path().join("known_hosts");
    ConnectOptions {
        use_agent: false,
        default_identities: false,
        ..ConnectOptions::new("127.0.0.1", port, "ada", KnownHosts { read: Vec::new(), own })
    }
}

/// Accepts the host key, and answers passwords in turn.
fn typing(answers: &[&str]) -> impl FnMut(Question) {
    let mut answers =
        answers.iter().map(|answer| (*answer).to_owned()).collect::<Vec<_>>().into_iter();
    let mut expected = 0;
    move |question| match question {
        Question::HostKey { answer, .. } => answer.send(true).unwrap(),
        Question::Password { attempt, answer, .. } => {
            expected += 1;
            assert!(attempt <= expected);
            answer.send(answers.next().map(Into::into)).unwrap();
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn password_at_the_second_try() {
    let dir = tempfile::tempdir().unwrap();
    let server = LoginServer::start(&[Step::Password]).await;
    answering(&options(&dir, server.port), typing(&["wrong", "right"])).await.unwrap();
    assert_eq!(server.tries.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn three_wrong_passwords_are_enough() {
    let dir = tempfile::tempdir().unwrap();
    let server = LoginServer::start(&[Step::Password]).await;
    let wrong = typing(&["a", "b", "c", "right"]);
    match answering(&options(&dir, server.port), wrong).await.unwrap_err() {
        Error::AuthenticationRefused { tried, .. } => {
            let tried: Vec<_> = tried.iter().map(ToString::to_string).collect();
            assert_eq!(tried, ["password: refused"; 3]);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(server.tries.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn no_answer_cancels() {
    let dir = tempfile::tempdir().unwrap();
    let server = LoginServer::start(&[Step::Password]).await;
    let error = answering(&options(&dir, server.port), typing(&[])).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled(Asked::Password)), "{error:?}");
    assert_eq!(server.tries.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn sshd_refuses_a_wrong_password() {
    let sshd = Sshd::with("PasswordAuthentication yes");
    let options = ConnectOptions { identities: Vec::new(), ..sshd.options() };
    let wrong = typing(&["wrong", "wrong", "wrong"]);
    match answering(&options, wrong).await.unwrap_err() {
        Error::AuthenticationRefused { tried, .. } => assert_eq!(tried.len(), 3, "{tried:?}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_after_two_tries_has_refused() {
    let sshd = Sshd::with("PasswordAuthentication yes\nMaxAuthTries 2");
    let options = ConnectOptions { identities: Vec::new(), ..sshd.options() };
    let wrong = typing(&["wrong", "wrong", "wrong"]);
    match answering(&options, wrong).await.unwrap_err() {
        Error::AuthenticationRefused { tried, .. } => {
            assert!(tried.last().unwrap().why.contains("Too many"), "{tried:?}");
        }
        other => panic!("{other:?}"),
    }
}
