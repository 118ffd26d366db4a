//! Conversations in and out: exports and backups, and what Slipway, ChatGPT and Open WebUI wrote.

mod archive;
mod chatgpt;
mod export;
mod extras;
mod foreign;
mod html;
mod ids;
mod import;
mod markdown;
mod open_webui;
mod problem;
mod readable;
mod reading;
mod sane;
mod scan;
mod slipway;
mod surrogates;
mod tree;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use slipway_protocol::{
    ExportFormat, ExportRequest, ImportRequest, Progress, RequestId, SessionId, TaskKind, TaskRef,
    TaskSubject, Text, TransferProgress,
};

use crate::fault::Fault;
use crate::program::Program;
use crate::tasks::TaskContext;
pub(crate) use problem::Problem;

impl Program {
    /// Writes conversations into a file.
    pub async fn export_start(&self, request: ExportRequest) -> Result<TaskRef, Fault> {
        let path = chosen(&request.path)?;
        if request.session_ids.is_empty() && request.format != ExportFormat::Json {
            return Err(Fault::invalid(
                Text::new("A backup is written as JSON.", "Резервная копия пишется в JSON."),
                Text::new(
                    "Choose JSON, or the chats to export.",
                    "Выберите JSON или чаты для экспорта.",
                ),
            ));
        }
        for id in &request.session_ids {
            self.store().sessions().get(id).await?;
        }
        let only = match &request.session_ids[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        let program = self.clone();
        let body = move |context: TaskContext| async move {
            export::write(&program, &context, &request, &path).await
        };
        let subject = subject(TaskKind::Export, only);
        let request_id = self.executor().submit(RequestId::new(), subject, &[], body)?;
        Ok(TaskRef { request_id })
    }

    /// Reads conversations from a file and puts them beside those that are here.
    pub async fn import_start(&self, request: ImportRequest) -> Result<TaskRef, Fault> {
        let path = chosen(&request.path)?;
        let program = self.clone();
        let body =
            move |context: TaskContext| async move { import::read(&program, &context, path).await };
        let subject = subject(TaskKind::Import, None);
        let request_id = self.executor().submit(RequestId::new(), subject, &[], body)?;
        Ok(TaskRef { request_id })
    }
}

fn subject(kind: TaskKind, session_id: Option<SessionId>) -> TaskSubject {
    TaskSubject { kind, host_id: None, session_id, message_id: None }
}

/// The path that came from a dialog: a whole one.
fn chosen(path: &str) -> Result<PathBuf, Fault> {
    let chosen = PathBuf::from(path);
    if !chosen.is_absolute() || path.contains('\0') {
        return Err(Fault::invalid(
            Text::new("This is not a whole path of a file.", "Это не полный путь к файлу."),
            Text::new("Choose a file.", "Выберите файл."),
        ));
    }
    Ok(chosen)
}

/// Tells how far a file is, ten times a second at most.
struct Pace<'a> {
    context: &'a TaskContext,
    last: Option<Instant>,
}

impl<'a> Pace<'a> {
    /// The time between two words about it.
    const EVERY: Duration = Duration::from_millis(100);

    fn new(context: &'a TaskContext) -> Self {
        Self { context, last: None }
    }

    fn tell(&mut self, done: u64, total: Option<u64>) {
        if self.last.is_none_or(|last| last.elapsed() >= Self::EVERY) {
            self.last = Some(Instant::now());
            self.context.progress(Progress::Transfer(TransferProgress { done, total }));
        }
    }
}

#[cfg(test)]
mod program_tests;
