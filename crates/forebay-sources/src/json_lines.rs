//! JSON Lines: one record per line, and optionally an end line after the last one.
//!
//! This is the hot path of the largest loads, so a line costs one vectorised search for its end and one span. Lines are
//! not parsed here, except the last one: a truncated line must be distinguished from a line without a newline.

use forebay_domain::{
    end_line::EndLine,
    reject::{Place, RejectReason},
};
use memchr::{memchr, memchr_iter};

use crate::{
    block::{Delimit, Found, Span, Tail, head, keep},
    end_line,
    error::Error,
    scan::{is_closed, is_space},
};

pub(crate) struct JsonLines {
    limit: usize,
    /// Offset in the input of the first byte that has not been consumed.
    base: u64,
    /// Line number of that byte.
    line: u64,
    /// How many of the unconsumed bytes were already searched for a newline.
    searched: usize,
    /// An oversized line that is being skipped.
    long: Option<Long>,
    /// Whether messages to Forebay are read. If not, they are records like any other line.
    takes_messages: bool,
    /// The end line, and its line number.
    end: Option<(EndLine, u64)>,
}

struct Long {
    place: Place,
    /// Its first bytes.
    raw: Vec<u8>,
    /// Its last byte so far: a carriage return at the end is not counted.
    last: u8,
}

impl JsonLines {
    pub(crate) fn new(limit: usize, base: u64) -> Self {
        Self { limit, base, line: 1, searched: 0, long: None, takes_messages: true, end: None }
    }

    /// Lines whose format has messages of its own.
    pub(crate) fn without_messages(limit: usize, base: u64) -> Self {
        Self { takes_messages: false, ..Self::new(limit, base) }
    }

    fn line(&mut self, bytes: &[u8], start: usize, newline: usize, found: &mut Found) -> Result<(), Error> {
        let start = trim_start(bytes, start, newline);
        let end = newline - usize::from(bytes[start..newline].ends_with(b"\r"));
        if start == end {
            return Ok(());
        }
        self.check_end()?;
        let place = self.place(start);
        let line = &bytes[start..end];
        if line.len() > self.limit {
            found.reject_long(place, head(line), line.len() as u64, self.limit);
        } else if self.takes_messages && end_line::is_message(line) {
            match end_line::read(line) {
                Ok(read) => self.end = Some((read, place.line)),
                Err(problem) => found.reject(place, RejectReason::InvalidRecord, problem, line),
            }
        } else {
            found.records.push(Span { start, end, place });
        }
        Ok(())
    }

    /// The error of a line after the end line.
    fn check_end(&self) -> Result<(), Error> {
        match &self.end {
            Some((_, end_line)) => Err(Error::RecordAfterEnd { line: self.line, end_line: *end_line }),
            None => Ok(()),
        }
    }

    fn last_line(&mut self, bytes: &[u8], start: usize, tail: Tail, found: &mut Found) -> Result<(), Error> {
        let start = trim_start(bytes, start, bytes.len());
        if is_closed(&bytes[start..]) {
            return self.line(bytes, start, bytes.len(), found);
        }
        self.check_end()?;
        let place = self.place(start);
        let message = "the last line ends inside its record";
        found.reject(place, RejectReason::TruncatedRecord, message, &bytes[start..]);
        if tail == Tail::Complete {
            let line = place.line;
            found.ending.truncated = Some(format!("the input ends inside its last record, at line {line}"));
        }
        Ok(())
    }

    /// Skips more of an oversized line. Returns the index after it, or none if the line continues.
    fn skip_long(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Option<usize> {
        let mut long = self.long.take()?;
        let newline = memchr(b'\n', bytes);
        let end = newline.unwrap_or(bytes.len());
        keep(&mut long.raw, &bytes[..end]);
        long.last = bytes[..end].last().copied().unwrap_or(long.last);
        if newline.is_none() && tail == Tail::Open {
            self.long = Some(long);
            return None;
        }
        let length = self.base + end as u64 - long.place.offset - u64::from(long.last == b'\r');
        long.raw.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        found.reject_long(long.place, long.raw, length, self.limit);
        self.line += 1;
        Some(newline.map_or(end, |newline| newline + 1))
    }

    fn place(&self, start: usize) -> Place {
        Place { line: self.line, offset: self.base + start as u64 }
    }
}

impl Delimit for JsonLines {
    fn delimit(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Result<usize, Error> {
        let mut start = 0;
        if self.long.is_some() {
            start = self.skip_long(bytes, tail, found).unwrap_or(bytes.len());
        }
        let from = start.max(self.searched);
        for newline in memchr_iter(b'\n', &bytes[from..]).map(|n| from + n) {
            self.line(bytes, start, newline, found)?;
            start = newline + 1;
            self.line += 1;
            if found.is_full() {
                self.base += start as u64;
                self.searched = 0;
                return Ok(start);
            }
        }
        if tail == Tail::Open {
            start = trim_start(bytes, start, bytes.len());
            let rest = &bytes[start..];
            if rest.len() - usize::from(rest.ends_with(b"\r")) > self.limit {
                self.check_end()?;
                let last = rest.last().copied().unwrap_or_default();
                self.long = Some(Long { place: self.place(start), raw: head(rest), last });
                start = bytes.len();
            }
        } else {
            self.last_line(bytes, start, tail, found)?;
            found.ending.end_line = self.end.take().map(|(end, _)| end);
            start = bytes.len();
        }
        self.base += start as u64;
        self.searched = bytes.len() - start;
        Ok(start)
    }
}

/// Where a line starts after its leading whitespace.
fn trim_start(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut at = start;
    while at < end && is_space(bytes[at]) {
        at += 1;
    }
    at
}
