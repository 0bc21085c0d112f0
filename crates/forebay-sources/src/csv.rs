//! Delimited text with a header row: each row becomes a JSON object of strings.
//!
//! Rows follow RFC 4180. Values are never converted to numbers or null: an empty cell is an empty string. A quote opens
//! a quoted field only at the start of the field. Text after a closing quote makes the row a rejected record, because a
//! quote that was not closed has probably swallowed the rows before it. The raw bytes of a row are buffered until it is
//! complete, so a bad row is rejected with its exact text.

mod header;
mod lengths;
pub(crate) mod options;
mod row;

use forebay_domain::reject::{Place, RejectReason};
use memchr::{memchr_iter, memchr2};

use self::{header::Header, lengths::Lengths, row::RowScan};
pub use options::{CsvOptions, HeaderPolicy, Symbol};

use crate::{
    block::{Delimit, Found, Span, Tail, head, keep},
    error::Error,
    sniff,
};

pub(crate) struct Csv {
    limit: usize,
    options: CsvOptions,
    /// None until it was detected in the first line.
    delimiter: Option<u8>,
    /// None until the header was read.
    header: Option<Header>,
    scan: RowScan,
    lengths: Lengths,
    base: u64,
    line: u64,
    in_row: bool,
    /// In a comment line.
    in_comment: bool,
    /// Where the current row starts.
    place: Place,
    /// How many of the unconsumed bytes were scanned already.
    resume: usize,
    /// The first bytes of an oversized row, which is no longer buffered.
    long: Option<Vec<u8>>,
    /// How many bytes of such a row came before the bytes of this call.
    dropped: u64,
}

impl Csv {
    pub(crate) fn new(options: CsvOptions, limit: usize, base: u64) -> Self {
        Self {
            limit,
            delimiter: options.delimiter.map(Symbol::byte),
            options,
            header: None,
            scan: RowScan::default(),
            lengths: Lengths::default(),
            base,
            line: 1,
            in_row: false,
            in_comment: false,
            place: Place::default(),
            resume: 0,
            long: None,
            dropped: 0,
        }
    }

    /// Starts the row at `from`, or after blank lines and comments there. Returns where the row starts; if there is
    /// none yet, the error is where to continue.
    fn begin_row(&mut self, bytes: &[u8], from: usize, tail: Tail) -> Result<usize, usize> {
        let mut start = from;
        loop {
            if self.in_comment {
                let Some(end) = memchr2(b'\n', b'\r', &bytes[start..]) else { return Err(bytes.len()) };
                start += end;
                self.in_comment = false;
            }
            // Blank lines, and the newline that ended the previous row.
            let blank = bytes[start..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            self.line += newlines(&bytes[start..start + blank]);
            start += blank;
            if start == bytes.len() {
                return Err(start);
            }
            if self.options.comment.is_some_and(|comment| comment.byte() == bytes[start]) {
                self.in_comment = true;
                continue;
            }
            if self.header.is_none() {
                let Some(skipped) = self.detect(&bytes[start..], tail) else { return Err(start) };
                if skipped > 0 {
                    start += skipped;
                    continue;
                }
            }
            break;
        }
        self.in_row = true;
        self.dropped = 0;
        self.scan = RowScan::default();
        self.place = Place { line: self.line, offset: self.base + start as u64 };
        Ok(start)
    }

    /// Finds the delimiter: as given, as in a line `sep=;` before the header, or the most frequent one in the header.
    /// Returns the length of such a line, or 0 if there is none. None: more bytes are needed.
    fn detect(&mut self, text: &[u8], tail: Tail) -> Option<usize> {
        let (end, detected) = sniff::header(text);
        if end.is_none() && tail == Tail::Open && text.len() < sniff::MAX_SNIFF {
            return None;
        }
        let line = &text[..end.unwrap_or(text.len())];
        let stated = sniff::stated_delimiter(line);
        self.delimiter.get_or_insert(stated.unwrap_or(detected));
        Some(stated.map_or(0, |_| line.len()))
    }

    /// Adds a row that is complete, or that ends with the input (`tail`). It has no newline at its end.
    fn finish_row(&mut self, row: &[u8], tail: Tail, found: &mut Found) -> Result<(), Error> {
        self.in_row = false;
        let place = self.place;
        let length = self.dropped + row.len() as u64;
        let delimiter = self.delimiter.unwrap_or(b',');
        let is_open = tail != Tail::Open && self.scan.is_quoted();
        if is_open {
            found.ending.truncated = Some(format!(
                "the input ends inside a quoted field of the row at line {}: a closing quote is missing",
                place.line
            ));
        }
        let Some(header) = &self.header else {
            if length > self.limit as u64 {
                return Err(header::error("exceeds the limit for a record"));
            }
            if self.scan.has_stray_text() || is_open {
                return Err(header::error("has a quoted name that is not closed before the next delimiter"));
            }
            let header = Header::read(row, delimiter, self.options.header)?;
            let is_data = self.options.header == HeaderPolicy::None;
            self.header = Some(header);
            // Without a header, the row is the first record.
            return if is_data { self.finish_row(row, tail, found) } else { Ok(()) };
        };
        if let Some(mut raw) = self.long.take() {
            keep(&mut raw, row);
            found.reject_long(place, raw, length, self.limit);
            return Ok(());
        }
        let start = found.text.len();
        if row.len() > self.limit {
            found.reject_long(place, head(row), row.len() as u64, self.limit);
        } else if std::str::from_utf8(row).is_err() {
            found.reject(place, RejectReason::InvalidUtf8, "the row contains bytes that are not UTF-8", row);
        } else if self.scan.has_stray_text() {
            let num_lines = newlines(row) + 1;
            let message = match num_lines {
                1 => "text follows a closing quote".to_owned(),
                _ => format!(
                    "text follows a closing quote, {num_lines} lines after the row began: is a quote missing?"
                ),
            };
            found.reject(place, RejectReason::InvalidCsv, message, row);
        } else {
            let count = header.write(row, delimiter, &mut found.text);
            if tail != Tail::Open && (is_open || tail == Tail::Cut || count < header.len()) {
                found.text.truncate(start);
                let message = "the input ends inside the row";
                found.reject(place, RejectReason::TruncatedRecord, message, row);
                found.ending.truncated.get_or_insert_with(|| {
                    format!("the input ends inside its last row, at line {}", place.line)
                });
            } else if count == header.len() {
                self.lengths.add(place.line, row, delimiter, count);
                found.records.push(Span { start, end: found.text.len(), place });
            } else {
                found.text.truncate(start);
                let message = format!("the row has {count} fields, the header has {}", header.len());
                found.reject(place, RejectReason::InvalidCsv, message, row);
            }
        }
        Ok(())
    }
}

impl Delimit for Csv {
    fn delimit(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Result<usize, Error> {
        let mut start = 0;
        let mut at = self.resume;
        loop {
            if !self.in_row {
                match self.begin_row(bytes, at, tail) {
                    Ok(row) => (start, at) = (row, row),
                    Err(nothing) => {
                        start = nothing;
                        break;
                    }
                }
            }
            let delimiter = self.delimiter.unwrap_or(b',');
            let Some(end) = self.scan.advance(bytes, at, delimiter) else { break };
            self.finish_row(&bytes[start..end], Tail::Open, found)?;
            // The newline that ends the row is skipped, and counted, as a blank line.
            self.line += newlines(&bytes[start..end]);
            (start, at) = (end, end);
            if found.is_full() {
                self.base += start as u64;
                self.resume = 0;
                return Ok(start);
            }
        }
        if tail != Tail::Open {
            if self.in_row {
                self.finish_row(&bytes[start..], tail, found)?;
                start = bytes.len();
            }
            found.ending.notes.extend(self.lengths.sentence());
        }
        if self.in_row && (self.long.is_some() || bytes.len() - start > self.limit) {
            keep(self.long.get_or_insert_default(), &bytes[start..]);
            self.line += newlines(&bytes[start..]);
            self.dropped += (bytes.len() - start) as u64;
            start = bytes.len();
        }
        self.base += start as u64;
        self.resume = if self.in_row { bytes.len() - start } else { 0 };
        Ok(start)
    }

    fn writes_text(&self) -> bool {
        true
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
