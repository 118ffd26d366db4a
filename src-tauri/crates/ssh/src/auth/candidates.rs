//! Which keys are tried, and in what order.

use russh::keys::agent::AgentIdentity;
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey};

use super::{Identities, printable};
use crate::identity::Identity;

/// Something to show to the server.
pub(super) struct Candidate<'a> {
    /// Its name for a person.
    pub(super) what: String,
    /// `None` when it can be seen only under its passphrase.
    pub(super) shown: Option<Shown<'a>>,
    pub(super) holder: Holder<'a>,
}

/// What the server sees.
pub(super) enum Shown<'a> {
    Key(&'a PublicKey),
    Certificate(&'a Certificate),
}

/// Who signs.
pub(super) enum Holder<'a> {
    /// The agent, with this identity.
    Agent(&'a AgentIdentity),
    File(&'a Identity),
}

impl Shown<'_> {
    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Key(key) => key.algorithm(),
            Self::Certificate(certificate) => certificate.algorithm(),
        }
    }
}

impl Candidate<'_> {
    /// The key, also that of a certificate.
    pub(super) fn public_key(&self) -> Option<PublicKey> {
        Some(match self.shown.as_ref()? {
            Shown::Key(key) => PublicKey::new(key.key_data().clone(), ""),
            Shown::Certificate(certificate) => PublicKey::new(certificate.public_key().clone(), ""),
        })
    }
}

/// Agent keys named by a file come first, then the files (less those that the agent has), then the
/// other keys of the agent, unless only named ones are wanted. A certificate goes before its key.
pub(super) fn candidates<'a>(
    held: &'a [AgentIdentity],
    identities: &'a Identities,
) -> Vec<Candidate<'a>> {
    let files = &identities.keys;
    let named = |key: &AgentIdentity| {
        let key = key.public_key();
        files.iter().any(|file| file.public_key().is_some_and(|f| f.key_data() == key.key_data()))
            || identities.certificates.iter().any(|(_, c)| c.public_key() == key.key_data())
    };
    let in_agent = |file: &Identity| {
        file.public_key()
            .is_some_and(|key| held.iter().any(|h| h.public_key().key_data() == key.key_data()))
    };
    let mut order = Vec::new();
    for key in held.iter().filter(|key| named(key)) {
        push_agent(&mut order, key, held, identities);
    }
    for file in files.iter().filter(|file| !in_agent(file)) {
        let what = format!("key {}", file.path().display());
        if let Some(key) = file.public_key() {
            for (path, certificate) in identities.certificates_of(key) {
                order.push(Candidate {
                    what: format!("certificate {}", path.display()),
                    shown: Some(Shown::Certificate(certificate)),
                    holder: Holder::File(file),
                });
            }
        }
        let shown = file.public_key().map(Shown::Key);
        order.push(Candidate { what, shown, holder: Holder::File(file) });
    }
    if !identities.only_named {
        for key in held.iter().filter(|key| !named(key)) {
            push_agent(&mut order, key, held, identities);
        }
    }
    order
}

fn push_agent<'a>(
    order: &mut Vec<Candidate<'a>>,
    identity: &'a AgentIdentity,
    held: &[AgentIdentity],
    identities: &'a Identities,
) {
    let holder = || Holder::Agent(identity);
    match identity {
        AgentIdentity::Certificate { certificate, .. } => order.push(Candidate {
            what: format!("agent certificate {}", name(identity)),
            shown: Some(Shown::Certificate(certificate)),
            holder: holder(),
        }),
        AgentIdentity::PublicKey { key, .. } => {
            let agent_has = |certificate: &Certificate| {
                held.iter().any(|h| {
                    matches!(h, AgentIdentity::Certificate { certificate: c, .. } if c == certificate)
                })
            };
            for (path, certificate) in identities.certificates_of(key) {
                if !agent_has(certificate) {
                    order.push(Candidate {
                        what: format!("certificate {} (agent)", path.display()),
                        shown: Some(Shown::Certificate(certificate)),
                        holder: holder(),
                    });
                }
            }
            order.push(Candidate {
                what: format!("agent key {}", name(identity)),
                shown: Some(Shown::Key(key)),
                holder: holder(),
            });
        }
    }
}

fn name(key: &AgentIdentity) -> String {
    match key.comment() {
        "" => key.public_key().fingerprint(HashAlg::Sha256).to_string(),
        comment => printable(comment),
    }
}
