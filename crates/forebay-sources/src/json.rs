//! JSON documents: delimits the elements of one array anywhere in the document, with one element in memory at a time.
//!
//! A state machine scans the text once. On the path to the records it compares the keys of the containers that it
//! enters and skips all other values; in the array it delimits elements; after the array it only looks for the end of
//! the document. Several documents may follow each other, each with its own array.
//!
//! The machine is lenient: a comma counts as whitespace, so a missing or extra one loses nothing; a note says where.
//! After the array, it still compares the keys of the enclosing objects: a second array under the same key was not
//! read, so the input is not complete. Text between elements that does not start a value is rejected with its place, up
//! to the next comma or bracket. After a document, such text is rejected as one piece to the end of the input, because
//! nothing marks where valid text starts again. A string that is never closed consumes the rest of the input: any
//! records in it would be guesses, and a guess could take a nested object for a record.

mod commas;
mod pointer;

use forebay_domain::{
    pointer::Pointer,
    reject::{Place, RejectReason},
};
use memchr::memchr_iter;

use commas::{Commas, separators, skip_separators};
use pointer::Level;
pub(crate) use pointer::Path;

use crate::{
    block::{Delimit, Found, MAX_RAW, Span, Tail, head, keep},
    error::Error,
    scan::{Scan, begins_value, skip_space},
};

/// The state of the machine.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a document, or after the last one.
    Document,
    /// In an object on the path to the records, before a key or the end of the object.
    Members,
    /// In such a key.
    Key(Scan),
    /// After such a key.
    Colon { wanted: bool },
    /// In an array on the path, before an item or the end of the array.
    Items,
    /// Before a value in such an object or array.
    Value { wanted: bool },
    /// In a value that is not on the path.
    Skip(Scan),
    /// In the array of records, before an element or the end of the array.
    Elements,
    /// In a record: an element of the array, or a value that is the only record.
    Record(Scan),
    /// In text between elements that is not a value.
    Garbage,
    /// After the records, in enclosing containers that are not valid JSON.
    Rest(Scan),
    /// In the rest of an input that is not JSON.
    Lost,
}

/// The result of a step: continue at this index, or wait for more bytes.
enum Step {
    At(usize),
    More,
}

pub(crate) struct Json {
    path: Path,
    limit: usize,
    state: State,
    /// Whether a document has started.
    begun: bool,
    /// Whether the current record is an element of an array.
    listed: bool,
    /// Whether the records of the current document have ended.
    is_after: bool,
    commas: Commas,
    /// A key on the path that occurs again after the records, and its line.
    repeated: Option<(String, u64)>,
    /// Offset in the input of the first byte that has not been consumed.
    base: u64,
    /// Line number at `counted`.
    line: u64,
    /// The index in the bytes of this call up to which newlines were counted.
    counted: usize,
    /// How many of the unconsumed bytes were scanned already.
    resume: usize,
    /// Where the current key, record or garbage starts.
    start: usize,
    place: Place,
    /// Its first bytes, if it exceeds the limit and is no longer buffered.
    long: Option<Vec<u8>>,
}

impl Json {
    pub(crate) fn new(path: Path, limit: usize, base: u64) -> Self {
        Self {
            path,
            limit,
            state: State::Document,
            begun: false,
            listed: false,
            is_after: false,
            commas: Commas::default(),
            repeated: None,
            base,
            line: 1,
            counted: 0,
            resume: 0,
            start: 0,
            place: Place::default(),
            long: None,
        }
    }

    /// The place of an index. The index must not decrease between calls.
    fn place_at(&mut self, bytes: &[u8], at: usize) -> Place {
        if at > self.counted {
            self.line += memchr_iter(b'\n', &bytes[self.counted..at]).count() as u64;
            self.counted = at;
        }
        Place { line: self.line, offset: self.base + at as u64 }
    }

    fn begin(&mut self, bytes: &[u8], at: usize, state: State) -> Step {
        self.place = self.place_at(bytes, at);
        self.start = at;
        self.state = state;
        Step::At(at)
    }

    fn step(&mut self, bytes: &[u8], at: usize, found: &mut Found) -> Result<Step, Error> {
        match self.state {
            State::Document => self.document(bytes, at),
            State::Members => self.members(bytes, at),
            State::Key(scan) => self.key(bytes, at, scan),
            State::Colon { wanted } => self.colon(bytes, at, wanted),
            State::Items => self.items(bytes, at),
            State::Value { wanted } => self.value(bytes, at, wanted),
            State::Skip(mut scan) => {
                let end = scan.advance(bytes, at);
                self.state = if end.is_some() { self.around() } else { State::Skip(scan) };
                Ok(end.map_or(Step::More, Step::At))
            }
            State::Elements => Ok(self.elements(bytes, at)),
            State::Record(mut scan) => {
                let Some(end) = scan.advance(bytes, at) else {
                    self.state = State::Record(scan);
                    return Ok(Step::More);
                };
                self.finish(bytes, end, None, found);
                Ok(Step::At(end))
            }
            State::Garbage => {
                let ends = |b: &u8| matches!(b, b',' | b'{' | b'[' | b']');
                let Some(end) = bytes[at..].iter().position(ends).map(|n| at + n) else {
                    return Ok(Step::More);
                };
                let reject = (RejectReason::InvalidJson, "text between the records that is not a JSON value");
                self.finish(bytes, end, Some(reject), found);
                Ok(Step::At(end))
            }
            State::Rest(mut scan) => {
                let end = scan.advance(bytes, at);
                self.state = if end.is_some() { State::Document } else { State::Rest(scan) };
                Ok(end.map_or(Step::More, Step::At))
            }
            State::Lost => Ok(Step::More),
        }
    }

    fn document(&mut self, bytes: &[u8], at: usize) -> Result<Step, Error> {
        let Some(at) = skip_space(bytes, at) else { return Ok(Step::More) };
        if begins_value(bytes[at]) {
            self.path.levels.clear();
            self.begun = true;
            self.listed = false;
            self.is_after = false;
            self.state = State::Value { wanted: true };
            return Ok(Step::At(at));
        }
        // An HTML page instead of a document has no records; it is not one bad record.
        if !self.path.tokens.is_empty() && !self.begun {
            return Err(self.invalid(bytes, at, "a JSON document"));
        }
        Ok(self.begin(bytes, at, State::Lost))
    }

    fn members(&mut self, bytes: &[u8], at: usize) -> Result<Step, Error> {
        let Some(at) = skip_separators(bytes, at) else { return Ok(Step::More) };
        match bytes[at] {
            b'"' => Ok(self.begin(bytes, at, State::Key(Scan::value(b'"')))),
            b'}' if self.is_after => Ok(self.leave(at + 1)),
            b'}' => Err(self.path.not_found()),
            _ if self.is_after => Ok(self.give_up(at)),
            _ => Err(self.invalid(bytes, at, "a key or the end of the object")),
        }
    }

    fn key(&mut self, bytes: &[u8], at: usize, mut scan: Scan) -> Result<Step, Error> {
        let end = scan.advance(bytes, at);
        if end.unwrap_or(bytes.len()) - self.start > self.limit {
            if self.is_after {
                return Ok(self.give_up(self.start));
            }
            return Err(self.invalid(bytes, self.start, "a key within the limit of one record"));
        }
        let Some(end) = end else {
            self.state = State::Key(scan);
            return Ok(Step::More);
        };
        let wanted = self.path.is_on_the_path(&bytes[self.start..end]);
        if wanted && self.is_after && self.repeated.is_none() {
            self.repeated = Some((self.path.innermost_token().to_owned(), self.place.line));
        }
        self.state = State::Colon { wanted: wanted && !self.is_after };
        Ok(Step::At(end))
    }

    fn colon(&mut self, bytes: &[u8], at: usize, wanted: bool) -> Result<Step, Error> {
        let Some(at) = skip_space(bytes, at) else { return Ok(Step::More) };
        if bytes[at] != b':' {
            if self.is_after {
                return Ok(self.give_up(at));
            }
            return Err(self.invalid(bytes, at, "a colon"));
        }
        self.state = State::Value { wanted };
        Ok(Step::At(at + 1))
    }

    fn items(&mut self, bytes: &[u8], at: usize) -> Result<Step, Error> {
        let Some(at) = skip_separators(bytes, at) else { return Ok(Step::More) };
        if bytes[at] == b']' {
            return if self.is_after { Ok(self.leave(at + 1)) } else { Err(self.path.not_found()) };
        }
        let wanted = self.path.next_item_is_on_the_path();
        self.state = State::Value { wanted };
        Ok(Step::At(at))
    }

    fn value(&mut self, bytes: &[u8], at: usize, wanted: bool) -> Result<Step, Error> {
        let Some(at) = skip_space(bytes, at) else { return Ok(Step::More) };
        let first = bytes[at];
        if !begins_value(first) {
            if self.is_after {
                return Ok(self.give_up(at));
            }
            return Err(self.invalid(bytes, at, "a value"));
        }
        if !wanted {
            self.state = State::Skip(Scan::value(first));
            return Ok(Step::At(at));
        }
        if !self.path.is_complete() {
            self.state = if self.path.enter(first)? { State::Members } else { State::Items };
            return Ok(Step::At(at + 1));
        }
        if first == b'[' && !self.path.takes_any {
            self.listed = true;
            self.commas.begin();
            self.state = State::Elements;
            return Ok(Step::At(at + 1));
        }
        if first != b'{' && !self.path.tokens.is_empty() && !self.path.takes_any {
            return Err(self.path.not_a_list(first));
        }
        Ok(self.begin(bytes, at, State::Record(Scan::value(first))))
    }

    fn elements(&mut self, bytes: &[u8], at: usize) -> Step {
        let (next, num_commas) = separators(bytes, at);
        self.commas.add(num_commas);
        let Some(at) = next else { return Step::More };
        let is_end = bytes[at] == b']';
        if self.commas.are_wrong_before(is_end) {
            let line = self.place_at(bytes, at).line;
            self.commas.note(is_end, line);
        }
        self.commas.pass();
        match bytes[at] {
            b']' => {
                self.after_records();
                Step::At(at + 1)
            }
            first if begins_value(first) => self.begin(bytes, at, State::Record(Scan::value(first))),
            _ => self.begin(bytes, at, State::Garbage),
        }
    }

    /// Adds the current record or garbage, which ends at `end`.
    fn finish(&mut self, bytes: &[u8], end: usize, reject: Option<(RejectReason, &str)>, found: &mut Found) {
        let place = self.place;
        let length = self.base + end as u64 - place.offset;
        let was_long = self.long.is_some();
        let is_long = was_long || length > self.limit as u64;
        if reject.is_none() && !is_long {
            found.records.push(Span { start: self.start, end, place });
        } else {
            // An oversized piece starts before the bytes of this call, so it continues at index 0.
            let mut raw = self.long.take().unwrap_or_default();
            keep(&mut raw, &bytes[if was_long { 0 } else { self.start }..end]);
            match reject {
                Some((reason, message)) => found.reject_part(place, reason, message, raw, length),
                None => found.reject_long(place, raw, length, self.limit),
            }
        }
        if self.listed {
            self.state = State::Elements;
        } else {
            self.after_records();
        }
    }

    fn after_records(&mut self) {
        self.is_after = true;
        self.state = self.around();
    }

    /// Leaves the innermost container after the records; `at` is the index after its bracket.
    fn leave(&mut self, at: usize) -> Step {
        self.path.levels.pop();
        self.state = self.around();
        Step::At(at)
    }

    /// Continues by brackets only, because the text after the records is not valid JSON.
    fn give_up(&mut self, at: usize) -> Step {
        self.state = State::Rest(Scan::inside(self.path.levels.len() as u64));
        Step::At(at)
    }

    /// The state inside the innermost container on the path.
    fn around(&self) -> State {
        match self.path.levels.last() {
            Some(Level::Object) => State::Members,
            Some(Level::Array { .. }) => State::Items,
            None => State::Document,
        }
    }

    fn invalid(&mut self, bytes: &[u8], at: usize, expected: &str) -> Error {
        let seen = bytes[at].escape_ascii();
        Error::InvalidJson {
            place: self.place_at(bytes, at),
            problem: format!("expected {expected}, found {seen}"),
        }
    }

    /// Handles the end of the input.
    fn end(&mut self, bytes: &[u8], found: &mut Found) {
        let end = bytes.len();
        let place = self.place_at(bytes, end);
        let where_from = self.place;
        found.ending.notes.extend(self.commas.sentence());
        found.ending.truncated = self.repeated.take().map(|(key, line)| {
            format!("The key {key:?} occurs again at line {line}, and its value was not read.")
        });
        let cut = match self.state {
            State::Document => return,
            State::Lost => {
                let reject = (RejectReason::InvalidJson, "the rest of the input is not JSON");
                self.finish(bytes, end, Some(reject), found);
                return found.set_rest();
            }
            // A number or word at the top level is complete when the input ends.
            State::Record(scan) if scan.is_bare() && !self.listed && self.path.levels.is_empty() => {
                return self.finish(bytes, end, None, found);
            }
            State::Record(_) | State::Garbage => {
                let message = "the input ends inside the record";
                let reject = (self.long.is_none()).then_some((RejectReason::TruncatedRecord, message));
                self.finish(bytes, end, reject, found);
                found.set_rest();
                format!("in the record that starts at line {}, byte {}", where_from.line, where_from.offset)
            }
            State::Elements => format!("at line {}, before the array of records is closed", place.line),
            _ if self.is_after => {
                format!("at line {}, after the records, before the document is closed", place.line)
            }
            _ => format!("at line {}, before the records start", place.line),
        };
        found.ending.truncated = Some(format!("the input ends {cut}"));
    }
}

impl Delimit for Json {
    fn delimit(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Result<usize, Error> {
        let mut at = self.resume;
        while at < bytes.len() {
            match self.step(bytes, at, found)? {
                Step::At(next) => at = next,
                Step::More => break,
            }
            // Only between pieces or documents: all bytes up to here are consumed.
            if matches!(self.state, State::Elements | State::Document) && found.is_full() {
                self.place_at(bytes, at);
                self.base += at as u64;
                self.counted = 0;
                self.resume = 0;
                return Ok(at);
            }
        }
        if tail != Tail::Open {
            self.end(bytes, found);
        }
        let mut done = bytes.len();
        if let Some(raw) = &mut self.long {
            keep(raw, bytes);
        } else if matches!(self.state, State::Key(_) | State::Record(_) | State::Garbage | State::Lost) {
            let limit = if matches!(self.state, State::Lost) { MAX_RAW } else { self.limit };
            if done - self.start > limit {
                self.long = Some(head(&bytes[self.start..]));
            } else {
                done = self.start;
                self.start = 0;
            }
        }
        self.place_at(bytes, done);
        self.base += done as u64;
        self.counted = 0;
        self.resume = bytes.len() - done;
        Ok(done)
    }
}

/// The text of the value that a pointer refers to in a whole document.
pub(crate) fn value_at<'a>(document: &'a [u8], pointer: &Pointer) -> Option<&'a [u8]> {
    let mut path = Path::from(pointer);
    path.takes_any = true;
    let mut found = Found::default();
    // An error means that the pointer refers to nothing, or that the document is invalid, which its reader reports.
    let _ = Json::new(path, usize::MAX, 0).delimit(document, Tail::Complete, &mut found);
    found.records.first().and_then(|span| document.get(span.start..span.end))
}

#[cfg(test)]
mod tests;
