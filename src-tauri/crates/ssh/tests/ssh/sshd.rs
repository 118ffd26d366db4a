//! Starts an OpenSSH server on a free port of 127.0.0.1, with keys and settings in a folder of its
//! own, as root or as a plain user. Its sessions find that folder as their home, so the start-up
//! files of whoever runs the tests play no part. It ends, with every session, when dropped.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use slipway_ssh::{ConnectOptions, KnownHosts};
use tempfile::TempDir;

pub struct Sshd {
    pub dir: TempDir,
    pub port: u16,
    pub user: String,
    child: Child,
}

impl Sshd {
    /// A server that lets the key in [`Sshd::identity`] in.
    pub fn start() -> Self {
        Self::with("")
    }

    /// The same with further lines of sshd_config(5); the first value of a keyword wins.
    pub fn with(settings: &str) -> Self {
        Self::with_files(|_| settings.to_owned())
    }

    /// The same with settings that name files of the server's folder, where the keys are already.
    pub fn with_files(settings: impl FnOnce(&Path) -> String) -> Self {
        let dir = tempfile::tempdir().unwrap();
        keygen(&dir.path().join("host_key"), &["-t", "ed25519", "-N", ""]);
        keygen(&dir.path().join("id"), &["-t", "ed25519", "-N", "", "-C", "test key"]);
        fs::copy(dir.path().join("id.pub"), dir.path().join("authorized_keys")).unwrap();
        let port = free_port();
        let settings = settings(dir.path());
        let child = run(dir.path(), port, &settings, &[]);
        let user = output("id", &["-un"]);
        Self { dir, port, user, child }
    }

    /// A server with these settings, started by the command whose first words are given.
    pub fn within(settings: &str, words: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let mut sshd = Self::with(settings);
        sshd.kill();
        let words = words(sshd.dir.path());
        sshd.child = run(sshd.dir.path(), sshd.port, settings, &words);
        sshd
    }

    /// Starts again on the same port with the same keys, after [`Sshd::kill`].
    pub fn restart(&mut self) {
        self.child = run(self.dir.path(), self.port, "", &[]);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn identity(&self) -> PathBuf {
        self.path("id")
    }

    /// `SHA256:…` of the host key, by ssh-keygen.
    pub fn fingerprint(&self) -> String {
        let listed = output("ssh-keygen", &["-lf", self.path("host_key.pub").to_str().unwrap()]);
        listed.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// The host key as a known_hosts line.
    pub fn known_hosts_line(&self) -> String {
        let key = fs::read_to_string(self.path("host_key.pub")).unwrap();
        let mut fields = key.split_whitespace();
        let (algorithm, blob) = (fields.next().unwrap(), fields.next().unwrap());
        format!("[127.0.0.1]:{} {algorithm} {blob}\n", self.port)
    }

    /// Options that log in without a question.
    pub fn options(&self) -> ConnectOptions {
        let known_hosts = KnownHosts { read: Vec::new(), own: self.path("own_known_hosts") };
        ConnectOptions {
            identities: vec![self.identity()],
            use_agent: false,
            default_identities: false,
            accepted_fingerprint: Some(self.fingerprint()),
            ..ConnectOptions::new("127.0.0.1", self.port, &self.user, known_hosts)
        }
    }

    /// Ends the server and all its sessions as a crash would.
    pub fn kill(&mut self) {
        // All at once: none is left to report how another ended.
        self.signal_all("STOP");
        for pid in descendants(self.child.id()) {
            signal(pid, "KILL");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How many processes serve connections.
    pub fn sessions(&self) -> usize {
        descendants(self.child.id()).len()
    }

    /// Stops all its processes where they are, like a machine that is gone.
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    /// Sockets that its processes hold: a listener, and one for each connection and each stream.
    /// Counted on Linux only; 0 elsewhere.
    pub fn sockets(&self) -> usize {
        let mut names = HashSet::new();
        for pid in descendants(self.child.id()) {
            let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
                continue;
            };
            let targets = entries.flatten().filter_map(|entry| fs::read_link(entry.path()).ok());
            names.extend(targets.filter(|target| target.to_string_lossy().starts_with("socket:")));
        }
        names.len()
    }

    fn signal_all(&self, name: &str) {
        for pid in descendants(self.child.id()) {
            signal(pid, name);
        }
        signal(self.child.id(), name);
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Makes a key with ssh-keygen.
pub fn keygen(path: &Path, arguments: &[&str]) {
    let status = Command::new("ssh-keygen").arg("-q").args(arguments).arg("-f").arg(path).status();
    assert!(status.unwrap().success(), "ssh-keygen {arguments:?}");
}

pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn run(dir: &Path, port: u16, settings: &str, before: &[String]) -> Child {
    let at = dir.display();
    // Unlike other keywords, this one may stand only once.
    let sftp = if settings.contains("Subsystem") { "" } else { "Subsystem sftp internal-sftp" };
    let config = format!(
        "{settings}\n\
         Port {port}\n\
         ListenAddress 127.0.0.1\n\
         HostKey {at}/host_key\n\
         PidFile none\n\
         AuthorizedKeysFile {at}/authorized_keys\n\
         StrictModes no\n\
         UsePAM no\n\
         PermitRootLogin yes\n\
         PasswordAuthentication no\n\
         KbdInteractiveAuthentication no\n\
         MaxStartups 200\n\
         SetEnv HOME={at}\n\
         {sftp}\n"
    );
    fs::write(dir.join("sshd_config"), config).unwrap();
    // Where sshd runs as root it wants this folder, which the service usually makes.
    let _ = fs::create_dir_all("/run/sshd");
    let log = fs::File::create(dir.join("sshd.log")).unwrap();
    let sshd = ["/usr/sbin/sshd", "-D", "-e", "-f"];
    let mut words = before.iter().map(String::as_str).chain(sshd);
    let mut child = Command::new(words.next().unwrap())
        .args(words)
        .arg(dir.join("sshd_config"))
        .stdin(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("OpenSSH's server must be installed");
    let patience = Instant::now() + Duration::from_secs(15);
    while !speaks_ssh(port) {
        let log = || fs::read_to_string(dir.join("sshd.log")).unwrap_or_default();
        assert!(child.try_wait().unwrap().is_none(), "sshd ended: {}", log());
        assert!(Instant::now() < patience, "sshd does not start: {}", log());
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn speaks_ssh(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut start = [0; 4];
    stream.read_exact(&mut start).is_ok() && &start == b"SSH-"
}

pub fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn signal(pid: u32, name: &str) {
    let _ =
        Command::new("kill").args(["-s", name, &pid.to_string()]).stderr(Stdio::null()).status();
}

/// All processes below one, found by asking ps: sshd's sessions are in groups of their own.
fn descendants(root: u32) -> Vec<u32> {
    let listed = output("ps", &["-e", "-o", "pid=,ppid="]);
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for line in listed.lines() {
        let mut numbers = line.split_whitespace().filter_map(|number| number.parse().ok());
        if let (Some(pid), Some(parent)) = (numbers.next(), numbers.next()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = HashSet::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            found.insert(child);
            open.push(child);
        }
    }
    found.into_iter().collect()
}
