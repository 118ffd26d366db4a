//! All measurements, round by round, each contender in every round.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use slipway_benches::place::{Part, Place};
use slipway_benches::samples::Samples;
use slipway_benches::server::Sshd;
use slipway_benches::{Outcome, progress, upload};

use crate::contender::{Contender, SSH, SSH_GCM};
use crate::load::Load;
use crate::options::Options;
use crate::report;
use crate::role::Role;

const MIB: f64 = (1u64 << 20) as f64;
/// For a tunnel to come to rest before its memory is looked at.
const SETTLE: Duration = Duration::from_millis(500);
/// Streams that are held for the figure of memory.
pub const HELD: usize = 100;

/// Measures everything that was asked for, prints it and writes it down.
pub fn run(options: &Options) -> Outcome<()> {
    let mut samples = Samples::default();
    let mut notes = Vec::new();
    measure(&Place::loopback(), options, &mut samples, &mut notes)?;
    if options.delay {
        delayed(options, &mut samples, &mut notes)?;
    }
    report::publish(options, &samples, &notes)
}

#[cfg(target_os = "linux")]
fn delayed(options: &Options, samples: &mut Samples, notes: &mut Vec<String>) -> Outcome<()> {
    match slipway_benches::delay::DelayedLine::lay() {
        Ok(line) => {
            let options = Options {
                rounds: options.rounds.div_ceil(2).max(2).min(options.rounds),
                bulk: (options.bulk / 4).max(1 << 20),
                pings: options.pings / 60,
                connections: (options.connections / 50).max(16),
                ..options.clone()
            };
            measure(&line.place(), &options, samples, notes)
        }
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
fn delayed(_: &Options, _: &mut Samples, notes: &mut Vec<String>) -> Outcome<()> {
    notes.push("40 ms: not measured, since network namespaces are Linux's".to_owned());
    Ok(())
}

fn measure(
    place: &Place,
    options: &Options,
    samples: &mut Samples,
    notes: &mut Vec<String>,
) -> Outcome<()> {
    let server = Sshd::start(place)?;
    let (_target, ready) = Part::start(place.far.role(&Role::Target(place.far.address))?)?;
    let port = ready.strip_prefix("READY ").ok_or("the target did not say where")?.parse()?;
    let target = SocketAddr::new(place.far.address, port);
    let mut contenders = vec![
        Contender::plain(place, target),
        Contender::ssh(SSH, place, &server, target, &[])?,
        Contender::ssh(SSH_GCM, place, &server, target, &["-c", "aes128-gcm@openssh.com"])?,
        Contender::slipway(place, &server, target)?,
    ];
    memory(place, options, &contenders, samples)?;
    for round in 0..options.rounds {
        progress(&format!("{}: round {} of {}", place.name, round + 1, options.rounds))?;
        bulk(place, options, &contenders, samples)?;
        streams(place, options, &contenders, samples)?;
        // Whoever is first in one round is last in the next.
        contenders.rotate_left(1);
    }
    drop(contenders);
    let (amount, wants) = (options.uploads(), |name: &str| options.wants(name));
    upload::measure(place, &server, &amount, wants, Role::Upload, samples, notes)
}

fn memory(
    place: &Place,
    options: &Options,
    contenders: &[Contender],
    samples: &mut Samples,
) -> Outcome<()> {
    if !options.wants("memory") {
        return Ok(());
    }
    for contender in contenders.iter().skip(1) {
        thread::sleep(SETTLE);
        let idle = contender.usage().memory;
        let held = contender.hold(HELD)?;
        thread::sleep(SETTLE);
        let busy = contender.usage().memory;
        drop(held);
        samples.add(place.name, "memory idle, MiB", contender.name, idle);
        samples.add(place.name, "memory of 100 streams, MiB", contender.name, busy - idle);
    }
    Ok(())
}

fn bulk(
    place: &Place,
    options: &Options,
    contenders: &[Contender],
    samples: &mut Samples,
) -> Outcome<()> {
    type Direction = (&'static str, fn(u64) -> Load);
    let directions: [Direction; 2] = [("down", Load::Down), ("up", Load::Up)];
    for (direction, load) in directions {
        if !options.wants(&format!("bulk {direction}")) {
            continue;
        }
        for contender in contenders {
            let before = contender.usage().cpu;
            let figures = contender.measure(&load(options.bulk))?;
            let cpu = contender.usage().cpu - before;
            let mib = options.bulk as f64 / MIB;
            let rate = format!("bulk {direction}, MiB/s");
            samples.add(place.name, &rate, contender.name, mib / figures.seconds);
            if contender.name != crate::contender::TCP {
                let cost = format!("CPU {direction}, s/GiB");
                samples.add(place.name, &cost, contender.name, cpu / mib * 1024.0);
            }
        }
    }
    Ok(())
}

fn streams(
    place: &Place,
    options: &Options,
    contenders: &[Contender],
    samples: &mut Samples,
) -> Outcome<()> {
    let parts = [("request", Load::Ping(options.pings)), ("event", Load::Events(options.events))];
    for (name, load) in parts {
        if !options.wants(name) {
            continue;
        }
        for contender in contenders {
            let figures = contender.measure(&load)?;
            samples.add(place.name, &format!("{name} p50, us"), contender.name, figures.p50_us);
            samples.add(place.name, &format!("{name} p99, us"), contender.name, figures.p99_us);
        }
    }
    for at_once in [1, 16] {
        let name = format!("connections/s, {at_once} at once");
        if !options.wants(&name) {
            continue;
        }
        let count = options.connections * if at_once > 1 { 2 } else { 1 } / at_once * at_once;
        for contender in contenders {
            let figures = contender.measure(&Load::Connections { count, at_once })?;
            samples.add(place.name, &name, contender.name, count as f64 / figures.seconds);
        }
    }
    Ok(())
}
