//! `slipway host clean`: what nothing uses any more is listed, then removed.

use std::process::ExitCode;

use slipway_core::{Fault, Program};
use slipway_protocol::{CleanRequest, Cleaned, HostId, TaskResult, Text};

use crate::figures::size;
use crate::output::Output;
use crate::printable::one_line;
use crate::{follow, hosts, question};

/// Lists, asks and removes. Where nobody can be asked only `yes` removes anything.
pub(crate) async fn run(
    program: &Program,
    output: &Output,
    name: &str,
    yes: bool,
) -> Result<ExitCode, Fault> {
    let host_id = hosts::named(program, name).await?.id;
    if !yes {
        let found = clean(program, output, &host_id, true).await?;
        print(output, &found);
        if found.removed.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        if !question::can_ask(output) {
            return Err(unasked());
        }
        let words = output.pick("Remove it for good?", "Удалить безвозвратно?");
        if !question::confirm(words).await {
            return Err(Fault::cancelled());
        }
    }
    let removed = clean(program, output, &host_id, false).await?;
    if yes {
        print(output, &removed);
    }
    let bytes = size(output, removed.removed_bytes);
    output.line(&format!("{name}: {} {bytes}", output.pick("removed", "удалено")));
    Ok(ExitCode::SUCCESS)
}

async fn clean(
    program: &Program,
    output: &Output,
    host_id: &HostId,
    dry_run: bool,
) -> Result<Cleaned, Fault> {
    let task = program.clean_start(CleanRequest { host_id: host_id.clone(), dry_run }).await?;
    match follow::task(program, output, &task.request_id).await? {
        TaskResult::Clean(cleaned) => Ok(cleaned),
        _ => Err(follow::unexpected("clean")),
    }
}

fn print(output: &Output, cleaned: &Cleaned) {
    for line in lines(output, cleaned) {
        output.line(&line);
    }
}

fn lines(output: &Output, cleaned: &Cleaned) -> Vec<String> {
    if cleaned.removed.is_empty() {
        return vec![output.pick("Nothing is left over.", "Ничего лишнего нет.").to_owned()];
    }
    let mut lines: Vec<String> = cleaned
        .removed
        .iter()
        .map(|found| format!("{:>9}  {}", size(output, found.bytes), one_line(&found.path)))
        .collect();
    if cleaned.dry_run {
        let all = output.pick("in all", "всего");
        lines.push(format!("{:>9}  {all}", size(output, cleaned.removed_bytes)));
    }
    lines
}

fn unasked() -> Fault {
    Fault::invalid(
        Text::new(
            "Nothing was removed: nobody is there to be asked.",
            "Ничего не удалено: некого спросить.",
        ),
        Text::new(
            "Run this on a terminal, or add --yes.",
            "Запустите в терминале или добавьте --yes.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use slipway_protocol::{CleanedPath, Language};

    use super::*;

    #[test]
    fn what_goes_is_listed_with_its_bytes() {
        let path = |path: &str, bytes| CleanedPath { path: path.into(), bytes };
        let mut cleaned = Cleaned {
            removed: vec![
                path("/d/models/a.gguf", 4_700_000_000),
                path("/d/v\n9.9 GB  x", 1_000_000),
            ],
            removed_bytes: 4_701_000_000,
            dry_run: true,
        };
        let output = Output::of(Language::En);
        assert_eq!(
            lines(&output, &cleaned),
            ["   4.7 GB  /d/models/a.gguf", "   1.0 MB  /d/v 9.9 GB  x", "   4.7 GB  in all"]
        );
        cleaned.removed.clear();
        assert_eq!(lines(&output, &cleaned), ["Nothing is left over."]);
    }
}
