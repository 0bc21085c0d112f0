//! Text as a reader of the page sees it: whitespace collapsed to single spaces, none at the ends.

use std::borrow::Cow;

/// The text with its whitespace collapsed.
pub(super) fn collapsed(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let mut previous_is_space = false;
    let is_collapsed = text.chars().all(|c| {
        let is_fine = !c.is_whitespace() || (c == ' ' && !previous_is_space);
        previous_is_space = c == ' ';
        is_fine
    });
    if is_collapsed {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitespace_collapses() {
        for (text, collapsed_text) in [
            ("", ""),
            (" \n\t ", ""),
            ("a b", "a b"),
            (" a  b\n c\u{a0}d ", "a b c d"),
            ("a \u{2009} b", "a b"),
        ] {
            assert_eq!(collapsed(text), collapsed_text);
        }
    }
}
