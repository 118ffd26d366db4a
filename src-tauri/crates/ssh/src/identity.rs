//! Key files: what they hold, whether they are encrypted, whether others can read them.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use russh::keys::{Algorithm, Certificate, PrivateKey, PublicKey, decode_secret_key};
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
        let (metadata, text) = read(path).await?;
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
        Self::parse(path, text)
            .map_err(|detail| Error::KeyFileUnusable { path: path.to_path_buf(), detail })
    }

    /// The same, content with the public half (`PATH.pub`) when the file itself is not there.
    pub(crate) async fn load_or_public(path: &Path) -> Result<Self, Error> {
        match Self::load(path).await {
            Err(Error::KeyFileNotFound { path }) => {
                let mut public = path.clone().into_os_string();
                public.push(".pub");
                let found = Self::load(Path::new(&public)).await;
                found.map_err(|_| Error::KeyFileNotFound { path })
            }
            result => result,
        }
    }

    fn parse(path: &Path, text: String) -> Result<Self, String> {
        let path = path.to_path_buf();
        if let Ok(key) = PrivateKey::from_openssh(text.trim()) {
            // The secret is in the security key; this file only says which.
            let algorithm = key.algorithm();
            if matches!(algorithm, Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256) {
                return Ok(Self::Public { path, key: key.public_key().clone() });
            }
            return Ok(if key.is_encrypted() {
                let public = Some(key.public_key().clone());
                Self::Encrypted { path, public, text: text.into() }
            } else {
                Self::Plain { path, key: Arc::new(key) }
            });
        }
        if is_legacy_encryption(&text) {
            let path = path.display();
            return Err(format!(
                "its old form of encryption is not supported; convert it with ssh-keygen -p -f {path}"
            ));
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

/// Encryption by the header of RFC 1421, less what can be read: RSA under AES-128.
fn is_legacy_encryption(text: &str) -> bool {
    text.contains("Proc-Type: 4,ENCRYPTED")
        && !(text.contains("-----BEGIN RSA PRIVATE KEY-----")
            && text.contains("DEK-Info: AES-128-CBC,"))
}

/// The default key files; those on a security key are used through the agent.
pub(crate) fn default_paths() -> Vec<PathBuf> {
    const NAMES: [&str; 5] = ["id_ed25519", "id_ecdsa", "id_rsa", "id_ed25519_sk", "id_ecdsa_sk"];
    let Some(home) = std::env::home_dir() else {
        return Vec::new();
    };
    NAMES.iter().map(|name| home.join(".ssh").join(name)).collect()
}

/// Where ssh-keygen puts the certificate of a key: `id-cert.pub` for `id` and for `id.pub`.
pub(crate) fn certificate_beside(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    if key.extension().is_some_and(|extension| extension == "pub") {
        name = key.with_extension("").into_os_string();
    }
    name.push("-cert.pub");
    PathBuf::from(name)
}

/// Reads a user certificate.
pub(crate) async fn load_certificate(path: &Path) -> Result<Certificate, Error> {
    let (_, text) = read(path).await?;
    Certificate::from_openssh(text.trim()).map_err(|error| Error::KeyFileUnusable {
        path: path.to_path_buf(),
        detail: format!("not a certificate ({error})"),
    })
}

/// Reads a small text file.
async fn read(path: &Path) -> Result<(Metadata, String), Error> {
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
    Ok((metadata, text))
}
