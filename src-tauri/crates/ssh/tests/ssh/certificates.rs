//! Certificates of users and of hosts.

use std::fs;
use std::path::PathBuf;

use slipway_ssh::{ConnectOptions, Error, KnownHosts, Question};

use crate::agent::Agent;
use crate::questions::{answering, unasked};
use crate::sshd::{Sshd, keygen, output};

/// A server that lets in whom an authority has signed, and no bare key.
fn trusting() -> Sshd {
    let sshd = Sshd::with_files(|dir| {
        keygen(&dir.join("ca"), &["-t", "ed25519", "-N", ""]);
        format!("TrustedUserCAKeys {}/ca.pub", dir.display())
    });
    fs::write(sshd.path("authorized_keys"), "").unwrap();
    sshd
}

/// Signs `id.pub`; the certificate is `id-cert.pub`.
fn sign_user(sshd: &Sshd, principal: &str, validity: &str) -> PathBuf {
    let (ca, id) = (sshd.path("ca"), sshd.path("id.pub"));
    output(
        "ssh-keygen",
        &[
            "-q",
            "-s",
            ca.to_str().unwrap(),
            "-I",
            "test",
            "-n",
            principal,
            "-V",
            validity,
            id.to_str().unwrap(),
        ],
    );
    sshd.path("id-cert.pub")
}

#[tokio::test]
async fn a_user_certificate_beside_the_key_or_named() {
    let sshd = trusting();
    let error = unasked(&sshd.options()).await.unwrap_err();
    assert!(matches!(error, Error::AuthenticationRefused { .. }), "{error:?}");
    let certificate = sign_user(&sshd, &sshd.user, "-1h:+1h");
    unasked(&sshd.options()).await.unwrap();
    let elsewhere = sshd.path("elsewhere.pub");
    fs::rename(certificate, &elsewhere).unwrap();
    unasked(&ConnectOptions { certificates: vec![elsewhere], ..sshd.options() }).await.unwrap();
}

#[tokio::test]
async fn a_certificate_for_a_key_in_the_agent() {
    let sshd = trusting();
    let certificate = sign_user(&sshd, &sshd.user, "-1h:+1h");
    let aside = sshd.path("aside.pub");
    fs::rename(&certificate, &aside).unwrap();
    let agent = Agent::start(sshd.path("agent.sock"));
    agent.add(&sshd.identity());
    let by_agent = ConnectOptions {
        identities: Vec::new(),
        use_agent: true,
        agent_socket: Some(agent.socket.clone()),
        ..sshd.options()
    };
    // The agent has the key, a file the certificate.
    let named = ConnectOptions { certificates: vec![aside.clone()], ..by_agent.clone() };
    unasked(&ConnectOptions { identities_only: true, ..named.clone() }).await.unwrap();
    // The agent has both.
    fs::rename(&aside, &certificate).unwrap();
    let both = Agent::start(sshd.path("both.sock"));
    both.add_file(&sshd.identity());
    let by_both = ConnectOptions { agent_socket: Some(both.socket.clone()), ..by_agent };
    unasked(&by_both).await.unwrap();
}

#[tokio::test]
async fn a_certificate_for_an_encrypted_rsa_key() {
    let sshd = trusting();
    fs::remove_file(sshd.identity()).unwrap();
    keygen(&sshd.identity(), &["-t", "rsa", "-b", "2048", "-N", "right"]);
    sign_user(&sshd, &sshd.user, "-1h:+1h");
    let mut asked = 0;
    answering(&sshd.options(), |question| match question {
        Question::Passphrase { answer, .. } => {
            asked += 1;
            answer.send(Some("right".into())).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn why_a_user_certificate_is_refused() {
    let sshd = trusting();
    let user = sshd.user.clone();
    for (principal, validity, why) in [
        (user.as_str(), "-2h:-1h", "refused (it has expired)"),
        ("nobody", "-1h:+1h", "refused (it is for nobody)"),
    ] {
        sign_user(&sshd, principal, validity);
        match unasked(&sshd.options()).await.unwrap_err() {
            Error::AuthenticationRefused { tried, .. } => {
                assert!(tried[0].what.starts_with("certificate "), "{tried:?}");
                assert_eq!(tried[0].why, why);
                assert!(tried[1].what.starts_with("key "), "{tried:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A server that shows a certificate.
fn certified(principals: &str, validity: &str) -> Sshd {
    Sshd::with_files(|dir| {
        keygen(&dir.join("ca"), &["-t", "ecdsa", "-N", ""]);
        let (ca, key) = (dir.join("ca"), dir.join("host_key.pub"));
        output(
            "ssh-keygen",
            &[
                "-q",
                "-s",
                ca.to_str().unwrap(),
                "-I",
                "test",
                "-h",
                "-n",
                principals,
                "-V",
                validity,
                key.to_str().unwrap(),
            ],
        );
        format!("HostCertificate {}/host_key-cert.pub", dir.display())
    })
}

/// Options with known_hosts of these lines, where `CA` is the authority's key and `KEY` the host's.
fn knowing(sshd: &Sshd, lines: &str) -> ConnectOptions {
    let read = |name: &str| {
        let text = fs::read_to_string(sshd.path(name)).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    };
    let text = lines.replace("CA", &read("ca.pub")).replace("KEY", &read("host_key.pub"));
    let file = sshd.path("user_known_hosts");
    fs::write(&file, text).unwrap();
    let known_hosts = KnownHosts { read: vec![file], own: sshd.path("own_known_hosts") };
    ConnectOptions { known_hosts, accepted_fingerprint: None, ..sshd.options() }
}

#[tokio::test]
async fn an_authority_vouches_for_a_host() {
    let sshd = certified("127.0.0.1,gpu.example", "-1h:+1h");
    unasked(&knowing(&sshd, "@cert-authority 127.0.0.* CA\n")).await.unwrap();
    unasked(&knowing(&sshd, "@cert-authority [127.0.0.1]:* CA\n")).await.unwrap();
    // The alias is what the certificate must be for.
    let alias = Some("gpu.example".to_owned());
    let options = knowing(&sshd, "@cert-authority *.example CA\n");
    unasked(&ConnectOptions { host_key_alias: alias, ..options }).await.unwrap();
    assert!(!sshd.path("own_known_hosts").exists());
}

#[tokio::test]
async fn certificates_that_vouch_for_nothing() {
    for (principals, validity, expected) in [
        ("other.example", "-1h:+1h", "it is for other.example, not for 127.0.0.1"),
        ("127.0.0.1", "-2h:-1h", "it has expired"),
        ("127.0.0.1", "+1h:+2h", "it is not valid yet"),
    ] {
        let sshd = certified(principals, validity);
        let options = knowing(&sshd, "@cert-authority * CA\n");
        match unasked(&options).await.unwrap_err() {
            Error::HostCertificateRefused { detail, .. } => {
                assert!(detail.contains(expected), "{detail}");
            }
            other => panic!("{other:?}"),
        }
        // Its bare key on record is enough, as in OpenSSH.
        let port = sshd.port;
        let both = format!("@cert-authority * CA\n[127.0.0.1]:{port} KEY\n");
        unasked(&knowing(&sshd, &both)).await.unwrap();
    }
}

#[tokio::test]
async fn a_revoked_authority_or_key() {
    let sshd = certified("127.0.0.1", "-1h:+1h");
    for lines in ["@cert-authority * CA\n@revoked * CA\n", "@cert-authority * CA\n@revoked * KEY\n"]
    {
        let error = unasked(&knowing(&sshd, lines)).await.unwrap_err();
        assert!(matches!(error, Error::HostKeyRevoked { line: 2, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn an_authority_for_other_hosts_changes_nothing() {
    let sshd = certified("127.0.0.1", "-1h:+1h");
    let options = knowing(&sshd, "@cert-authority *.elsewhere CA\n");
    let mut asked = 0;
    answering(&options, |question| match question {
        Question::HostKey { answer, .. } => {
            asked += 1;
            answer.send(true).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    assert_eq!(asked, 1);
}
