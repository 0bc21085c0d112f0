//! Converts the properties of an event to a record.

use forebay_domain::reject::RejectReason;
use serde_json::{Map, Value, json};

use super::line::{Property, list, unescaped};
use super::time::{When, Zones, duration};

/// A valid event.
pub(super) struct Event {
    uid: String,
    recurrence_id: String,
    sequence: u64,
    /// `DTSTAMP` as written. RFC 5545 requires UTC, so values sort as text.
    stamp: String,
    pub(super) is_cancelled: bool,
    /// JSON text: maps of a large calendar would take ten times as much memory.
    pub(super) record: Box<[u8]>,
}

/// Why an event is invalid.
pub(super) struct Problem {
    pub(super) reason: RejectReason,
    pub(super) message: String,
}

impl Problem {
    pub(super) fn invalid(message: String) -> Self {
        Self { reason: RejectReason::InvalidRecord, message }
    }
}

impl Event {
    /// Identifies the event in its calendar: UID and RECURRENCE-ID.
    pub(super) fn key(&self) -> (String, String) {
        (self.uid.clone(), self.recurrence_id.clone())
    }

    /// Orders versions of the same event; the newer one is greater.
    pub(super) fn age(&self) -> (u64, &str) {
        (self.sequence, &self.stamp)
    }

    /// Reads the properties of an event. With `is_cancel`, its calendar cancels all events.
    pub(super) fn read(properties: &[Property], is_cancel: bool, zones: &mut Zones) -> Result<Self, Problem> {
        let all = |name: &'static str| properties.iter().filter(move |property| property.name == name);
        let first = |name| all(name).next();
        let text = |name| first(name).map(|one| unescaped(&one.value)).filter(|text| !text.is_empty());
        let raw = |name| first(name).map(|one| one.value.trim().to_owned()).filter(|text| !text.is_empty());
        let uid = raw("UID").map(|uid| unescaped(&uid)).ok_or_else(|| Problem {
            reason: RejectReason::MissingKey,
            message: "the event has no UID".to_owned(),
        })?;
        let recurrence_id = raw("RECURRENCE-ID").unwrap_or_default();
        let sequence = match raw("SEQUENCE") {
            Some(text) => text
                .parse()
                .map_err(|_| Problem::invalid(format!("SEQUENCE is not a number: {}", excerpt(&text))))?,
            None => 0,
        };
        let status = raw("STATUS").map(|status| status.to_ascii_uppercase());
        let is_cancelled = is_cancel || status.as_deref() == Some("CANCELLED");

        let mut record = Map::new();
        record.insert("uid".into(), uid.as_str().into());
        record.insert("recurrence_id".into(), recurrence_id.as_str().into());
        record.insert("sequence".into(), sequence.into());
        let range = first("RECURRENCE-ID").and_then(|one| one.parameter("RANGE"));
        put(&mut record, "recurrence_range", range.map(str::to_owned));
        put(&mut record, "summary", text("SUMMARY"));
        put(&mut record, "description", text("DESCRIPTION"));
        put(&mut record, "location", text("LOCATION"));
        put(&mut record, "status", status);
        put(&mut record, "url", raw("URL"));
        put(&mut record, "rrule", raw("RRULE"));
        let categories = all("CATEGORIES").flat_map(|one| list(&one.value));
        let categories = categories.map(|one| one.trim().to_owned()).filter(|one| !one.is_empty());
        put_list(&mut record, "categories", categories.collect());
        put_list(&mut record, "exdates", dates(all("EXDATE")));
        put_list(&mut record, "rdates", dates(all("RDATE")));
        if let Some(organizer) = first("ORGANIZER").and_then(organizer) {
            record.insert("organizer".into(), organizer);
        }
        if let Some(geo) = first("GEO").and_then(|one| geo(&one.value)) {
            record.insert("geo".into(), geo);
        }
        for (name, field) in [("CREATED", "created"), ("LAST-MODIFIED", "last_modified")] {
            let instant = first(name).and_then(When::read).and_then(|when| zones.instant(&when));
            put(&mut record, field, instant.map(|instant| instant.to_string()));
        }
        match times(first, zones) {
            Ok(times) => record.extend(times),
            // A cancelled event needs only its key.
            Err(_) if is_cancelled => {}
            Err(problem) => return Err(problem),
        }
        let stamp = raw("DTSTAMP").unwrap_or_default();
        // Writing JSON values to memory cannot fail.
        let record = serde_json::to_vec(&record).unwrap_or_default().into();
        Ok(Self { uid, recurrence_id, sequence, stamp, is_cancelled, record })
    }
}

/// The date and time fields of an event.
fn times<'a>(
    first: impl Fn(&'static str) -> Option<&'a Property>,
    zones: &mut Zones,
) -> Result<Map<String, Value>, Problem> {
    let read = |name: &'static str| match first(name) {
        Some(property) => When::read(property).map(Some).ok_or_else(|| {
            Problem::invalid(format!("{name} is not a date or time: {}", excerpt(&property.value)))
        }),
        None => Ok(None),
    };
    let start = read("DTSTART")?.ok_or_else(|| Problem::invalid("the event has no DTSTART".to_owned()))?;
    let end = match (read("DTEND")?, first("DURATION")) {
        (Some(end), _) => Some(end),
        (None, Some(property)) => {
            let end = duration(&property.value).and_then(|duration| zones.after(&start, duration));
            let problem =
                || Problem::invalid(format!("DURATION is not a duration: {}", excerpt(&property.value)));
            Some(end.ok_or_else(problem)?)
        }
        (None, None) => None,
    };
    let mut fields = Map::new();
    fields.insert("all_day".into(), start.is_day().into());
    put(&mut fields, "time_zone", start.zone().map(str::to_owned));
    put(&mut fields, "start", Some(start.local()));
    put(&mut fields, "start_utc", zones.instant(&start).map(|instant| instant.to_string()));
    if let Some(end) = end {
        if end.zone() != start.zone() {
            put(&mut fields, "end_time_zone", end.zone().map(str::to_owned));
        }
        put(&mut fields, "end", Some(end.local()));
        put(&mut fields, "end_utc", zones.instant(&end).map(|instant| instant.to_string()));
    }
    Ok(fields)
}

/// The dates of list properties, as local times, with `Z` for UTC. Unreadable values, such as periods, are kept as
/// written.
fn dates<'a>(properties: impl Iterator<Item = &'a Property>) -> Vec<String> {
    let mut dates = Vec::new();
    for property in properties {
        for text in property.value.split(',').map(str::trim).filter(|text| !text.is_empty()) {
            dates.push(match When::parse(text, property.parameter("TZID")) {
                Some(when) if text.ends_with(['Z', 'z']) => format!("{}Z", when.local()),
                Some(when) => when.local(),
                None => text.to_owned(),
            });
        }
    }
    dates
}

fn organizer(property: &Property) -> Option<Value> {
    let mut organizer = Map::new();
    put(&mut organizer, "name", property.parameter("CN").map(str::to_owned).filter(|name| !name.is_empty()));
    let address = property.value.trim();
    match address.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("mailto:")) {
        Some(_) => {
            put(&mut organizer, "email", Some(address[7..].to_owned()).filter(|email| !email.is_empty()));
        }
        None => put(&mut organizer, "url", Some(address.to_owned()).filter(|url| !url.is_empty())),
    }
    (!organizer.is_empty()).then(|| organizer.into())
}

fn geo(text: &str) -> Option<Value> {
    let (latitude, longitude) = text.split_once(';')?;
    let degrees =
        |text: &str, most: f64| text.trim().parse::<f64>().ok().filter(|number| number.abs() <= most);
    Some(json!({ "latitude": degrees(latitude, 90.0)?, "longitude": degrees(longitude, 180.0)? }))
}

fn put(record: &mut Map<String, Value>, name: &str, value: Option<String>) {
    if let Some(value) = value {
        record.insert(name.to_owned(), value.into());
    }
}

fn put_list(record: &mut Map<String, Value>, name: &str, values: Vec<String>) {
    if !values.is_empty() {
        record.insert(name.to_owned(), values.into());
    }
}

/// A text for messages: truncated, and without control characters.
fn excerpt(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
