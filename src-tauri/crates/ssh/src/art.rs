//! The picture of a key.

use russh::keys::{Algorithm, HashAlg, PublicKey, ssh_key::public::KeyData};

/// Draws a key as `ssh-keygen -lv` does: 11 lines without a last line break.
pub(crate) fn randomart(key: &PublicKey) -> String {
    let name = match key.algorithm() {
        Algorithm::Rsa { .. } => "RSA",
        Algorithm::Dsa => "DSA",
        Algorithm::Ecdsa { .. } => "ECDSA",
        Algorithm::Ed25519 => "ED25519",
        Algorithm::SkEd25519 => "ED25519-SK",
        Algorithm::SkEcdsaSha2NistP256 => "ECDSA-SK",
        _ => "UNKNOWN",
    };
    let mut title = format!("[{name} {}]", bits(key));
    // As there: a title that does not fit goes without the size.
    if title.len() > 17 {
        title = format!("[{name}]");
    }
    key.fingerprint(HashAlg::Sha256).to_randomart(&title)
}

/// The size of a key as `ssh-keygen -l` prints it.
fn bits(key: &PublicKey) -> usize {
    match key.key_data() {
        KeyData::Rsa(rsa) => {
            let modulus = rsa.n().as_positive_bytes().unwrap_or_default();
            let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
            (modulus.len() * 8).saturating_sub(zeros)
        }
        KeyData::Ecdsa(ecdsa) => match ecdsa.curve() {
            russh::keys::EcdsaCurve::NistP256 => 256,
            russh::keys::EcdsaCurve::NistP384 => 384,
            russh::keys::EcdsaCurve::NistP521 => 521,
        },
        _ => 256,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn is_what_ssh_keygen_draws() {
        let dir = tempfile::tempdir().unwrap();
        let kinds = [
            ("ed25519", "256"),
            ("ed25519", "256"),
            ("ecdsa", "256"),
            ("ecdsa", "384"),
            ("ecdsa", "521"),
            ("rsa", "1024"),
            ("rsa", "2048"),
            ("rsa", "3072"),
        ];
        for (index, (kind, size)) in kinds.into_iter().enumerate() {
            let path = dir.path().join(index.to_string());
            let run = |arguments: &[&str]| {
                let output = std::process::Command::new("ssh-keygen")
                    .args(arguments)
                    .arg("-f")
                    .arg(&path)
                    .output()
                    .unwrap();
                assert!(output.status.success());
                String::from_utf8(output.stdout).unwrap()
            };
            run(&["-q", "-t", kind, "-b", size, "-N", ""]);
            let drawn = run(&["-lv"]);
            let key = PublicKey::read_openssh_file(path.with_extension("pub")).unwrap();
            let expected: Vec<&str> = drawn.lines().skip(1).collect();
            let art = randomart(&key);
            assert_eq!(art.lines().collect::<Vec<_>>(), expected, "{kind} {size}");
            assert_eq!(expected.len(), 11);
        }
    }
}
