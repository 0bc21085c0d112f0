//! How long a course, a module or a lesson takes, as people write it.

use super::fold::fold;

/// Reads a duration in minutes: `45`, `45min`, `45 minutos`, `1h30`, `1h 30min`, `1:30`, `2 horas`, `1.5 hours`,
/// `1,5 h`. None if it is none of these, such as a range.
pub(super) fn minutes(text: &str) -> Option<u32> {
    let text = text.trim().trim_start_matches(['~', '≈']).trim_start();
    if let Some((hours, minutes)) = text.split_once(':') {
        return total(whole(hours)?, whole(minutes).filter(|minutes| *minutes < 60)?);
    }
    let (first, rest) = number(text)?;
    let (unit, rest) = word(rest);
    let is_minutes = match unit.as_str() {
        "" | "m" | "min" | "mins" | "minute" | "minutes" | "minuto" | "minutos" => true,
        "h" | "hs" | "hr" | "hrs" | "hour" | "hours" | "hora" | "horas" => false,
        _ => return None,
    };
    if is_minutes {
        return rest.is_empty().then(|| rounded(first)).flatten();
    }
    if rest.is_empty() {
        return rounded(first * 60.0);
    }
    // After hours, the minutes need no unit: 1h30.
    let rest = ["e ", "y ", "and "].iter().find_map(|and| rest.strip_prefix(and)).unwrap_or(rest);
    let (minutes, rest) = number(rest)?;
    let (unit, rest) = word(rest);
    let is_minutes = unit.is_empty() || matches!(unit.as_str(), "m" | "min" | "mins" | "minutes" | "minutos");
    (is_minutes && rest.is_empty() && minutes < 60.0).then(|| rounded(first * 60.0 + minutes)).flatten()
}

/// A number of hours in minutes.
pub(super) fn minutes_of_hours(text: &str) -> Option<u32> {
    match number(text.trim())? {
        (hours, "") => rounded(hours * 60.0),
        _ => minutes(text),
    }
}

fn total(hours: u32, minutes: u32) -> Option<u32> {
    hours.checked_mul(60)?.checked_add(minutes)
}

fn whole(text: &str) -> Option<u32> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// A number at the beginning, and the text after it.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text.find(|one: char| !one.is_ascii_digit() && one != '.' && one != ',').unwrap_or(text.len());
    let number = text[..end].replace(',', ".").parse().ok()?;
    Some((number, text[end..].trim_start()))
}

/// A word at the beginning, folded, and the text after it.
fn word(text: &str) -> (String, &str) {
    let end = text.find(|one: char| !one.is_alphabetic()).unwrap_or(text.len());
    (fold(&text[..end]), text[end..].trim_start_matches('.').trim_start())
}

fn rounded(minutes: f64) -> Option<u32> {
    let minutes = minutes.round();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
    (0.0..=f64::from(u32::MAX)).contains(&minutes).then_some(minutes as u32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        for text in [
            "90",
            "90min",
            "90 min.",
            "90 minutos",
            "1h30",
            "1h 30min",
            "1 h 30 m",
            "1:30",
            "1.5 hours",
            "1,5 horas",
            "~90 minutes",
            "1 hora e 30 minutos",
            "1 Hour and 30 minutes",
        ] {
            assert_eq!(minutes(text), Some(90), "{text}");
        }
        assert_eq!(minutes("2 horas"), Some(120));
        assert_eq!(minutes("0"), Some(0));
        assert_eq!(minutes(" 45 "), Some(45));
        assert_eq!(minutes("1h05"), Some(65));
        assert_eq!(minutes("7.5"), Some(8));
        assert_eq!(minutes_of_hours("1.5"), Some(90));
        assert_eq!(minutes_of_hours("2h15"), Some(135));
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "soon",
            "10-15 min",
            "1h75",
            "1:75",
            "-5",
            "1.2.3",
            "45 days",
            "1h 30 x",
            "min",
            "99999999999",
            "5 min 3",
            "1:",
            ":30",
            "1h-5",
            "٤٥",
        ] {
            assert_eq!(minutes(text), None, "{text}");
        }
        assert_eq!(minutes_of_hours("many"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(hours in 0u32..1000, minute in 0u32..60) {
            let expected = Some(hours * 60 + minute);
            prop_assert_eq!(minutes(&format!("{hours}h{minute:02}")), expected);
            prop_assert_eq!(minutes(&format!("{hours}:{minute:02}")), expected);
            prop_assert_eq!(minutes(&format!("{}", hours * 60 + minute)), expected);
            prop_assert_eq!(minutes(&format!("{hours} hours {minute} minutes")), expected);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,12}") {
            minutes(&text);
            minutes_of_hours(&text);
        }
    }
}
