//! `schedule` of `[sources.NAME]`: when to scrape a source, as one string or a table.

use std::{borrow::Cow, fmt};

use forebay_domain::schedule;
use jiff::{SignedDuration, civil::Time, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{
    Deserialize,
    de::{self, Deserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::cli::values::Duration;

/// When to scrape a source.
#[derive(Clone, Debug)]
pub(crate) struct Schedule(schedule::Schedule);

impl Schedule {
    /// The schedule in the engine's form.
    pub(super) fn get(&self) -> &schedule::Schedule {
        &self.0
    }
}

/// The schedule as a table: exactly one of `every`, `cron` and `at`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScheduleTable {
    /// Interval such as `6h` or `1d 12h`, counted from 1970-01-01T00:00Z.
    every: Option<String>,
    /// Five cron fields: minute, hour, day, month, weekday.
    cron: Option<String>,
    /// Daily at this time, such as `03:30`.
    at: Option<String>,
    /// Time zone of `cron` and `at`, such as `America/New_York`. Default: `UTC`.
    time_zone: Option<String>,
    /// Maximum delay. Each source and scope gets its own constant part of it, so that they don't all start at the
    /// full hour. Default: none.
    jitter: Option<Duration>,
}

/// The shape of [`Schedule`] in the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Shape {
    Text(String),
    Table(ScheduleTable),
}

impl TryFrom<ScheduleTable> for Schedule {
    type Error = String;

    fn try_from(table: ScheduleTable) -> Result<Self, Self::Error> {
        let ScheduleTable { every, cron, at, time_zone, jitter } = table;
        let is_every = every.is_some();
        let expression = match (every, cron, at) {
            (Some(interval), None, None) => format!("every {interval}"),
            (None, Some(fields), None) => fields,
            (None, None, Some(time)) => daily(&time)?,
            _ => return Err("set exactly one of every, cron and at".to_owned()),
        };
        if is_every && time_zone.is_some() {
            return Err("time_zone has no effect with every, which counts in UTC".to_owned());
        }
        let time_zone = match time_zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(&name).map_err(|_| {
                format!(
                    "unknown time zone `{name}`; expected a name such as America/New_York or Europe/Berlin"
                )
            })?,
        };
        let jitter = jitter.map_or(SignedDuration::ZERO, SignedDuration::from);
        schedule::Schedule::new(&expression, time_zone, jitter).map(Self).map_err(|error| error.to_string())
    }
}

/// Converts a time of day to cron fields.
fn daily(time: &str) -> Result<String, String> {
    let parsed =
        time.trim().parse::<Time>().ok().filter(|time| time.second() == 0 && time.subsec_nanosecond() == 0);
    match parsed {
        Some(time) => Ok(format!("{} {} * * *", time.minute(), time.hour())),
        None => Err(format!("expected a time of day such as 03:30, not `{time}`")),
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reads;
        impl<'de> Visitor<'de> for Reads {
            type Value = Schedule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a schedule such as \"every 6h\" or \"30 3 * * *\", or a table")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Schedule, E> {
                schedule::Schedule::new(text, TimeZone::UTC, SignedDuration::ZERO)
                    .map(Schedule)
                    .map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Schedule, A::Error> {
                let table = ScheduleTable::deserialize(MapAccessDeserializer::new(map))?;
                Schedule::try_from(table).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

impl JsonSchema for Schedule {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Schedule".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Shape::json_schema(generator)
    }
}
