//! The key files and certificates of a login, read before the connection is made.

use std::path::{Path, PathBuf};

use russh::keys::{Certificate, PublicKey};

use crate::error::{Error, LoginAttempt};
use crate::identity::{self, Identity};
use crate::options::ConnectOptions;

/// The identities to try.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    pub(super) keys: Vec<Identity>,
    /// Certificates and the files that they are from.
    pub(super) certificates: Vec<(PathBuf, Certificate)>,
    /// Whether the agent's keys are tried only where one of these names them.
    pub(super) only_named: bool,
    /// How many of the keys are the user's choice: their faults are errors, not notes.
    chosen: usize,
    /// What could not be used.
    pub(super) notes: Vec<LoginAttempt>,
}

impl Identities {
    pub(crate) async fn load(options: &ConnectOptions) -> Result<Self, Error> {
        let mut loaded = Self { only_named: options.identities_only, ..Self::default() };
        for path in &options.identities {
            loaded.keys.push(Identity::load(path).await?);
        }
        loaded.chosen = loaded.keys.len();
        for path in options.config_identities.iter().filter(|p| !options.identities.contains(p)) {
            match Identity::load_or_public(path).await {
                Ok(identity) => loaded.keys.push(identity),
                Err(error) => loaded.note("key", path, &error),
            }
        }
        let named = !(options.identities.is_empty() && options.config_identities.is_empty());
        if !named && options.default_identities {
            for path in identity::default_paths() {
                match Identity::load(&path).await {
                    Ok(identity) => loaded.keys.push(identity),
                    Err(Error::KeyFileNotFound { .. }) => {}
                    Err(error) => loaded.note("key", &path, &error),
                }
            }
        }
        loaded.load_certificates(options).await;
        Ok(loaded)
    }

    async fn load_certificates(&mut self, options: &ConnectOptions) {
        let beside: Vec<PathBuf> =
            self.keys.iter().map(|key| identity::certificate_beside(key.path())).collect();
        for path in &options.certificates {
            match identity::load_certificate(path).await {
                Ok(certificate) => self.certificates.push((path.clone(), certificate)),
                Err(error) => self.note("certificate", path, &error),
            }
        }
        for path in beside {
            match identity::load_certificate(&path).await {
                Ok(certificate) => self.certificates.push((path, certificate)),
                Err(Error::KeyFileNotFound { .. }) => {}
                Err(error) => self.note("certificate", &path, &error),
            }
        }
    }

    fn note(&mut self, kind: &str, path: &Path, error: &Error) {
        let why = match error {
            Error::KeyFileNotFound { .. } => "the file does not exist".to_owned(),
            Error::KeyFilePermissions { mode, .. } => format!("it is open to others ({mode:04o})"),
            Error::KeyFileUnusable { detail, .. } => detail.clone(),
            other => other.to_string(),
        };
        self.notes.push(LoginAttempt::new(format!("{kind} {}", path.display()), why));
    }

    pub(super) fn is_chosen(&self, identity: &Identity) -> bool {
        self.keys.iter().take(self.chosen).any(|chosen| chosen.path() == identity.path())
    }

    /// The certificates for a key.
    pub(super) fn certificates_of<'a>(
        &'a self,
        key: &'a PublicKey,
    ) -> impl Iterator<Item = (&'a Path, &'a Certificate)> {
        self.certificates
            .iter()
            .filter(|(_, certificate)| certificate.public_key() == key.key_data())
            .map(|(path, certificate)| (path.as_path(), certificate))
    }
}
