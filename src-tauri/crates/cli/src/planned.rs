//! The plan of a deploy as a person reads it.

use std::process::ExitCode;

use slipway_protocol::{ContextFit, DeployPlan, Device, Fit, FitVerdict, PlannedDeploy};

use crate::bring;
use crate::exit;
use crate::figures::{size, size_or_unknown};
use crate::output::Output;
use crate::preflight::{self, row};
use crate::printable::one_line;

/// Prints the report and the plan, and whether something stops it.
pub(crate) fn print(
    output: &Output,
    name: &str,
    planned: &PlannedDeploy,
    overrides: &[String],
) -> ExitCode {
    preflight::print(output, &planned.report, overrides);
    for line in planned.plan.iter().flat_map(|plan| lines(output, name, plan)) {
        output.line(&line);
    }
    let code = code(planned, overrides);
    output.note(match code {
        exit::DONE => output.pick(
            "Nothing was changed. `slipway deploy` with the same options does it.",
            "Ничего не изменено. Выполнить: `slipway deploy` с теми же параметрами.",
        ),
        _ => output.pick(
            "Nothing was changed. What is marked ✗ stops the deploy.",
            "Ничего не изменено. Развернуть мешает то, что отмечено знаком ✗.",
        ),
    });
    ExitCode::from(code)
}

/// Without a plan the host is too bare for one.
fn code(planned: &PlannedDeploy, overrides: &[String]) -> u8 {
    match preflight::obstacle(&planned.report, overrides) {
        Some(finding) => exit::of_finding(&finding.code),
        None if planned.plan.is_none() => exit::HOST,
        None => exit::DONE,
    }
}

/// Words for what computes.
pub(crate) fn device(output: &Output, device: Device) -> &'static str {
    match device {
        Device::Cpu => output.pick("processor", "процессор"),
        Device::Gpu => output.pick("graphics processor", "видеокарта"),
    }
}

fn lines(output: &Output, name: &str, plan: &DeployPlan) -> Vec<String> {
    let mut lines = vec![String::new(), format!("{} {name}", output.pick("Plan for", "План для"))];
    lines.extend(figures(output, plan));
    if !plan.engines.is_empty() {
        lines.push(String::new());
        lines.push(output.pick("Engines, best first", "Движки, лучшие первыми").to_owned());
    }
    for option in &plan.engines {
        let sign = match option.usable {
            _ if plan.engine.kind() == Some(option.kind) => "→",
            true => "✓",
            false => "–",
        };
        let engine = engine_name(output, option.kind);
        lines.push(format!("{sign} {engine:<18} {}", one_line(output.say(&option.reason))));
    }
    if let Some(fit) = &plan.fit {
        lines.push(String::new());
        lines.extend(memory(output, plan, fit));
    }
    if !plan.brought.is_empty() {
        lines.push(String::new());
        lines.push(output.pick("Brought from this computer", "С этого компьютера").to_owned());
        lines.extend(plan.brought.iter().map(|part| bring::part(output, part)));
    }
    lines
}

fn figures(output: &Output, plan: &DeployPlan) -> Vec<String> {
    let context = match plan.context_size {
        Some(tokens) => format!("{tokens} {}", output.pick("tokens", "токенов")),
        None => output.pick("the model's own", "как у модели").to_owned(),
    };
    let at_once = output.pick("answers at once:", "ответов сразу:");
    let access = match plan.socket {
        true => output.pick(
            "a unix socket, closed to the host's other users",
            "сокет unix, закрытый для других пользователей сервера",
        ),
        false => output.pick("127.0.0.1 of the host, with a key", "127.0.0.1 сервера, по ключу"),
    };
    let computes = match plan.device {
        Some(found) => device(output, found),
        None => output.pick("only the engine will know", "решит сам движок"),
    };
    vec![
        row(output.pick("Engine", "Движок"), &plan.engine_label),
        row(output.pick("Why", "Почему"), output.say(&plan.reason)),
        row(output.pick("Computes", "Вычисляет"), computes),
        row(output.pick("Model", "Модель"), &plan.model_label),
        row(output.pick("Context", "Контекст"), &format!("{context}, {at_once} {}", plan.parallel)),
        row(output.pick("Directory", "Каталог"), &plan.directory),
        row(output.pick("Kept running by", "Поддерживает"), &plan.keeper),
        row(output.pick("Access", "Доступ"), access),
    ]
}

fn memory(output: &Output, plan: &DeployPlan, fit: &Fit) -> Vec<String> {
    let mut head = format!(
        "{} ({}): {} {} {}",
        output.pick("Memory", "Память"),
        device(output, fit.device),
        size_or_unknown(output, fit.free_bytes),
        output.pick("free of", "свободно из"),
        size_or_unknown(output, fit.total_bytes),
    );
    if let Some(quantisation) = &fit.quantisation {
        head.push_str(&format!(", {}", one_line(quantisation)));
    }
    if let Some(tokens) = fit.context_train {
        let trained = output.pick("trained for a context of", "обучена на контекст");
        head.push_str(&format!(", {trained} {tokens}"));
    }
    let columns = [
        output.pick("context", "контекст"),
        output.pick("model", "модель"),
        output.pick("keys, values", "ключи, знач."),
        output.pick("computing", "вычисления"),
        output.pick("engine", "движок"),
        output.pick("all", "всего"),
    ];
    let mut lines = vec![head, table_row(" ", columns.map(str::to_owned), "")];
    for context in &fit.contexts {
        let sign = if plan.context_size == Some(context.context_size) { "→" } else { " " };
        lines.push(need(output, sign, context));
    }
    lines
}

fn need(output: &Output, sign: &str, context: &ContextFit) -> String {
    let bytes = |bytes: u64| size(output, bytes);
    let verdict = match context.verdict {
        FitVerdict::Fits => output.pick("fits", "помещается"),
        FitVerdict::Tight => output.pick("just fits", "впритык"),
        FitVerdict::TooBig => output.pick("too big", "не помещается"),
        FitVerdict::Unknown => output.pick("not known", "неизвестно"),
    };
    let cells = [
        context.context_size.to_string(),
        bytes(context.weights_bytes),
        bytes(context.kv_cache_bytes),
        bytes(context.compute_bytes),
        bytes(context.runtime_bytes),
        bytes(context.total_bytes),
    ];
    table_row(sign, cells, verdict)
}

fn table_row(sign: &str, cells: [String; 6], verdict: &str) -> String {
    let [context, weights, cache, compute, runtime, total] = cells;
    let row = format!(
        "{sign} {context:>9} {weights:>9} {cache:>12} {compute:>10} {runtime:>9} {total:>9}  {verdict}"
    );
    row.trim_end().to_owned()
}

fn engine_name(output: &Output, kind: slipway_protocol::EngineKind) -> &'static str {
    use slipway_protocol::EngineKind as E;
    match kind {
        E::LlamaCpp => "llama.cpp",
        E::Vllm => "vLLM",
        E::Mlx => "MLX",
        E::Ollama => "Ollama",
        E::Container => output.pick("container", "контейнер"),
        E::Custom => output.pick("own program", "своя программа"),
    }
}

#[cfg(test)]
#[path = "planned_tests.rs"]
mod tests;
