//! Follows one task to its end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use slipway_core::{Fault, Program};
use slipway_protocol::{
    Activity, DeployStep, Progress, RequestId, StepProgress, StepState, TaskBody, TaskKind,
    TaskMessage, TaskResult,
};

use crate::check;
use crate::messages::Messages;
use crate::output::Output;
use crate::printable::one_line;
use crate::question;

/// Shows a task's steps, asks its questions, and returns its result.
pub(crate) async fn task(
    program: &Program,
    output: &Output,
    request_id: &RequestId,
) -> Result<TaskResult, Fault> {
    let mut steps = StepView::new(output);
    let mut messages = Messages::of(program, output, request_id);
    loop {
        let message = messages.next().await;
        if let Some(ended) = steps.show(program, message).await {
            return ended;
        }
    }
}

/// A defect: a task ended with the result of another kind.
pub(crate) fn unexpected(kind: &str) -> Fault {
    Fault::internal(format!("a task of kind {kind} ended with another result"))
}

/// Steps as lines, the one under way as a bar.
struct StepView<'a> {
    output: &'a Output,
    kind: Option<TaskKind>,
    bar: Option<ProgressBar>,
}

impl<'a> StepView<'a> {
    fn new(output: &'a Output) -> Self {
        Self { output, kind: None, bar: None }
    }

    async fn show(
        &mut self,
        program: &Program,
        message: TaskMessage,
    ) -> Option<Result<TaskResult, Fault>> {
        match message.body {
            TaskBody::Progress(Progress::Queued(subject) | Progress::Started(subject)) => {
                self.kind = Some(subject.kind);
            }
            TaskBody::Progress(Progress::Step(step)) => self.step(&step),
            TaskBody::Progress(Progress::Link(found)) => check::link(self.output, &found),
            TaskBody::Prompt(prompt) => {
                self.clear();
                question::ask(program, self.output, &prompt).await;
            }
            TaskBody::Complete(result) => {
                self.clear();
                return Some(Ok(result));
            }
            TaskBody::Error(error) => {
                self.clear();
                return Some(Err(error.into()));
            }
            TaskBody::Progress(_) | TaskBody::Log(_) | TaskBody::Chunk(_) => {}
        }
        None
    }

    fn step(&mut self, step: &StepProgress) {
        let name = step_name(self.output, self.kind, step.step);
        match step.state {
            StepState::Running if self.output.terminal => {
                let bar = self.bar.get_or_insert_with(|| {
                    let bar = ProgressBar::new_spinner();
                    bar.enable_steady_tick(Duration::from_millis(120));
                    bar
                });
                bar.set_style(style(step.activity.as_ref()));
                bar.set_prefix(name.to_owned());
                if let Some(activity) = &step.activity {
                    bar.set_message(one_line(self.output.say(&activity.label)));
                    bar.set_length(activity.total_bytes.unwrap_or(0));
                    bar.set_position(activity.done_bytes.unwrap_or(0));
                }
            }
            StepState::Running => {}
            StepState::Done => self.ended("✓", name, step),
            StepState::Failed => self.ended("✗", name, step),
        }
    }

    fn ended(&mut self, sign: &str, name: &str, step: &StepProgress) {
        self.clear();
        let seconds = step.elapsed_ms.unwrap_or(0) as f64 / 1000.0;
        let detail = step.detail.as_ref().map_or("", |text| self.output.say(text));
        self.output.note(&format!("{sign} {name:<28} {seconds:>6.1} s  {detail}"));
    }

    fn clear(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn style(activity: Option<&Activity>) -> ProgressStyle {
    let template = match activity.and_then(|activity| activity.total_bytes) {
        Some(_) => "{spinner} {prefix}: {msg} {wide_bar} {bytes} / {total_bytes}, {bytes_per_sec}",
        None => "{spinner} {prefix} {msg} {elapsed}",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn step_name(output: &Output, kind: Option<TaskKind>, step: DeployStep) -> &'static str {
    match step {
        DeployStep::Connect => output.pick("Connect", "Подключение"),
        DeployStep::Check => output.pick("Check the system", "Проверка системы"),
        DeployStep::Directory => output.pick("Make the directory", "Создание каталога"),
        DeployStep::Upload => output.pick("Upload the script", "Загрузка скрипта"),
        DeployStep::Run => work_name(output, kind),
        DeployStep::Verify => output.pick("Verify with a real answer", "Проверка ответом"),
        DeployStep::Finish => output.pick("Finish", "Завершение"),
    }
}

/// What the script does on the host is another thing for each kind of task.
fn work_name(output: &Output, kind: Option<TaskKind>) -> &'static str {
    match kind {
        Some(TaskKind::Hub) => output.pick("Ask the hub", "Запрос к хабу"),
        Some(TaskKind::Plan) => output.pick("Plan", "План"),
        Some(TaskKind::Versions) => output.pick("List the versions", "Список версий"),
        Some(TaskKind::Rollback) => output.pick("Go back", "Откат"),
        Some(TaskKind::Clean) => output.pick("Clean up", "Очистка"),
        Some(TaskKind::EngineLog) => output.pick("Read the log", "Чтение журнала"),
        Some(TaskKind::Stop) => output.pick("Stop the engine", "Остановка движка"),
        Some(TaskKind::Uninstall) => output.pick("Stop and remove", "Остановка и удаление"),
        Some(
            TaskKind::Deploy
            | TaskKind::Check
            | TaskKind::Diagnose
            | TaskKind::Connect
            | TaskKind::Chat
            | TaskKind::Conversation
            | TaskKind::Title
            | TaskKind::Compact
            | TaskKind::Export
            | TaskKind::Import,
        )
        | None => output.pick("Install and start", "Установка и запуск"),
    }
}
