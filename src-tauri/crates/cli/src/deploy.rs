//! `slipway deploy` and `slipway host plan`.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{DeployRequest, HostId, HostRef, TaskResult};

use crate::args::{DeployArgs, PlanArgs, YesNo};
use crate::output::Output;
use crate::{engine, follow, hosts, model, planned, report};

/// Deploys, or only says what would be done.
pub(crate) async fn run(
    program: &Program,
    output: &Output,
    args: DeployArgs,
) -> Result<ExitCode, Fault> {
    if args.only_plan {
        return plan(program, output, args.plan).await;
    }
    let host = hosts::named(program, &args.plan.name).await?;
    let request = request(host.id.clone(), args.plan)?;
    let task = program.deploy_start(request).await?;
    let TaskResult::Deploy(result) = follow::task(program, output, &task.request_id).await? else {
        return Err(follow::unexpected("deploy"));
    };
    report::deployed(output, &host.name, &result);
    program.connect_stop(&HostRef { host_id: host.id });
    Ok(ExitCode::SUCCESS)
}

/// Prints what the host has and what would be done. The exit code is that of the first finding that
/// stops the deploy.
pub(crate) async fn plan(
    program: &Program,
    output: &Output,
    args: PlanArgs,
) -> Result<ExitCode, Fault> {
    let host = hosts::named(program, &args.name).await?;
    let request = request(host.id, args)?;
    let overrides = request.overrides.clone();
    let task = program.deploy_plan(request).await?;
    let TaskResult::Plan(planned) = follow::task(program, output, &task.request_id).await? else {
        return Err(follow::unexpected("plan"));
    };
    Ok(planned::print(output, &host.name, &planned, &overrides))
}

fn request(host_id: HostId, args: PlanArgs) -> Result<DeployRequest, Fault> {
    // The one checksum is the archive's if there is an archive.
    let (of_archive, of_model) = match args.engine.ollama_archive {
        Some(_) => (args.sha256, None),
        None => (None, args.sha256),
    };
    let model = model::source(&args.model, of_model)?;
    let engine = engine::choice(args.engine, of_archive, &model)?;
    Ok(DeployRequest {
        engine,
        context_size: args.context,
        parallel: args.parallel,
        gpu_layers: args.gpu_layers,
        directory: args.directory,
        overrides: args.overrides,
        bring: args.bring.map(|bring| bring == YesNo::Yes),
        ..DeployRequest::new(host_id, model)
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use slipway_protocol::{EngineChoice, ModelSource, OllamaArchive};

    use super::*;
    use crate::args::{Args, Command};

    fn asked(options: &[&str]) -> DeployRequest {
        let line = ["slipway", "deploy", "gpu"].iter().chain(options);
        let Command::Deploy(args) = Args::try_parse_from(line).unwrap().command else {
            panic!("deploy")
        };
        request(HostId::from("gpu"), args.plan).unwrap()
    }

    #[test]
    fn without_options_the_practice_model_is_asked_for_and_the_rest_left_to_the_plan() {
        let plain = DeployRequest::new(HostId::from("gpu"), ModelSource::Practice);
        assert_eq!(asked(&[]), plain);
    }

    #[test]
    fn every_option_arrives() {
        let asked = asked(&[
            "--context=4096",
            "--parallel=2",
            "--gpu-layers=99",
            "--directory=/data/slipway",
            "--override=disk_low",
            "--override=memory_low",
            "--bring=no",
            "--engine=mlx",
            "--engine-version=0.1",
        ]);
        let expected = DeployRequest {
            engine: EngineChoice::Mlx { version: Some("0.1".into()) },
            context_size: Some(4096),
            parallel: Some(2),
            gpu_layers: Some(99),
            directory: Some("/data/slipway".into()),
            overrides: vec!["disk_low".into(), "memory_low".into()],
            bring: Some(false),
            ..DeployRequest::new(HostId::from("gpu"), ModelSource::Practice)
        };
        assert_eq!(asked, expected);
    }

    #[test]
    fn the_checksum_is_the_models_or_that_of_the_archive() {
        let url = "https://example.org/q.gguf";
        let by_address = asked(&["--model", url, "--sha256=ab"]);
        let verified = ModelSource::Url { url: url.into(), sha256: Some("ab".into()) };
        assert_eq!(by_address.model, verified);
        let archive = "https://example.org/ollama.tgz";
        let by_archive = asked(&["--model=ollama:x", "--ollama-archive", archive, "--sha256=cd"]);
        let release = OllamaArchive { url: archive.into(), sha256: "cd".into() };
        assert_eq!(by_archive.engine, EngineChoice::Ollama { archive: Some(release) });
    }
}
