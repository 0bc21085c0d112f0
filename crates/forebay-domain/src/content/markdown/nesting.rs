//! A limit on how deeply quotes and lists nest.
//!
//! For each line, the parser walks through all open quotes and lists, so its time is the number of lines times the
//! depth. Markers beyond the limit are hidden from it, without changing the length of the text.

use std::borrow::Cow;

/// The deepest nesting that is parsed.
const MAX_DEPTH: usize = 100;

/// The text with the markers of deeper quotes and lists replaced by letters.
pub(super) fn limited(text: &str) -> Cow<'_, str> {
    let mut hidden = Vec::new();
    let mut deepest = 0;
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        deepest = deepest.max(depth_of(line, deepest, start, &mut hidden));
        start += line.len();
    }
    if hidden.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    for at in hidden {
        bytes[at] = b'x';
    }
    // The replaced bytes are ASCII characters, so the text stays valid.
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// An upper bound of the depth that a line reaches: the lists that its indentation continues, of at most `deepest` open
/// ones, and its own markers. Adds the offsets of the markers beyond the limit.
fn depth_of(line: &str, deepest: usize, start: usize, hidden: &mut Vec<usize>) -> usize {
    let bytes = line.as_bytes();
    let (mut at, mut columns, mut num_markers) = (0, 0, 0);
    while let Some(byte) = bytes.get(at) {
        let digits = bytes[at..].iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
        let marker = match byte {
            b' ' | b'\t' => {
                columns += if *byte == b' ' { 1 } else { 4 };
                at += 1;
                continue;
            }
            b'>' => at,
            b'-' | b'*' | b'+' if is_blank(bytes.get(at + 1)) => at,
            _ if digits > 0 && matches!(bytes.get(at + digits), Some(b'.' | b')')) => at + digits,
            _ => break,
        };
        num_markers += 1;
        // A list needs two columns of indentation to go on.
        if num_markers + deepest.min(columns / 2) > MAX_DEPTH {
            hidden.push(start + marker);
            num_markers -= 1;
        }
        at = marker + 1;
    }
    num_markers + deepest.min(columns / 2)
}

fn is_blank(byte: Option<&u8>) -> bool {
    byte.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_text_is_unchanged() {
        for text in [
            "",
            "a\n",
            "> > - 1. x\n",
            "- a\n  - b\n    - c\n",
            "- - - -\n",
            &format!("{}- x\n", " ".repeat(900)),
        ] {
            assert!(matches!(limited(text), Cow::Borrowed(_)), "{text}");
        }
        assert!(matches!(limited(&"> ".repeat(MAX_DEPTH)), Cow::Borrowed(_)));
    }

    #[test]
    fn markers_beyond_the_limit_are_hidden() {
        for marker in [">", "> ", "- ", "1. ", "23) "] {
            let text = marker.repeat(MAX_DEPTH + 2) + "é\n";
            let sign = marker.trim_end().char_indices().next_back().unwrap().0;
            let mut expected = text.clone().into_bytes();
            for over in [MAX_DEPTH, MAX_DEPTH + 1] {
                expected[over * marker.len() + sign] = b'x';
            }
            assert_eq!(limited(&text).as_bytes(), expected);
        }
    }

    #[test]
    fn lists_that_nest_line_by_line_are_limited_too() {
        let text: String = (0..200).flat_map(|depth| ["  ".repeat(depth), "- a\n".to_owned()]).collect();
        let limited = limited(&text);
        assert_eq!(limited.matches("- a").count(), MAX_DEPTH);
        assert_eq!(limited.matches("x a").count(), 200 - MAX_DEPTH);
    }
}
