//! Reading conversations from a file into the database.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use slipway_protocol::{ImportSource, Imported, Progress, TaskResult, Text};
use slipway_store::{Error, Merge, StoredSession};
use tokio::sync::mpsc;

use super::archive::{self, Watch};
use super::extras::Extras;
use super::reading::Item;
use super::{Pace, sane};
use crate::fault::Fault;
use crate::program::Program;
use crate::tasks::TaskContext;

/// What could not be read is told of so much of it.
const MOST_SKIPPED: usize = 100;

/// Reads the file on a thread of its own, never more than a few conversations ahead of the database.
pub(super) async fn read(
    program: &Program,
    context: &TaskContext,
    path: PathBuf,
) -> Result<TaskResult, Fault> {
    let total = tokio::fs::metadata(&path).await.ok().map(|meta| meta.len());
    let watch = Arc::new(Watch::default());
    let _stop = StopReading(watch.clone());
    let (sender, mut found) = mpsc::channel(2);
    let watched = watch.clone();
    let reading = tokio::task::spawn_blocking(move || {
        archive::read(&path, &watched, &mut |item| sender.blocking_send(item).is_ok())
    });
    let work = async {
        let mut pace = Pace::new(context);
        let mut ticks = tokio::time::interval(Pace::EVERY);
        let mut importer = Importer::new(program, context);
        loop {
            tokio::select! {
                item = found.recv() => match item {
                    Some(item) => importer.take(item).await?,
                    None => break,
                },
                _ = ticks.tick() => pace.tell(watch.done.load(Ordering::Relaxed), total),
            }
        }
        let read = reading.await.map_err(|error| Fault::internal(error.to_string()))?;
        importer.report.source = read?;
        Ok(TaskResult::Import(importer.report))
    };
    context.unless_cancelled(work).await
}

/// Ends the reading with whoever waits for it.
struct StopReading(Arc<Watch>);

impl Drop for StopReading {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

struct Importer<'a> {
    program: &'a Program,
    context: &'a TaskContext,
    extras: Extras<'a>,
    report: Imported,
}

impl<'a> Importer<'a> {
    fn new(program: &'a Program, context: &'a TaskContext) -> Self {
        let report = Imported {
            source: ImportSource::Slipway,
            sessions_added: 0,
            sessions_extended: 0,
            sessions_unchanged: 0,
            messages_added: 0,
            skipped: Vec::new(),
        };
        Self { program, context, extras: Extras::new(program.store()), report }
    }

    async fn take(&mut self, item: Item) -> Result<(), Fault> {
        let skipped = match item {
            Item::Folder(folder) => self.extras.folder(folder).await?,
            Item::Preset(preset) => self.extras.preset(preset).await?,
            Item::Snippet(snippet) => self.extras.snippet(snippet).await?,
            Item::Session(stored) => self.session(*stored).await?,
            Item::Skipped(sentence) => Some(sentence),
        };
        self.skip(skipped);
        Ok(())
    }

    fn skip(&mut self, sentence: Option<Text>) {
        let room = self.report.skipped.len() < MOST_SKIPPED;
        self.report.skipped.extend(sentence.filter(|_| room));
    }

    /// Puts one conversation in and tells the windows.
    async fn session(&mut self, stored: StoredSession) -> Result<Option<Text>, Fault> {
        let mut stored = sane::session(stored);
        let folder = stored.session.folder_id.take();
        stored.session.folder_id = folder.and_then(|folder| self.extras.place(&folder));
        let merge = match self.program.store().archive().merge(&stored).await {
            Ok(merge) => merge,
            // What the database does not take of one conversation costs that one.
            Err(Error::Database(error)) => return Ok(Some(refused(&stored, &error.to_string()))),
            Err(error) => return Err(error.into()),
        };
        let counted = match merge {
            Merge::Added(messages) => Some((&mut self.report.sessions_added, messages)),
            Merge::Extended(messages) => Some((&mut self.report.sessions_extended, messages)),
            Merge::Unchanged => None,
        };
        let Some((sessions, messages)) = counted else {
            self.report.sessions_unchanged += 1;
            return Ok(None);
        };
        *sessions += 1;
        self.report.messages_added += messages;
        let session = self.program.store().sessions().get(&stored.session.id).await?;
        self.context.progress(Progress::SessionChanged(Box::new(session)));
        self.context.progress(Progress::ThreadChanged(stored.session.id));
        for column in stored.columns {
            self.context.progress(Progress::ThreadChanged(column.session.id));
        }
        Ok(None)
    }
}

fn refused(stored: &StoredSession, why: &str) -> Text {
    let title: String = stored.session.title.chars().take(80).collect();
    Text::new(
        format!("“{title}” could not be stored: {why}."),
        format!("Не удалось сохранить «{title}»: {why}."),
    )
}
