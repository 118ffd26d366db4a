//! Unknown, known, changed and revoked host keys.

use std::fs;

use slipway_ssh::{Asked, ChangedHostKey, ConnectOptions, Error, KnownHosts, Question};

use crate::questions::{answering, unasked};
use crate::sshd::{Sshd, keygen, output};

fn asking(sshd: &Sshd) -> ConnectOptions {
    ConnectOptions { accepted_fingerprint: None, ..sshd.options() }
}

fn reading(sshd: &Sshd, known_hosts: &str) -> ConnectOptions {
    let file = sshd.path("user_known_hosts");
    fs::write(&file, known_hosts).unwrap();
    let own = sshd.path("own_known_hosts");
    ConnectOptions { known_hosts: KnownHosts { read: vec![file], own }, ..asking(sshd) }
}

#[tokio::test]
async fn an_accepted_key_is_recorded_and_not_asked_again() {
    let sshd = Sshd::start();
    let mut asked = 0;
    answering(&asking(&sshd), |question| match question {
        Question::HostKey {
            host,
            port,
            algorithm,
            fingerprint,
            randomart,
            known_by_other_key,
            answer,
        } => {
            assert!(randomart.starts_with("+--[ED25519 256]--+\n"), "{randomart}");
            assert_eq!(known_by_other_key, None);
            asked += 1;
            assert_eq!((host.as_str(), port), ("127.0.0.1", sshd.port));
            assert_eq!((algorithm.as_str(), fingerprint), ("ssh-ed25519", sshd.fingerprint()));
            answer.send(true).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    assert_eq!(asked, 1);
    let recorded = fs::read_to_string(sshd.path("own_known_hosts")).unwrap();
    assert_eq!(recorded, sshd.known_hosts_line());
    unasked(&asking(&sshd)).await.unwrap();
}

#[tokio::test]
async fn a_declined_key_ends_it_and_is_not_recorded() {
    let sshd = Sshd::start();
    let error = answering(&asking(&sshd), |question| match question {
        Question::HostKey { answer, .. } => answer.send(false).unwrap(),
        other => panic!("{other:?}"),
    })
    .await
    .unwrap_err();
    assert!(matches!(error, Error::HostKeyRejectedByUser { .. }), "{error:?}");
    assert!(!sshd.path("own_known_hosts").exists());
    let error = answering(&asking(&sshd), drop).await.unwrap_err();
    assert!(matches!(error, Error::Cancelled(Asked::HostKey)), "{error:?}");
}

#[tokio::test]
async fn a_known_fingerprint_needs_no_question() {
    let sshd = Sshd::start();
    unasked(&sshd.options()).await.unwrap();
    assert_eq!(fs::read_to_string(sshd.path("own_known_hosts")).unwrap(), sshd.known_hosts_line());
}

#[tokio::test]
async fn a_changed_key_names_file_and_line_and_asks_nothing() {
    let sshd = Sshd::start();
    keygen(&sshd.path("other"), &["-t", "ed25519", "-N", ""]);
    let other = fs::read_to_string(sshd.path("other.pub")).unwrap();
    let text = format!("# mine\nelsewhere {other}[127.0.0.1]:{} {other}", sshd.port);
    let mut options = reading(&sshd, &text);
    // Not even a fingerprint given beforehand overrides a key on record.
    options.accepted_fingerprint = Some(sshd.fingerprint());
    match unasked(&options).await.unwrap_err() {
        Error::HostKeyChanged(changed) => {
            let ChangedHostKey {
                file,
                line,
                expected_fingerprint,
                actual_fingerprint,
                command,
                ..
            } = *changed;

            assert_eq!((file, line), (sshd.path("user_known_hosts"), 3));
            assert_ne!(expected_fingerprint, actual_fingerprint);
            assert_eq!(actual_fingerprint, sshd.fingerprint());
            // The command does what it says.
            output("sh", &["-c", &command]);
            let left = fs::read_to_string(sshd.path("user_known_hosts")).unwrap();
            assert_eq!(left, format!("# mine\nelsewhere {other}"));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_host_known_under_another_key_type_is_a_warning_of_its_own() {
    let sshd = Sshd::start();
    keygen(&sshd.path("other"), &["-t", "ecdsa", "-N", ""]);
    let other = fs::read_to_string(sshd.path("other.pub")).unwrap();
    let mut options = reading(&sshd, &format!("[127.0.0.1]:{} {other}", sshd.port));
    // A fingerprint given beforehand does not answer it.
    options.accepted_fingerprint = Some(sshd.fingerprint());
    let mut place = None;
    let error = answering(&options, |question| match question {
        Question::HostKey { known_by_other_key, answer, .. } => {
            place = known_by_other_key;
            answer.send(false).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap_err();
    assert!(matches!(error, Error::HostKeyRejectedByUser { .. }), "{error:?}");
    let place = place.unwrap();
    assert_eq!((place.file, place.line), (sshd.path("user_known_hosts"), 1));
}

#[tokio::test]
async fn the_key_type_on_record_is_the_one_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let ecdsa = dir.path().join("ecdsa");
    keygen(&ecdsa, &["-t", "ecdsa", "-N", ""]);
    let sshd = Sshd::with(&format!("HostKey {}", ecdsa.display()));
    let key = fs::read_to_string(dir.path().join("ecdsa.pub")).unwrap();
    unasked(&reading(&sshd, &format!("[127.0.0.1]:{} {key}", sshd.port))).await.unwrap();
}

#[tokio::test]
async fn hashed_names_are_understood() {
    let sshd = Sshd::start();
    let options = reading(&sshd, &sshd.known_hosts_line());
    let file = sshd.path("user_known_hosts");
    output("ssh-keygen", &["-H", "-f", file.to_str().unwrap()]);
    assert!(fs::read_to_string(&file).unwrap().starts_with("|1|"));
    unasked(&options).await.unwrap();
}

#[tokio::test]
async fn a_revoked_key_is_refused() {
    let sshd = Sshd::start();
    let line = sshd.known_hosts_line();
    let key = line.split_once(' ').unwrap().1;
    let error = unasked(&reading(&sshd, &format!("{line}@revoked * {key}"))).await.unwrap_err();
    assert!(matches!(error, Error::HostKeyRevoked { line: 2, .. }), "{error:?}");
}

#[tokio::test]
async fn an_unreadable_file_is_not_an_empty_one() {
    let sshd = Sshd::start();
    let mut options = asking(&sshd);
    // A folder cannot be read as a file, not even by root.
    options.known_hosts.read = vec![sshd.dir.path().to_path_buf()];
    let error = unasked(&options).await.unwrap_err();
    assert!(matches!(error, Error::KnownHostsUnreadable { .. }), "{error:?}");
}
