//! Plans of all kinds, read as lines.

use slipway_protocol::{
    Brought, BroughtPart, DeployRequest, EngineChoice, EngineKind, EngineOption, HostId, Language,
    ModelSource, Text,
};

use super::*;
use crate::preflight::tests::{obstacle_of, report};

fn plan() -> DeployPlan {
    let option = |kind, usable, reason: &str| {
        let reason = Text::verbatim(reason);
        EngineOption { kind, usable, reason }
    };
    let context = |context_size, gigabytes: u64, verdict| ContextFit {
        context_size,
        weights_bytes: 4_700_000_000,
        kv_cache_bytes: 500_000_000,
        compute_bytes: 300_000_000,
        runtime_bytes: 100_000_000,
        total_bytes: gigabytes * 1_000_000_000,
        verdict,
    };
    DeployPlan {
        request: DeployRequest::new(HostId::from("gpu"), ModelSource::Practice),
        engine: EngineChoice::LlamaCpp { binary: None },
        engine_label: "llama.cpp 2026.10".into(),
        reason: Text::new("a GGUF file", "файл GGUF"),
        engines: vec![
            option(EngineKind::LlamaCpp, true, "serves it"),
            option(EngineKind::Ollama, true, "also"),
            option(EngineKind::Vllm, false, "no safetensors"),
        ],
        device: Some(Device::Gpu),
        model_label: "q.gguf".into(),
        context_size: Some(8192),
        parallel: 4,
        fit: Some(Fit {
            device: Device::Gpu,
            free_bytes: Some(22_000_000_000),
            total_bytes: Some(24_000_000_000),
            context_train: Some(32768),
            quantisation: Some("Q4_K_M".into()),
            contexts: vec![
                context(8192, 6, FitVerdict::Fits),
                context(32768, 21, FitVerdict::Tight),
            ],
        }),
        brought: vec![Brought {
            what: BroughtPart::Python,
            bytes: Some(31_000_000),
            reason: Text::verbatim("no Python there"),
        }],
        directory: "/data/slipway".into(),
        socket: true,
        keeper: "systemd".into(),
    }
}

#[test]
fn a_plan_says_what_and_why_and_what_else_there_is() {
    let text: Vec<String> = lines(&Output::of(Language::En), "gpu", &plan())
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    for line in [
        "Plan for gpu",
        "Engine llama.cpp 2026.10",
        "Why a GGUF file",
        "Computes graphics processor",
        "Context 8192 tokens, answers at once: 4",
        "Directory /data/slipway",
        "Kept running by systemd",
        "Access a unix socket, closed to the host's other users",
        "→ llama.cpp serves it",
        "✓ Ollama also",
        "– vLLM no safetensors",
        "Memory (graphics processor): 22.0 GB free of 24.0 GB, Q4_K_M, trained for a context of 32768",
        "→ 8192 4.7 GB 500 MB 300 MB 100 MB 6.0 GB fits",
        "32768 4.7 GB 500 MB 300 MB 100 MB 21.0 GB just fits",
        "Python 31.0 MB no Python there",
    ] {
        assert!(text.iter().any(|found| found == line), "{line} in\n{}", text.join("\n"));
    }
}

#[test]
fn the_columns_of_the_memory_stand_below_each_other() {
    for language in [Language::En, Language::Ru] {
        let plan = plan();
        let fit = plan.fit.as_ref().unwrap();
        let lines = memory(&Output::of(language), &plan, fit);
        for line in &lines[1..] {
            let cells: Vec<char> = line.chars().collect();
            // The second column ends at the same place in the heading and in the rows.
            assert!(!cells[20].is_whitespace() && cells[21] == ' ', "{line:?}");
        }
    }
}

#[test]
fn what_stops_a_plan_gives_the_exit_code() {
    let planned = |findings, plan| PlannedDeploy {
        report: slipway_protocol::PreflightReport { findings, ..report() },
        plan,
    };
    assert_eq!(code(&planned(vec![], Some(plan())), &[]), exit::DONE);
    assert_eq!(code(&planned(vec![], None), &[]), exit::HOST);
    let low = || vec![obstacle_of("disk_low")];
    assert_eq!(code(&planned(low(), Some(plan())), &[]), exit::HOST);
    assert_eq!(code(&planned(low(), Some(plan())), &["disk_low".to_owned()]), exit::DONE);
    let big = vec![obstacle_of("model_too_big")];
    assert_eq!(code(&planned(big, Some(plan())), &[]), exit::MODEL);
}
