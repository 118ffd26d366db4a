//! From a tracing event to a log line.

use std::fmt::Write as _;
use std::sync::Arc;

use slipway_protocol::{LogLevel, LogLine, RequestId, TaskBody};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::NO_TASK;
use super::file::{Entry, LogWriter, host_id};
use super::redact::redact;
use crate::bus::Bus;
use crate::clock::now_ms;

/// Longest line kept, in bytes.
const LONGEST: usize = 16 * 1024;

/// Writes events to the file and the bus.
pub(super) struct LogLayer {
    bus: Arc<Bus>,
    writer: LogWriter,
}

impl LogLayer {
    pub(super) fn new(bus: Arc<Bus>, writer: LogWriter) -> Self {
        Self { bus, writer }
    }
}

/// The ids that a span or an event carries, and the event's words.
#[derive(Clone, Default)]
struct Fields {
    request_id: Option<String>,
    host_id: Option<String>,
    message: String,
    rest: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let text = format!("{value:?}");
        self.take(field.name(), &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value);
    }
}

impl Fields {
    fn take(&mut self, name: &str, value: &str) {
        match name {
            "request_id" => self.request_id = Some(value.to_owned()),
            "host_id" => self.host_id = Some(value.to_owned()),
            "message" => value.clone_into(&mut self.message),
            _ => {
                let _ = write!(self.rest, " {name}={value}");
            }
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        // The innermost span that names a task or a host wins.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.request_id = fields.request_id.or_else(|| of_span.request_id.clone());
                fields.host_id = fields.host_id.or_else(|| of_span.host_id.clone());
            }
        }
        let metadata = event.metadata();
        let mut text = redact(&format!("{}{}", fields.message, fields.rest));
        if text.len() > LONGEST {
            let mut end = LONGEST;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            text.push('…');
        }
        let line = LogLine {
            level: match *metadata.level() {
                Level::ERROR => LogLevel::Error,
                Level::WARN => LogLevel::Warn,
                Level::INFO => LogLevel::Info,
                Level::DEBUG | Level::TRACE => LogLevel::Debug,
            },
            target: short(metadata.target()).to_owned(),
            text,
            host_id: fields.host_id.as_deref().and_then(host_id),
        };
        let request_id = fields.request_id.map(RequestId);
        let entry = Entry { timestamp: now_ms(), request_id, line };
        self.writer.write(&entry);
        let request_id = entry.request_id.unwrap_or_else(|| RequestId::from(NO_TASK));
        self.bus.publish(&request_id, TaskBody::Log(entry.line));
    }
}

/// `slipway_ssh::connect` is `ssh` to a person.
fn short(target: &str) -> &str {
    let target = target.strip_prefix("slipway_").unwrap_or(target);
    target.split("::").next().unwrap_or(target)
}
