//! Text as a browser shows it: whitespace collapsed to single spaces, and trimmed.

use std::borrow::Cow;

/// Collapses and trims the whitespace of a text.
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
