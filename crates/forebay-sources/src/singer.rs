//! The messages of a Singer tap (the Singer specification: SCHEMA, RECORD, STATE; `ACTIVATE_VERSION` as targets use
//! it).
//!
//! Lines are delimited as in JSON Lines. A record is a slice of its RECORD message, so its bytes are what the tap
//! wrote. No record may be dropped silently: records of other streams are counted, a second stream is an error unless
//! one was chosen, and so is a BATCH message, whose records are in files. A line that is not a message is rejected.
//!
//! A state covers all messages before it. It is returned with the block in which it arrived, so that it is stored only
//! after everything before it is committed.
//!
//! A tap sends `ACTIVATE_VERSION` to say that records with another version are gone. Taps also send it before the first
//! record, and repeat the previous version when they only send changes. So an input counts as complete only if the
//! version is new, arrived after the last record, and is the version of every record. An input without records is
//! complete only if something else protects the stored ones: a tap that dies early looks the same.

use std::{
    collections::BTreeMap,
    io::{self, BufRead, BufReader, Cursor, Read},
};

use forebay_domain::{
    identity::SCOPE_FIELD,
    reject::{Place, RejectReason},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    block::{Delimit, Found, Span, Tail},
    error::Error,
    json_lines::JsonLines,
};

/// Maximum number of other streams that are counted by name.
const MAX_STREAMS: usize = 100;
/// Maximum length of a stream name in messages.
const MAX_NAME: usize = 80;

/// Which records of a Singer tap to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingerOptions {
    /// The stream to read. Default: the only stream; a second one is then an error.
    pub stream: Option<String>,
    /// The source's key fields, compared with the tap's `key_properties`. Default: not compared.
    pub key: Option<Vec<String>>,
    /// The version that the last run completed, its [`crate::Ending::version`]. Default: none.
    pub activated: Option<i64>,
    /// Whether a new version without records means that the stream is empty. Default: no.
    pub may_be_empty: bool,
}

/// How far to look for the first schema. Taps send it before anything else.
const MAX_PEEKED: u64 = 1 << 20;

/// The key that a tap gives the records of a stream; by default, of its first one. Empty: it names none before its
/// first record. Returns the whole output as well, whose errors come when it is read.
pub fn key_properties(
    output: Box<dyn Read + Send>,
    stream: Option<&str>,
) -> (Vec<String>, Box<dyn Read + Send>) {
    let mut output = BufReader::new(output);
    let mut head = Vec::new();
    let mut key = Vec::new();
    loop {
        let start = head.len();
        let limit = MAX_PEEKED.saturating_sub(start as u64);
        match output.by_ref().take(limit).read_until(b'\n', &mut head) {
            Ok(count) if count > 0 => {}
            Ok(_) => break,
            Err(error) => {
                let failed = Failed(Some(error));
                return (key, Box::new(Cursor::new(head).chain(failed)));
            }
        }
        let Ok(message) = serde_json::from_slice::<Message<'_>>(&head[start..]) else { continue };
        let is_chosen = stream.is_none_or(|chosen| message.stream.as_deref() == Some(chosen));
        match message.kind.as_str() {
            "SCHEMA" if is_chosen => {
                key = message.key_properties.unwrap_or_default();
                break;
            }
            "RECORD" if is_chosen => break,
            _ => {}
        }
    }
    (key, Box::new(Cursor::new(head).chain(output)))
}

/// Reports an error when it is read.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

pub(crate) struct Singer {
    lines: JsonLines,
    options: SingerOptions,
    /// The stream to read, once known.
    stream: Option<String>,
    num_records: u64,
    versions: Versions,
    /// The version of the last `ACTIVATE_VERSION`, if no record followed it.
    activated: Option<i64>,
    /// The number of records of each stream that is not read.
    others: BTreeMap<String, u64>,
    num_unnamed: u64,
    /// The tap's key, if it differs from the source's.
    other_key: Option<Vec<String>>,
}

/// The versions of the records so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    NoRecord,
    All(Option<i64>),
    Mixed,
}

/// A message. Unused members are ignored.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: String,
    stream: Option<String>,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    version: Option<i64>,
    key_properties: Option<Vec<String>>,
}

impl Singer {
    pub(crate) fn new(options: SingerOptions, limit: usize, base: u64) -> Self {
        Self {
            lines: JsonLines::without_messages(limit, base),
            stream: options.stream.clone(),
            options,
            num_records: 0,
            versions: Versions::NoRecord,
            activated: None,
            others: BTreeMap::new(),
            num_unnamed: 0,
            other_key: None,
        }
    }

    fn message(&mut self, bytes: &[u8], line: Span, found: &mut Found) -> Result<(), Error> {
        let text = &bytes[line.start..line.end];
        let message = match serde_json::from_slice::<Message<'_>>(text) {
            Ok(message) => message,
            Err(_) if std::str::from_utf8(text).is_err() => {
                let problem = "the line contains bytes that are not UTF-8";
                found.reject(line.place, RejectReason::InvalidUtf8, problem, text);
                return Ok(());
            }
            Err(error) => {
                let problem = format!("the line is not a Singer message: {error}");
                found.reject(line.place, RejectReason::InvalidJson, problem, text);
                return Ok(());
            }
        };
        match message.kind.as_str() {
            "RECORD" => self.record(text, line, &message, found),
            "SCHEMA" => self.schema(text, line.place, message, found),
            "STATE" => {
                if let Some(value) = message.value {
                    found.state = Some(value.get().to_owned());
                } else {
                    missing(text, line.place, "STATE", "value", found);
                }
                Ok(())
            }
            "ACTIVATE_VERSION" => {
                if self.is_chosen(message.stream.as_deref())? {
                    self.activated = message.version;
                }
                Ok(())
            }
            "BATCH" => Err(Error::SingerStream {
                problem: "the tap passes its records in files (a BATCH message), which is not supported"
                    .into(),
            }),
            // Other messages contain no records; the specification says to ignore them.
            _ => Ok(()),
        }
    }

    fn record(
        &mut self,
        text: &[u8],
        line: Span,
        message: &Message<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let Some(name) = message.stream.as_deref() else {
            missing(text, line.place, "RECORD", "stream", found);
            return Ok(());
        };
        if !self.is_chosen(Some(name))? {
            if let Some(count) = self.others.get_mut(name) {
                *count += 1;
            } else if self.others.len() < MAX_STREAMS {
                self.others.insert(name.to_owned(), 1);
            } else {
                self.num_unnamed += 1;
            }
            return Ok(());
        }
        let Some(record) = message.record else {
            missing(text, line.place, "RECORD", "record", found);
            return Ok(());
        };
        self.num_records += 1;
        self.activated = None;
        self.versions = match self.versions {
            Versions::NoRecord => Versions::All(message.version),
            Versions::All(version) if version == message.version => self.versions,
            _ => Versions::Mixed,
        };
        // The record is a slice of the line, so the distance of the two is its offset.
        let inside = record.get().as_ptr() as usize - text.as_ptr() as usize;
        let start = line.start + inside;
        let place = Place { offset: line.place.offset + inside as u64, ..line.place };
        found.records.push(Span { start, end: start + record.get().len(), place });
        Ok(())
    }

    fn schema(
        &mut self,
        text: &[u8],
        place: Place,
        message: Message<'_>,
        found: &mut Found,
    ) -> Result<(), Error> {
        let Some(name) = message.stream.as_deref() else {
            missing(text, place, "SCHEMA", "stream", found);
            return Ok(());
        };
        if self.is_chosen(Some(name))?
            && let (Some(tap), Some(source)) = (message.key_properties, &self.options.key)
            && !tap.is_empty()
            && !tap.iter().eq(source.iter().filter(|field| *field != SCOPE_FIELD))
        {
            self.other_key = Some(tap);
        }
        Ok(())
    }

    /// Whether this is the stream to read. If none was chosen, it is the first one, and a second one is an error:
    /// ignoring it would lose its records, and reading it would mix two kinds of records.
    fn is_chosen(&mut self, name: Option<&str>) -> Result<bool, Error> {
        let Some(name) = name else { return Ok(false) };
        match &self.stream {
            Some(chosen) if chosen == name => Ok(true),
            Some(_) if self.options.stream.is_some() => Ok(false),
            Some(first) => Err(Error::SingerStream {
                problem: format!(
                    "the tap sends more than one stream: {:?} and {:?}",
                    display(first),
                    display(name)
                ),
            }),
            None => {
                self.stream = Some(name.to_owned());
                Ok(true)
            }
        }
    }

    fn end(&self, found: &mut Found, tail: Tail) {
        let ending = &mut found.ending;
        let is_new = self.activated.is_some() && self.activated != self.options.activated;
        let is_whole = tail == Tail::Complete && ending.truncated.is_none();
        let is_of_all = match self.versions {
            Versions::NoRecord => self.options.may_be_empty,
            versions => versions == Versions::All(self.activated),
        };
        let is_complete = is_whole && is_new && is_of_all;
        ending.is_complete = Some(is_complete);
        ending.version = if is_complete { self.activated } else { self.options.activated };
        if let (Some(tap), Some(source)) = (&self.other_key, &self.options.key) {
            let list =
                |names: &[String]| names.iter().map(|name| display(name)).collect::<Vec<_>>().join(", ");
            ending.notes.push(format!(
                "the tap's key is {}, but the source's key is {}",
                list(tap),
                list(source)
            ));
        }
        for (name, count) in &self.others {
            let name = display(name);
            ending.notes.push(format!("the stream {name:?} was not read; its records: {count}"));
        }
        if self.num_unnamed > 0 {
            ending.notes.push(format!("further streams were not read; their records: {}", self.num_unnamed));
        }
        if let (0, Some(stream)) = (self.num_records, &self.options.stream) {
            ending.notes.push(format!("the stream {:?} had no records", display(stream)));
        }
    }
}

impl Delimit for Singer {
    fn delimit(&mut self, bytes: &[u8], tail: Tail, found: &mut Found) -> Result<usize, Error> {
        let done = self.lines.delimit(bytes, tail, found)?;
        for line in std::mem::take(&mut found.records) {
            self.message(bytes, line, found)?;
        }
        found.rejected.sort_by_key(|rejected| rejected.place);
        if tail != Tail::Open && !found.stopped {
            self.end(found, tail);
        }
        Ok(done)
    }
}

fn missing(text: &[u8], place: Place, kind: &str, member: &str, found: &mut Found) {
    let problem = format!("the {kind} message has no {member:?}");
    found.reject(place, RejectReason::InvalidJson, problem, text);
}

/// A name from the tap for messages: truncated, and without control characters.
fn display(name: &str) -> String {
    name.chars().take(MAX_NAME).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests;
