//! Logging in with key files.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use slipway_ssh::{Asked, ConnectOptions, Error, Question};

use crate::questions::{answering, unasked};
use crate::sshd::{Sshd, keygen};

/// Encrypts the key of a server's user. One round of the key derivation keeps the tests quick.
fn encrypt(sshd: &Sshd) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-p", "-a", "1", "-P", "", "-N", "right", "-f"])
        .arg(sshd.identity())
        .stdout(Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn key_file() {
    let sshd = Sshd::start();
    let session = unasked(&sshd.options()).await.unwrap();
    assert!(!session.is_closed());
    session.disconnect().await;
    assert!(session.is_closed());
}

#[tokio::test]
async fn rsa_key_file_signs_with_sha2() {
    let sshd = Sshd::start();
    let rsa = sshd.path("rsa");
    keygen(&rsa, &["-t", "rsa", "-b", "2048", "-N", "", "-m", "PEM"]);
    fs::copy(sshd.path("rsa.pub"), sshd.path("authorized_keys")).unwrap();
    unasked(&ConnectOptions { identities: vec![rsa], ..sshd.options() }).await.unwrap();
}

#[tokio::test]
async fn passphrase_is_asked_until_right() {
    let sshd = Sshd::start();
    encrypt(&sshd);
    let mut attempts = Vec::new();
    answering(&sshd.options(), |question| match question {
        Question::Passphrase { path, attempt, answer } => {
            assert_eq!(path, sshd.identity());
            attempts.push(attempt);
            let secret = if attempt < 3 { "wrong" } else { "right" };
            answer.send(Some(secret.into())).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    assert_eq!(attempts, [1, 2, 3]);
}

#[tokio::test]
async fn three_wrong_passphrases_end_it() {
    let sshd = Sshd::start();
    encrypt(&sshd);
    let error = answering(&sshd.options(), |question| match question {
        Question::Passphrase { answer, .. } => answer.send(Some("wrong".into())).unwrap(),
        other => panic!("{other:?}"),
    })
    .await
    .unwrap_err();
    assert!(matches!(&error, Error::WrongPassphrase { path } if *path == sshd.identity()));
    let error = answering(&sshd.options(), drop).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled(Asked::Passphrase)), "{error:?}");
}

#[tokio::test]
async fn no_passphrase_is_asked_for_a_key_that_the_server_refuses() {
    let sshd = Sshd::start();
    encrypt(&sshd);
    fs::write(sshd.path("authorized_keys"), "").unwrap();
    let error = unasked(&sshd.options()).await.unwrap_err();
    assert!(matches!(error, Error::AuthenticationRefused { .. }), "{error:?}");
}

#[tokio::test]
async fn time_for_an_answer_does_not_count() {
    let sshd = Sshd::start();
    encrypt(&sshd);
    let options = ConnectOptions {
        connect_timeout: Duration::from_secs(2),
        accepted_fingerprint: None,
        ..sshd.options()
    };
    let (sender, mut questions) = tokio::sync::mpsc::channel(4);
    let person = async {
        while let Some(question) = questions.recv().await {
            tokio::time::sleep(Duration::from_millis(2500)).await;
            match question {
                Question::HostKey { answer, .. } => answer.send(true).unwrap(),
                Question::Passphrase { answer, .. } => answer.send(Some("right".into())).unwrap(),
                other => panic!("{other:?}"),
            }
        }
    };
    let (session, ()) = tokio::join!(slipway_ssh::connect(&options, sender), person);
    session.unwrap();
}

#[tokio::test]
async fn wrong_key_is_refused_with_what_was_tried() {
    let sshd = Sshd::start();
    let stranger = sshd.path("stranger");
    keygen(&stranger, &["-t", "ed25519", "-N", ""]);
    let options = ConnectOptions { identities: vec![stranger.clone()], ..sshd.options() };
    match unasked(&options).await.unwrap_err() {
        Error::AuthenticationRefused { tried, user, .. } => {
            assert_eq!(user, sshd.user);
            assert_eq!(tried.len(), 1);
            assert_eq!(tried[0].to_string(), format!("key {}: refused", stranger.display()));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_keys_do_not_make_the_server_hang_up() {
    let sshd = Sshd::start();
    let mut identities: Vec<PathBuf> = (0..8).map(|n| sshd.path(&format!("key{n}"))).collect();
    for path in &identities {
        keygen(path, &["-t", "ed25519", "-N", ""]);
    }
    let options = ConnectOptions { identities: identities.clone(), ..sshd.options() };
    match unasked(&options).await.unwrap_err() {
        Error::AuthenticationRefused { tried, .. } => {
            assert_eq!(tried.len(), 6, "{tried:?}");
            assert!(tried.last().unwrap().why.contains("not tried"), "{tried:?}");
        }
        other => panic!("{other:?}"),
    }
    identities.insert(4, sshd.identity());
    unasked(&ConnectOptions { identities, ..sshd.options() }).await.unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn key_file_faults_are_told_before_connecting() {
    use std::os::unix::fs::PermissionsExt;
    let sshd = Sshd::start();
    let with = |identity: PathBuf| ConnectOptions {
        identities: vec![identity],
        port: 1,
        ..sshd.options()
    };
    fs::set_permissions(sshd.identity(), fs::Permissions::from_mode(0o644)).unwrap();
    let error = unasked(&with(sshd.identity())).await.unwrap_err();
    assert!(matches!(error, Error::KeyFilePermissions { mode: 0o644, .. }), "{error:?}");
    let error = unasked(&with(sshd.path("none"))).await.unwrap_err();
    assert!(matches!(error, Error::KeyFileNotFound { .. }), "{error:?}");
    let garbage = sshd.path("garbage");
    fs::write(&garbage, "not a key").unwrap();
    fs::set_permissions(&garbage, fs::Permissions::from_mode(0o600)).unwrap();
    let error = unasked(&with(garbage)).await.unwrap_err();
    assert!(matches!(error, Error::KeyFileUnusable { .. }), "{error:?}");
}
