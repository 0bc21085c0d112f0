//! Schedules: when a source is scraped next.
//!
//! An expression is an interval (`every 6h`) or five cron fields in a time zone. The next time depends only on the
//! schedule and the current time, not on earlier runs. So all processes agree, missed times are not made up for, and a
//! late run does not shift later ones.
//!
//! Intervals count from 1970-01-01T00:00Z in every time zone: `every 6h` means 00:00, 06:00, 12:00 and 18:00 UTC, and a
//! day has 24 hours. Cron fields are wall-clock times. When clocks go forward, a fixed time in the gap (`30 2 * * *`)
//! runs at the first minute after the gap, and repeating times (`*/5 * * * *`) skip the gap. When clocks go back, a
//! fixed time runs once, at its first occurrence, and repeating times run in both hours.
//!
//! Jitter delays a run by a fraction of the configured span. The fraction is fixed per source and scope, so sources
//! don't all start on the hour.

use std::fmt;

use croner::{
    Cron,
    parser::{CronParser, Seconds, Year},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use thiserror::Error;

use crate::{freshness, scope::Scope};

#[cfg(test)]
mod tests;

/// The shortest interval.
pub const MIN_INTERVAL: SignedDuration = SignedDuration::from_secs(1);

/// The longest interval.
pub const MAX_INTERVAL: SignedDuration = SignedDuration::from_hours(366 * 24);

/// The longest expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 256;

/// The fraction of the jitter that delays this source and scope: from 0 to 1 (excluded), the same in every process.
pub fn jitter(source: &str, scope: &Scope) -> f64 {
    freshness::jitter(&format!("schedule of {source}"), scope)
}

/// When a source runs.
#[derive(Clone, Debug)]
pub struct Schedule {
    expression: String,
    when: When,
    time_zone: TimeZone,
    jitter: SignedDuration,
}

#[derive(Clone, Debug)]
enum When {
    Every(SignedDuration),
    Cron(Box<Cron>),
}

/// Why an expression is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScheduleError {
    /// Not an interval.
    #[error("`{0}` is not an interval; write it as in `every 6h` or `every 1d 12h`, with s, m, h, d and w")]
    Interval(String),
    /// An interval outside the limits.
    #[error("the interval `{0}` is not between 1 second and 366 days")]
    OutOfBounds(String),
    /// Not five cron fields.
    #[error(
        "`{expression}` is neither `every …` nor five fields of cron (minute, hour, day, month, weekday): {reason}"
    )]
    Cron {
        /// The expression as given.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Cron fields that no date matches.
    #[error("no date matches `{0}`")]
    Never(String),
    /// Longer than [`MAX_EXPRESSION_BYTES`].
    #[error("the schedule has {0} bytes; the limit is {MAX_EXPRESSION_BYTES}")]
    TooLong(usize),
    /// A negative jitter, or one longer than the interval.
    #[error("the jitter of a schedule must not be negative or longer than its interval")]
    Jitter,
}

impl ScheduleError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Interval(_) => "schedule_interval",
            Self::OutOfBounds(_) => "schedule_out_of_bounds",
            Self::Cron { .. } => "schedule_cron",
            Self::Never(_) => "schedule_never",
            Self::TooLong(_) => "schedule_too_long",
            Self::Jitter => "schedule_jitter",
        }
    }
}

impl Schedule {
    /// Parses an expression. `time_zone` applies to cron fields; `jitter` is the maximum delay.
    pub fn new(expression: &str, time_zone: TimeZone, jitter: SignedDuration) -> Result<Self, ScheduleError> {
        let expression = expression.trim();
        if expression.len() > MAX_EXPRESSION_BYTES {
            return Err(ScheduleError::TooLong(expression.len()));
        }
        let when = match expression.strip_prefix("every ") {
            Some(interval) => When::Every(parse_interval(interval)?),
            None => When::Cron(Box::new(parse_cron(expression)?)),
        };
        let max_jitter = match when {
            When::Every(interval) => interval,
            When::Cron(_) => MAX_INTERVAL,
        };
        if jitter.is_negative() || jitter > max_jitter {
            return Err(ScheduleError::Jitter);
        }
        let schedule = Self { expression: expression.to_owned(), when, time_zone, jitter };
        match schedule.next_after(Timestamp::UNIX_EPOCH, 0.0) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(schedule.expression)),
        }
    }

    /// The expression as given.
    pub fn expression(&self) -> &str {
        &self.expression
    }

    /// The time zone of its cron fields.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// The maximum delay.
    pub fn jitter(&self) -> SignedDuration {
        self.jitter
    }

    /// The first time after `now`; `None` if there is none before the year 5000. `jitter` (0 to 1) is the fraction of
    /// the maximum delay to add.
    pub fn next_after(&self, now: Timestamp, jitter: f64) -> Option<Timestamp> {
        let jitter = if jitter.is_nan() { 0.0 } else { jitter.clamp(0.0, 1.0) };
        let delay = SignedDuration::from_secs(self.jitter.mul_f64(jitter).as_secs());
        let undelayed = now.checked_sub(delay).ok()?;
        let next = match &self.when {
            When::Every(interval) => {
                let interval = interval.as_secs();
                let next =
                    undelayed.as_second().div_euclid(interval).checked_add(1)?.checked_mul(interval)?;
                Timestamp::from_second(next).ok()?
            }
            When::Cron(cron) => {
                let from = undelayed.to_zoned(self.time_zone.clone());
                cron.find_next_occurrence(&from, false).ok()?.timestamp()
            }
        };
        next.checked_add(delay).ok()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)
    }
}

fn parse_cron(expression: &str) -> Result<Cron, ScheduleError> {
    let refused = |reason: String| ScheduleError::Cron { expression: expression.to_owned(), reason };
    // Nicknames such as @daily are cron too.
    if !expression.starts_with('@') && expression.split_whitespace().count() != 5 {
        return Err(refused("it does not have five fields".to_owned()));
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    parser.parse(expression).map_err(|error| refused(error.to_string()))
}

/// Parses `6h`, `1d 12h`, `90 m`.
fn parse_interval(text: &str) -> Result<SignedDuration, ScheduleError> {
    let refused = || ScheduleError::Interval(text.to_owned());
    let out_of_bounds = || ScheduleError::OutOfBounds(text.to_owned());
    let mut seconds: i64 = 0;
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
        if end == 0 {
            return Err(refused());
        }
        let number: i64 = rest[..end].parse().map_err(|_| out_of_bounds())?;
        rest = rest[end..].trim_start();
        let unit = match rest.chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            _ => return Err(refused()),
        };
        rest = rest[1..].trim_start();
        seconds =
            number.checked_mul(unit).and_then(|more| seconds.checked_add(more)).ok_or_else(out_of_bounds)?;
    }
    let interval = SignedDuration::from_secs(seconds);
    if text.trim().is_empty() {
        return Err(refused());
    }
    if interval < MIN_INTERVAL || interval > MAX_INTERVAL { Err(out_of_bounds()) } else { Ok(interval) }
}
