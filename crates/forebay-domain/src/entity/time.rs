//! Dates and times as text (RFC 3339), with what sites write: a space instead of `T`, no seconds, no offset.

/// Whether a text is a day, such as `2026-01-31`.
pub(super) fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let [Some(year), Some(month), Some(day), None] = [(); 4].map(|()| parts.next()) else { return false };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    year >= 1 && (1..=days).contains(&day)
}

/// Whether a text is a point in time: a day alone, or with a time and at most an offset.
pub(super) fn is_timestamp(text: &str) -> bool {
    let Some((date, time)) = text.split_at_checked(10) else { return false };
    if !is_date(date) {
        return false;
    }
    time.is_empty() || time.strip_prefix(['T', 't', ' ']).is_some_and(is_time)
}

/// `HH:MM`, then at most seconds with a fraction of nine digits, then at most an offset.
fn is_time(text: &str) -> bool {
    let Some((clock, mut rest)) = text.split_at_checked(5) else { return false };
    let Some((hour, minute)) = clock.split_once(':') else { return false };
    if !is_below(hour, 24) || !is_below(minute, 60) {
        return false;
    }
    if let Some(after) = rest.strip_prefix(':') {
        let Some((seconds, after)) = after.split_at_checked(2) else { return false };
        if !is_below(seconds, 60) {
            return false;
        }
        rest = after;
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(after.len());
            if !(1..=9).contains(&end) {
                return false;
            }
            rest = &after[end..];
        }
    }
    rest.is_empty() || is_offset(rest.strip_prefix(' ').unwrap_or(rest))
}

/// `Z`, `+HH`, `+HHMM` or `+HH:MM`, with less than 16 hours, as Postgres has it.
fn is_offset(text: &str) -> bool {
    if text.eq_ignore_ascii_case("z") {
        return true;
    }
    let Some(digits) = text.strip_prefix(['+', '-']) else { return false };
    let Some((hours, rest)) = digits.split_at_checked(2) else { return false };
    is_below(hours, 16) && (rest.is_empty() || is_below(rest.strip_prefix(':').unwrap_or(rest), 60))
}

fn is_below(text: &str, limit: u32) -> bool {
    number(text, 2).is_some_and(|number| number < limit)
}

/// A number of exactly so many digits.
fn number(text: &str, num_digits: usize) -> Option<u32> {
    let is_number = text.len() == num_digits && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
