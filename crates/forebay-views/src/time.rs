//! The time format of all views.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A time in UTC, printed as RFC 3339 with exactly three digits of milliseconds: `2026-01-31T06:00:00.000Z`.
///
/// Further digits are truncated, so equal texts do not prove equal times.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(Timestamp);

/// The beginning of the year 1.
const EARLIEST: Timestamp = Timestamp::constant(-62_135_596_800, 0);

impl Time {
    /// The time with all its digits.
    pub fn get(self) -> Timestamp {
        self.0
    }
}

impl From<Timestamp> for Time {
    fn from(time: Timestamp) -> Self {
        Self(time)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let time = Timestamp::deserialize(deserializer)?;
        // RFC 3339 has no earlier years, and Postgres doesn't have all of them.
        if time < EARLIEST {
            return Err(D::Error::custom("expected a time in the year 1 or later"));
        }
        Ok(Self(time))
    }
}

impl JsonSchema for Time {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_always_printed() {
        for (time, text) in [
            ("2026-01-31T06:00:00Z", "2026-01-31T06:00:00.000Z"),
            ("2026-01-31T07:00:00.12+01:00", "2026-01-31T06:00:00.120Z"),
            ("2026-01-31T06:00:00.999999Z", "2026-01-31T06:00:00.999Z"),
            ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500Z"),
        ] {
            let time: Timestamp = time.parse().unwrap();
            assert_eq!(serde_json::to_value(Time::from(time)).unwrap(), text);
        }
    }
}
