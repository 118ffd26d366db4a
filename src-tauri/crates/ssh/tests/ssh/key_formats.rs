//! Key files in the forms in which people have them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use slipway_ssh::{ConnectOptions, Error, Question};

use crate::questions::{answering, unasked};
use crate::sshd::{Sshd, keygen};

fn openssl(arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).output().expect("openssl is installed");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Lets a key in, and connects with it; the passphrase is `right`.
async fn log_in(sshd: &Sshd, key: &Path, encrypted: bool) {
    fs::set_permissions(key, fs::Permissions::from_mode(0o600)).unwrap();
    let passphrase = if encrypted { "right" } else { "" };
    let public = Command::new("ssh-keygen").args(["-y", "-P", passphrase, "-f"]).arg(key).output();
    fs::write(sshd.path("authorized_keys"), public.unwrap().stdout).unwrap();
    let options = ConnectOptions { identities: vec![key.to_path_buf()], ..sshd.options() };
    if !encrypted {
        unasked(&options).await.unwrap_or_else(|error| panic!("{}: {error}", key.display()));
        return;
    }
    let mut asked = 0;
    let result = answering(&options, |question| match question {
        Question::Passphrase { answer, attempt, .. } => {
            asked += 1;
            let secret = if attempt == 1 { "wrong" } else { "right" };
            answer.send(Some(secret.into())).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await;
    assert!(result.is_ok(), "{}: {result:?}", key.display());
    assert_eq!(asked, 2, "{}", key.display());
}

#[tokio::test]
async fn pem_of_openssh() {
    let sshd = Sshd::start();
    for (kind, bits) in [("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521")] {
        for form in ["PEM", "PKCS8"] {
            let key = sshd.path(&format!("{kind}{bits}{form}"));
            keygen(&key, &["-t", kind, "-b", bits, "-m", form, "-N", ""]);
            log_in(&sshd, &key, false).await;
        }
    }
}

#[tokio::test]
async fn pem_under_a_passphrase() {
    let sshd = Sshd::start();
    for (kind, form) in [("rsa", "PEM"), ("rsa", "PKCS8"), ("ecdsa", "PKCS8")] {
        let key = sshd.path(&format!("{kind}{form}"));
        keygen(&key, &["-t", kind, "-m", form, "-N", "right"]);
        log_in(&sshd, &key, true).await;
    }
}

#[tokio::test]
async fn pkcs8_of_openssl() {
    let sshd = Sshd::start();
    let at = |name: &str| -> (PathBuf, String) {
        let path = sshd.path(name);
        let text = path.to_str().unwrap().to_owned();
        (path, text)
    };
    let (plain, path) = at("rsa");
    openssl(&["genpkey", "-quiet", "-algorithm", "RSA", "-out", &path]);
    log_in(&sshd, &plain, false).await;
    let (encrypted, path) = at("ec");
    openssl(&[
        "genpkey",
        "-quiet",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-aes-256-cbc",
        "-pass",
        "pass:right",
        "-out",
        &path,
    ]);
    log_in(&sshd, &encrypted, true).await;
}

#[tokio::test]
async fn what_cannot_be_read_says_how_to_convert_it() {
    let sshd = Sshd::start();
    let key = sshd.path("old");
    keygen(&key, &["-t", "ecdsa", "-m", "PEM", "-N", "right"]);
    let options = ConnectOptions { identities: vec![key], ..sshd.options() };
    match unasked(&options).await.unwrap_err() {
        Error::KeyFileUnusable { detail, .. } => {
            assert!(detail.contains("ssh-keygen -p -f"), "{detail}");
        }
        other => panic!("{other:?}"),
    }
}
