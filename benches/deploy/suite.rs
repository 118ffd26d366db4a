//! All measurements, round by round, each side in every round.

use std::collections::BTreeMap;

use slipway_benches::place::Place;
use slipway_benches::samples::Samples;
use slipway_benches::server::Sshd;
use slipway_benches::{Outcome, SLIPWAY, progress, upload};
use slipway_protocol::DeployStep;

use crate::hand::{Hand, Parts};
use crate::host::Host;
use crate::models::Models;
use crate::options::Options;
use crate::resumption;
use crate::role::Role;
use crate::rows;
use crate::visit::{Done, Job, Visit};

/// What somebody does without Slipway.
pub const BY_HAND: &str = "by hand";
/// A deploy on a host that has nothing, the same once more, and one of another model.
pub const DEPLOYS: [&str; 3] = ["clean deploy", "repeated deploy", "deploy of another model"];
/// The most that a person waits for.
pub const FIRST_TOKEN: &str = "click to first token, s";
/// What counts as the first token.
const ABOUT_FIRST_TOKEN: &str = "click to first token: until the first answer is whole and the \
                                 version counts, which is what the program tells; by hand: until \
                                 curl has its whole answer, nobody having typed or thought";
/// To the end of the task, what runs being recorded.
pub const WHOLE: &str = "whole, s";
/// From the request to the first token.
pub const REQUEST: &str = "request to first token, s";
/// Back to the version before, an answer included.
pub const ROLLBACK: &str = "rollback, s";
/// Plans of a deploy: of a host that was never seen, and of one that is connected.
pub const PLANS: [&str; 2] = ["plan of an unknown host, s", "plan of a connected host, s"];

/// Measures everything that was asked for, prints it and writes it down.
pub fn run(options: &Options) -> Outcome<()> {
    let mut samples = Samples::default();
    let mut notes = vec![ABOUT_FIRST_TOKEN.to_owned()];
    let models = Models::make()?;
    measure(&Place::loopback(), options, &models, &mut samples, &mut notes)?;
    if options.wants("resume") {
        resumption::measure(options, &models, &mut samples)?;
    }
    if options.delay {
        delayed(options, &models, &mut samples, &mut notes)?;
    }
    rows::publish(options, &samples, &notes)
}

#[cfg(target_os = "linux")]
fn delayed(
    options: &Options,
    models: &Models,
    samples: &mut Samples,
    notes: &mut Vec<String>,
) -> Outcome<()> {
    match slipway_benches::delay::DelayedLine::lay() {
        Ok(line) => measure(&line.place(), options, models, samples, notes),
        Err(error) => {
            notes.push(format!(
                "40 ms: not measured, since the line could not be laid (it takes root, `ip netns` \
                 and /dev/net/tun): {error}"
            ));
            Ok(())
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn delayed(_: &Options, _: &Models, _: &mut Samples, notes: &mut Vec<String>) -> Outcome<()> {
    notes.push("40 ms: not measured, since network namespaces are Linux's".to_owned());
    Ok(())
}

fn measure(
    place: &Place,
    options: &Options,
    models: &Models,
    samples: &mut Samples,
    notes: &mut Vec<String>,
) -> Outcome<()> {
    if options.wants("deploy") {
        for round in 0..options.rounds {
            progress(&format!("{}: round {} of {}", place.name, round + 1, options.rounds))?;
            // Whoever is first in one round is last in the next.
            if round % 2 == 0 {
                slipway(place, options, models, samples)?;
                by_hand(place, options, models, samples)?;
            } else {
                by_hand(place, options, models, samples)?;
                slipway(place, options, models, samples)?;
            }
        }
    }
    let server = Sshd::start(place)?;
    let (amount, wants) = (options.uploads(), |name: &str| options.wants(name));
    upload::measure(place, &server, &amount, wants, Role::Upload, samples, notes)
}

fn slipway(
    place: &Place,
    options: &Options,
    models: &Models,
    samples: &mut Samples,
) -> Outcome<()> {
    let host = Host::clean(place, &options.engine)?;
    let (first, second) = (&models.first, &models.second);
    let [clean, repeated, other] = DEPLOYS;
    let [unknown, connected] = PLANS;
    let course = [
        (unknown, Job::Plan(first.clone())),
        (clean, Job::Deploy(first.clone())),
        (connected, Job::Plan(first.clone())),
        (repeated, Job::Deploy(first.clone())),
        (repeated, Job::Deploy(first.clone())),
        (other, Job::Deploy(second.clone())),
        (ROLLBACK, Job::Rollback),
        (ROLLBACK, Job::Rollback),
    ];
    let jobs: Vec<Job> = course.iter().map(|(_, job)| job.clone()).collect();
    let port = host.server.login().address.port();
    let all_done = Visit::new(&host.server, port, &jobs)?.send(place)?;
    for ((name, job), done) in course.into_iter().zip(all_done) {
        match job {
            Job::Deploy(_) => deployed(place, name, &done, samples),
            _ => samples.add(place.name, name, SLIPWAY, done.seconds),
        }
    }
    Ok(())
}

fn deployed(place: &Place, name: &str, done: &Done, samples: &mut Samples) {
    let mut add = |what: &str, value| {
        samples.add(place.name, &format!("{name}: {what}"), SLIPWAY, value);
    };
    add(WHOLE, done.seconds);
    for (what, value) in [(FIRST_TOKEN, done.answered), (REQUEST, done.first_token)] {
        if let Some(value) = value {
            add(what, value);
        }
    }
    for (step, seconds) in &done.steps {
        add(&step_name(*step), *seconds);
    }
}

fn by_hand(
    place: &Place,
    options: &Options,
    models: &Models,
    samples: &mut Samples,
) -> Outcome<()> {
    let host = Host::clean(place, &options.engine)?;
    let hand = Hand::new(place, &host, &options.engine)?;
    let [clean, repeated, other] = DEPLOYS;
    for (name, model) in [
        (clean, &models.first),
        (repeated, &models.first),
        (repeated, &models.first),
        (other, &models.second),
    ] {
        let parts = hand.deploy(model)?;
        for (what, seconds) in beside(&parts) {
            samples.add(place.name, &format!("{name}: {what}"), BY_HAND, seconds);
        }
    }
    for model in [&models.first, &models.second] {
        samples.add(place.name, ROLLBACK, BY_HAND, hand.restart(model)?);
    }
    Ok(())
}

/// What is done by hand, by the name of what Slipway does for the same.
fn beside(parts: &Parts) -> BTreeMap<String, f64> {
    [
        (FIRST_TOKEN.to_owned(), parts.sum()),
        (step_name(DeployStep::Upload), parts.copy),
        (step_name(DeployStep::Run), parts.install + parts.start),
        (step_name(DeployStep::Verify), parts.answer),
    ]
    .into()
}

/// A step as it stands in the figures.
pub fn step_name(step: DeployStep) -> String {
    let name = match step {
        DeployStep::Connect => "1 connect",
        DeployStep::Check => "2 check",
        DeployStep::Directory => "3 directory",
        DeployStep::Upload => "4 upload",
        DeployStep::Run => "5 install and start",
        DeployStep::Verify => "6 verify",
        DeployStep::Finish => "7 finish",
    };
    format!("step {name}, s")
}
