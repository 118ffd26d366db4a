//! JSON taken apart without understanding it: the elements of an array and the members of an object,
//! one at a time, so that a file of any size is read with the memory of its largest element.

use std::io::{BufRead, ErrorKind};

/// Where the text stops being JSON.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The file ends in the middle.
    Cut,
    /// Something stands where it cannot, at this byte.
    At(u64),
    /// The file cannot be read on.
    Io(std::io::Error),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::UnexpectedEof => Self::Cut,
            _ => Self::Io(error),
        }
    }
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Captured {
    /// It is in the buffer.
    Whole,
    /// It has more bytes than wanted, and was passed over.
    TooLarge,
}

/// Goes through a JSON text.
#[derive(Debug)]
pub(crate) struct Scanner<R> {
    input: R,
    at: u64,
}

/// How far into a value the scanner is.
#[derive(Default)]
struct Depth {
    open: u64,
    in_string: bool,
    escaped: bool,
}

impl<R: BufRead> Scanner<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, at: 0 }
    }

    /// The next byte that is not blank; it is not consumed.
    pub(crate) fn peek(&mut self) -> Result<u8, Broken> {
        loop {
            let chunk = fill(&mut self.input)?;
            // A byte order mark is three bytes of which none can stand outside of a string.
            let blank = |byte: &u8| byte.is_ascii_whitespace() || [0xEF, 0xBB, 0xBF].contains(byte);
            let blanks = chunk.iter().take_while(|byte| blank(byte)).count();
            let next = chunk.get(blanks).copied();
            self.consume(blanks);
            if let Some(next) = next {
                return Ok(next);
            }
        }
    }

    /// Consumes this byte, which has to come next.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Broken> {
        if self.peek()? != byte {
            return Err(Broken::At(self.at));
        }
        self.consume(1);
        Ok(())
    }

    /// Goes to the next element or member; false behind the last one, whose bracket is consumed.
    pub(crate) fn another(&mut self, first: bool, close: u8) -> Result<bool, Broken> {
        let next = self.peek()?;
        if next == close {
            self.consume(1);
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    /// The name of the next member, and the colon.
    pub(crate) fn name(&mut self) -> Result<String, Broken> {
        let at = self.at;
        if self.peek()? != b'"' {
            return Err(Broken::At(self.at));
        }
        let mut name = Vec::new();
        self.value(&mut name, 4096)?;
        self.expect(b':')?;
        serde_json::from_slice(&name).map_err(|_| Broken::At(at))
    }

    /// Reads the next value into the buffer, at most so many bytes of it.
    pub(crate) fn value(&mut self, into: &mut Vec<u8>, most: usize) -> Result<Captured, Broken> {
        into.clear();
        let mut kept = Captured::Whole;
        let mut depth = Depth::default();
        let bare = match self.peek()? {
            b'{' | b'[' | b'"' => false,
            b',' | b':' | b'}' | b']' => return Err(Broken::At(self.at)),
            _ => true,
        };
        loop {
            let chunk = match fill(&mut self.input) {
                // A number at the very end of the file has no other end.
                Err(error) if bare && error.kind() == ErrorKind::UnexpectedEof => return Ok(kept),
                chunk => chunk?,
            };
            let (taken, ended) = match bare {
                true => bare_end(chunk),
                false => depth.advance(chunk),
            };
            if kept == Captured::Whole && into.len() + taken <= most {
                into.extend_from_slice(&chunk[..taken]);
            } else {
                kept = Captured::TooLarge;
                *into = Vec::new();
            }
            self.consume(taken);
            if ended {
                return Ok(kept);
            }
        }
    }

    fn consume(&mut self, bytes: usize) {
        self.input.consume(bytes);
        self.at += bytes as u64;
    }
}

impl Depth {
    /// Goes on through a chunk: how much of it belongs to the value, and whether it ends there.
    fn advance(&mut self, chunk: &[u8]) -> (usize, bool) {
        for (index, byte) in chunk.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.open == 0 {
                            return (index + 1, true);
                        }
                    }
                    _ => (),
                }
                continue;
            }
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.open += 1,
                b'}' | b']' => {
                    self.open -= 1;
                    if self.open == 0 {
                        return (index + 1, true);
                    }
                }
                _ => (),
            }
        }
        (chunk.len(), false)
    }
}

/// Where a number or a word ends.
fn bare_end(chunk: &[u8]) -> (usize, bool) {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b",:]}[{\"".contains(byte);
    match chunk.iter().position(ends) {
        Some(end) => (end, true),
        None => (chunk.len(), false),
    }
}

/// What comes next; the end of the file is an error here.
fn fill<R: BufRead>(input: &mut R) -> std::io::Result<&[u8]> {
    // The loop of `BufRead::read_until`, which the borrow checker only takes in this form.
    loop {
        match input.fill_buf() {
            Ok([]) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
    }
    input.fill_buf()
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
