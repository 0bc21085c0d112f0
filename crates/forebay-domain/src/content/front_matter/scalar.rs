//! Text as a YAML scalar: without quotes if that means the same everywhere, otherwise quoted.

use std::fmt::Write as _;

/// Text as a value that every reader of YAML takes for this text.
pub(super) fn written_text(text: &str) -> String {
    if is_plain(text) && !has_other_type(text) { text.to_owned() } else { double_quoted(text) }
}

/// Whether the text means itself without quotes, in block and in flow style.
fn is_plain(text: &str) -> bool {
    let is_safe =
        |character: char| !character.is_control() && !is_special(character) && !",[]{}".contains(character);
    !text.is_empty()
        && text.trim() == text
        && text.chars().all(is_safe)
        && !text.starts_with(|first: char| "-?:,[]{}#&*!|>'\"%@`".contains(first) || first.is_whitespace())
            | is_negative_number(text)
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.starts_with("...")
}

fn is_negative_number(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
}

/// Whether some reader of YAML takes plain text for null, a boolean, a number or a time.
fn has_other_type(text: &str) -> bool {
    const WORDS: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    text == "~"
        || text.starts_with(|first: char| first.is_ascii_digit() || "+-.=<".contains(first))
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Characters that YAML reads as line breaks, or that need an escape.
fn is_special(character: char) -> bool {
    matches!(character, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether single quotes can hold the text.
pub(super) fn is_single_line(text: &str) -> bool {
    !text.chars().any(|character| character.is_control() || is_special(character))
}

/// Text in single quotes; it must be a single line.
pub(super) fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Text in double quotes, with escapes.
pub(super) fn double_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if character.is_control() || is_special(character) => {
                // All of these are below U+10000. Writing to a string cannot fail.
                let _ = write!(quoted, "\\u{:04X}", u32::from(character));
            }
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}
