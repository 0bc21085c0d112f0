//! Values with a unit: periods, rates, sizes. The configuration and the command line share one grammar for each.
//!
//! Each type parses its own output and has a JSON Schema. The schema's pattern is for editors; the parser decides.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, civil, tz::TimeZone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

/// The maximum period: a hundred years.
const LONGEST: Duration = Duration::from_hours(24 * 36_500);

/// A time that somebody types: RFC 3339 (`2019-04-14T14:55:01Z`), a date (`2019-04-14`, midnight UTC), or the
/// compact forms of ISO 8601 that file names carry (`20190414T145501Z`, `20190414`).
pub fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let is_date = text.len() == 10 || (text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit()));
    if is_date
        && let Ok(date) = text.parse::<civil::Date>()
        && let Ok(midnight) = date.to_zoned(TimeZone::UTC)
    {
        return Ok(midnight.timestamp());
    }
    Err("expected a time such as 2019-04-14T14:55:01Z, 2019-04-14 or 20190414T145501Z".to_owned())
}

/// A period with its unit, above zero and at most a hundred years: `500ms`, `30s`, `5m`, `1h`, `30d`. A day has 24
/// hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Period(Duration);

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Period {
    /// A period of this many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// A period of this many milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// The period as a duration.
    pub const fn get(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", SignedDuration::from(*self))
    }
}

impl From<Period> for SignedDuration {
    fn from(period: Period) -> Self {
        signed(period.0)
    }
}

/// Periods are at most a hundred years long, so the fallback is never needed.
fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match duration(text) {
            Some(duration) if !duration.is_zero() => Ok(Self(duration)),
            _ => Err("expected a duration such as 30s, 5m, 1h or 30d".to_owned()),
        }
    }
}

/// A duration with its unit, of at most a hundred years.
fn duration(text: &str) -> Option<Duration> {
    let span = text.trim().parse::<Span>().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(duration).ok().filter(|duration| *duration <= LONGEST)
}

/// A period that may also be zero, such as `0s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PeriodOrZero(Duration);

impl From<PeriodOrZero> for SignedDuration {
    fn from(period: PeriodOrZero) -> Self {
        signed(period.0)
    }
}

impl TryFrom<String> for PeriodOrZero {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let expected = || "expected a duration such as 0s, 30s, 5m, 1h or 30d".to_owned();
        duration(&text).map(Self).ok_or_else(expected)
    }
}

impl TryFrom<String> for Period {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a duration with its unit, such as 30s, 5m, 1h or 30d",
            "pattern": "^\\s*\\d.*[a-z]\\s*$",
        })
    }
}

/// How often something may happen: `2/s`, `30/m`, `30/min`, `100/h`, `1/d`, or `unlimited`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate(Option<f64>);

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Rate {
    /// No limit.
    pub const UNLIMITED: Self = Self(None);

    /// A rate per second; `None` unless it is a positive number.
    pub fn per_second(times: f64) -> Option<Self> {
        (times.is_finite() && times > 0.0).then_some(Self(Some(times)))
    }

    /// The rate per second; `None` if unlimited.
    pub const fn get(self) -> Option<f64> {
        self.0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || "expected a rate such as 2/s, 30/m, 100/h or unlimited".to_owned();
        let text = text.trim();
        if text == "unlimited" {
            return Ok(Self::UNLIMITED);
        }
        let (times, unit) = text.split_once('/').ok_or_else(expected)?;
        let seconds = match unit.trim() {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return Err(expected()),
        };
        let times: f64 = times.trim().parse().map_err(|_| expected())?;
        // Slower than once a month is a mistake, and faster than a million a second is no limit.
        let per_second = times / seconds;
        if (1.0 / 2_592_000.0..=1_000_000.0).contains(&per_second) {
            Ok(Self(Some(per_second)))
        } else {
            Err(expected())
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(times) => write!(f, "{times}/s"),
            None => f.write_str("unlimited"),
        }
    }
}

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a rate such as 2/s, 30/m, 100/h, or unlimited",
            "pattern": "^\\s*(unlimited|\\d+(\\.\\d+)?\\s*/\\s*(s|m|min|h|d))\\s*$",
        })
    }
}

/// A number of bytes: `10MB`, `512KiB`, `2GB`, or a bare number. Units with an `i` are powers of 1024, the others of
/// 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "SizeForm")]
pub struct Size(u64);

/// A size as written: a number or a text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a size such as 512KiB, 10MB or a number of bytes")]
enum SizeForm {
    Bytes(u64),
    Text(String),
}

impl Size {
    /// A size of this many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The size in bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = || "expected a size such as 512KiB, 10MB or a number of bytes".to_owned();
        let text = text.trim();
        let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let factor: u64 = match &text[unit..] {
            "" | "B" => 1,
            "KB" | "kB" => 1000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            _ => return Err(expected()),
        };
        let number: u64 = text[..unit].trim().parse().map_err(|_| expected())?;
        let bytes = number.checked_mul(factor).filter(|bytes| *bytes > 0).ok_or_else(expected)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (1 << 30, "GiB"),
            (1_000_000_000, "GB"),
            (1 << 20, "MiB"),
            (1_000_000, "MB"),
            (1 << 10, "KiB"),
            (1000, "kB"),
            (1, "B"),
        ];
        let unit = units.into_iter().find(|(length, _)| self.0.is_multiple_of(*length));
        let (length, unit) = unit.unwrap_or((1, "B"));
        write!(f, "{}{unit}", self.0 / length)
    }
}

impl TryFrom<SizeForm> for Size {
    type Error = String;

    fn try_from(form: SizeForm) -> Result<Self, Self::Error> {
        match form {
            SizeForm::Bytes(0) => Err("expected a size of at least one byte".to_owned()),
            SizeForm::Bytes(bytes) => Ok(Self(bytes)),
            SizeForm::Text(text) => text.parse(),
        }
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "description": "a size such as 512KiB, 10MB, or a number of bytes",
            "pattern": "^\\s*\\d+\\s*(B|[kKMG]B|[KMG]iB)?\\s*$",
            "minimum": 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_some_periods_may_be_zero() {
        let read = |text: &str| PeriodOrZero::try_from(text.to_owned()).map(SignedDuration::from);
        for text in ["0s", "0m", "0ms", " 0d "] {
            assert_eq!(read(text), Ok(SignedDuration::ZERO));
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        assert_eq!(read("5m"), Ok(SignedDuration::from_mins(5)));
        for text in ["0", "-1s", "40000d"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn periods_have_a_unit() {
        let millis = |text: &str| text.parse::<Period>().map(|period| period.get().as_millis());
        for (text, expected) in [("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("1h 30m", 5_400_000)] {
            assert_eq!(millis(text), Ok(expected), "{text}");
        }
        for text in ["", "30", "0s", "-5m", "1 month", "soon", "40000d"] {
            assert!(millis(text).is_err(), "{text}");
        }
    }

    #[test]
    fn values_print_what_they_parse() {
        for text in ["500ms", "30s", "90m", "1h 30m", "30d", "1500ms"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string().parse(), Ok(period), "{text}");
        }
        for text in ["2/s", "0.5/s", "unlimited"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in ["10MB", "512KiB", "2GB", "7B", "4kB", "1GiB"] {
            assert_eq!(text.parse::<Size>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn rates_are_counted_by_the_second() {
        let rate = |text: &str| text.parse::<Rate>().map(Rate::get);
        for (text, expected) in [
            ("2/s", Some(2.0)),
            ("30 / m", Some(0.5)),
            ("30/min", Some(0.5)),
            ("0.5/s", Some(0.5)),
            ("unlimited", None),
        ] {
            assert_eq!(rate(text), Ok(expected), "{text}");
        }
        for text in ["", "2", "0/s", "-1/s", "2/week", "inf/s", "NaN/s", "1e300/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_count_in_thousands_or_1024() {
        let size = |text: &str| text.parse::<Size>().map(Size::get);
        for (text, expected) in
            [("10MB", 10_000_000), ("512KiB", 524_288), ("2 GB", 2_000_000_000), ("7", 7), ("7B", 7)]
        {
            assert_eq!(size(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "MB", "1.5MB", "-1", "10 parsecs", "18446744073709551615GB"] {
            assert!(size(text).is_err(), "{text}");
        }
        let from_json = |text: &str| serde_json::from_str::<Size>(text).ok().map(Size::get);
        assert_eq!(from_json("4096"), Some(4096));
        assert_eq!(from_json("\"4KiB\""), Some(4096));
        for text in ["0", "-1", "1.5", "true"] {
            assert_eq!(from_json(text), None, "{text}");
        }
    }

    #[test]
    fn times_of_every_form_mean_the_same_instant() {
        let instant = "2019-04-14T14:55:01Z".parse::<Timestamp>().unwrap();
        for text in ["2019-04-14T14:55:01Z", "20190414T145501Z", "2019-04-14T16:55:01+02:00"] {
            assert_eq!(time(text), Ok(instant), "{text}");
        }
        let midnight = "2019-04-14T00:00:00Z".parse::<Timestamp>().unwrap();
        for text in ["2019-04-14", "20190414"] {
            assert_eq!(time(text), Ok(midnight), "{text}");
        }
    }

    #[test]
    fn invalid_times_are_refused() {
        for text in ["", "yesterday", "2019-13-01", "2019-04-14T14:55:01", "1555253701", "99991231T235959Z9"]
        {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
