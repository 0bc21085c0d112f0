//! The last safeguard against text from sites that would disguise what a terminal shows.
//!
//! Escapes, C1 controls and the controls of the bidirectional algorithm can hide, colour or reorder text. In text for
//! people they become U+FFFD; only this program's own colours pass. In JSON, [`escape_json`](super::escape_json)
//! escapes them, which keeps their value.

use std::borrow::Cow;

use super::{format::is_disguise, style::COLOURS};

/// Text for people.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_disguise) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let passes = !is_disguise(character) || (character == '\u{1b}' && is_colour(&text[at + 1..]));
        out.push(if passes { character } else { '\u{fffd}' });
    }
    Cow::Owned(out)
}

/// Whether an escape is followed by one of this program's colours.
fn is_colour(rest: &str) -> bool {
    let parameter = rest.strip_prefix('[').and_then(|rest| rest.split_once('m'));
    parameter.is_some_and(|(parameter, _)| COLOURS.contains(&parameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_colours_pass() {
        let shown = "\u{1b}[31mbad\u{1b}[0m one\n\ttwo";
        assert_eq!(clean(shown), shown);
        assert_eq!(clean("a\u{1b}[2Jb\u{1b}]0;t\u{7}"), "a\u{fffd}[2Jb\u{fffd}]0;t\u{fffd}");
        assert_eq!(
            clean("\u{9b}2J \u{202e}x\u{2066}\u{200f}\u{61c}\r"),
            "\u{fffd}2J \u{fffd}x\u{fffd}\u{fffd}\u{fffd}\u{fffd}"
        );
    }
}
