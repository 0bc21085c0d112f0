//! `ical`: calendars (RFC 5545), each event as one record.
//!
//! The key of an event is its `uid` and `recurrence_id`. The latter is "" for the event itself, and identifies one
//! changed occurrence of a recurring event otherwise. Local times are kept as written, with the name of their time
//! zone; if this machine knows the zone, UTC times are added. `DTSTAMP` is left out of records, because servers set it
//! to the time of the download. Records always contain `sequence`, so that it can be the field that stops an older
//! event from overwriting a newer one.
//!
//! A cancelled event yields no record, so a complete run removes it. A broken event is rejected with its line, and the
//! others are read. A truncated calendar adds a rejected piece, so its run is not complete.

mod event;
mod line;
mod time;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, hash_map::Entry};

use forebay_domain::reject::{Place, Reject, RejectReason};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{template::Urls, unreadable::check_number};
use crate::{Error, Harvest, Link, Page, Rejected, block::head, charset, fetch::AllowedHost};
use event::{Event, Problem};
use line::{Line, Lines, Property};

/// Maximum nesting of components, such as alarms, inside an event.
const MAX_NESTING: usize = 16;

/// A calendar over HTTP, such as an `.ics` file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ical {
    /// URL of the calendar, or several. `{name}` is filled from the scope.
    pub url: Urls,
    /// Other hosts to which redirects may lead. Default: none.
    #[serde(default)]
    pub allow_hosts: Vec<AllowedHost>,
}

impl Ical {
    /// Reads a calendar. Error: `page_unreadable` if the page is not a calendar.
    pub fn harvest(&self, page: &Page, _link: &Link) -> Result<Harvest, Error> {
        let body = charset::lines(&page.body, page.content_type.as_deref());
        let mut reading = Calendar { body: &body, ..Calendar::default() };
        for line in Lines::of(&body) {
            reading.line(line);
            check_number(page, reading.events.len() + reading.rejected.len())?;
        }
        if !reading.is_calendar {
            return Err(super::unreadable::unreadable(page, "it has no BEGIN:VCALENDAR"));
        }
        Ok(reading.finish())
    }
}

/// A calendar being read.
#[derive(Default)]
struct Calendar<'a> {
    body: &'a [u8],
    is_calendar: bool,
    /// The names of the open components.
    open: Vec<String>,
    /// The open event.
    event: Option<Open>,
    /// Whether the calendar cancels all its events (`METHOD:CANCEL`, RFC 5546).
    is_cancel: bool,
    zones: time::Zones,
    /// The valid events, with their places and byte ranges.
    events: Vec<(Event, Place, std::ops::Range<usize>)>,
    rejected: Vec<Rejected>,
    /// The place after the last line.
    end: Place,
}

struct Open {
    place: Place,
    /// The number of components that enclose it.
    depth: usize,
    properties: Vec<Property>,
    problem: Option<Problem>,
}

impl Calendar<'_> {
    fn line(&mut self, line: Line) {
        self.end = line.end;
        let property = match line.property {
            Ok(property) => property,
            Err(problem) => {
                // Outside events, an invalid line affects no record.
                if let Some(event) = &mut self.event {
                    event.problem.get_or_insert_with(|| {
                        Problem::invalid(format!("line {}: {problem}", line.place.line))
                    });
                }
                return;
            }
        };
        match property.name.as_str() {
            "BEGIN" => self.begin(&property.value, line.place),
            "END" => self.close(&property.value, line.end),
            "METHOD" if self.event.is_none() => {
                self.is_cancel = property.value.trim().eq_ignore_ascii_case("CANCEL");
            }
            _ => {
                let depth = self.open.len();
                if let Some(event) = self.event.as_mut().filter(|event| event.depth + 1 == depth) {
                    event.properties.push(property);
                }
            }
        }
    }

    fn begin(&mut self, name: &str, place: Place) {
        let name = name.trim().to_ascii_uppercase();
        if name == "VCALENDAR" || name == "VEVENT" {
            // Neither can be nested in an event, so the open event was never closed.
            self.break_off(place, "it is not closed before the next component");
        }
        match name.as_str() {
            "VCALENDAR" => {
                self.is_calendar = true;
                self.is_cancel = false;
                self.open.clear();
            }
            "VEVENT" => {
                let depth = self.open.len();
                self.event = Some(Open { place, depth, properties: Vec::new(), problem: None });
            }
            _ => {}
        }
        if self.open.len() < MAX_NESTING {
            self.open.push(name);
        } else if let Some(event) = &mut self.event {
            event
                .problem
                .get_or_insert_with(|| Problem::invalid("components are nested too deeply".to_owned()));
        }
    }

    fn close(&mut self, name: &str, end: Place) {
        let name = name.trim().to_ascii_uppercase();
        // Ignore an end without a beginning. The end of an outer component also closes the inner ones.
        let Some(depth) = self.open.iter().rposition(|open| *open == name) else { return };
        let is_event = self.event.as_ref().is_some_and(|event| event.depth == depth);
        if self.event.as_ref().is_some_and(|event| depth < event.depth) {
            self.break_off(end, "it is not closed before the end of its calendar");
        }
        self.open.truncate(depth);
        if is_event && let Some(open) = self.event.take() {
            let range = index(open.place)..index(end);
            let read = match open.problem {
                Some(problem) => Err(problem),
                None => Event::read(&open.properties, self.is_cancel, &mut self.zones),
            };
            match read {
                Ok(event) => self.events.push((event, open.place, range)),
                Err(problem) => self.reject(open.place, range, problem.reason, &problem.message),
            }
        }
    }

    fn break_off(&mut self, at: Place, problem: &str) {
        if let Some(event) = self.event.take() {
            self.open.truncate(event.depth);
            self.reject(event.place, index(event.place)..index(at), RejectReason::TruncatedRecord, problem);
        }
    }

    fn reject(&mut self, place: Place, range: std::ops::Range<usize>, reason: RejectReason, message: &str) {
        let raw = self.body.get(range).unwrap_or_default();
        self.rejected.push(Rejected {
            place,
            reject: Reject::new(reason, message),
            raw: head(raw),
            raw_len: raw.len() as u64,
        });
    }

    fn finish(mut self) -> Harvest {
        let end = self.end;
        self.break_off(end, "the calendar ends inside it");
        if !self.open.is_empty() {
            let problem = "the calendar ends without END:VCALENDAR, so events may be missing";
            self.reject(end, 0..0, RejectReason::TruncatedRecord, problem);
        }
        let mut harvest = Harvest::default();
        let mut newest: HashMap<(String, String), usize> = HashMap::with_capacity(self.events.len());
        let mut is_older = vec![false; self.events.len()];
        for (index, (event, ..)) in self.events.iter().enumerate() {
            match newest.entry(event.key()) {
                Entry::Vacant(entry) => {
                    entry.insert(index);
                }
                Entry::Occupied(mut entry) => {
                    // Of two equally new events, the later one in the file wins.
                    let before = entry.insert(index);
                    if self.events[before].0.age() > event.age() {
                        entry.insert(before);
                        is_older[index] = true;
                    } else {
                        is_older[before] = true;
                    }
                }
            }
        }
        for ((event, place, range), is_older) in std::mem::take(&mut self.events).into_iter().zip(is_older) {
            if is_older {
                let problem = "the calendar contains a newer event with the same UID and RECURRENCE-ID";
                self.reject(place, range, RejectReason::DuplicateKey, problem);
            } else if event.is_cancelled {
                harvest.num_cancelled += 1;
            } else {
                harvest.push_text(&event.record, place);
            }
        }
        self.rejected.sort_by_key(|rejected| rejected.place);
        harvest.block.rejected = self.rejected;
        harvest
    }
}

fn index(place: Place) -> usize {
    usize::try_from(place.offset).unwrap_or(usize::MAX)
}
