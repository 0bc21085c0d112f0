//! Errors of the configuration file: place, message, and what was probably meant.

use toml::de::Error;

use crate::{failure::Failure, names::nearest};

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
    nearest(unknown, names)
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
    fn columns_count_characters() {
        assert_eq!(position("a\nü = x", 7), (2, 5));
        assert_eq!(position("abc", 99), (1, 4));
    }
}
