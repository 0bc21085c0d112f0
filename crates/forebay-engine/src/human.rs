//! Counts, durations and times for people. JSON output never uses these.

use std::{borrow::Cow, fmt::Write as _, time::Duration};

use forebay_store::pauses::UNTIL_RESUMED;
use jiff::{Timestamp, tz::TimeZone};

/// `12345` as `12,345`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 revision`, `12,345 revisions`. `what` is the singular.
pub fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A duration with the two units that matter: `850 µs`, `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 20 min`, `2 d 4 h`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match duration {
        d if d.is_zero() => "0 s".to_owned(),
        d if d < Duration::from_millis(1) => format!("{} µs", d.as_micros()),
        d if d < Duration::from_secs(1) => format!("{} ms", d.as_millis()),
        // 59.95 s and more would be rounded to 60.0 s.
        d if d < Duration::from_millis(59_950) => format!("{:.1} s", d.as_secs_f64()),
        d if d < Duration::from_hours(1) => {
            let seconds = d.as_secs_f64().round().min(3599.0);
            format!("{:.0} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0)
        }
        d if d < Duration::from_hours(24) => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A time in UTC, to the second: `2026-01-12 09:30:00 UTC`.
pub fn timestamp(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The end of a pause: `until 2026-01-12 09:30:00 UTC`, or `until it is resumed`.
pub fn pause_end(until: Timestamp) -> String {
    if until == UNTIL_RESUMED {
        "until it is resumed".to_owned()
    } else {
        format!("until {}", timestamp(until))
    }
}

/// A time in UTC, to the minute, for a column that says so: `2026-01-12 09:30`.
pub fn minute(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M").to_string()
}

/// A number of bytes: `850 B`, `12.3 KiB`, `4.0 MiB`.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if number < 1024 {
        return format!("{number} B");
    }
    let mut size = number as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 and more would be rounded to 1024.0.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// A share from 0 to 1 as `12.5 %`.
pub fn share(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A rate per second: `1,234/s`. Spans that are too short to measure give no rate.
pub fn rate(number: u64, span: Duration) -> String {
    let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    match number.saturating_mul(1000).checked_div(millis) {
        Some(per_second) => format!("{}/s", count(per_second)),
        None => "-".to_owned(),
    }
}

/// Whether a terminal would interpret a character instead of showing it: a control other than a line break or tab, or
/// one that changes the direction of text (Unicode Standard Annex 9).
pub fn is_disguise(c: char) -> bool {
    let is_bidi =
        matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    is_bidi || (c.is_control() && !matches!(c, '\n' | '\t'))
}

/// The text of a JSON document, with escapes for the characters that a terminal would interpret.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    if !json.chars().any(is_disguise) {
        return Cow::Borrowed(json);
    }
    let mut out = String::with_capacity(json.len() + 64);
    for character in json.chars() {
        if is_disguise(character) {
            // All of them are in the basic plane. Writing to a String never fails.
            let _ = write!(out, "\\u{:04x}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// External text on one line, without control characters that a terminal would interpret.
pub fn plain(text: &str) -> String {
    let is_space = |c: char| matches!(c, '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}');
    text.chars()
        .map(|c| match c {
            c if is_space(c) => ' ',
            c if is_disguise(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// `: title, room`, to append to a change of these fields; empty without fields.
pub fn field_names(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(": {}", plain(&names.join(", "))) }
}

/// The placeholder for a missing value.
pub fn none() -> String {
    "-".to_owned()
}

/// A source or entity type with its scope: `courses [semester=Spring 2026]`.
pub fn subject(name: &str, scope: &str) -> String {
    if scope.is_empty() { name.to_owned() } else { format!("{name} [{scope}]") }
}

/// A text as one word of a command line for a shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A word of a command to type: in quotes if a shell would read it otherwise.
pub fn shell_word(text: &str) -> Cow<'_, str> {
    let is_special = |c: char| !c.is_ascii_alphanumeric() && !"_-.,/:".contains(c);
    if text.is_empty() || text.contains(is_special) { Cow::Owned(quoted(text)) } else { Cow::Borrowed(text) }
}

/// The start of a text, at most `most` characters, with `…` where it was cut.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_three() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (12_345, "12,345"), (123_456, "123,456")]
        {
            assert_eq!(count(number), text);
        }
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn a_word_of_a_command_is_quoted_if_a_shell_would_read_it_otherwise() {
        for (text, word) in [
            ("courses", "courses"),
            ("code,/meta/id", "code,/meta/id"),
            ("my courses", "'my courses'"),
            ("it's $5", r"'it'\''s $5'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), word);
        }
    }

    #[test]
    fn durations_use_the_unit_that_fits() {
        for (millis, text) in [
            (12, "12 ms"),
            (3_400, "3.4 s"),
            (59_949, "59.9 s"),
            (59_960, "1 min 0 s"),
            (125_000, "2 min 5 s"),
            (3_599_900, "59 min 59 s"),
            (12_000_000, "3 h 20 min"),
            (187_200_000, "2 d 4 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(duration(Duration::ZERO), "0 s");
        assert_eq!(duration(Duration::from_micros(850)), "850 µs");
        assert!(duration(Duration::MAX).ends_with('h'));
    }

    #[test]
    fn sizes_use_the_unit_that_fits() {
        for (number, text) in
            [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (12_595, "12.3 KiB"), (1 << 20, "1.0 MiB")]
        {
            assert_eq!(bytes(number), text);
        }
        assert_eq!(bytes((1 << 20) - 1), "1.0 MiB");
        assert!(bytes(u64::MAX).ends_with(" TiB"));
    }

    #[test]
    fn times_are_utc() {
        let time = "2026-01-12T10:30:00.9+01:00".parse().unwrap();
        assert_eq!(timestamp(time), "2026-01-12 09:30:00 UTC");
        assert_eq!(minute(time), "2026-01-12 09:30");
    }

    #[test]
    fn shares_and_rates() {
        assert_eq!(share(0.125), "12.5 %");
        assert_eq!(rate(5_000, Duration::from_secs(2)), "2,500/s");
        assert_eq!(rate(5, Duration::ZERO), "-");
    }

    #[test]
    fn external_text_contains_no_control_characters() {
        assert_eq!(plain("a\r\n\tb\u{1b}[2Jc\u{7}"), "a   b\u{fffd}[2Jc\u{fffd}");
        assert_eq!(shortened("ünïcödé", 3), "ünï…");
        assert_eq!(shortened("abc", 3), "abc");
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({ "a\u{202e}": "\u{1b}[2J\u{9b}\u{7f}é\n\u{2028}" });
        let text = serde_json::to_string_pretty(&value).unwrap();
        let text = escape_json(&text);
        assert!(text.chars().all(|character| !is_disguise(character)), "{text:?}");
        assert!(text.contains("\\u202e") && text.contains('é'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
