//! Names and strings in TypeScript.

use std::fmt::Write;

/// A string literal, in the quotes that need fewer escapes.
pub(super) fn quoted(text: &str) -> String {
    let (doubles, singles) = (text.matches('"').count(), text.matches('\'').count());
    let quote = if doubles > singles { '\'' } else { '"' };
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push(quote);
    for each in text.chars() {
        match each {
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\u{8}' => literal.push_str("\\b"),
            '\u{c}' => literal.push_str("\\f"),
            each if each == quote => {
                literal.push('\\');
                literal.push(each);
            }
            each if each < ' ' => {
                let _ = write!(literal, "\\u{:04x}", u32::from(each));
            }
            each => literal.push(each),
        }
    }
    literal.push(quote);
    literal
}

/// The key of a property: without quotes if it is an identifier.
pub(super) fn key(name: &str) -> String {
    let mut chars = name.chars();
    let is_start = |each: char| each.is_alphabetic() || each == '_' || each == '$';
    let is_identifier = chars.next().is_some_and(is_start)
        && chars.all(|each| each.is_alphanumeric() || each == '_' || each == '$');
    if is_identifier { name.to_owned() } else { quoted(name) }
}
