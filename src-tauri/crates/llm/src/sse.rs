//! Server-sent events: bytes in, the data of events out.
//!
//! After <https://html.spec.whatwg.org/multipage/server-sent-events.html>, with a bound on lines.
//! The `eventsource-stream` crate is not used: it has no bound, and a single byte that is not UTF-8
//! makes it hold back everything after it.

use std::collections::VecDeque;

/// Longest line, and longest event, in bytes.
pub(crate) const MAX_EVENT: usize = 16 * 1024 * 1024;

/// How much is kept of what is not part of the protocol, in bytes.
const MAX_STRAY: usize = 4096;

/// A line or an event went over [`MAX_EVENT`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Cuts a stream of bytes into events, however the packets fall.
#[derive(Default)]
pub(crate) struct Decoder {
    /// The line so far.
    line: Vec<u8>,
    /// The data of the event so far, each line ended by LF.
    data: Vec<u8>,
    events: VecDeque<String>,
    /// The beginning of the lines that are no fields: a page or an error that came instead.
    stray: Vec<u8>,
    /// The last packet ended in CR: an LF that comes now belongs to it.
    after_cr: bool,
    /// The first line may begin with a byte order mark.
    past_first_line: bool,
}

impl Decoder {
    /// Takes the next packet.
    pub(crate) fn feed(&mut self, mut packet: &[u8]) -> Result<(), TooLong> {
        if packet.is_empty() {
            return Ok(());
        }
        if std::mem::take(&mut self.after_cr) {
            packet = packet.strip_prefix(b"\n").unwrap_or(packet);
        }
        while let Some(end) = packet.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (line, rest) = packet.split_at(end);
            self.append(line)?;
            self.end_line()?;
            packet = match rest {
                [b'\r', b'\n', after @ ..] => after,
                [b'\r'] => {
                    self.after_cr = true;
                    &[]
                }
                [_, after @ ..] => after,
                [] => &[],
            };
        }
        self.append(packet)
    }

    /// The data of the next whole event. What the stream ends in the middle of never comes out.
    pub(crate) fn next_event(&mut self) -> Option<String> {
        self.events.pop_front()
    }

    /// What came that is not part of the protocol, shortened.
    pub(crate) fn stray(&self) -> String {
        let mut stray = self.stray.clone();
        if matches!(self.line.first(), Some(b'<' | b'{')) {
            stray.extend(self.line.iter().take(MAX_STRAY));
        }
        into_text(stray)
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.line.len() + bytes.len() > MAX_EVENT {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), TooLong> {
        let mut line = self.line.as_slice();
        if !std::mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            // Each data line left an LF behind, so "no data" and "empty data" differ here.
            if self.data.pop().is_some() {
                let data = std::mem::take(&mut self.data);
                self.events.push_back(into_text(data));
            }
        } else {
            match Field::of(line) {
                Field::Data(value) => {
                    if self.data.len() + value.len() >= MAX_EVENT {
                        return Err(TooLong);
                    }
                    self.data.extend_from_slice(value);
                    self.data.push(b'\n');
                }
                Field::Error(value) => {
                    let value = String::from_utf8_lossy(value);
                    self.events.push_back(format!("{{\"error\":{value}}}"));
                }
                Field::Unimportant => {}
                Field::Stray => {
                    let room = MAX_STRAY.saturating_sub(self.stray.len() + 1);
                    if room > 0 {
                        self.stray.extend(line.iter().take(room));
                        self.stray.push(b'\n');
                    }
                }
            }
        }
        self.line.clear();
        Ok(())
    }
}

/// What a line is.
enum Field<'a> {
    Data(&'a [u8]),
    /// Builds of llama.cpp before October 2025 told errors in a field of their own.
    Error(&'a [u8]),
    /// Comments, and what means nothing here.
    Unimportant,
    /// None of the protocol.
    Stray,
}

impl<'a> Field<'a> {
    fn of(line: &'a [u8]) -> Self {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => Self::Data(value),
            b"error" if value.starts_with(b"{") => Self::Error(value),
            b"" | b"event" | b"id" | b"retry" => Self::Unimportant,
            _ => Self::Stray,
        }
    }
}

/// Decodes whole events only, so no character is ever split; bad bytes become U+FFFD.
fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(packets: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut events = Vec::new();
        for packet in packets {
            decoder.feed(packet).unwrap();
            while let Some(event) = decoder.next_event() {
                events.push(event);
            }
        }
        events
    }

    #[test]
    fn every_split_of_every_line_end_gives_the_same_events() {
        let text = "\u{feff}: hello\ndata: Привет, мир 👋\nid: 7\n\nevent: x\ndata:a\ndata: b\n\n\
                    retry: 10\n\ndata\n\ndata:  two spaces\n\ndatabase: no\n\ndata: cut off";
        let expected = ["Привет, мир 👋", "a\nb", "", " two spaces"];
        for end in ["\n", "\r\n", "\r"] {
            let bytes = text.replace('\n', end).into_bytes();
            assert_eq!(decode(&[&bytes]), expected, "{end:?} whole");
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(decode(&single), expected, "{end:?} byte by byte");
            for at in 0..bytes.len() {
                let (head, tail) = bytes.split_at(at);
                assert_eq!(decode(&[head, &[], tail]), expected, "{end:?} at {at}");
            }
        }
    }

    #[test]
    fn a_half_event_never_comes_out() {
        assert!(decode(&[b"data: {\"a\":1}\n"]).is_empty());
        assert!(decode(&[b"data: {\"a\""]).is_empty());
    }

    #[test]
    fn bytes_that_are_not_utf8_hold_nothing_back() {
        let events = decode(&[b"data: a\xffb\n\ndata: next\n\n"]);
        assert_eq!(events, ["a\u{fffd}b", "next"]);
    }

    #[test]
    fn errors_and_pages_that_come_instead_are_kept() {
        assert_eq!(decode(&[b"error: {\"code\":500}\n\n"]), ["{\"error\":{\"code\":500}}"]);
        let mut decoder = Decoder::default();
        decoder.feed(b": hello\nid: 1\n<html>\n<p>no: 1\n</ht").unwrap();
        assert_eq!(decoder.stray(), "<html>\n<p>no: 1\n</ht");
        decoder.feed(b"\ndata: a\n\nda").unwrap();
        assert_eq!(decoder.next_event().as_deref(), Some("a"));
        assert_eq!(decoder.stray(), "<html>\n<p>no: 1\n</ht\n");
        for _ in 0..100 {
            decoder.feed(&[b'x'; 1000]).unwrap();
            decoder.feed(b"\n").unwrap();
        }
        assert!(decoder.stray().len() <= MAX_STRAY);
    }

    #[test]
    fn lines_and_events_are_bounded() {
        let mebibyte = vec![b'x'; 1024 * 1024];
        let mut decoder = Decoder::default();
        let fed = (0..17).try_for_each(|_| decoder.feed(&mebibyte));
        assert_eq!(fed, Err(TooLong));
        assert!(decoder.line.len() <= MAX_EVENT);

        let mut decoder = Decoder::default();
        let fed = (0..17).try_for_each(|_| {
            decoder.feed(b"data: ")?;
            decoder.feed(&mebibyte)?;
            decoder.feed(b"\n")
        });
        assert_eq!(fed, Err(TooLong));
        assert!(decoder.data.len() <= MAX_EVENT);
    }
}
