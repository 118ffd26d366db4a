//! Writing conversations into a file.

use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use slipway_protocol::{
    ErrorFacts, ErrorInfo, ExportFormat, ExportRequest, Exported, Host, HostAddress, SshAddress,
    TaskResult,
};
use slipway_store::StoredSession;
use tokio::io::AsyncWriteExt as _;

use super::readable::Reader;
use super::slipway::{self, Header, NamedHost};
use super::{Pace, html, markdown};
use crate::clock::now_ms;
use crate::computer::system_language;
use crate::fault::Fault;
use crate::files::write_beside;
use crate::program::Program;
use crate::tasks::TaskContext;

/// Writes the file, all of it or nothing.
pub(super) async fn write(
    program: &Program,
    context: &TaskContext,
    request: &ExportRequest,
    path: &Path,
) -> Result<TaskResult, Fault> {
    let hosts = program.store().hosts().list().await?;
    let ids = match request.session_ids.is_empty() {
        true => program.store().archive().ids().await?,
        false => request.session_ids.clone(),
    };
    let sheet = Arc::new(sheet(program, request, &hosts).await?);
    let full = |error: std::io::Error| -> Fault {
        slipway_store::Error::Disk { path: path.to_owned(), detail: error.to_string() }.into()
    };
    let mut exported = Exported { sessions: 0, bytes: 0 };
    let mut pace = Pace::new(context);
    let written = write_beside(path, async |file| {
        let mut text = Vec::new();
        sheet.begin(&mut text).map_err(full)?;
        for id in &ids {
            let mut stored = match program.store().archive().read(id).await {
                Ok(stored) => stored,
                // Deleted since the list was made: a backup goes on without it.
                Err(slipway_store::Error::NotFound { .. }) if request.session_ids.is_empty() => {
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            without_addresses(&mut stored, &hosts);
            let (sheet, first) = (sheet.clone(), exported.sessions == 0);
            let mut page = std::mem::take(&mut text);
            // Apart, because pictures make a conversation large.
            let page = tokio::task::spawn_blocking(move || {
                sheet.session(&mut page, &stored, first).map(|()| page)
            });
            text = page.await.map_err(|error| Fault::internal(error.to_string()))?.map_err(full)?;
            file.write_all(&text).await.map_err(full)?;
            exported.sessions += 1;
            exported.bytes += text.len() as u64;
            text.clear();
            pace.tell(exported.bytes, None);
        }
        sheet.end(&mut text).map_err(full)?;
        file.write_all(&text).await.map_err(full)?;
        exported.bytes += text.len() as u64;
        Ok(())
    });
    context.unless_cancelled(written).await?;
    Ok(TaskResult::Export(exported))
}

/// How a file is written.
enum Sheet {
    Json(Box<Header>),
    Markdown(Reader),
    Html { reader: Reader, title: String },
}

async fn sheet(program: &Program, request: &ExportRequest, hosts: &[Host]) -> Result<Sheet, Fault> {
    let store = program.store();
    if request.format == ExportFormat::Json {
        let named = |host: &Host| NamedHost { id: host.id.clone(), name: host.name.clone() };
        let mut header = Header {
            exported_at: now_ms(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            hosts: hosts.iter().map(named).collect(),
            folders: store.folders().list().await?,
            ..Header::default()
        };
        if request.session_ids.is_empty() {
            header.presets = store.presets().list().await?;
            header.snippets = store.snippets().list().await?;
        } else {
            let mut used = Vec::new();
            for id in &request.session_ids {
                used.extend(store.sessions().get(id).await?.folder_id);
            }
            header.folders.retain(|folder| used.contains(&folder.id));
        }
        return Ok(Sheet::Json(Box::new(header)));
    }
    let reader = Reader {
        language: program.settings().language.unwrap_or_else(system_language),
        hosts: hosts.iter().map(|host| (host.id.0.clone(), host.name.clone())).collect(),
        zone: TimeZone::system(),
    };
    Ok(match (request.format, &request.session_ids[..]) {
        (ExportFormat::Markdown | ExportFormat::Json, _) => Sheet::Markdown(reader),
        (ExportFormat::Html, [only]) => {
            Sheet::Html { reader, title: store.sessions().get(only).await?.title }
        }
        (ExportFormat::Html, _) => {
            let title = reader.conversations().to_owned();
            Sheet::Html { reader, title }
        }
    })
}

impl Sheet {
    fn begin(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        match self {
            Self::Json(header) => slipway::begin(out, header),
            Self::Markdown(_) => Ok(()),
            Self::Html { reader, title } => html::begin(out, reader, title),
        }
    }

    fn session(
        &self,
        out: &mut Vec<u8>,
        stored: &StoredSession,
        first: bool,
    ) -> std::io::Result<()> {
        match self {
            Self::Json(_) => slipway::write(out, stored, first),
            Self::Markdown(reader) => markdown::session(out, reader, stored),
            Self::Html { reader, .. } => html::session(out, reader, stored),
        }
    }

    fn end(&self, out: &mut Vec<u8>) -> std::io::Result<()> {
        match self {
            Self::Json(_) => slipway::end(out),
            Self::Markdown(_) => Ok(()),
            Self::Html { .. } => html::end(out),
        }
    }
}

/// Takes the hosts' addresses out of what errors say: exports are passed on.
fn without_addresses(stored: &mut StoredSession, hosts: &[Host]) {
    for error in stored.messages.iter_mut().filter_map(|message| message.error.as_mut()) {
        let ErrorInfo { message, fix, facts, .. } = error;
        // The others tell of keys, files and logins.
        if !matches!(facts, Some(ErrorFacts::Hop(_))) {
            *facts = None;
        }
        for text in [&mut message.en, &mut message.ru, &mut fix.en, &mut fix.ru] {
            for host in hosts {
                let HostAddress::Ssh(SshAddress { line, host: address, .. }) = &host.address else {
                    continue;
                };
                for secret in [line, address].into_iter().filter(|secret| !secret.is_empty()) {
                    if text.contains(secret.as_str()) && *secret != host.name {
                        *text = text.replace(secret.as_str(), &host.name);
                    }
                }
            }
        }
    }
    for column in &mut stored.columns {
        without_addresses(column, hosts);
    }
}
