//! Times on the command line that may be given as a span: `--since 2h`, `--until 3d`.

use forebay_engine::clock;
use jiff::{Span, Timestamp, Zoned, tz::TimeZone};

use super::values;

/// A time, or a span that ends now.
pub(crate) fn past(text: &str) -> Result<Timestamp, String> {
    moment(text, Zoned::checked_sub)
}

/// A time, or a span that begins now.
pub(crate) fn future(text: &str) -> Result<Timestamp, String> {
    moment(text, Zoned::checked_add)
}

fn moment(
    text: &str,
    apply: impl Fn(&Zoned, Span) -> Result<Zoned, jiff::Error>,
) -> Result<Timestamp, String> {
    if let Ok(time) = values::time(text) {
        return Ok(time);
    }
    let expected = || "expected a time such as 2026-03-01T12:00:00Z, or a span such as 2h or 3d".to_owned();
    let span: Span = text.parse().map_err(|_| expected())?;
    if span.is_negative() || span.is_zero() {
        return Err(expected());
    }
    let now = clock::now().to_zoned(TimeZone::UTC);
    apply(&now, span).map(|time| time.timestamp()).map_err(|_| "the span is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_counted_from_now() {
        let now = clock::now();
        for (text, seconds) in [("2h", 7200), ("3d", 259_200), ("1h 30m", 5400), ("PT2H", 7200)] {
            let (before, after) = (past(text).unwrap(), future(text).unwrap());
            let length = after.duration_since(before).as_secs();
            assert!((2 * seconds..2 * seconds + 60).contains(&length), "{text}: {length}");
            assert!(before < now && now < after, "{text}");
        }
        assert_eq!(past("2026-03-01"), Ok("2026-03-01T00:00:00Z".parse().unwrap()));
        for text in ["", "soon", "-2h", "0s", "2"] {
            assert!(past(text).is_err(), "{text}");
        }
    }
}
