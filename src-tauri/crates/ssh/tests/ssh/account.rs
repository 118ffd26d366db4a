//! Passwords and prompts of OpenSSH's own server.
//!
//! It checks accounts of the system, so it runs where this test's `shadow` and PAM service lie over
//! those of the system: in a mount namespace, which leaves the machine as it is. Where that is not
//! allowed the tests have nothing to say.

use std::fs;
use std::process::{Command, Stdio};

use slipway_ssh::{ConnectOptions, Error, Question};

use crate::questions::answering;
use crate::sshd::{Sshd, output};

/// A server whose `root` has the password `right`; `pam` is the stack of its PAM service.
fn with_account(settings: &str, pam: &str) -> Option<Sshd> {
    let allowed = Command::new("unshare")
        .args(["-m", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !allowed || output("id", &["-u"]) != "0" {
        eprintln!("skipped: no mount namespace for a password of the test's own");
        return None;
    }
    Some(Sshd::within(settings, |dir| {
        let hash = output("openssl", &["passwd", "-6", "right"]);
        fs::write(
            dir.join("shadow"),
            format!("root:{hash}:20000:0:99999:7:::\nsshd:!:20000::::::\n"),
        )
        .unwrap();
        fs::write(dir.join("pam"), pam).unwrap();
        let at = dir.display();
        let script = format!(
            "mount --bind {at}/shadow /etc/shadow && mount --bind {at}/pam /etc/pam.d/sshd && \
             exec \"$@\""
        );
        ["unshare", "-m", "sh", "-c", &script, "sh"].map(str::to_owned).to_vec()
    }))
}

/// Like most systems have it: two factors would follow the same way.
const PAM: &str = "auth required pam_unix.so\naccount required pam_permit.so\n\
                   session required pam_permit.so\n";

fn options(sshd: &Sshd) -> ConnectOptions {
    ConnectOptions { identities: Vec::new(), user: "root".to_owned(), ..sshd.options() }
}

/// Gives a wrong password first; returns how often it was asked.
async fn log_in(sshd: &Sshd) -> Result<u32, Error> {
    let mut asked = 0;
    answering(&options(sshd), |question| match question {
        Question::Password { attempt, answer, .. } => {
            asked += 1;
            assert_eq!(attempt, asked);
            let secret = if attempt == 1 { "wrong" } else { "right" };
            answer.send(Some(secret.into())).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await?;
    Ok(asked)
}

#[tokio::test]
async fn a_password() {
    let Some(sshd) = with_account("PasswordAuthentication yes", PAM) else { return };
    assert_eq!(log_in(&sshd).await.unwrap(), 2);
}

#[tokio::test]
async fn keyboard_interactive_through_pam() {
    let settings = "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no";
    let Some(sshd) = with_account(settings, PAM) else { return };
    assert_eq!(log_in(&sshd).await.unwrap(), 2);
}

#[tokio::test]
async fn a_key_and_then_a_password() {
    let settings = "UsePAM yes\nKbdInteractiveAuthentication yes\n\
                    AuthenticationMethods publickey,keyboard-interactive";
    let Some(sshd) = with_account(settings, PAM) else { return };
    let mut asked = 0;
    let with_key = ConnectOptions { identities: vec![sshd.identity()], ..options(&sshd) };
    answering(&with_key, |question| match question {
        Question::Password { answer, .. } => {
            asked += 1;
            answer.send(Some("right".into())).unwrap();
        }
        other => panic!("{other:?}"),
    })
    .await
    .unwrap();
    assert_eq!(asked, 1);
}
