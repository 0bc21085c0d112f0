//! Command-line values that several commands use: scopes, key fields, times, durations, shares.
//!
//! Each type parses itself; its error says in one sentence what was expected.

use std::{fmt, str::FromStr, time};

use clap::{
    ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};
pub(crate) use forebay_domain::units::{Period as Duration, time};
use forebay_domain::{scope::Scope, words::Word};
use forebay_engine::logs::Level;
use forebay_store::tables::SchemaName;
pub(crate) use forebay_views::names::RunName;

use crate::failure::Failure;

/// One pair of a scope, as `--scope semester=Spring 2026`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScopePair {
    /// The name of the part, never empty.
    pub(crate) name: String,
    /// The value; may contain `=`.
    pub(crate) value: String,
}

impl FromStr for ScopePair {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.trim().is_empty() && !value.is_empty() => {
                Ok(Self { name: name.trim().to_owned(), value: value.to_owned() })
            }
            _ => Err("expected NAME=VALUE, for instance semester=Spring 2026".to_owned()),
        }
    }
}

/// Builds a scope from pairs on the command line.
pub(crate) fn scope_of(pairs: &[ScopePair]) -> Result<Scope, Failure> {
    let pairs = pairs.iter().map(|pair| format!("{}={}", pair.name, pair.value));
    Scope::parse(pairs).map_err(|error| Failure::usage(error.code(), error.to_string()))
}

/// The scope of these pairs; `None` without any.
pub(crate) fn scope_if_given(pairs: &[ScopePair]) -> Result<Option<Scope>, Failure> {
    (!pairs.is_empty()).then(|| scope_of(pairs)).transpose()
}

/// A duration, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unless(Option<Duration>);

impl Unless {
    /// The duration, if there is one.
    pub(crate) fn get(self) -> Option<time::Duration> {
        self.0.map(Duration::get)
    }
}

/// A duration, or `never`.
pub(crate) fn duration_or_never(text: &str) -> Result<Unless, String> {
    duration_or(text, "never")
}

/// A retention period, or `forever`.
pub(crate) fn duration_or_forever(text: &str) -> Result<Unless, String> {
    duration_or(text, "forever")
}

fn duration_or(text: &str, word: &str) -> Result<Unless, String> {
    if text == word {
        return Ok(Unless(None));
    }
    let duration = text.parse().map_err(|error| format!("{error}, or {word}"))?;
    Ok(Unless(Some(duration)))
}

/// A part of a whole, from 0 to 1. Written `0.2` or `20%`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, serde::Deserialize)]
#[serde(try_from = "f64")]
pub(crate) struct Share(f64);

impl Share {
    /// The share as a number from 0 to 1.
    pub(crate) fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Share {
    type Error = String;

    fn try_from(share: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err("expected a share from 0 to 1, for instance 0.2".to_owned())
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| {
            text.trim().parse::<f64>().map_err(|_| "expected a share such as 0.2 or 20%".to_owned())
        };
        match text.strip_suffix('%') {
            Some(percent) => Self::try_from(number(percent)? / 100.0),
            None => Self::try_from(number(text)?),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A switch that overrides the source's setting in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Withhold suspicious changes of a run, and hold the run for review
    On,
    /// Apply every run
    Off,
}

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Everything
    Debug,
    /// Progress
    Info,
    /// Possible problems
    Warn,
    /// Errors
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

/// One of the words of an enum.
pub(crate) fn word<W: Word + Send + Sync>() -> impl TypedValueParser<Value = W> {
    PossibleValuesParser::new(W::WORDS)
        .try_map(|word| W::from_word(&word).ok_or_else(|| format!("unknown word {word:?}")))
}

/// A name that must not be empty: a source, a pipeline, a field.
pub(crate) fn name(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("expected a name, got nothing".to_owned()) } else { Ok(text.to_owned()) }
}

/// The name of a schema of the user's own.
pub(crate) fn schema(text: &str) -> Result<SchemaName, String> {
    SchemaName::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        let seconds = |text: &str| text.parse::<Duration>().unwrap().get().as_secs();
        for (text, expected) in [("30s", 30), ("5m", 300), ("1h", 3600), ("30d", 2_592_000), ("1h 30m", 5400)]
        {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for text in ["", "30", "0s", "-5m", "1 month", "soon", "never", "40000d"] {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
        assert_eq!(duration_or_never("never").map(Unless::get), Ok(None));
        assert_eq!(duration_or_forever("1h").map(Unless::get), Ok(Some(time::Duration::from_hours(1))));
        assert!(duration_or_never("forever").unwrap_err().ends_with(", or never"));
    }

    #[test]
    fn a_scope_splits_at_the_first_equals_sign() {
        let pair = "q=a=b".parse::<ScopePair>().unwrap();
        assert_eq!((pair.name.as_str(), pair.value.as_str()), ("q", "a=b"));
        for text in ["", "semester", "=x", "semester="] {
            assert!(text.parse::<ScopePair>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_run_is_named_by_its_id_or_as_the_latest() {
        assert_eq!("42".parse::<RunName>(), Ok(RunName::Id(42)));
        assert_eq!("latest".parse::<RunName>(), Ok(RunName::Latest));
        for text in ["", "0", "-1", "last", "Latest", "99999999999999999999"] {
            assert!(text.parse::<RunName>().is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_numbers_or_percentages() {
        assert_eq!("0.2".parse::<Share>(), Ok(Share(0.2)));
        assert_eq!("20%".parse::<Share>(), Ok(Share(0.2)));
        for text in ["", "-0.1", "1.5", "101%", "NaN", "inf", "many"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }
}
