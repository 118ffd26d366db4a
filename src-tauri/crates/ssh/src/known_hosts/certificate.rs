//! Host certificates: whether an authority on record vouches for a host (PROTOCOL.certkeys of
//! OpenSSH; the rules are those of its `sshkey_cert_check_authority`).

use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::{Algorithm, Certificate, HashAlg};

use super::{HostRecord, RecordedKey};

/// Why a certificate does not vouch.
#[derive(Debug)]
pub(crate) enum Refusal<'a> {
    /// A `@revoked` line names its key or the key of its authority.
    Revoked(&'a RecordedKey),
    /// Anything else, in words.
    Invalid(String),
}

impl HostRecord {
    /// Checks a certificate for a name as it is dialled, without its port.
    pub(crate) fn vouches(&self, shown: &Certificate, name: &str) -> Result<(), Refusal<'_>> {
        let signer = shown.signature_key();
        let revoked =
            |known: &&RecordedKey| [signer, shown.public_key()].contains(&known.key.key_data());
        if let Some(revoked) = self.revoked.iter().find(revoked) {
            return Err(Refusal::Revoked(revoked));
        }
        let invalid = |detail: &str| Err(Refusal::Invalid(detail.to_owned()));
        if !self.authorities.iter().any(|known| known.key.key_data() == signer) {
            return invalid("no authority on record has signed it");
        }
        if shown.cert_type() != CertType::Host {
            return invalid("it is not a host's certificate");
        }
        if matches!(shown.signature().algorithm(), Algorithm::Rsa { hash: None }) {
            return invalid("it is signed with SHA-1");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if now < shown.valid_after() {
            return invalid("it is not valid yet; check this computer's clock");
        }
        if now >= shown.valid_before() {
            return invalid("it has expired");
        }
        // None at all stands for every host.
        let principals = shown.valid_principals();
        if !principals.is_empty() && !principals.iter().any(|p| p.eq_ignore_ascii_case(name)) {
            let listed = principals.join(", ");
            return Err(Refusal::Invalid(format!("it is for {listed}, not for {name}")));
        }
        if !shown.critical_options().is_empty() {
            return invalid("it has critical options, which no host's certificate may have");
        }
        // The signature last: it is the only part that costs time.
        let signer = signer.fingerprint(HashAlg::Sha256);
        match shown.validate_at(now, [&signer]) {
            Ok(()) => Ok(()),
            Err(_) => invalid("its signature is wrong"),
        }
    }
}
