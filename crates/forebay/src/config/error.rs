//! Errors in the configuration file: place, message, and a suggestion for a misspelt name.

use toml::de::{DeTable, DeValue, Error};

use crate::{
    failure::Failure,
    names::{nearest, slip},
};

/// The code of most invalid settings.
const INVALID: &str = "config_invalid";

/// An invalid setting in a file that parses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// The path of tables and keys to it. The error points to the deepest one that exists in the file.
    pub(super) path: Vec<String>,
    /// The problem, in one sentence.
    pub(super) message: String,
    /// What to do, unless the message already says it.
    pub(super) hint: Option<String>,
    /// The stable code.
    pub(super) code: &'static str,
}

impl Problem {
    pub(super) fn at<S: Into<String>>(path: impl IntoIterator<Item = S>, message: impl Into<String>) -> Self {
        let path = path.into_iter().map(Into::into).collect();
        Self { path, message: message.into(), hint: None, code: INVALID }
    }

    /// Gives it a code of its own.
    pub(super) fn coded(self, code: &'static str) -> Self {
        Self { code, ..self }
    }

    /// Adds the closest name among `known` as a suggestion.
    pub(super) fn meant<'a>(self, unknown: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let hint = nearest(unknown, known).map(|name| format!("did you mean `{name}`?"));
        Self { hint: hint.or(self.hint), ..self }
    }

    /// Adds a known name that differs only by a slip: the name may be one that only the database knows.
    pub(super) fn slip<'a>(self, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let hint = slip(name, known).map(|name| format!("did you mean `{name}`?"));
        Self { hint: hint.or(self.hint), ..self }
    }

    /// The failure, with its place in the file.
    pub(super) fn located(self, text: &str, file: &str) -> Failure {
        let place = place(text, &self.path).map(|offset| position(text, offset));
        let failure = failure(self.code, file, place, &self.message);
        match self.hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// The byte offset of the deepest part of a path that is in the text.
fn place(text: &str, path: &[String]) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut found = None;
    let mut table = Some(document.get_ref());
    let mut value: Option<&DeValue<'_>> = None;
    for step in path {
        if let Some((key, below)) =
            table.and_then(|table| table.iter().find(|(key, _)| key.get_ref() == step))
        {
            found = Some(key.span().start);
            value = Some(below.get_ref());
        } else {
            let Some(item) = step.parse().ok().and_then(|index: usize| value?.as_array()?.get(index)) else {
                break;
            };
            found = Some(item.span().start);
            value = Some(item.get_ref());
        }
        table = value.and_then(DeValue::as_table);
    }
    found
}

fn failure(code: &'static str, file: &str, place: Option<(usize, usize)>, message: &str) -> Failure {
    let place = place.map_or_else(|| file.to_owned(), |(line, column)| format!("{file}:{line}:{column}"));
    Failure::usage(code, format!("{place}: {message}")).place(place)
}

/// Turns the parser's error into a failure with `file:line:column`, both counted from 1, the column in characters.
pub(super) fn located(error: &Error, text: &str, file: &str) -> Failure {
    // The parser explains some errors in several lines; the first is enough.
    let message = error.message().lines().next().unwrap_or_default();
    let place = error.span().map(|span| position(text, span.start));
    match meant(message) {
        // The list of all names would hide the one that was meant.
        Some(name) => {
            let unknown = message.split_once(", expected").map_or(message, |(unknown, _list)| unknown);
            failure(INVALID, file, place, unknown).hint(format!("did you mean `{name}`?"))
        }
        None => failure(INVALID, file, place, message),
    }
}

/// Line and column of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before[start..].chars().count() + 1)
}

/// The expected name closest to an unknown one. serde's message quotes the unknown name first, then the known ones.
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
