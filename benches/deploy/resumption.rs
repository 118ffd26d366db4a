//! An upload that is cut in the middle and goes on: what is sent again.
//!
//! All that goes to the server passes a relay that counts it. A run without a cut and one that is cut
//! at half of it are compared, so that what each program sends besides the file falls out.

use std::path::Path;
use std::process::{Command, Stdio};

use slipway_benches::place::Place;
use slipway_benches::samples::Samples;
use slipway_benches::upload::is_installed;
use slipway_benches::{Outcome, SLIPWAY, progress};

use crate::host::Host;
use crate::models::Models;
use crate::options::Options;
use crate::relay::Relay;
use crate::visit::{Job, Visit};

const MIB: f64 = (1u64 << 20) as f64;

/// The measurement's name.
pub fn name(options: &Options) -> String {
    format!("resume of a cut upload of {} MiB: sent again, MiB", options.upload >> 20)
}

/// Measures it on loopback, where the relay is.
pub fn measure(options: &Options, models: &Models, samples: &mut Samples) -> Outcome<()> {
    let place = Place::loopback();
    let host = Host::clean(&place, &options.engine)?;
    let relay = Relay::start(host.server.login().address)?;
    let mut number = 0;
    for round in 0..options.rounds {
        progress(&format!("{}: resume, round {}", place.name, round + 1))?;
        let slipway = |number| -> Outcome<()> {
            let model = models.big(options.upload, number)?;
            let visit = Visit::new(&host.server, relay.port, &[Job::Deploy(model)])?;
            visit.send(&place).map(|_| ())
        };
        let again = sent_again(&relay, || {
            number += 1;
            slipway(number)
        })?;
        samples.add(place.name, &name(options), SLIPWAY, again);
        let model = models.big(options.upload, 0)?;
        for program in ["sftp", "rsync"].into_iter().filter(|program| is_installed(program)) {
            let again = sent_again(&relay, || upload(program, &host, &relay, &model))?;
            samples.add(place.name, &name(options), program, again);
        }
    }
    Ok(())
}

/// MiB that are sent more when the upload is cut than when it is not.
fn sent_again(relay: &Relay, mut upload: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    relay.reset(None);
    upload()?;
    let whole = relay.sent();
    relay.reset(Some(whole / 2));
    upload()?;
    if !relay.has_cut() {
        return Err("the upload was not cut".into());
    }
    Ok((relay.sent() as f64 - whole as f64) / MIB)
}

/// Uploads, and again when that was cut, as somebody does who knows the options for it.
fn upload(program: &str, host: &Host, relay: &Relay, model: &Path) -> Outcome<()> {
    let to = host.home().join("resumed");
    let _ = std::fs::remove_file(&to);
    for verb in ["put", "reput"] {
        let mut command = command(program, verb, host, relay, model, &to)?;
        let output = command.stdin(Stdio::null()).output()?;
        if output.status.success() {
            let complete = std::fs::read(&to)? == std::fs::read(model)?;
            return complete.then_some(()).ok_or_else(|| format!("{program} lost bytes").into());
        }
    }
    Err(format!("{program} did not go on").into())
}

fn command(
    program: &str,
    verb: &str,
    host: &Host,
    relay: &Relay,
    model: &Path,
    to: &Path,
) -> Outcome<Command> {
    let server = &host.server;
    let address = server.login().address;
    // The first value counts; the key is known by the server's own port.
    let mut options = vec!["-o".to_owned(), format!("Port={}", relay.port), "-o".to_owned()];
    options.push(format!("HostKeyAlias=[{}]:{}", address.ip(), address.port()));
    options.extend(server.client_options());
    let mut command = Command::new(program);
    if program == "rsync" {
        let shell = format!("ssh {}", options.join(" "));
        command.args(["--partial", "-e", &shell]).arg(model);
        command.arg(format!("{}:{}", server.destination(), to.display()));
    } else {
        let batch = server.path("batch");
        std::fs::write(&batch, format!("{verb} {} {}\n", model.display(), to.display()))?;
        command.args(options).arg("-b").arg(&batch).arg(server.destination());
    }
    Ok(command)
}
