//! Key files: what they hold, whether they are encrypted, whether others can read them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{PrivateKey, PublicKey, decode_secret_key};
use secrecy::{ExposeSecret, SecretString};

use crate::error::Error;

/// What a key file holds.
#[derive(Debug)]
pub(crate) enum Identity {
    /// A private key that is ready to use.
    Plain { path: PathBuf, key: Arc<PrivateKey> },
    /// A private key under a passphrase. OpenSSH's format shows the public half nevertheless.
    Encrypted { path: PathBuf, public: Option<PublicKey>, text: SecretString },
    /// A public key, which stands for its private half in the agent.
    Public { path: PathBuf, key: PublicKey },
}

impl Identity {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Plain { path, .. } | Self::Encrypted { path, .. } | Self::Public { path, .. } => {
                path
            }
        }
    }

    /// The public half, if it is visible without a passphrase.
    pub(crate) fn public_key(&self) -> Option<&PublicKey> {
        match self {
            Self::Plain { key, .. } => Some(key.public_key()),
            Self::Encrypted { public, .. } => public.as_ref(),
            Self::Public { key, .. } => Some(key),
        }
    }

    /// Reads a key file.
    pub(crate) async fn load(path: &Path) -> Result<Self, Error> {
        let unusable = |detail: String| Error::KeyFileUnusable { path: path.to_path_buf(), detail };
        let metadata = tokio::fs::metadata(path).await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::KeyFileNotFound { path: path.to_path_buf() },
            _ => unusable(error.to_string()),
        })?;
        // A key is at most some 20 KiB; a model file chosen by mistake must not be read.
        if !metadata.is_file() || metadata.len() > 1024 * 1024 {
            return Err(unusable("it is not a key file".to_owned()));
        }
        let text =
            tokio::fs::read_to_string(path).await.map_err(|error| unusable(error.to_string()))?;
        if let Ok(key) = PublicKey::from_openssh(text.trim()) {
            return Ok(Self::Public { path: path.to_path_buf(), key });
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = metadata.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                return Err(Error::KeyFilePermissions { path: path.to_path_buf(), mode });
            }
        }
        Self::parse(path, text).map_err(unusable)
    }

    fn parse(path: &Path, text: String) -> Result<Self, String> {
        let path = path.to_path_buf();
        if let Ok(key) = PrivateKey::from_openssh(text.trim()) {
            return Ok(if key.is_encrypted() {
                let public = Some(key.public_key().clone());
                Self::Encrypted { path, public, text: text.into() }
            } else {
                Self::Plain { path, key: Arc::new(key) }
            });
        }
        if is_encrypted_pem(&text) {
            return Ok(Self::Encrypted { path, public: None, text: text.into() });
        }
        match decode_secret_key(&text, None) {
            Ok(key) => Ok(Self::Plain { path, key: Arc::new(key) }),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Decrypts the text of a key file; `None` when the passphrase is wrong.
///
/// The key derivation is slow on purpose, so it runs on a thread of its own.
pub(crate) async fn decrypt(text: &SecretString, passphrase: SecretString) -> Option<PrivateKey> {
    let text = text.clone();
    tokio::task::spawn_blocking(move || {
        decode_secret_key(text.expose_secret(), Some(passphrase.expose_secret())).ok()
    })
    .await
    .ok()
    .flatten()
}

/// Encryption in the older formats: PKCS#8, the header of RFC 1421, PuTTY.
fn is_encrypted_pem(text: &str) -> bool {
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----")
        || text.contains("Proc-Type: 4,ENCRYPTED")
        || (text.starts_with("PuTTY-User-Key-File-") && !text.contains("Encryption: none"))
}

/// The default key files that exist and can be used, and a note for each that exists but cannot.
pub(crate) async fn defaults() -> (Vec<Identity>, Vec<String>) {
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    let Some(home) = std::env::home_dir() else {
        return (found, notes);
    };
    for name in ["id_ed25519", "id_ecdsa", "id_rsa"] {
        match Identity::load(&home.join(".ssh").join(name)).await {
            Ok(identity) => found.push(identity),
            Err(Error::KeyFileNotFound { .. }) => {}
            Err(error) => notes.push(error.to_string()),
        }
    }
    (found, notes)
}
