//! Reads known_hosts files and records accepted keys.
//!
//! The format is that of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT". An own reader, because russh's
//! knows neither wildcards nor markers nor tabs, takes an unreadable file for an empty one, and
//! reports a host that is known under another key type as new, which a man in the middle can
//! choose to be.

mod certificate;
mod entry;
mod removal;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey};

pub(crate) use self::certificate::Refusal;
use self::entry::{Entry, matches_name};
pub(crate) use self::removal::removal_command;
use crate::error::Error;
use crate::options::{ConnectOptions, KnownHosts};
use crate::question::RecordedAt;

/// Key types in the order of preference for a host without a record. RSA only with SHA-2.
const PREFERENCE: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// A key on record and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct RecordedKey {
    pub(crate) key: PublicKey,
    pub(crate) file: PathBuf,
    /// Counted from 1.
    pub(crate) line: usize,
}

impl RecordedKey {
    pub(crate) fn place(&self) -> RecordedAt {
        RecordedAt { file: self.file.clone(), line: self.line }
    }
}

/// All that the files say about one host.
#[derive(Debug, Default)]
pub(crate) struct HostRecord {
    /// Keys under the name with its port.
    keys: Vec<RecordedKey>,
    /// Keys under the bare name, when the port is not 22. As in OpenSSH they can vouch for a key,
    /// but a different one is no contradiction: another sshd may run on the other port.
    bare: Vec<RecordedKey>,
    /// Keys whose certificates vouch for the host.
    authorities: Vec<RecordedKey>,
    revoked: Vec<RecordedKey>,
}

/// What the record says of a key that a host shows.
#[derive(Debug)]
pub(crate) enum Verdict<'a> {
    Known,
    /// No key on record, or only keys of other types: the first of them.
    Unknown {
        other: Option<&'a RecordedKey>,
    },
    Changed(&'a RecordedKey),
    Revoked(&'a RecordedKey),
}

impl HostRecord {
    /// Reads the record of a host, under the name of [`record_name`], from all files.
    pub(crate) async fn read(files: &KnownHosts, options: &ConnectOptions) -> Result<Self, Error> {
        let mut record = Self::default();
        let name = record_name(options);
        let bare = options.host_key_alias.as_ref().unwrap_or(&options.host).to_lowercase();
        for path in files.read.iter().chain(std::iter::once(&files.own)) {
            match tokio::fs::read(path).await {
                Ok(bytes) => record.add(path, &String::from_utf8_lossy(&bytes), &name, &bare),
                // A path below a file is as absent as a missing one.
                Err(error)
                    if matches!(
                        error.kind(),
                        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                    ) => {}
                Err(source) => {
                    return Err(Error::KnownHostsUnreadable { path: path.clone(), source });
                }
            }
        }
        Ok(record)
    }

    fn add(&mut self, file: &Path, text: &str, name: &str, bare: &str) {
        for (index, line) in text.lines().enumerate() {
            let Some(entry) = Entry::parse(line) else {
                continue;
            };
            let by_name = matches_name(entry.hosts, name);
            if !by_name && !matches_name(entry.hosts, bare) {
                continue;
            }
            let recorded =
                RecordedKey { key: entry.key, file: file.to_path_buf(), line: index + 1 };
            match entry.marker {
                Some("@revoked") => self.revoked.push(recorded),
                // An authority signs keys; it is not the key of a host.
                Some("@cert-authority") => self.authorities.push(recorded),
                // As in OpenSSH, a line with a marker that we do not know says nothing.
                Some(_) => {}
                None if by_name => self.keys.push(recorded),
                None => self.bare.push(recorded),
            }
        }
    }

    /// The key types to offer: those on record first, so that a host that still has its key shows
    /// it, and one that does not is seen to have changed.
    pub(crate) fn preferred_algorithms(&self) -> Vec<Algorithm> {
        let recorded = |wanted: &Algorithm| {
            self.keys.iter().any(|known| match (known.key.algorithm(), wanted) {
                (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }) => true,
                (algorithm, wanted) => algorithm == *wanted,
            })
        };
        let (mut first, rest): (Vec<_>, Vec<_>) = PREFERENCE.iter().cloned().partition(recorded);
        first.extend(rest);
        first
    }

    /// The key types whose certificates are asked for: none unless an authority is on record.
    pub(crate) fn certificate_algorithms(&self) -> Vec<Algorithm> {
        if self.authorities.is_empty() { Vec::new() } else { PREFERENCE.to_vec() }
    }

    /// Judges the key that the host shows.
    pub(crate) fn judge(&self, shown: &PublicKey) -> Verdict<'_> {
        let same = |known: &&RecordedKey| known.key.key_data() == shown.key_data();
        if let Some(revoked) = self.revoked.iter().find(same) {
            return Verdict::Revoked(revoked);
        }
        if self.keys.iter().any(|known| same(&known)) {
            return Verdict::Known;
        }
        let same_type = |known: &&RecordedKey| known.key.algorithm() == shown.algorithm();
        if let Some(known) = self.keys.iter().find(same_type) {
            return Verdict::Changed(known);
        }
        if self.bare.iter().any(|known| same(&known)) {
            return Verdict::Known;
        }
        // The types on record were offered first, so the host has none of them any more.
        Verdict::Unknown { other: self.keys.first() }
    }
}

/// Appends an accepted key to our own file; a new file is readable by its owner alone.
pub(crate) async fn append(options: &ConnectOptions, key: &PublicKey) -> Result<(), Error> {
    let file = &options.known_hosts.own;
    let mut bare = key.clone();
    bare.set_comment("");
    let path = file.clone();
    let name = record_name(options);
    let written = tokio::task::spawn_blocking(move || {
        let text = bare.to_openssh().map_err(io::Error::other)?;
        append_line(&path, &format!("{name} {}", text.trim_end()))
    })
    .await
    .unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
    written.map_err(|source| Error::KnownHostsUnwritable { path: file.clone(), source })
}

fn append_line(path: &Path, line: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let unfinished = match std::fs::read(path) {
        Ok(bytes) => bytes.last().is_some_and(|last| *last != b'\n'),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error),
    };
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    // One write, so that two programs that append at once cannot mix their lines.
    file.write_all(format!("{}{line}\n", if unfinished { "\n" } else { "" }).as_bytes())?;
    file.sync_all()
}

/// The name under which a host is recorded: its alias as it is, else the name in lower case, with
/// the port unless that is 22.
pub(crate) fn record_name(options: &ConnectOptions) -> String {
    if let Some(alias) = &options.host_key_alias {
        return alias.to_lowercase();
    }
    let host = options.host.to_lowercase();
    if options.port == 22 { host } else { format!("[{host}]:{}", options.port) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY_A: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const KEY_B: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

    fn record(text: &str, host: &str, port: u16) -> HostRecord {
        let files = KnownHosts { read: Vec::new(), own: PathBuf::new() };
        let options = ConnectOptions::new(host, port, "", files);
        let mut record = HostRecord::default();
        let bare = host.to_lowercase();
        record.add(Path::new("known_hosts"), text, &record_name(&options), &bare);
        record
    }

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    #[test]
    fn reads_plain_names_ports_tabs_and_lists() {
        for line in [
            format!("alpha {KEY_A}"),
            format!("other,Alpha {KEY_A} a comment"),
            format!("alpha\t{}", KEY_A.replace(' ', "\t")),
        ] {
            assert!(matches!(record(&line, "ALPHA", 22).judge(&key(KEY_A)), Verdict::Known));
        }
        let with_port = format!("[alpha]:2222 {KEY_A}");
        assert!(matches!(record(&with_port, "alpha", 2222).judge(&key(KEY_A)), Verdict::Known));
        assert!(matches!(
            record(&with_port, "alpha", 22).judge(&key(KEY_A)),
            Verdict::Unknown { .. }
        ));
    }

    #[test]
    fn honours_wildcards_and_negation() {
        let text = format!("*.lab.example,!secret.lab.example {KEY_A}");
        assert!(matches!(record(&text, "a.lab.example", 22).judge(&key(KEY_A)), Verdict::Known));
        assert!(matches!(
            record(&text, "secret.lab.example", 22).judge(&key(KEY_A)),
            Verdict::Unknown { other: None }
        ));
    }

    #[test]
    fn a_changed_key_names_the_line_of_the_same_type() {
        let text = format!("# a comment\n\nalpha {KEY_A}\n");
        match record(&text, "alpha", 22).judge(&key(KEY_B)) {
            Verdict::Changed(known) => assert_eq!(known.line, 3),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_of_two_keys_of_a_type_is_enough() {
        let text = format!("alpha {KEY_A}\nalpha {KEY_B}\n");
        assert!(matches!(record(&text, "alpha", 22).judge(&key(KEY_B)), Verdict::Known));
    }

    #[test]
    fn markers_are_not_host_names() {
        let text = format!("@revoked * {KEY_A}\n@cert-authority alpha {KEY_B}\n");
        assert!(matches!(record(&text, "alpha", 22).judge(&key(KEY_A)), Verdict::Revoked(_)));
        assert!(matches!(record(&text, "alpha", 22).judge(&key(KEY_B)), Verdict::Unknown { .. }));
    }

    #[test]
    fn a_bare_name_vouches_for_another_port_but_never_contradicts() {
        let text = format!("alpha {KEY_A}\n");
        assert!(matches!(record(&text, "alpha", 2222).judge(&key(KEY_A)), Verdict::Known));
        assert!(matches!(record(&text, "alpha", 2222).judge(&key(KEY_B)), Verdict::Unknown { .. }));
    }

    #[test]
    fn a_line_of_64_kib_is_read() {
        let names: String = (0..5000).map(|n| format!("host{n}.example,")).collect();
        let text = format!("{names}alpha {KEY_A}\n{}\nbeta {KEY_B}\n", "x".repeat(65536));
        assert!(text.lines().next().unwrap().len() > 65536);
        assert!(matches!(record(&text, "alpha", 22).judge(&key(KEY_A)), Verdict::Known));
        assert!(matches!(record(&text, "beta", 22).judge(&key(KEY_B)), Verdict::Known));
    }

    #[test]
    fn recorded_key_types_come_first() {
        let ecdsa = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=";
        let record = record(&format!("alpha {ecdsa}\n"), "alpha", 22);
        assert_eq!(
            record.preferred_algorithms().first(),
            Some(&Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 })
        );
        let Verdict::Unknown { other: Some(other) } = record.judge(&key(KEY_A)) else {
            panic!("a key of another type is on record");
        };
        assert_eq!(other.place().to_string(), "known_hosts:1");
    }
}
