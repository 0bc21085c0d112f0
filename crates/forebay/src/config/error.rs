//! Errors of the configuration file: place, message, and what was probably meant.

use toml::de::Error;

use crate::failure::Failure;

/// Turns the parser's error into a failure with `file:line:column`, both counted from 1, the column in characters.
pub(super) fn located(error: &Error, text: &str, file: &str) -> Failure {
    // The parser explains some errors over several lines; the first one says it.
    let message = error.message().lines().next().unwrap_or_default();
    let place = error.span().map(|span| position(text, span.start));
    let place = place.map_or_else(|| file.to_owned(), |(line, column)| format!("{file}:{line}:{column}"));
    let failure = Failure::usage("config_invalid", format!("{place}: {message}"));
    match meant(message) {
        Some(name) => failure.hint(format!("did you mean `{name}`?")),
        None => failure,
    }
}

/// Line and column of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

/// The expected name nearest to an unknown one. The names are taken from serde's message, which quotes first the
/// unknown name and then those that are known.
fn meant(message: &str) -> Option<&str> {
    if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
        return None;
    }
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    let (distance, name) = names.map(|name| (distance(unknown, name), name)).min()?;
    // A third of the letters may differ: beyond that a suggestion is a guess.
    (distance * 3 <= unknown.chars().count().max(3)).then_some(name)
}

/// Edit distance with transposition of neighbours (optimal string alignment), without regard to case.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i];
        for j in 1..=right.len() {
            let change = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + change);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let ask =
            |unknown: &str| format!("unknown field `{unknown}`, expected one of `key`, `entity`, `volatile`");
        for (unknown, expected) in [
            ("kye", Some("key")),
            ("Entity", Some("entity")),
            ("volatiles", Some("volatile")),
            ("zebra", None),
        ] {
            assert_eq!(meant(&ask(unknown)), expected, "{unknown}");
        }
        assert_eq!(meant("invalid type: integer `1`, expected a string `key`"), None);
    }

    #[test]
    fn distances() {
        for (left, right, expected) in
            [("", "", 0), ("abc", "", 3), ("ab", "ba", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(left, right), expected);
        }
    }

    #[test]
    fn columns_count_characters() {
        assert_eq!(position("a\nü = x", 7), (2, 5));
        assert_eq!(position("abc", 99), (1, 4));
    }
}
