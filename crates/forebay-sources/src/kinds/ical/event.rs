//! An event, from its properties to its record.

use forebay_domain::reject::RejectReason;
use serde_json::{Map, Value, json};

use super::line::{Property, list, unescaped};
use super::time::{When, Zones, duration};

/// An event that can be read.
pub(super) struct Event {
    uid: String,
    recurrence_id: String,
    sequence: u64,
    /// `DTSTAMP` as it stands: in UTC by the standard, so it sorts as text.
    stamp: String,
    pub(super) is_cancelled: bool,
    pub(super) record: Map<String, Value>,
}

/// Why an event cannot be read.
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
    /// What identifies it in its calendar.
    pub(super) fn key(&self) -> (String, String) {
        (self.uid.clone(), self.recurrence_id.clone())
    }

    /// What is higher is newer.
    pub(super) fn age(&self) -> (u64, &str) {
        (self.sequence, &self.stamp)
    }

    /// Reads the properties of an event. `is_cancel`: its calendar calls it off.
    pub(super) fn read(properties: &[Property], is_cancel: bool, zones: &mut Zones) -> Result<Self, Problem> {
        let all = |name: &'static str| properties.iter().filter(move |property| property.name == name);
        let first = |name| all(name).next();
        let text = |name| first(name).map(|one| unescaped(&one.value)).filter(|text| !text.is_empty());
        let as_it_stands =
            |name| first(name).map(|one| one.value.trim().to_owned()).filter(|text| !text.is_empty());
        let uid = as_it_stands("UID").map(|uid| unescaped(&uid)).ok_or_else(|| Problem {
            reason: RejectReason::MissingKey,
            message: "the event has no UID".to_owned(),
        })?;
        let recurrence_id = as_it_stands("RECURRENCE-ID").unwrap_or_default();
        let sequence = match as_it_stands("SEQUENCE") {
            Some(text) => text
                .parse()
                .map_err(|_| Problem::invalid(format!("SEQUENCE is no number: {}", shown(&text))))?,
            None => 0,
        };
        let status = as_it_stands("STATUS").map(|status| status.to_ascii_uppercase());
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
        put(&mut record, "url", as_it_stands("URL"));
        put(&mut record, "rrule", as_it_stands("RRULE"));
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
            // What is called off needs no time: it is only its key that counts.
            Err(_) if is_cancelled => {}
            Err(problem) => return Err(problem),
        }
        let stamp = as_it_stands("DTSTAMP").unwrap_or_default();
        Ok(Self { uid, recurrence_id, sequence, stamp, is_cancelled, record })
    }
}

/// The fields that say when an event is.
fn times<'a>(
    first: impl Fn(&'static str) -> Option<&'a Property>,
    zones: &mut Zones,
) -> Result<Map<String, Value>, Problem> {
    let read = |name: &'static str| match first(name) {
        Some(property) => When::read(property).map(Some).ok_or_else(|| {
            Problem::invalid(format!("{name} is no date or time: {}", shown(&property.value)))
        }),
        None => Ok(None),
    };
    let start = read("DTSTART")?.ok_or_else(|| Problem::invalid("the event has no DTSTART".to_owned()))?;
    let end = match (read("DTEND")?, first("DURATION")) {
        (Some(end), _) => Some(end),
        (None, Some(property)) => {
            let end = duration(&property.value).and_then(|duration| zones.after(&start, duration));
            let problem = || Problem::invalid(format!("DURATION is no duration: {}", shown(&property.value)));
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

/// Each date of a list, as local time; what cannot be read, such as a period, as it stands. `Z` marks those in UTC.
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

/// A bounded piece without control characters.
fn shown(text: &str) -> String {
    text.chars().take(60).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
