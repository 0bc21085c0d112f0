//! Delimited text with a header row: each row becomes a JSON object of strings.
//!
//! Rows follow RFC 4180, parsed by `csv-core`, which can stop at any byte. Values are never converted to numbers or
//! null: an empty cell is an empty string. The raw bytes of a row are buffered until it is complete, so a bad row is
//! rejected with its exact text.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use forebay_domain::reject::{Place, RejectReason};
use memchr::memchr_iter;

use crate::{
    block::{Delimit, Found, Span, Tail, head, keep},
    error::Error,
    sniff,
};

pub(crate) struct Csv {
    limit: usize,
    /// None until the delimiter was detected in the first line.
    reader: Option<Reader>,
    delimiter: u8,
    /// The names, each as JSON text: `"name":`. Empty until the header was read.
    header: Vec<Vec<u8>>,
    fields: Fields,
    base: u64,
    line: u64,
    in_row: bool,
    /// Where the current row starts.
    place: Place,
    /// How many of the unconsumed bytes the reader has parsed already.
    resume: usize,
    /// The first bytes of an oversized row, which is no longer buffered.
    long: Option<Vec<u8>>,
    /// How many bytes of such a row came before the bytes of this call.
    dropped: u64,
}

/// The unescaped fields of the current row.
struct Fields {
    text: Vec<u8>,
    used: usize,
    ends: Vec<usize>,
    count: usize,
}

impl Csv {
    pub(crate) fn new(limit: usize, base: u64) -> Self {
        Self {
            limit,
            reader: None,
            delimiter: b',',
            header: Vec::new(),
            fields: Fields { text: vec![0; 4096], used: 0, ends: vec![0; 64], count: 0 },
            base,
            line: 1,
            in_row: false,
            place: Place::default(),
            resume: 0,
            long: None,
            dropped: 0,
        }
    }

    /// Starts the row at `from`, or after blank lines there. Returns where the row starts; if there is none yet, the
    /// error is where to continue.
    fn begin_row(&mut self, bytes: &[u8], from: usize, tail: Tail) -> Result<usize, usize> {
        // Blank lines, and the newline after a carriage return that ended the previous row.
        let blank = bytes[from..].iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
        self.line += newlines(&bytes[from..from + blank]);
        let start = from + blank;
        if start == bytes.len() {
            return Err(start);
        }
        if self.reader.is_none() {
            let line = &bytes[start..];
            let (end, delimiter) = sniff::header(line);
            if end.is_none() && tail == Tail::Open && line.len() < sniff::MAX_SNIFF {
                return Err(start);
            }
            self.delimiter = delimiter;
            self.reader = Some(ReaderBuilder::new().delimiter(self.delimiter).build());
        }
        self.in_row = true;
        self.dropped = 0;
        self.place = Place { line: self.line, offset: self.base + start as u64 };
        Ok(start)
    }

    /// Passes bytes to the reader. Returns the index after the row, or none if the row continues. An empty slice ends
    /// the row at the end of the input.
    fn row_end(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        let reader = self.reader.as_mut()?;
        let fields = &mut self.fields;
        let mut at = from;
        loop {
            if self.long.is_some() {
                (fields.used, fields.count) = (0, 0);
            }
            let (result, read, wrote, ended) = reader.read_record(
                &bytes[at..],
                &mut fields.text[fields.used..],
                &mut fields.ends[fields.count..],
            );
            at += read;
            fields.used += wrote;
            fields.count += ended;
            match result {
                ReadRecordResult::InputEmpty => return None,
                ReadRecordResult::OutputFull if self.long.is_none() => {
                    fields.text.resize(fields.text.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.long.is_none() => {
                    fields.ends.resize(fields.ends.len() * 2, 0);
                }
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {}
                ReadRecordResult::Record | ReadRecordResult::End => return Some(at),
            }
        }
    }

    /// Adds a row that is complete, or that ends with the input (`tail`).
    fn finish_row(&mut self, row: &[u8], tail: Tail, found: &mut Found) -> Result<(), Error> {
        let (used, count) = (self.fields.used, self.fields.count);
        (self.fields.used, self.fields.count) = (0, 0);
        self.in_row = false;
        let place = self.place;
        // Before the end of the input, a row ends with its newline.
        let row = if tail == Tail::Open { &row[..row.len() - 1] } else { row };
        let length = self.dropped + row.len() as u64;
        if self.header.is_empty() {
            if length > self.limit as u64 {
                return Err(header_error("exceeds the limit for a record"));
            }
            return self.read_header(used, count);
        }
        if let Some(mut raw) = self.long.take() {
            keep(&mut raw, row);
            found.reject_long(place, raw, length, self.limit);
            return Ok(());
        }
        if tail != Tail::Open && self.is_cut(row, count, tail) {
            found.reject(place, RejectReason::TruncatedRecord, "the input ends inside the row", row);
            found.ending.truncated =
                Some(format!("The input ends inside its last row, at line {}.", place.line));
        } else if row.len() > self.limit {
            found.reject_long(place, head(row), row.len() as u64, self.limit);
        } else if std::str::from_utf8(row).is_err() {
            found.reject(place, RejectReason::InvalidUtf8, "the row contains bytes that are not UTF-8", row);
        } else if count != self.header.len() {
            let message = format!("the row has {count} fields, the header has {}", self.header.len());
            found.reject(place, RejectReason::InvalidCsv, message, row);
        } else {
            let start = found.text.len();
            self.write(used, count, &mut found.text);
            found.records.push(Span { start, end: found.text.len(), place });
        }
        Ok(())
    }

    /// Whether a row without a newline, at the end of the input, is truncated. A row with all its fields counts as
    /// complete, unless the input is known to be truncated.
    fn is_cut(&self, row: &[u8], count: usize, tail: Tail) -> bool {
        tail == Tail::Cut || count < self.header.len() || ends_inside_quotes(row, self.delimiter)
    }

    fn read_header(&mut self, used: usize, count: usize) -> Result<(), Error> {
        let mut names: Vec<&str> = Vec::with_capacity(count);
        let mut start = 0;
        for &end in &self.fields.ends[..count] {
            let column = names.len() + 1;
            let name = std::str::from_utf8(&self.fields.text[..used][start..end])
                .map_err(|_| header_error(&format!("has a name that is not UTF-8 in column {column}")))?;
            if name.trim().is_empty() {
                return Err(header_error(&format!("has no name for column {column}")));
            }
            if let Some(first) = names.iter().position(|other| *other == name) {
                return Err(header_error(&format!("names columns {} and {column} both {name:?}", first + 1)));
            }
            names.push(name);
            start = end;
        }
        self.header = names.iter().map(|name| member(name)).collect();
        Ok(())
    }

    fn write(&self, used: usize, count: usize, out: &mut Vec<u8>) {
        let text = &self.fields.text[..used];
        let mut start = 0;
        let mut before = b'{';
        for (name, &end) in self.header.iter().zip(&self.fields.ends[..count]) {
            out.push(before);
            out.extend_from_slice(name);
            write_string(&text[start..end], out);
            start = end;
            before = b',';
        }
        out.push(b'}');
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
            // An empty slice would mean the end of the input.
            if at == bytes.len() {
                break;
            }
            let Some(end) = self.row_end(bytes, at) else { break };
            self.finish_row(&bytes[start..end], Tail::Open, found)?;
            self.line += newlines(&bytes[start..end]);
            (start, at) = (end, end);
        }
        if tail != Tail::Open && self.in_row {
            self.row_end(&[], 0);
            self.finish_row(&bytes[start..], tail, found)?;
            start = bytes.len();
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

fn header_error(problem: &str) -> Error {
    Error::CsvHeader { problem: problem.to_owned() }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}

/// Whether a row ends inside a quoted field.
fn ends_inside_quotes(row: &[u8], delimiter: u8) -> bool {
    let mut at_field_start = true;
    let mut quoted = false;
    for &byte in row {
        // A doubled quote closes and reopens the field, which has the same effect.
        if quoted || at_field_start || byte != b'"' {
            quoted ^= byte == b'"' && (quoted || at_field_start);
        }
        at_field_start = !quoted && (byte == delimiter || byte == b'"');
    }
    quoted
}

/// A name as JSON text, with the colon that follows it.
fn member(name: &str) -> Vec<u8> {
    let mut text = Vec::with_capacity(name.len() + 3);
    write_string(name.as_bytes(), &mut text);
    text.push(b':');
    text
}

/// Writes UTF-8 text as a JSON string.
fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut written = 0;
    for (at, &byte) in text.iter().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0..0x20 => b'u',
            _ => continue,
        };
        out.extend_from_slice(&text[written..at]);
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            out.extend_from_slice(&[b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
        }
        written = at + 1;
    }
    out.extend_from_slice(&text[written..]);
    out.push(b'"');
}
