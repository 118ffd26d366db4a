//! The ways from one site to the other that are measured beside each other.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Stdio};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use slipway_benches::place::{Part, Place, Site};
use slipway_benches::server::Sshd;
use slipway_benches::{Outcome, SLIPWAY};

use crate::load::{Figures, Load};
use crate::role::Role;

/// Plain TCP, without any tunnel.
pub const TCP: &str = "tcp";
/// `ssh -N -L` with its own defaults.
pub const SSH: &str = "ssh";
/// `ssh -N -L -c aes128-gcm@openssh.com`.
pub const SSH_GCM: &str = "ssh gcm";

/// A way, open until it is dropped.
pub struct Contender {
    /// One of the names above.
    pub name: &'static str,
    place_near: Site,
    address: SocketAddr,
    process: Process,
}

enum Process {
    None,
    Ssh(Child),
    Slipway(Part),
}

/// What a process has used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// CPU time so far, user and system, seconds.
    pub cpu: f64,
    /// Resident memory now, MiB.
    pub memory: f64,
}

impl Contender {
    /// The way without a tunnel.
    pub fn plain(place: &Place, target: SocketAddr) -> Self {
        let process = Process::None;
        Self { name: TCP, place_near: place.near.clone(), address: target, process }
    }

    /// A tunnel of `ssh`, with further arguments.
    pub fn ssh(
        name: &'static str,
        place: &Place,
        server: &Sshd,
        target: SocketAddr,
        further: &[&str],
    ) -> Outcome<Self> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let child = place
            .near
            .command("ssh")
            .args(server.client_options())
            .args(["-N", "-L", &format!("127.0.0.1:{port}:{}:{}", target.ip(), target.port())])
            .args(further)
            .arg(server.destination())
            .stdin(Stdio::null())
            .stderr(fs::File::create(server.path("ssh.log"))?)
            .spawn()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let process = Process::Ssh(child);
        let contender = Self { name, place_near: place.near.clone(), address, process };
        contender.measure(&Load::Ready)?;
        Ok(contender)
    }

    /// A tunnel of Slipway.
    pub fn slipway(place: &Place, server: &Sshd, target: SocketAddr) -> Outcome<Self> {
        let role = Role::Tunnel(server.login().clone(), target);
        let (part, ready) = Part::start(place.near.role(&role)?)?;
        let port = ready.strip_prefix("READY ").ok_or("the tunnel did not say where")?.parse()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let process = Process::Slipway(part);
        let name = SLIPWAY;
        let contender = Self { name, place_near: place.near.clone(), address, process };
        contender.measure(&Load::Ready)?;
        Ok(contender)
    }

    /// Measures in a process of its own at the near end.
    pub fn measure(&self, load: &Load) -> Outcome<Figures> {
        let role = Role::Load(load.clone(), self.address);
        let output = self.place_near.role(&role)?.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("{}: {load:?}: {said}", self.name).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Holds streams open until the part is dropped.
    pub fn hold(&self, streams: usize) -> Outcome<Part> {
        let role = Role::Load(Load::Hold(streams), self.address);
        Ok(Part::start(self.place_near.role(&role)?)?.0)
    }

    /// What the tunnel's own process has used; nothing where there is none.
    pub fn usage(&self) -> Usage {
        let pid = match &self.process {
            Process::None => return Usage::default(),
            Process::Ssh(child) => child.id(),
            Process::Slipway(part) => part.pid(),
        };
        let pid = Pid::from_u32(pid);
        let mut system = System::new();
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            true,
            ProcessRefreshKind::nothing().with_cpu().with_memory(),
        );
        system.process(pid).map_or_else(Usage::default, |process| Usage {
            cpu: process.accumulated_cpu_time() as f64 / 1000.0,
            memory: process.memory() as f64 / f64::from(1 << 20),
        })
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        if let Process::Ssh(child) = &mut self.process {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
