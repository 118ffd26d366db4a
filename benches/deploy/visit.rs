//! Slipway at work on a host: the program itself, in a process of its own, without a window.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use slipway_benches::Outcome;
use slipway_benches::place::Place;
use slipway_benches::role::say;
use slipway_benches::server::Sshd;
use slipway_core::{Bus, DataDir, Program};
use slipway_protocol::{
    DeployRequest, DeployStep, HostAdd, HostId, ModelSource, Progress, RequestId, RollbackRequest,
    StepState, TaskBody, TaskResult,
};
use tokio::runtime::Runtime;

use crate::role::Role;

/// Between two messages of a task.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is asked of the program.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// Say what a deploy of a file of this computer would do.
    Plan(PathBuf),
    /// Deploy a file of this computer.
    Deploy(PathBuf),
    /// Go back to the version before.
    Rollback,
}

/// What a job took, in seconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// From the command to the end of its task.
    pub seconds: f64,
    /// Of a deploy, from the command until its first answer was there. The program tells the end of
    /// that step, when the answer is whole and the version counts; the first token came before.
    pub answered: Option<f64>,
    /// Of a deploy, from the request to the first token.
    pub first_token: Option<f64>,
    /// The steps of a deploy.
    pub steps: Vec<(DeployStep, f64)>,
}

/// Jobs on one host, one after the other, in a data directory of their own.
#[derive(Debug, Serialize, Deserialize)]
pub struct Visit {
    address: String,
    identity: PathBuf,
    fingerprint: String,
    jobs: Vec<Job>,
}

impl Visit {
    /// Jobs on a host that is reached at a port.
    pub fn new(server: &Sshd, port: u16, jobs: &[Job]) -> Outcome<Self> {
        let login = server.login();
        Ok(Self {
            address: format!("{}:{port}", server.destination()),
            identity: login.identity.clone(),
            fingerprint: server.fingerprint()?,
            jobs: jobs.to_vec(),
        })
    }

    /// Sends a process there from the near end of a place; what each job took.
    pub fn send(self, place: &Place) -> Outcome<Vec<Done>> {
        let home = tempfile::Builder::new().prefix("slipway-bench-home-").tempdir()?;
        let mut command = place.near.role(&Role::Visit(self))?;
        // Settings and keys of whoever measures play no part.
        command.env("HOME", home.path()).env_remove("SSH_AUTH_SOCK");
        let output = command.stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("slipway failed: {said}").into());
        }
        let lines = String::from_utf8(output.stdout)?;
        Ok(lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    }

    /// Does the jobs; says what each took.
    pub fn play(self) -> Outcome<()> {
        let data = tempfile::Builder::new().prefix("slipway-bench-data-").tempdir()?;
        Runtime::new()?.block_on(Box::pin(self.work(data.path())))
    }

    async fn work(self, data: &Path) -> Outcome<()> {
        let data = DataDir::new(Some(data.to_owned())).ok_or("no data directory")?;
        let program = Program::open(data, true, Arc::new(Bus::new()), None).await?;
        // The service manager is that of whoever measures, and knows nothing of this home.
        let settings =
            slipway_protocol::Settings { use_service_manager: false, ..program.settings() };
        program.settings_set(settings).await?;
        let add = HostAdd {
            address: self.address,
            name: Some("bench".to_owned()),
            identity: Some(self.identity.to_string_lossy().into_owned()),
            accepted_fingerprint: Some(self.fingerprint),
        };
        let host = program.host_add(add).await?.id;
        let mut outcome = Ok(());
        for job in &self.jobs {
            outcome = match done(&program, &host, job).await {
                Ok(done) => say(&serde_json::to_string(&done)?),
                Err(error) => Err(format!("{job:?}: {error}").into()),
            };
            if outcome.is_err() {
                break;
            }
        }
        program.shutdown().await;
        outcome
    }
}

async fn done(program: &Program, host: &HostId, job: &Job) -> Outcome<Done> {
    let request = |file: &PathBuf| {
        let source = ModelSource::LocalFile(file.to_string_lossy().into_owned());
        DeployRequest::new(host.clone(), source)
    };
    let seen = program.bus().last_seq();
    let began = Instant::now();
    let task = match job {
        Job::Plan(file) => program.deploy_plan(request(file)).await?,
        Job::Deploy(file) => program.deploy_start(request(file)).await?,
        Job::Rollback => {
            let request = RollbackRequest { host_id: host.clone(), version: None };
            program.rollback_start(request).await?
        }
    };
    let (result, answered) = follow(program, &task.request_id, seen, began).await?;
    let seconds = began.elapsed().as_secs_f64();
    let mut done = Done { seconds, answered, first_token: None, steps: Vec::new() };
    if let TaskResult::Deploy(deployed) = result {
        done.first_token = deployed.deployment.first_token_ms.map(of_millis);
        let steps = deployed.steps.iter();
        done.steps = steps.map(|timing| (timing.step, of_millis(timing.elapsed_ms))).collect();
    }
    Ok(done)
}

/// Reads a task's messages to its end: its result, and when its answer was there.
async fn follow(
    program: &Program,
    request_id: &RequestId,
    mut seen: u64,
    began: Instant,
) -> Outcome<(TaskResult, Option<f64>)> {
    let bus = program.bus();
    let mut answered = None;
    loop {
        tokio::time::timeout(PATIENCE, bus.wait_after(seen)).await?;
        for message in bus.after(seen).messages {
            seen = message.seq;
            if message.request_id != *request_id {
                continue;
            }
            match message.body {
                TaskBody::Progress(Progress::Step(step))
                    if step.step == DeployStep::Verify && step.state == StepState::Done =>
                {
                    answered = Some(began.elapsed().as_secs_f64());
                }
                TaskBody::Prompt(prompt) => {
                    return Err(format!("it asked: {prompt:?}").into());
                }
                TaskBody::Complete(result) => return Ok((result, answered)),
                TaskBody::Error(error) => {
                    return Err(format!("{:?}: {}", error.code, error.message.en).into());
                }
                _ => {}
            }
        }
    }
}

fn of_millis(millis: u64) -> f64 {
    Duration::from_millis(millis).as_secs_f64()
}
