//! Reports of hosts that are well, bare or hostile.

use slipway_protocol::{
    DirectoryFound, ForwardingFound, Gpu, GpuProcess, Language, PreflightReport, PythonFound, Text,
};

use super::*;

/// A host with something in every field.
pub(crate) fn report() -> PreflightReport {
    PreflightReport {
        os: "Debian GNU/Linux 12".into(),
        arch: "x86_64".into(),
        libc: Some("glibc 2.36".into()),
        cpu: "EPYC".into(),
        cores: 16,
        cpu_features: vec!["avx2".into(), "fma".into()],
        memory_total_bytes: 64_000_000_000,
        memory_available_bytes: 60_000_000_000,
        disk_free_bytes: 120_000_000_000,
        inodes_free: Some(1000),
        root: "/home/me/slipway".into(),
        directories: vec![DirectoryFound {
            path: "/data/slipway".into(),
            free_bytes: 900_000_000_000,
            total_bytes: Some(1_000_000_000_000),
        }],
        python: Some("3.11.2".into()),
        pythons: vec![PythonFound {
            path: "/usr/bin/python3".into(),
            version: "3.11.2".into(),
            venv_works: false,
            brought: false,
        }],
        gpus: vec![Gpu {
            vendor: "nvidia".into(),
            name: "RTX 4090".into(),
            memory_total_mb: Some(24564),
            memory_free_mb: Some(23000),
            driver: Some("550.90".into()),
            compute_capability: Some("8.9".into()),
            unified: false,
        }],
        cuda: Some("12.4".into()),
        gpu_processes: vec![GpuProcess { pid: 77, name: "xorg".into(), memory_mb: Some(12) }],
        containers: vec!["podman".into()],
        ollama: Some("0.5.1".into()),
        llama_server: None,
        index_reachable: Some(false),
        forwarding: Some(ForwardingFound { tcp: true, socket: false }),
        clock_skew_s: Some(-90),
        findings: Vec::new(),
    }
}

/// A finding that stops a deploy and may be overridden.
pub(crate) fn obstacle_of(code: &str) -> Finding {
    Finding {
        severity: Severity::Error,
        code: code.into(),
        subject: Text::verbatim("Disk"),
        message: Text::new("Too little.", "Мало."),
        fix: Text::new("Make room.", "Освободите место."),
        command: Some("sudo apt clean".into()),
        can_override: true,
    }
}

#[test]
fn all_that_was_found_is_said() {
    let text = lines(&Output::of(Language::En), &report(), &[]).join("\n");
    for words in [
        "Debian GNU/Linux 12, x86_64, glibc 2.36",
        "16 × EPYC",
        "avx2 fma",
        "64.0 GB RAM, 60.0 GB free",
        "RTX 4090, 24564 MiB, 23000 free, driver 550.90, compute capability 8.9",
        "up to CUDA 12.4",
        "used by xorg (77), 12 MiB",
        "120 GB free, 1000 files more, /home/me/slipway",
        "900 GB / 1.0 TB, /data/slipway",
        "3.11.2 /usr/bin/python3, without venv",
        "podman, Ollama 0.5.1",
        "not reachable",
        "ports ✓, unix sockets ✗",
        "90 s behind",
    ] {
        assert!(text.contains(words), "{words} in\n{text}");
    }
}

#[test]
fn a_finding_stands_above_its_remedy_and_the_way_on() {
    let found = obstacle_of("disk_low");
    let words: Vec<String> = finding(&Output::of(Language::Ru), &found, &[])
        .iter()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        words,
        [
            "✗ Disk Мало.",
            "Освободите место.",
            "$ sudo apt clean",
            "продолжить: --override disk_low"
        ]
    );
}

#[test]
fn only_what_may_be_overridden_is() {
    let overrides = ["disk_low".to_owned(), "python_missing".to_owned()];
    let hard = Finding { can_override: false, ..obstacle_of("python_missing") };
    let report = PreflightReport { findings: vec![obstacle_of("disk_low"), hard], ..report() };
    assert_eq!(obstacle(&report, &[]).unwrap().code, "disk_low");
    assert_eq!(obstacle(&report, &overrides).unwrap().code, "python_missing");
    let output = Output::of(Language::En);
    assert!(finding(&output, &report.findings[0], &overrides)[0].starts_with("! "));
    assert!(finding(&output, &report.findings[1], &overrides)[0].starts_with("✗ "));
}

#[test]
fn a_host_cannot_write_lines_of_its_own() {
    let mut hostile = report();
    hostile.os = "Linux\n✓ Trusted\u{1b}[2J".into();
    hostile.gpus[0].name = "RTX\r\n✓ Fake".into();
    let found = Finding { message: Text::verbatim("a\n✓ b"), ..obstacle_of("x") };
    hostile.findings.push(found);
    for line in lines(&Output::of(Language::En), &hostile, &[]) {
        assert!(!line.contains(['\n', '\r', '\u{1b}']) && !line.starts_with('✓'), "{line:?}");
    }
}
