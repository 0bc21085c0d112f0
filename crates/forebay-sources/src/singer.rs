//! The messages of a Singer tap (the Singer specification: SCHEMA, RECORD, STATE; `ACTIVATE_VERSION` as targets know it).
//!
//! Lines are delimited as those of JSON Lines are. A record is the slice of its RECORD message, so its bytes are what the
//! tap wrote. What must not happen is that a record goes by unseen: those of other streams are counted, a second stream
//! that nobody chose is an error, and so is a BATCH, whose records are in files. A line that is no message is rejected.
//!
//! A state stands for every message before it. It is handed on with the block in which it came, so that it can be
//! stored once what came before it is committed, never sooner.
//!
//! A tap sends `ACTIVATE_VERSION` to say that what has another version is gone. Taps also send it before they begin, and
//! with the version of last time when they only bring changes. So an input counts as complete only if the version is a
//! new one, came after the last record, and is the version of every record; and never without any record.

use std::collections::BTreeMap;

use forebay_domain::reject::{Place, RejectReason};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Error;
use crate::block::{Delimit, Found, Span, Tail};
use crate::json_lines::JsonLines;

/// How many names of other streams are kept.
const MAX_STREAMS: usize = 100;
/// The longest name of a stream that is shown.
const SHOWN: usize = 80;

/// What of a Singer tap's output to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingerOptions {
    /// The stream whose records are read. Default: the only one; a second one is an error then.
    pub stream: Option<String>,
    /// The source's key fields, to say so when the tap's `key_properties` are others. Default: not compared.
    pub key: Option<Vec<String>>,
    /// The version that was complete last time, [`crate::Ending::version`] of that run. Default: none.
    pub activated: Option<i64>,
}

pub(crate) struct Singer {
    lines: JsonLines,
    options: SingerOptions,
    /// The stream that is read, once it is known.
    stream: Option<String>,
    num_records: u64,
    versions: Versions,
    /// The version of the last `ACTIVATE_VERSION`, if no record came after it.
    activated: Option<i64>,
    /// Records of streams that are not read.
    others: BTreeMap<String, u64>,
    num_unnamed: u64,
    /// The tap's key, if it is not the source's.
    other_key: Option<Vec<String>>,
}

/// The versions of the records so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    NoRecord,
    All(Option<i64>),
    Mixed,
}

/// A message. Members that the specification has and nobody here needs are passed over.
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
            lines: JsonLines::new(limit, base),
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
                let problem = "the line holds bytes that are not UTF-8";
                found.reject(line.place, RejectReason::InvalidUtf8, problem, text);
                return Ok(());
            }
            Err(error) => {
                let problem = format!("the line is no Singer message: {error}");
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
                problem: "the tap hands its records over in files (a BATCH message), which are not read"
                    .into(),
            }),
            // The specification lets others pass: they hold no records.
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
        // The record is a part of the line: where it stands is how far it is from the line's beginning.
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
            && tap != *source
        {
            self.other_key = Some(tap);
        }
        Ok(())
    }

    /// Whether this is the stream that is read. Without a choice it is the first that comes, and then a second one is
    /// an error: to leave it out would lose it, to read it would mix two kinds of records.
    fn is_chosen(&mut self, name: Option<&str>) -> Result<bool, Error> {
        let Some(name) = name else { return Ok(false) };
        match &self.stream {
            Some(chosen) if chosen == name => Ok(true),
            Some(_) if self.options.stream.is_some() => Ok(false),
            Some(first) => Err(Error::SingerStream {
                problem: format!(
                    "the tap sends more than one stream: {:?} and {:?}",
                    shown(first),
                    shown(name)
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
        let is_complete = is_whole && is_new && self.versions == Versions::All(self.activated);
        ending.is_complete = Some(is_complete);
        ending.version = if is_complete { self.activated } else { self.options.activated };
        if let (Some(tap), Some(source)) = (&self.other_key, &self.options.key) {
            let list = |names: &[String]| names.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
            ending.notes.push(format!(
                "The tap says that the key is {}, the source's key is {}.",
                list(tap),
                list(source)
            ));
        }
        for (name, count) in &self.others {
            let name = shown(name);
            ending.notes.push(format!("Records of the stream {name:?}, which is not read: {count}."));
        }
        if self.num_unnamed > 0 {
            ending.notes.push(format!("Records of further streams: {}.", self.num_unnamed));
        }
        if let (0, Some(stream)) = (self.num_records, &self.options.stream) {
            ending.notes.push(format!("No record of the stream {:?} came.", shown(stream)));
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
        if tail != Tail::Open {
            self.end(found, tail);
        }
        Ok(done)
    }
}

fn missing(text: &[u8], place: Place, kind: &str, member: &str, found: &mut Found) {
    let problem = format!("the {kind} message has no {member:?}");
    found.reject(place, RejectReason::InvalidJson, problem, text);
}

/// Names come from the tap: a bounded piece without control characters.
fn shown(name: &str) -> String {
    name.chars().take(SHOWN).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests;
