//! Where measurements are made: two sites and the line between them.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::Outcome;
use crate::role::{self, Role};

/// One end of a line.
#[derive(Debug, Clone)]
pub struct Site {
    /// The network namespace that its processes live in; none for the machine's own.
    pub namespace: Option<String>,
    /// Its address on the line.
    pub address: IpAddr,
}

impl Site {
    /// A program to be started there.
    pub fn command(&self, program: &str) -> Command {
        match &self.namespace {
            None => Command::new(program),
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace, program]);
                command
            }
        }
    }

    /// This program, to be started there in another part.
    pub fn role(&self, role: &impl Role) -> Outcome<Command> {
        let program = std::env::current_exe()?;
        let mut command = self.command(&program.to_string_lossy());
        command.args(role::arguments(role)?);
        Ok(command)
    }
}

/// Two sites and the line between them.
#[derive(Debug)]
pub struct Place {
    /// As it is called in the figures.
    pub name: &'static str,
    /// Where Slipway, `ssh` and the loads run.
    pub near: Site,
    /// Where sshd and the target of the streams run.
    pub far: Site,
    /// The round trip that is added to that of the machine itself.
    pub round_trip: Duration,
}

impl Place {
    /// Both ends on this machine.
    pub fn loopback() -> Self {
        let site = Site { namespace: None, address: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        Self { name: "loopback", near: site.clone(), far: site, round_trip: Duration::ZERO }
    }
}

/// A process that says when it is ready and ends with its standard input. Ended when dropped.
#[derive(Debug)]
pub struct Part {
    child: Child,
    stdin: Option<ChildStdin>,
    /// Kept open for what it says at its end.
    _stdout: BufReader<ChildStdout>,
}

impl Part {
    /// Starts it and waits for its first line, which is given too.
    pub fn start(mut command: Command) -> Outcome<(Self, String)> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take();
        let mut stdout = BufReader::new(child.stdout.take().ok_or("no standard output")?);
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let part = Self { child, stdin, _stdout: stdout };
        read?;
        if line.is_empty() {
            return Err(format!("{command:?} did not start").into());
        }
        Ok((part, line.trim().to_owned()))
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        drop(self.stdin.take());
        for _ in 0..40 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
