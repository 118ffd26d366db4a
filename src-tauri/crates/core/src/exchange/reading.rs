//! Reading a file, whoever wrote it: found out by its content, element by element, so that what is
//! wrong with one conversation costs that one only.

use std::io::{BufRead, BufReader, Read};

use slipway_protocol::{Folder, ImportSource, Preset, Snippet, Text};
use slipway_store::StoredSession;

use super::problem::Problem;
use super::scan::{Broken, Captured, Scanner};
use super::surrogates;
use super::{chatgpt, open_webui, slipway};

/// The largest conversation of another program, bytes.
const LARGEST: usize = 256 << 20;
/// The largest conversation of Slipway's own: it may carry many pictures.
const LARGEST_OWN: usize = 1 << 30;
/// The largest folder, preset or text.
const LARGEST_EXTRA: usize = 1 << 20;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Slipway's own.
    Slipway,
    /// An array of another program's conversations.
    Array,
    /// One conversation of another program.
    One,
}

/// What is found in a file, in its order.
#[derive(Debug)]
pub(crate) enum Item {
    Folder(Folder),
    Preset(Preset),
    Snippet(Snippet),
    Session(Box<StoredSession>),
    /// Something that cannot be read.
    Skipped(Text),
}

/// Takes what is found; false when it wants no more.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(Item) -> bool;

/// Finds out what a JSON file is, reading no more of it than that takes.
pub(crate) fn shape(input: impl Read) -> Result<Shape, Problem> {
    let mut scanner = Scanner::new(BufReader::with_capacity(1 << 16, input));
    match scanner.peek() {
        Ok(b'[') => return Ok(Shape::Array),
        Ok(b'{') => (),
        Err(Broken::Io(error)) => return Err(error.into()),
        _ => return Err(Problem::NotJson),
    }
    members(&mut scanner).map_err(|broken| match broken {
        Broken::Io(error) => error.into(),
        _ => Problem::OtherShape,
    })?
}

/// Looks at an object's members until they say whose it is.
fn members<R: BufRead>(scanner: &mut Scanner<R>) -> Result<Result<Shape, Problem>, Broken> {
    let (mut ours, mut version) = (false, None);
    let mut value = Vec::new();
    let mut first = true;
    scanner.expect(b'{')?;
    while scanner.another(first, b'}')? {
        first = false;
        let name = scanner.name()?;
        if name == "mapping" || name == "chat" {
            return Ok(Ok(Shape::One));
        }
        scanner.value(&mut value, 1000)?;
        match name.as_str() {
            "format" => {
                ours = serde_json::from_slice(&value).is_ok_and(|f: String| f == slipway::FORMAT);
            }
            "version" => version = serde_json::from_slice::<u64>(&value).ok(),
            _ => (),
        }
        match version {
            Some(version) if ours && version > slipway::VERSION => {
                return Ok(Err(Problem::Newer(version)));
            }
            Some(_) if ours => return Ok(Ok(Shape::Slipway)),
            _ => (),
        }
    }
    Ok(Err(Problem::OtherShape))
}

/// Reads a JSON file of this shape from its beginning.
pub(crate) fn read(
    input: impl Read,
    shape: Shape,
    sink: Sink<'_>,
) -> Result<ImportSource, Problem> {
    let mut file = File {
        scanner: Scanner::new(BufReader::with_capacity(1 << 16, input)),
        buffer: Vec::new(),
        source: (shape == Shape::Slipway).then_some(ImportSource::Slipway),
        count: 0,
        sink,
    };
    let outcome = match shape {
        Shape::Slipway => file.slipway(),
        Shape::Array => file.array(List::Foreign),
        Shape::One => file.element(List::Foreign),
    };
    match outcome {
        Ok(()) => (),
        Err(Ended::Unwanted) => return Err(Problem::Stopped),
        Err(Ended::Broken(Broken::Io(error))) => return Err(error.into()),
        Err(Ended::Broken(broken)) => {
            let count = file.count;
            // The beginning of the very first conversation may say whose it is.
            file.source = file.source.or_else(|| whose(&file.buffer));
            if file.source.is_none() {
                return Err(Problem::OtherShape);
            }
            (file.sink)(Item::Skipped(cut(&broken, count)));
        }
    }
    file.source.ok_or(Problem::OtherShape)
}

/// Which list an element is in.
#[derive(Clone, Copy)]
enum List {
    Foreign,
    Sessions,
    Folders,
    Presets,
    Snippets,
}

/// Why reading ended before the end.
enum Ended {
    Broken(Broken),
    Unwanted,
}

impl From<Broken> for Ended {
    fn from(broken: Broken) -> Self {
        Self::Broken(broken)
    }
}

struct File<'a, R> {
    scanner: Scanner<R>,
    buffer: Vec<u8>,
    source: Option<ImportSource>,
    /// Conversations that were begun.
    count: u64,
    sink: Sink<'a>,
}

impl<R: BufRead> File<'_, R> {
    fn slipway(&mut self) -> Result<(), Ended> {
        self.scanner.expect(b'{')?;
        let mut first = true;
        while self.scanner.another(first, b'}')? {
            first = false;
            let list = match self.scanner.name()?.as_str() {
                "sessions" => Some(List::Sessions),
                "folders" => Some(List::Folders),
                "presets" => Some(List::Presets),
                "snippets" => Some(List::Snippets),
                _ => None,
            };
            match list {
                Some(list) if self.scanner.peek()? == b'[' => self.array(list)?,
                _ => {
                    self.scanner.value(&mut self.buffer, 0)?;
                }
            }
        }
        Ok(())
    }

    fn array(&mut self, list: List) -> Result<(), Ended> {
        self.scanner.expect(b'[')?;
        let mut first = true;
        while self.scanner.another(first, b']')? {
            first = false;
            self.element(list)?;
        }
        Ok(())
    }

    fn element(&mut self, list: List) -> Result<(), Ended> {
        let most = match list {
            List::Foreign => LARGEST,
            List::Sessions => LARGEST_OWN,
            List::Folders | List::Presets | List::Snippets => LARGEST_EXTRA,
        };
        if let List::Foreign | List::Sessions = list {
            self.count += 1;
        }
        let item = match self.scanner.value(&mut self.buffer, most)? {
            Captured::TooLarge => Some(Item::Skipped(too_large(self.count, most))),
            Captured::Whole => self.parse(list),
        };
        // The next one may be small: a buffer of a huge one is not kept for it.
        self.buffer.shrink_to(1 << 20);
        match item.is_none_or(|item| (self.sink)(item)) {
            true => Ok(()),
            false => Err(Ended::Unwanted),
        }
    }

    fn parse(&mut self, list: List) -> Option<Item> {
        let mended = surrogates::mend(std::mem::take(&mut self.buffer));
        let text = mended.as_slice();
        let read = match list {
            List::Sessions => slipway::session(text).map(|one| Some(Item::Session(Box::new(one)))),
            List::Folders => serde_json::from_slice(text).map(|one| Some(Item::Folder(one))),
            List::Presets => serde_json::from_slice(text).map(|one| Some(Item::Preset(one))),
            List::Snippets => serde_json::from_slice(text).map(|one| Some(Item::Snippet(one))),
            List::Foreign => {
                if self.source.is_none() {
                    self.source = whose(text);
                }
                let foreign = match self.source {
                    Some(ImportSource::OpenWebUi) => open_webui::conversation(text),
                    _ => chatgpt::conversation(text),
                };
                foreign.map(|one| one.into_stored().map(Box::new).map(Item::Session))
            }
        };
        let item = match read {
            Ok(item) => item,
            Err(error) => Some(Item::Skipped(unreadable(list, self.count, &error.to_string()))),
        };
        self.buffer = mended;
        item
    }
}

/// Whose conversation an element is, if it is one.
fn whose(element: &[u8]) -> Option<ImportSource> {
    let mut scanner = Scanner::new(element);
    let mut value = Vec::new();
    let mut look = || -> Result<Option<ImportSource>, Broken> {
        scanner.expect(b'{')?;
        let mut first = true;
        while scanner.another(first, b'}')? {
            first = false;
            match scanner.name()?.as_str() {
                "mapping" => return Ok(Some(ImportSource::ChatGpt)),
                "chat" => return Ok(Some(ImportSource::OpenWebUi)),
                _ => scanner.value(&mut value, 0)?,
            };
        }
        Ok(None)
    };
    look().ok().flatten()
}

fn cut(broken: &Broken, count: u64) -> Text {
    match broken {
        Broken::At(byte) => Text::new(
            format!("The file is damaged at byte {byte}; what comes after it was not read."),
            format!("Файл повреждён на байте {byte}; то, что дальше, не прочитано."),
        ),
        Broken::Cut | Broken::Io(_) => Text::new(
            format!("The file ends in the middle, at conversation {count} or behind it."),
            format!("Файл обрывается на середине: на беседе {count} или после неё."),
        ),
    }
}

fn too_large(count: u64, most: usize) -> Text {
    let most = most >> 20;
    Text::new(
        format!("Entry {count} has more than {most} MB and was left out."),
        format!("Запись {count} больше {most} МБ и пропущена."),
    )
}

fn unreadable(list: List, count: u64, why: &str) -> Text {
    // A parser's sentence may quote the file.
    let why: String = why.chars().take(200).collect();
    match list {
        List::Foreign | List::Sessions => Text::new(
            format!("Conversation {count} cannot be read: {why}."),
            format!("Беседа {count} не читается: {why}."),
        ),
        List::Folders => Text::new(
            format!("A folder cannot be read: {why}."),
            format!("Папка не читается: {why}."),
        ),
        List::Presets => Text::new(
            format!("A preset cannot be read: {why}."),
            format!("Набор настроек не читается: {why}."),
        ),
        List::Snippets => Text::new(
            format!("A prompt cannot be read: {why}."),
            format!("Заготовка не читается: {why}."),
        ),
    }
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
