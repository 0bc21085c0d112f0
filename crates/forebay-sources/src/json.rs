//! JSON documents: the records of an array, wherever it is, without holding more than one of them.
//!
//! A machine walks the text once. On the way to the records it compares the keys of the containers that it
//! enters and skips every other value; in the array it delimits elements; after it, it only looks for the
//! document's end. Several documents may follow each other, each with its own array.
//!
//! What it forgives: commas are separators like whitespace, so a missing or stray one loses nothing. Text
//! between elements that begins no value is rejected with its place, up to the next comma or bracket. After a
//! document, such text is rejected as one piece to the end of the input, since nothing tells where sense
//! begins again. A string that is never closed swallows what follows: records could only be guessed there,
//! and guessing could take a nested object for a record.

mod pointer;

use forebay_domain::reject::{Place, RejectReason};
use memchr::memchr_iter;

use pointer::Level;
pub(crate) use pointer::{Path, parse_pointer, value_at};

use crate::Error;
use crate::block::{Delimit, Found, MAX_RAW, Span, Tail, head, keep};
use crate::scan::{Scan, begins_value, skip_space};

/// Where the machine stands.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Before a document, or after the last.
    Document,
    /// In an object on the way to the records, before a key or its end.
    Members,
    /// In such a key.
    Key(Scan),
    /// After such a key.
    Colon { wanted: bool },
    /// In an array on the way, before an item or its end.
    Items,
    /// Before a value on the way.
    Value { wanted: bool },
    /// In a value that is not on the way.
    Skip(Scan),
    /// In the array of records, before an element or its end.
    Elements,
    /// In a record: an element of the array, or a value that is the only record.
    Record(Scan),
    /// In text between elements that is no value.
    Garbage,
    /// After the records, in the rest of the containers around them.
    Rest(Scan),
    /// In the rest of an input that makes no sense any more.
    Lost,
}

/// A step of the machine: go on at this index, or stop until more bytes come.
enum Step {
    At(usize),
    More,
}

pub(crate) struct Json {
    path: Path,
    limit: usize,
    state: State,
    /// Whether any document has begun.
    begun: bool,
    /// Whether the record that is being read is an element of an array.
    listed: bool,
    /// Offset in the input of the first byte that is not done with.
    base: u64,
    /// Line number at `counted`.
    line: u64,
    /// Up to where newlines were counted, as an index into the bytes of this call.
    counted: usize,
    /// How many of the kept bytes were looked at already.
    resume: usize,
    /// Where the key, record or garbage that is being read begins.
    start: usize,
    place: Place,
    /// Its first bytes, once it has passed the limit and is no longer kept.
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
            base,
            line: 1,
            counted: 0,
            resume: 0,
            start: 0,
            place: Place::default(),
            long: None,
        }
    }

    /// Counts the lines up to an index, which never goes back.
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
                let reject =
                    (RejectReason::InvalidJson, "text between the records that begins no JSON value");
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
            self.state = State::Value { wanted: true };
            return Ok(Step::At(at));
        }
        // A page of HTML where a document was promised has no records; it is not one bad record.
        if !self.path.tokens.is_empty() && !self.begun {
            return Err(self.invalid(bytes, at, "a JSON document"));
        }
        Ok(self.begin(bytes, at, State::Lost))
    }

    fn members(&mut self, bytes: &[u8], at: usize) -> Result<Step, Error> {
        let Some(at) = skip_separators(bytes, at) else { return Ok(Step::More) };
        match bytes[at] {
            b'"' => Ok(self.begin(bytes, at, State::Key(Scan::value(b'"')))),
            b'}' => Err(self.path.not_found()),
            _ => Err(self.invalid(bytes, at, "a key or the end of the object")),
        }
    }

    fn key(&mut self, bytes: &[u8], at: usize, mut scan: Scan) -> Result<Step, Error> {
        let end = scan.advance(bytes, at);
        if end.unwrap_or(bytes.len()) - self.start > self.limit {
            return Err(self.invalid(bytes, self.start, "a key within the limit of one record"));
        }
        let Some(end) = end else {
            self.state = State::Key(scan);
            return Ok(Step::More);
        };
        let wanted = self.path.is_on_the_way(&bytes[self.start..end]);
        self.state = State::Colon { wanted };
        Ok(Step::At(end))
    }

    fn colon(&mut self, bytes: &[u8], at: usize, wanted: bool) -> Result<Step, Error> {
        let Some(at) = skip_space(bytes, at) else { return Ok(Step::More) };
        if bytes[at] != b':' {
            return Err(self.invalid(bytes, at, "a colon"));
        }
        self.state = State::Value { wanted };
        Ok(Step::At(at + 1))
    }

    fn items(&mut self, bytes: &[u8], at: usize) -> Result<Step, Error> {
        let Some(at) = skip_separators(bytes, at) else { return Ok(Step::More) };
        if bytes[at] == b']' {
            return Err(self.path.not_found());
        }
        let wanted = self.path.next_item_is_on_the_way();
        self.state = State::Value { wanted };
        Ok(Step::At(at))
    }

    fn value(&mut self, bytes: &[u8], at: usize, wanted: bool) -> Result<Step, Error> {
        let Some(at) = skip_space(bytes, at) else { return Ok(Step::More) };
        let first = bytes[at];
        if !begins_value(first) {
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
            self.state = State::Elements;
            return Ok(Step::At(at + 1));
        }
        if first != b'{' && !self.path.tokens.is_empty() && !self.path.takes_any {
            return Err(self.path.not_a_list(first));
        }
        Ok(self.begin(bytes, at, State::Record(Scan::value(first))))
    }

    fn elements(&mut self, bytes: &[u8], at: usize) -> Step {
        let Some(at) = skip_separators(bytes, at) else { return Step::More };
        match bytes[at] {
            b']' => {
                self.state = self.after_records();
                Step::At(at + 1)
            }
            first if begins_value(first) => self.begin(bytes, at, State::Record(Scan::value(first))),
            _ => self.begin(bytes, at, State::Garbage),
        }
    }

    /// Hands on what was being read, which ends at `end`.
    fn finish(&mut self, bytes: &[u8], end: usize, reject: Option<(RejectReason, &str)>, found: &mut Found) {
        let place = self.place;
        let length = self.base + end as u64 - place.offset;
        let was_long = self.long.is_some();
        let is_long = was_long || length > self.limit as u64;
        if reject.is_none() && !is_long {
            found.records.push(Span { start: self.start, end, place });
        } else {
            // What is no longer kept began before the bytes of this call, and goes on at their front.
            let mut raw = self.long.take().unwrap_or_default();
            keep(&mut raw, &bytes[if was_long { 0 } else { self.start }..end]);
            match reject {
                Some((reason, message)) => found.reject_part(place, reason, message, raw, length),
                None => found.reject_long(place, raw, length, self.limit),
            }
        }
        self.state = if self.listed { State::Elements } else { self.after_records() };
    }

    fn after_records(&self) -> State {
        match self.path.levels.len() {
            0 => State::Document,
            depth => State::Rest(Scan::inside(depth as u64)),
        }
    }

    /// The state inside the innermost container on the way.
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
            problem: format!("{expected} was expected, not {seen}"),
        }
    }

    /// The input ends here.
    fn end(&mut self, bytes: &[u8], found: &mut Found) {
        let end = bytes.len();
        let place = self.place_at(bytes, end);
        let where_from = self.place;
        let cut = match self.state {
            State::Document => return,
            State::Lost => {
                let reject = (RejectReason::InvalidJson, "the rest of the input is not JSON");
                return self.finish(bytes, end, Some(reject), found);
            }
            // Nothing but the end of the input can end a number or word that stands alone.
            State::Record(scan) if scan.is_bare() && !self.listed && self.path.levels.is_empty() => {
                return self.finish(bytes, end, None, found);
            }
            State::Record(_) | State::Garbage => {
                let message = "the input ends before the record does";
                let reject = (self.long.is_none()).then_some((RejectReason::TruncatedRecord, message));
                self.finish(bytes, end, reject, found);
                format!("in the record that begins at line {}, byte {}", where_from.line, where_from.offset)
            }
            State::Elements => format!("at line {} before the array of records is closed", place.line),
            State::Rest(_) => {
                format!("at line {}, after the records, before the document is closed", place.line)
            }
            _ => format!("at line {} before the records begin", place.line),
        };
        found.ending.truncated = Some(format!("The input ends {cut}."));
    }
}

/// The index of the first byte that is neither whitespace nor a comma.
fn skip_separators(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = skip_space(bytes, from)?;
    while bytes[at] == b',' {
        at = skip_space(bytes, at + 1)?;
    }
    Some(at)
}

impl Delimit for Json {
    fn delimit(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Result<usize, Error> {
        let mut at = self.resume;
        while at < bytes.len() {
            match self.step(bytes, at, found)? {
                Step::At(next) => at = next,
                Step::More => break,
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
