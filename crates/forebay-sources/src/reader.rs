//! Reads an input block by block.
//!
//! The reader runs the loop that all formats share: read once, let the format delimit, return complete records, carry
//! the rest. It returns as soon as one record is complete and never reads again to fill a block, so a record on a slow
//! pipe is persisted when it arrives. Records found before an error are returned before the error.

use std::io::Read;

use forebay_domain::reject::records_in_rest;

use crate::{
    block::{Block, Delimit, Ending, Found, Tail},
    csv::{Csv, CsvOptions},
    error::Error,
    format::{Format, ReadOptions},
    input::Input,
    json::{Json, Path},
    json_lines::JsonLines,
    singer::Singer,
    sniff,
};

/// A buffer that grew beyond this for one huge record is shrunk to it.
const SETTLED: usize = 4 << 20;

/// A blocking reader of records; see the crate's documentation for an example.
pub struct Reader {
    input: Input,
    format: Format,
    delimit: Box<dyn Delimit>,
    /// The bytes of an incomplete record, which the next read continues.
    carry: Vec<u8>,
    /// The tail of bytes that are in the carry because a block was full.
    unfinished_tail: Option<Tail>,
    /// An error that is returned after the records before it.
    failed: Option<Error>,
    ended: bool,
    ending: Ending,
    /// The last state so far.
    state: Option<String>,
    /// Number of records and rejected pieces that were returned.
    num_pieces: u64,
    /// How the input has ended if reading stops early: for a tap, it has activated no new version.
    unfinished: Ending,
}

impl Reader {
    /// Opens an input: detects gzip and, for [`Format::Auto`], the format. Blocks until the first line has arrived if
    /// the format needs it (automatic format and CSV), otherwise until the first bytes have.
    pub fn open(input: Box<dyn Read + Send>, options: &ReadOptions) -> Result<Self, Error> {
        let pointer = options.records.as_ref();
        if pointer.is_some() && !matches!(options.format, Format::Auto | Format::Json) {
            return Err(Error::RecordsNeedJson { format: options.format.name() });
        }
        let has_csv_options = options.csv != CsvOptions::default();
        if has_csv_options && !matches!(options.format, Format::Auto | Format::Csv) {
            return Err(Error::CsvOptionsNeedCsv { format: options.format.name() });
        }
        let path = pointer.map(Path::from).unwrap_or_default();
        let mut input = Input::open(input, options.bounds.clone(), options.encoding)?;
        while sniff::needs_more_for_mark(input.peeked()) && input.peek() {}
        let mark = sniff::byte_order_mark(input.peeked())?;
        input.skip_peeked(mark);
        let format = match options.format {
            Format::Auto if pointer.is_some() => Format::Json,
            Format::Auto if has_csv_options => Format::Csv,
            Format::Auto => detect(&mut input)?,
            given => given,
        };
        let (limit, base) = (options.max_record_bytes, mark as u64);
        let delimit: Box<dyn Delimit> = match format {
            Format::Auto | Format::JsonLines => Box::new(JsonLines::new(limit, base)),
            Format::Json => Box::new(Json::new(path, limit, base)),
            Format::Csv => Box::new(Csv::new(options.csv, limit, base)),
            Format::Singer => Box::new(Singer::new(options.singer.clone(), limit, base)),
        };
        Ok(Self {
            input,
            format,
            delimit,
            carry: Vec::new(),
            unfinished_tail: None,
            failed: None,
            ended: false,
            ending: Ending::default(),
            state: None,
            num_pieces: 0,
            unfinished: options.unfinished(),
        })
    }

    /// Clears the block and fills it with what has arrived, reusing its buffers. Returns true if it contains records or
    /// rejected pieces, false at the end. After an error, the input has ended and [`Reader::ending`] says that it was
    /// truncated.
    pub fn next_block(&mut self, block: &mut Block) -> Result<bool, Error> {
        let mut bytes = std::mem::take(&mut block.bytes);
        bytes.clear();
        bytes.shrink_to(SETTLED);
        let mut found = Found {
            records: std::mem::take(&mut block.records),
            rejected: std::mem::take(&mut block.rejected),
            ..Found::default()
        };
        found.records.clear();
        found.rejected.clear();

        // A format that writes its own text reads into the carry and writes into the block's buffer.
        if self.delimit.writes_text() {
            found.text = bytes;
            bytes = std::mem::take(&mut self.carry);
        } else {
            bytes.append(&mut self.carry);
            self.carry.shrink_to(SETTLED);
        }
        self.fill(&mut bytes, &mut found);
        if self.delimit.writes_text() {
            self.carry = bytes;
            block.bytes = found.text;
        } else {
            block.bytes = bytes;
        }
        block.records = found.records;
        block.rejected = found.rejected;
        self.num_pieces += (block.records.len() + block.rejected.len()) as u64;
        if found.state.is_some() {
            self.state.clone_from(&found.state);
        }
        block.state = found.state;
        if !block.records.is_empty() || !block.rejected.is_empty() {
            return Ok(true);
        }
        self.failed.take().map_or(Ok(false), Err)
    }

    /// Reads and delimits until something is found or the input ends. Afterwards `bytes` is what the spans point into;
    /// for a format that writes its own text, it is the carry.
    fn fill(&mut self, bytes: &mut Vec<u8>, found: &mut Found) {
        while found.is_empty() && !self.ended {
            let tail = match self
                .unfinished_tail
                .take()
                .map_or_else(|| self.input.fill(bytes).map(Tail::from), Ok)
            {
                Ok(tail) => tail,
                Err(error) => return self.fail(error),
            };
            found.stopped = false;
            let done = match self.delimit.delimit(bytes, tail, found) {
                Ok(done) => done,
                Err(error) => return self.fail(error),
            };
            self.unfinished_tail = found.stopped.then_some(tail);
            if tail != Tail::Open && !found.stopped {
                self.ended = true;
                self.ending = std::mem::take(&mut found.ending);
                self.ending.notes.extend(self.input.replaced());
                if let Some((offset, length)) = found.rest {
                    let num_before =
                        self.num_pieces + (found.records.len() + found.rejected.len()) as u64 - 1;
                    self.ending.num_unread = records_in_rest(length, offset, num_before) - 1;
                }
                if tail == Tail::Cut {
                    let position = self.input.position();
                    self.ending.truncated =
                        Some(format!("The gzip stream ends early, after {position} compressed bytes."));
                }
            } else if found.is_empty() || self.delimit.writes_text() {
                bytes.drain(..done);
            } else {
                self.carry.extend_from_slice(&bytes[done..]);
                bytes.truncate(done);
            }
        }
    }

    fn fail(&mut self, error: Error) {
        self.ended = true;
        self.ending = self.unfinished.clone();
        self.ending.truncated = Some(format!("reading stopped: {error}"));
        self.failed = Some(error);
    }

    /// How the input ended. Final once [`Reader::next_block`] has returned false or an error.
    pub fn ending(&self) -> Ending {
        Ending {
            state: self.state.clone(),
            never_has_end_line: self.format != Format::JsonLines,
            ..self.ending.clone()
        }
    }

    /// The detected or given format; never [`Format::Auto`]. An empty input counts as JSON Lines.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Bytes read so far, after decompression.
    pub fn bytes_read(&self) -> u64 {
        self.input.bytes_read()
    }

    /// Bytes read from the underlying input so far, before decompression: the progress within a file.
    pub fn input_position(&self) -> u64 {
        self.input.position()
    }
}

fn detect(input: &mut Input) -> Result<Format, Error> {
    let mut more = true;
    loop {
        if let Some(format) =
            sniff::format(input.peeked(), !more || input.peeked().len() >= sniff::MAX_SNIFF)?
        {
            return Ok(format);
        }
        more = more && input.peek();
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("format", &self.format)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
