//! A real OpenSSH server on a free port of 127.0.0.1: own keys, own configuration, and a home
//! directory that makes it a machine of its own. It ends, with every session and with the engine
//! that was deployed there, when dropped.

mod config;

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use slipway_protocol::HostAdd;
use tempfile::TempDir;

use crate::engine;
use crate::processes::{self, descendants, signal};

/// Carries bytes between its input and output and a port of 127.0.0.1.
const RELAY: &str = "\
import os, socket, sys, threading
server = socket.create_connection((\"127.0.0.1\", int(sys.argv[1])))
def up():
    for data in iter(lambda: os.read(0, 65536), b\"\"):
        server.sendall(data)
    server.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
for data in iter(lambda: server.recv(65536), b\"\"):
    while data:
        data = data[os.write(1, data):]
";

/// What is special about a machine.
#[derive(Default)]
pub struct Machine<'a> {
    /// Lines of sshd_config(5) in front of the usual ones; the first value of a keyword wins.
    pub config: &'a str,
    /// `NAME=VALUE` pairs of the login's environment, beside HOME.
    pub environment: &'a str,
    /// Shell commands in a mount namespace of its own before the server starts, `$HOME_DIR` being
    /// the login's home. Needs root: see [`can_mount`].
    pub mounts: &'a str,
    /// Leaves the home empty: the engine has to be installed.
    pub bare: bool,
    /// A network of its own that leads nowhere, and no package index in the home. Needs root; how
    /// it is reached: see [`Sshd::way_in`].
    pub cut_off: bool,
    /// The name of the home directory, if it is not just `home`.
    pub home: Option<&'a str>,
}

pub struct Sshd {
    dir: TempDir,
    pub port: u16,
    config: String,
    mounts: String,
    cut_off: bool,
    home: PathBuf,
    child: Option<Child>,
}

impl Sshd {
    /// A machine on which the engine is installed already.
    pub fn start() -> Self {
        Self::with(&Machine::default())
    }

    pub fn with(machine: &Machine<'_>) -> Self {
        let dir = tempfile::Builder::new().prefix("slipway-journey-").tempdir().unwrap();
        let home = dir.path().join(machine.home.unwrap_or("home"));
        fs::create_dir(&home).unwrap();
        for key in ["host_key", "id"] {
            keygen(&dir.path().join(key), "");
        }
        fs::copy(dir.path().join("id.pub"), dir.path().join("authorized_keys")).unwrap();
        let port = free_port();
        let config = config::text(dir.path(), &home, port, machine);
        let mounts = machine.mounts.to_owned();
        let cut_off = machine.cut_off;
        let mut server = Self { dir, port, config, mounts, cut_off, home, child: None };
        if !cut_off {
            engine::prepare_index(&server.home());
        }
        if !machine.bare {
            engine::link_into(&server.root());
        }
        server.resume();
        server
    }

    /// Starts the server, again on the same port after [`Sshd::kill`].
    pub fn resume(&mut self) {
        let dir = self.dir.path();
        let path = dir.join("sshd_config");
        fs::write(&path, &self.config).unwrap();
        // Where sshd runs as root it wants this folder, which the service usually makes.
        let _ = fs::create_dir_all("/run/sshd");
        let log = fs::File::options().create(true).append(true).open(dir.join("sshd.log")).unwrap();
        let mut command = if self.mounts.is_empty() && !self.cut_off {
            Command::new("/usr/sbin/sshd")
        } else {
            let mut command = Command::new("unshare");
            let mounts = if self.mounts.is_empty() { ":" } else { &self.mounts };
            let network = if self.cut_off { "ip link set lo up" } else { ":" };
            let script = format!("set -e; {network}; {mounts}; exec /usr/sbin/sshd \"$@\"");
            command.arg("--mount").args(self.cut_off.then_some("--net"));
            command.args(["sh", "-c", &script, "sshd"]);
            command.env("HOME_DIR", self.home());
            command
        };
        command.args(["-D", "-e", "-f"]).arg(&path);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn();
        let child = self.child.insert(child.expect("OpenSSH's server must be installed"));
        let patience = Instant::now() + Duration::from_secs(20);
        let log = || fs::read_to_string(dir.join("sshd.log")).unwrap_or_default();
        let listens = || match self.cut_off {
            true => log().contains("Server listening on"),
            false => speaks_ssh(self.port),
        };
        while !listens() {
            assert!(child.try_wait().unwrap().is_none(), "sshd ended: {}", log());
            assert!(Instant::now() < patience, "sshd does not start: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends the server and all its sessions as a crash would. What runs on the machine is not told
    /// otherwise than by its closed pipes.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            for pid in processes::servers(&descendants(child.id())) {
                signal(pid, "KILL");
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops the server and its sessions where they are, like a machine that is gone.
    pub fn freeze(&self) {
        self.signal_all("STOP");
    }

    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let Some(child) = &self.child else { return };
        signal(child.id(), name);
        for pid in processes::servers(&descendants(child.id())) {
            signal(pid, name);
        }
    }

    /// The processes of its sessions.
    pub fn sessions(&self) -> Vec<u32> {
        self.child.as_ref().map(|child| descendants(child.id())).unwrap_or_default()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The login's home directory, as this process sees it.
    pub fn home(&self) -> PathBuf {
        self.home.clone()
    }

    /// A command whose input and output lead to the server of a machine that is cut off.
    pub fn way_in(&self) -> String {
        let relay = self.path("relay.py");
        fs::write(&relay, RELAY).unwrap();
        let pid = self.child.as_ref().map(Child::id).unwrap();
        format!("nsenter --target {pid} --net python3 {} {}", relay.display(), self.port)
    }

    /// The home directory as the machine sees it, through its mounts.
    pub fn home_inside(&self) -> PathBuf {
        let pid = self.child.as_ref().map(Child::id).unwrap();
        Path::new(&format!("/proc/{pid}/root")).join(self.home().strip_prefix("/").unwrap())
    }

    /// Where the host script keeps its files, as the machine sees it.
    pub fn root_inside(&self) -> PathBuf {
        self.home_inside().join(".local/share/slipway/v1")
    }

    /// Where the host script keeps its files.
    pub fn root(&self) -> PathBuf {
        self.home().join(".local/share/slipway/v1")
    }

    /// The default deployment's folder.
    pub fn deployment(&self) -> PathBuf {
        self.root().join("deployments/default")
    }

    /// The process that keeps the engine alive.
    pub fn supervisor(&self) -> Option<u32> {
        engine::supervisor(&self.root())
    }

    /// All processes that belong to what was put on the machine.
    pub fn engine_processes(&self) -> Vec<u32> {
        processes::with_argument(&self.root())
    }

    /// `SHA256:…` of the host key, by ssh-keygen.
    pub fn fingerprint(&self) -> String {
        let key = self.path("host_key.pub");
        let listed = processes::output("ssh-keygen", &["-lf", key.to_str().unwrap()]);
        listed.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// A line of known_hosts with a key of this machine.
    pub fn known_hosts_line(&self, public_key: &str) -> String {
        let key = fs::read_to_string(self.path(public_key)).unwrap();
        let mut fields = key.split_whitespace();
        let (algorithm, blob) = (fields.next().unwrap(), fields.next().unwrap());
        format!("[127.0.0.1]:{} {algorithm} {blob}\n", self.port)
    }

    /// `user@127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("{}@127.0.0.1:{}", processes::output("id", &["-un"]), self.port)
    }

    /// What a person types who has the key and knows the fingerprint.
    pub fn host_add(&self) -> HostAdd {
        HostAdd {
            address: self.address(),
            name: Some("box".into()),
            identity: Some(self.path("id").to_string_lossy().into_owned()),
            accepted_fingerprint: Some(self.fingerprint()),
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.thaw();
        engine::end(&self.root());
        if let Some(child) = &self.child {
            // The engine of a machine with mounts of its own is seen from inside only.
            for pid in descendants(child.id()) {
                signal(pid, "KILL");
            }
        }
        self.kill();
        for pid in self.engine_processes() {
            signal(pid, "KILL");
        }
    }
}

/// Makes a key with ssh-keygen.
pub fn keygen(path: &Path, passphrase: &str) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-C", "journey", "-N", passphrase, "-f"])
        .arg(path)
        .status();
    assert!(status.unwrap().success(), "ssh-keygen {}", path.display());
}

pub fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn speaks_ssh(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut start = [0; 4];
    stream.read_exact(&mut start).is_ok() && &start == b"SSH-"
}

/// Whether a mount namespace may be made; says so where not.
pub fn can_mount() -> bool {
    let tried = Command::new("unshare")
        .args(["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"])
        .stderr(Stdio::null())
        .status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        println!("skipped: mounting in a namespace of its own needs root on Linux");
    }
    can
}
