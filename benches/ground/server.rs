//! A private OpenSSH server: its own port, keys, settings and folder.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Outcome;
use crate::login::Login;
use crate::place::{Place, Site};

/// For the server to answer.
const START_TIMEOUT: Duration = Duration::from_secs(15);
/// Where systems keep it; it must be started by its full path.
const PATHS: [&str; 3] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/opt/homebrew/sbin/sshd"];

/// A running server. It ends when dropped; its sessions end with their clients.
#[derive(Debug)]
pub struct Sshd {
    child: Child,
    login: Login,
    folder: TempDir,
}

impl Sshd {
    /// Starts it at the far end of a place.
    pub fn start(place: &Place) -> Outcome<Self> {
        let program = PATHS.into_iter().find(|path| Path::new(path).exists());
        let program = program.ok_or("OpenSSH's server is not installed")?;
        let folder = tempfile::Builder::new().prefix("slipway-bench-").tempdir()?;
        let at = folder.path();
        let (identity, host_key) = (at.join("id"), at.join("host_key"));
        for key in [&identity, &host_key] {
            succeed(
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(key),
            )?;
        }
        fs::copy(at.join("id.pub"), at.join("authorized_keys"))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::new(place.far.address, port);
        let known_hosts = at.join("known_hosts");
        let public = fs::read_to_string(at.join("host_key.pub"))?;
        let key: Vec<&str> = public.split_whitespace().take(2).collect();
        fs::write(&known_hosts, format!("[{}]:{port} {}\n", address.ip(), key.join(" ")))?;
        let path = at.display();
        // Its sessions find the folder as their home: start-up files of whoever measures play no part.
        let settings = format!(
            "Port {port}\nListenAddress {}\nHostKey {path}/host_key\nPidFile none\n\
             AuthorizedKeysFile {path}/authorized_keys\nStrictModes no\nUsePAM no\n\
             SetEnv HOME={path}\nPermitRootLogin yes\nMaxStartups 200\nMaxSessions 50\nUseDNS no\n\
             Subsystem sftp internal-sftp\n",
            address.ip()
        );
        fs::write(at.join("sshd_config"), settings)?;
        // Where sshd runs as root it wants this folder, which the service usually makes.
        let _ = fs::create_dir_all("/run/sshd");
        let child = place
            .far
            .command(program)
            .args(["-D", "-e", "-f"])
            .arg(at.join("sshd_config"))
            .stdin(Stdio::null())
            .stderr(fs::File::create(at.join("sshd.log"))?)
            .spawn()?;
        let user = String::from_utf8(Command::new("id").arg("-un").output()?.stdout)?;
        let login = Login { address, user: user.trim().to_owned(), identity, known_hosts };
        let server = Self { child, login, folder };
        server.wait(&place.near)?;
        Ok(server)
    }

    /// How to get in.
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// A path in the server's folder, which is removed with it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `SHA256:…` of its key, by ssh-keygen.
    pub fn fingerprint(&self) -> Outcome<String> {
        let key = self.path("host_key.pub");
        let output = Command::new("ssh-keygen").arg("-lf").arg(&key).output()?;
        let listed = String::from_utf8(output.stdout)?;
        let print = listed.split_whitespace().nth(1).ok_or("ssh-keygen told no fingerprint")?;
        Ok(print.to_owned())
    }

    /// The options by which OpenSSH's programs get in, none of the user's own being read.
    pub fn client_options(&self) -> Vec<String> {
        let mut options = vec!["-F".to_owned(), "/dev/null".to_owned()];
        options.extend(["-i".to_owned(), self.login.identity.display().to_string()]);
        for option in [
            format!("Port={}", self.login.address.port()),
            format!("UserKnownHostsFile={}", self.login.known_hosts.display()),
            "GlobalKnownHostsFile=/dev/null".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            "IdentityAgent=none".to_owned(),
            "BatchMode=yes".to_owned(),
        ] {
            options.extend(["-o".to_owned(), option]);
        }
        options
    }

    /// `USER@ADDRESS` as OpenSSH's programs take it.
    pub fn destination(&self) -> String {
        format!("{}@{}", self.login.user, self.login.address.ip())
    }

    /// Waits until a client gets in from there.
    fn wait(&self, from: &Site) -> Outcome<()> {
        let until = Instant::now() + START_TIMEOUT;
        loop {
            let mut command = from.command("ssh");
            command.args(self.client_options()).args([&self.destination(), "true"]);
            match succeed(&mut command) {
                Ok(()) => return Ok(()),
                Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(100)),
                Err(error) => {
                    let mut log = String::new();
                    fs::File::open(self.path("sshd.log"))?.read_to_string(&mut log)?;
                    return Err(format!("{error}; sshd said: {log}").into());
                }
            }
        }
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end; what it said is the error if it failed.
pub fn succeed(command: &mut Command) -> Outcome<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let program = command.get_program().to_string_lossy().into_owned();
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(format!("{program} failed ({}): {said}", output.status).into())
}
