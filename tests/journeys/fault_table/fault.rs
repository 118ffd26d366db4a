//! The faults that come from outside while a deploy is at a step, and what may come of them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use slipway_protocol::{DeployStep, ErrorCode, RequestId, TaskOutcome, TaskRef};

use crate::app::App;
use crate::processes::{output, signal};
use crate::sshd::Sshd;

/// How long a machine stays away.
const AWAY: Duration = Duration::from_secs(1);

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The user cancels.
    Cancel,
    /// The SSH server and its sessions end, and are back after a second. What runs on the machine
    /// is not touched.
    Link,
    /// The same, and all that Slipway runs on the machine ends with it.
    Reboot,
    /// The disk of the home directory is full.
    Disk,
}

/// What fills a disk; dropped, it gives the room back.
pub struct Ballast(PathBuf);

impl Fault {
    /// Lets it happen.
    pub async fn strike(
        self,
        machine: &mut Sshd,
        app: &App,
        request_id: &RequestId,
    ) -> Option<Ballast> {
        match self {
            Self::Cancel => app.program.task_cancel(&TaskRef { request_id: request_id.clone() }),
            Self::Link => {
                machine.kill();
                tokio::time::sleep(AWAY).await;
                machine.resume();
            }
            Self::Reboot => {
                let processes = [machine.sessions(), machine.engine_processes()].concat();
                machine.kill();
                for pid in processes {
                    signal(pid, "KILL");
                }
                // What was being started while the others were listed.
                for pid in machine.engine_processes() {
                    signal(pid, "KILL");
                }
                tokio::time::sleep(AWAY).await;
                machine.resume();
            }
            Self::Disk => return Some(Ballast::fill(machine)),
        }
        None
    }

    /// Fails unless a deploy that met this at a step may have ended so.
    pub fn expect(self, step: DeployStep, outcome: &TaskOutcome) {
        use ErrorCode as E;
        let TaskOutcome::Error(error) = outcome else {
            // The last step may be over before a cancel comes.
            assert!(
                self != Self::Cancel || step == DeployStep::Finish,
                "not cancelled: {outcome:?}"
            );
            return;
        };
        let allowed: &[E] = match self {
            Self::Cancel => &[E::Cancelled],
            // Nobody waits for a machine that was never reached.
            Self::Link | Self::Reboot if step == DeployStep::Connect => {
                &[E::ConnectionLost, E::ConnectionRefused, E::SshProtocol]
            }
            Self::Link => &[],
            Self::Reboot => &[
                E::HostWorkLost,
                E::ConnectionLost,
                E::EngineCrashed,
                E::EngineError,
                E::StreamBroken,
            ],
            Self::Disk => &[E::HostDiskFull],
        };
        assert!(allowed.contains(&error.code), "{self:?} at {step:?}: {error:?}");
        for text in [&error.message, &error.fix] {
            assert!(!text.en.is_empty() && !text.ru.is_empty(), "{error:?}");
        }
    }
}

impl Ballast {
    /// Takes all the room that the home directory's disk has.
    fn fill(machine: &Sshd) -> Self {
        let file = machine.home_inside().join("ballast");
        let home = machine.home_inside();
        let free = output("stat", &["-f", "-c", "%a %S", home.to_str().unwrap()]);
        let (blocks, size) = free.split_once(' ').unwrap();
        let bytes = blocks.parse::<u64>().unwrap() * size.parse::<u64>().unwrap();
        // At once, so that the step does not get past it; some of it may be taken meanwhile.
        for part in [bytes, bytes / 2] {
            let length = part.to_string();
            let taken = Command::new("fallocate").args(["-l", &length]).arg(&file).output();
            if taken.unwrap().status.success() {
                break;
            }
        }
        let mut rest = fs::File::options().create(true).append(true).open(&file).unwrap();
        while std::io::Write::write_all(&mut rest, &[0; 4096]).is_ok() {}
        Self(file)
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
