//! The program itself, its settings, its tasks and their questions.

use slipway_core::{Fault, Program};
use slipway_protocol::{Nothing, PromptAnswer, Settings, Snapshot, TaskInfo, TaskRef, TaskStats};

use tauri::{AppHandle, Runtime};

use super::Answer;
use crate::quick;
use crate::state::Shell;

pub(super) async fn snapshot(program: Program, _: Nothing) -> Answer<Snapshot> {
    program.snapshot().await.map_err(Fault::into_info)
}

pub(super) async fn settings_set<R: Runtime>(
    app: &AppHandle<R>,
    shell: &Shell,
    settings: Settings,
) -> Answer<Settings> {
    let program = shell.program().await?;
    let before = program.settings();
    if settings.quick_shortcut != before.quick_shortcut {
        quick::check(&settings.quick_shortcut).map_err(Fault::into_info)?;
    }
    let stored =
        shell.login_item.settings_set(&program, settings).await.map_err(Fault::into_info)?;
    if stored.quick_shortcut != before.quick_shortcut {
        quick::apply(app, &stored);
    }
    Ok(stored)
}

pub(super) async fn task_list(program: Program, _: Nothing) -> Answer<Vec<TaskInfo>> {
    Ok(program.task_list())
}

pub(super) async fn task_stats(program: Program, _: Nothing) -> Answer<Vec<TaskStats>> {
    Ok(program.task_stats())
}

pub(super) async fn task_cancel(program: Program, task: TaskRef) -> Answer<Nothing> {
    program.task_cancel(&task);
    Ok(Nothing {})
}

pub(super) async fn prompt_answer(program: Program, answer: PromptAnswer) -> Answer<Nothing> {
    program.prompt_answer(answer);
    Ok(Nothing {})
}
