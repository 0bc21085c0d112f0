//! Dates and times of calendars (RFC 5545, sections 3.3.4 to 3.3.6): local times with the name of their time zone.

use std::collections::HashMap;

use jiff::{
    Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::line::Property;

/// Maximum number of cached time zone names per calendar.
const MAX_ZONES: usize = 500;

/// A date, or a time with its zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// A day, in any time zone.
    Day(Date),
    /// A local time and the name of its zone. A time without a zone is local wherever it is used.
    Time { local: DateTime, zone: Option<String> },
}

/// The time zones that a calendar names, each looked up once. `None` means that this machine does not know the zone.
#[derive(Default)]
pub(super) struct Zones(HashMap<String, Option<TimeZone>>);

impl Zones {
    fn get(&mut self, name: &str) -> Option<TimeZone> {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        let zone = look_up(name);
        if self.0.len() < MAX_ZONES {
            self.0.insert(name.to_owned(), zone.clone());
        }
        zone
    }

    /// The UTC time, if the zone is known. For times that a clock change skips, the offset before the gap applies; for
    /// repeated times, the first one counts (RFC 5545, section 3.3.5).
    pub(super) fn instant(&mut self, when: &When) -> Option<Timestamp> {
        let When::Time { local, zone: Some(name) } = when else { return None };
        Some(local.to_zoned(self.get(name)?).ok()?.timestamp())
    }

    /// Adds a duration. Days are calendar days; hours are elapsed time.
    pub(super) fn after(&mut self, when: &When, duration: Span) -> Option<When> {
        match when {
            When::Day(day) => Some(When::Day(day.checked_add(duration).ok()?)),
            When::Time { local, zone } => {
                let known = zone.as_deref().and_then(|name| self.get(name));
                let local = match known {
                    Some(known) => local.to_zoned(known).ok()?.checked_add(duration).ok()?.datetime(),
                    None => local.checked_add(duration).ok()?,
                };
                Some(When::Time { local, zone: zone.clone() })
            }
        }
    }
}

/// Looks up a time zone. The name is untrusted, so only characters that occur in time zone names are accepted.
fn look_up(name: &str) -> Option<TimeZone> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() <= 64
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-' | b'+'))
    };
    if name == "UTC" {
        return Some(TimeZone::UTC);
    }
    let get = |name: &str| TimeZone::get(name).ok().filter(|_| is_name(name));
    let plain = name.trim_start_matches('/');
    if !is_name(plain) && !name.starts_with('/') {
        return None;
    }
    // Some programs prefix their own name: /example.org/Europe/Berlin.
    let last_two = || plain.rmatch_indices('/').nth(1).map(|(at, _)| &plain[at + 1..]);
    is_name(plain)
        .then(|| get(plain))
        .flatten()
        .or_else(|| last_two().filter(|_| name.starts_with('/')).filter(|name| is_name(name)).and_then(get))
}

impl When {
    /// Reads a property with one value.
    pub(super) fn read(property: &Property) -> Option<Self> {
        Self::parse(property.value.trim(), property.parameter("TZID"))
    }

    /// Reads one value: `20260301`, `20260301T090000` or `20260301T090000Z`.
    pub(super) fn parse(text: &str, zone: Option<&str>) -> Option<Self> {
        let (date, time) =
            text.split_once(['T', 't']).map_or((text, None), |(date, time)| (date, Some(time)));
        let digits = |text: &str, length: usize| {
            (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
        };
        digits(date, 8)?;
        let date =
            Date::new(date[..4].parse().ok()?, date[4..6].parse().ok()?, date[6..].parse().ok()?).ok()?;
        let Some(time) = time else { return Some(Self::Day(date)) };
        let utc = time.strip_suffix(['Z', 'z']);
        let time = utc.unwrap_or(time);
        digits(time, 6)?;
        // RFC 5545 allows leap seconds; `jiff` does not represent them.
        let second: i8 = time[4..].parse().ok()?;
        let second = if second == 60 { 59 } else { second };
        let time =
            jiff::civil::Time::new(time[..2].parse().ok()?, time[2..4].parse().ok()?, second, 0).ok()?;
        let zone =
            if utc.is_some() { Some("UTC") } else { zone.map(str::trim).filter(|zone| !zone.is_empty()) };
        Some(Self::Time { local: date.to_datetime(time), zone: zone.map(str::to_owned) })
    }

    /// The local time in ISO 8601, without a zone.
    pub(super) fn local(&self) -> String {
        match self {
            Self::Day(day) => day.to_string(),
            Self::Time { local, .. } => local.to_string(),
        }
    }

    pub(super) fn zone(&self) -> Option<&str> {
        match self {
            Self::Day(_) => None,
            Self::Time { zone, .. } => zone.as_deref(),
        }
    }

    pub(super) const fn is_day(&self) -> bool {
        matches!(self, Self::Day(_))
    }
}

/// Parses a duration (section 3.3.6).
pub(super) fn duration(text: &str) -> Option<Span> {
    let text = text.trim();
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when(text: &str, zone: Option<&str>) -> When {
        When::parse(text, zone).unwrap()
    }

    #[test]
    fn times_are_local_with_an_instant_if_the_zone_is_known() {
        let mut zones = Zones::default();
        let mut instant = |text: &str, zone| zones.instant(&when(text, zone)).map(|at| at.to_string());
        assert_eq!(
            instant("20260301T090000Z", Some("Europe/Berlin")).as_deref(),
            Some("2026-03-01T09:00:00Z")
        );
        assert_eq!(
            instant("20260701T090000", Some("Europe/Berlin")).as_deref(),
            Some("2026-07-01T07:00:00Z")
        );
        let prefixed = Some("/example.org/2026/America/New_York");
        assert_eq!(instant("20260701T090000", prefixed).as_deref(), Some("2026-07-01T13:00:00Z"));
        // Skipped by the clock change: the offset before the gap applies.
        assert_eq!(
            instant("20260329T023000", Some("Europe/Berlin")).as_deref(),
            Some("2026-03-29T01:30:00Z")
        );
        for unknown in
            [None, Some("W. Europe Standard Time"), Some("../../etc/passwd"), Some("/etc/passwd"), Some("/")]
        {
            assert_eq!(instant("20260701T090000", unknown), None, "{unknown:?}");
        }
        assert_eq!(instant("20260701", None), None);
        assert_eq!(when("20260701T235960", Some("X/Y")).local(), "2026-07-01T23:59:59");
    }

    #[test]
    fn invalid_times_are_none() {
        for text in [
            "",
            "2026",
            "20261301",
            "20260230",
            "20260301T25",
            "20260301T250000",
            "2026-03-01",
            "20260301T",
            "é0260301",
        ] {
            assert_eq!(When::parse(text, None), None, "{text}");
        }
    }

    #[test]
    fn durations_count_days_by_the_calendar_and_hours_by_the_clock() {
        let mut zones = Zones::default();
        let start = when("20260328T120000", Some("Europe/Berlin"));
        let mut after = |text| zones.after(&start, duration(text).unwrap()).unwrap().local();
        assert_eq!(after("P1D"), "2026-03-29T12:00:00");
        assert_eq!(after("PT24H"), "2026-03-29T13:00:00");
        assert_eq!(after("+P1W"), "2026-04-04T12:00:00");
        assert_eq!(
            zones.after(&when("20260301", None), duration("P2D").unwrap()).unwrap().local(),
            "2026-03-03"
        );
        assert_eq!(zones.after(&start, duration("P19998Y").unwrap_or_default()), None);
        assert!(duration("soon").is_none());
    }
}
