//! Secrets that the user asked to keep: in the system's keychain, or, where there is none (a Linux
//! without a Secret Service), in a file encrypted with a key that only this user can read. The file
//! protects copies and backups of the data directory's other files; it cannot protect against
//! programs of the same user, and Settings says so.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chacha20poly1305::aead::{Aead, AeadCore, KeyInit, OsRng};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};

/// The service name under which the keychain lists the entries.
const SERVICE: &str = "Slipway";
/// Bytes of an XChaCha20 nonce, in front of the cipher text.
const NONCE: usize = 24;

/// What a secret is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SecretName(String);

impl SecretName {
    /// The password of a login, `user@host:port`.
    pub(crate) fn password(at: &str) -> Self {
        Self(format!("ssh password {at}"))
    }

    /// The token of the model hub.
    pub(crate) fn hub_token() -> Self {
        Self("model hub token".to_owned())
    }

    /// The passphrase of a key file.
    pub(crate) fn passphrase(path: &str) -> Self {
        Self(format!("key passphrase {path}"))
    }
}

/// Where secrets are kept.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    /// Directory of the encrypted file and its key.
    dir: PathBuf,
    /// Whether the system's keychain may be used; not with a data directory of one's own, whose
    /// point is to keep everything together and apart.
    keychain: bool,
    /// Those that a server has accepted since the start, so that a connection can be rebuilt while
    /// nobody is there to be asked.
    accepted: Arc<Mutex<HashMap<String, SecretString>>>,
}

impl Secrets {
    pub(crate) fn new(dir: PathBuf, keychain: bool) -> Self {
        Self { dir, keychain, accepted: Arc::default() }
    }

    /// Remembers a secret until the program ends.
    pub(crate) fn accept(&self, name: &SecretName, secret: &SecretString) {
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.insert(name.0.clone(), secret.clone());
    }

    /// A known secret.
    pub(crate) async fn get(&self, name: &SecretName) -> Option<SecretString> {
        if let Some(secret) =
            self.accepted.lock().unwrap_or_else(PoisonError::into_inner).get(&name.0)
        {
            return Some(secret.clone());
        }
        let (this, name) = (self.clone(), name.clone());
        let found = tokio::task::spawn_blocking(move || {
            if this.keychain
                && let Ok(entry) = keyring::Entry::new(SERVICE, &name.0)
                && let Ok(secret) = entry.get_password()
            {
                return Some(SecretString::from(secret));
            }
            this.read_file().ok()?.remove(&name.0).map(SecretString::from)
        });
        found.await.ok().flatten()
    }

    /// Keeps a secret. That it could not be kept is logged, and the user is asked again next time.
    pub(crate) async fn put(&self, name: &SecretName, secret: &SecretString) {
        let (this, name, secret) = (self.clone(), name.clone(), secret.clone());
        let stored = tokio::task::spawn_blocking(move || {
            if this.keychain
                && let Ok(entry) = keyring::Entry::new(SERVICE, &name.0)
                && entry.set_password(secret.expose_secret()).is_ok()
            {
                return Ok(());
            }
            let mut all = this.read_file().unwrap_or_default();
            all.insert(name.0, secret.expose_secret().to_owned());
            this.write_file(&all)
        });
        match stored.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(target: "secrets", "not kept: {error}"),
            Err(error) => tracing::warn!(target: "secrets", "not kept: {error}"),
        }
    }

    /// Forgets a secret wherever it is kept.
    pub(crate) async fn forget(&self, name: &SecretName) {
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).remove(&name.0);
        let (this, name) = (self.clone(), name.clone());
        let forgotten = tokio::task::spawn_blocking(move || {
            if this.keychain
                && let Ok(entry) = keyring::Entry::new(SERVICE, &name.0)
            {
                let _ = entry.delete_credential();
            }
            let mut all = match this.read_file() {
                Ok(all) => all,
                Err(_) => return Ok(()),
            };
            if all.remove(&name.0).is_some() { this.write_file(&all) } else { Ok(()) }
        });
        match forgotten.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(target: "secrets", "not forgotten: {error}"),
            Err(error) => tracing::warn!(target: "secrets", "not forgotten: {error}"),
        }
    }

    fn read_file(&self) -> std::io::Result<BTreeMap<String, String>> {
        let sealed = std::fs::read(self.dir.join("secrets.bin"))?;
        let damaged = || std::io::Error::other("secrets.bin is damaged");
        let (nonce, text) = sealed.split_at_checked(NONCE).ok_or_else(damaged)?;
        let plain =
            self.cipher()?.decrypt(XNonce::from_slice(nonce), text).map_err(|_| damaged())?;
        serde_json::from_slice(&plain).map_err(|_| damaged())
    }

    fn write_file(&self, all: &BTreeMap<String, String>) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let plain = serde_json::to_vec(all).map_err(std::io::Error::other)?;
        let text = self
            .cipher()?
            .encrypt(&nonce, plain.as_slice())
            .map_err(|_| std::io::Error::other("secrets cannot be encrypted"))?;
        let part = self.dir.join("secrets.part");
        write_private(&part, &[nonce.as_slice(), &text].concat())?;
        std::fs::rename(part, self.dir.join("secrets.bin"))
    }

    /// The cipher with this user's key, made at first use.
    fn cipher(&self) -> std::io::Result<XChaCha20Poly1305> {
        let path = self.dir.join("secrets.key");
        if !path.exists() {
            let key = XChaCha20Poly1305::generate_key(&mut OsRng);
            write_private(&path, &key)?;
        }
        let key = std::fs::read(&path)?;
        if key.len() != 32 {
            return Err(std::io::Error::other("secrets.key is damaged"));
        }
        Ok(XChaCha20Poly1305::new(Key::from_slice(&key)))
    }
}

/// Writes a file that only this user can read, from its first byte on.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn kept_encrypted_and_private() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(dir.path().join("s"), false);
        let (one, two) = (SecretName::password("a@b:22"), SecretName::passphrase("/k"));
        assert!(secrets.get(&one).await.is_none());
        secrets.put(&one, &SecretString::from("hunter2")).await;
        secrets.put(&two, &SecretString::from("пароль")).await;
        let again = Secrets::new(dir.path().join("s"), false);
        assert_eq!(again.get(&one).await.unwrap().expose_secret(), "hunter2");
        assert_eq!(again.get(&two).await.unwrap().expose_secret(), "пароль");
        for entry in std::fs::read_dir(dir.path().join("s")).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(7).any(|window| window == b"hunter2"), "{path:?}");
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
    }

    #[tokio::test]
    async fn a_damaged_file_is_no_secret_and_no_crash() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(dir.path().to_owned(), false);
        let name = SecretName::password("a@b:22");
        secrets.put(&name, &SecretString::from("x")).await;
        std::fs::write(dir.path().join("secrets.bin"), b"garbage").unwrap();
        assert!(secrets.get(&name).await.is_none());
        secrets.put(&name, &SecretString::from("y")).await;
        assert_eq!(secrets.get(&name).await.unwrap().expose_secret(), "y");
    }
}
