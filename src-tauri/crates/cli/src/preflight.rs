//! The report of a look at a host. What the host says of itself stays on its line.

use slipway_protocol::{Finding, ForwardingFound, Gpu, PreflightReport, Severity};

use crate::figures::size;
use crate::output::Output;
use crate::printable::one_line;

/// The report: what the host has, then what that means.
pub(crate) fn print(output: &Output, report: &PreflightReport, overrides: &[String]) {
    for line in lines(output, report, overrides) {
        output.line(&line);
    }
}

/// The first finding that stops a deploy for which `overrides` were given.
pub(crate) fn obstacle<'a>(
    report: &'a PreflightReport,
    overrides: &[String],
) -> Option<&'a Finding> {
    report
        .findings
        .iter()
        .find(|finding| finding.severity == Severity::Error && !is_overridden(finding, overrides))
}

/// A finding, its remedy below it.
pub(crate) fn finding(output: &Output, found: &Finding, overrides: &[String]) -> Vec<String> {
    let overridden = is_overridden(found, overrides);
    let sign = match found.severity {
        Severity::Ok => "✓",
        Severity::Error if !overridden => "✗",
        Severity::Warn | Severity::Error => "!",
    };
    let (subject, message) = (output.say(&found.subject), output.say(&found.message));
    let mut lines = vec![format!("{sign} {:<18} {}", one_line(subject), one_line(message))];
    let mut below = |text: &str| lines.push(format!("  {:<18} {text}", ""));
    let fix = one_line(output.say(&found.fix));
    if !fix.is_empty() {
        below(&fix);
    }
    if let Some(command) = &found.command {
        below(&format!("$ {}", one_line(command)));
    }
    if found.severity == Severity::Error && found.can_override {
        let code = one_line(&found.code);
        below(&match overridden {
            true => format!("{} {code}", output.pick("overridden:", "вопреки этому:")),
            false => format!("{} --override {code}", output.pick("to go on:", "продолжить:")),
        });
    }
    lines
}

/// What is known, as two columns. The second one may hold a host's words.
pub(crate) fn row(label: &str, value: &str) -> String {
    format!("  {label:<18} {}", one_line(value))
}

fn is_overridden(finding: &Finding, overrides: &[String]) -> bool {
    finding.can_override && overrides.contains(&finding.code)
}

fn lines(output: &Output, report: &PreflightReport, overrides: &[String]) -> Vec<String> {
    let mut lines = machine(output, report);
    lines.extend(software(output, report));
    lines.extend(way(output, report));
    lines.extend(report.findings.iter().flat_map(|found| finding(output, found, overrides)));
    lines
}

fn machine(output: &Output, report: &PreflightReport) -> Vec<String> {
    let libc = report.libc.as_ref().map(|libc| format!(", {libc}")).unwrap_or_default();
    let mut lines = vec![
        row(output.pick("System", "Система"), &format!("{}, {}{libc}", report.os, report.arch)),
        row(output.pick("Processor", "Процессор"), &format!("{} × {}", report.cores, report.cpu)),
    ];
    if !report.cpu_features.is_empty() {
        lines.push(row("", &report.cpu_features.join(" ")));
    }
    let free = output.pick("free", "свободно");
    let memory = format!(
        "{} {}, {} {free}",
        size(output, report.memory_total_bytes),
        output.pick("RAM", "ОЗУ"),
        size(output, report.memory_available_bytes),
    );
    lines.push(row(output.pick("Memory", "Память"), &memory));
    lines.extend(report.gpus.iter().map(|gpu| graphics(output, gpu)));
    if let Some(cuda) = &report.cuda {
        lines.push(row("", &format!("{} CUDA {cuda}", output.pick("up to", "до"))));
    }
    for process in &report.gpu_processes {
        let held = process.memory_mb.map(|mb| format!(", {mb} MiB")).unwrap_or_default();
        let used = output.pick("used by", "занята:");
        lines.push(row("", &format!("{used} {} ({}){held}", process.name, process.pid)));
    }
    let inodes = match report.inodes_free {
        Some(count) => format!(", {count} {}", output.pick("files more", "файлов можно создать")),
        None => String::new(),
    };
    let disk = format!("{} {free}{inodes}, {}", size(output, report.disk_free_bytes), report.root);
    lines.push(row(output.pick("Disk", "Диск"), &disk));
    for place in &report.directories {
        let total = place.total_bytes.map(|bytes| format!(" / {}", size(output, bytes)));
        let total = total.unwrap_or_default();
        lines.push(row("", &format!("{}{total}, {}", size(output, place.free_bytes), place.path)));
    }
    lines
}

fn graphics(output: &Output, gpu: &Gpu) -> String {
    let mut words = gpu.name.clone();
    if let Some(total) = gpu.memory_total_mb {
        words.push_str(&format!(", {total} MiB"));
    }
    if let Some(free) = gpu.memory_free_mb {
        words.push_str(&format!(", {free} {}", output.pick("free", "свободно")));
    }
    if gpu.unified {
        words.push_str(output.pick(", shares the memory", ", память общая"));
    }
    if let Some(driver) = &gpu.driver {
        words.push_str(&format!(", {} {driver}", output.pick("driver", "драйвер")));
    }
    if let Some(capability) = &gpu.compute_capability {
        words.push_str(&format!(", compute capability {capability}"));
    }
    row(output.pick("Graphics", "Видеокарта"), &words)
}

fn software(output: &Output, report: &PreflightReport) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(python) = &report.python {
        lines.push(row("Python", python));
    }
    for python in &report.pythons {
        let mut words = format!("{} {}", python.version, python.path);
        if !python.venv_works {
            words.push_str(output.pick(", without venv", ", без venv"));
        }
        if python.brought {
            words.push_str(output.pick(", brought by Slipway", ", принесён Slipway"));
        }
        lines.push(row("", &words));
    }
    let mut engines = report.containers.clone();
    engines.extend(report.ollama.as_ref().map(|version| format!("Ollama {version}")));
    engines.extend(report.llama_server.clone());
    if !engines.is_empty() {
        lines.push(row(output.pick("Has for engines", "Для движков"), &engines.join(", ")));
    }
    lines
}

fn way(output: &Output, report: &PreflightReport) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(reachable) = report.index_reachable {
        let words = match reachable {
            true => output.pick("reachable", "доступен"),
            false => output.pick("not reachable", "недоступен"),
        };
        lines.push(row(output.pick("Package index", "Индекс пакетов"), words));
    }
    if let Some(ForwardingFound { tcp, socket }) = report.forwarding {
        let yes = |on: bool| if on { "✓" } else { "✗" };
        let words = format!(
            "{} {}, {} {}",
            output.pick("ports", "порты"),
            yes(tcp),
            output.pick("unix sockets", "сокеты unix"),
            yes(socket)
        );
        lines.push(row(output.pick("Forwarding", "Проброс"), &words));
    }
    // A second is what the way there takes.
    if let Some(skew) = report.clock_skew_s.filter(|skew| skew.abs() > 1) {
        let seconds = skew.unsigned_abs();
        let words = match skew > 0 {
            true => format!("{seconds} {}", output.pick("s ahead", "с вперёд")),
            false => format!("{seconds} {}", output.pick("s behind", "с назад")),
        };
        lines.push(row(output.pick("Clock", "Часы"), &words));
    }
    lines
}

#[cfg(test)]
#[path = "preflight_tests.rs"]
pub(crate) mod tests;
