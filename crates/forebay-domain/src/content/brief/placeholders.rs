//! Places that were not filled in: `[...]`, `{{...}}`, `<...>`, TODO, TBD and XXX.
//!
//! Links, tasks, footnotes, code, comments and HTML are not placeholders.

use crate::content::{Problem, ProblemCode, lines::Lines, markdown::Markdown};

/// At most this many are reported for a file.
const MAX_REPORTED: usize = 100;
/// A longer text in brackets is no placeholder.
const MAX_CHARS: usize = 200;
/// The elements of HTML that Markdown files contain.
const HTML: [&str; 64] = [
    "a",
    "abbr",
    "article",
    "aside",
    "audio",
    "b",
    "blockquote",
    "br",
    "button",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "embed",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "iframe",
    "img",
    "input",
    "ins",
    "kbd",
    "li",
    "link",
    "main",
    "mark",
    "meta",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "section",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "svg",
    "table",
    "tbody",
    "td",
    "u",
    "ul",
    "video",
];
/// Those of tables that are too rare for the list above.
const HTML_TABLE: [&str; 5] = ["tfoot", "th", "thead", "tr", "source"];

/// Finds the placeholders from the offset `from` on, as warnings.
pub(super) fn find(path: &str, text: &str, markdown: &Markdown, from: usize) -> Vec<Problem> {
    let lines = Lines::new(text);
    let mut found = Vec::new();
    let mut at = from;
    while let Some(next) = text[at..].find(['[', '{', '<', 'T', 'X']) {
        at += next;
        let length = if is_prose(text, markdown, at) { length_at(text, at) } else { 0 };
        if length == 0 {
            at += 1;
            continue;
        }
        if found.len() == MAX_REPORTED {
            let message = format!("there are more than {MAX_REPORTED} placeholders");
            found.push(Problem::warning(ProblemCode::Placeholder, path, message).at(lines.line(at)));
            break;
        }
        let message = format!("{} is not filled in", &text[at..at + length]);
        found.push(Problem::warning(ProblemCode::Placeholder, path, message).at(lines.line(at)));
        at += length;
    }
    found
}

/// Whether an offset is outside code, comments, links and definitions.
fn is_prose(text: &str, markdown: &Markdown, at: usize) -> bool {
    !markdown.is_code(at) && !markdown.is_link(at) && !markdown.is_comment(text, at)
}

/// The length in bytes of the placeholder that begins at this offset; 0 if there is none.
fn length_at(text: &str, at: usize) -> usize {
    let (before, rest) = (&text[..at], &text[at..]);
    let length = match rest.as_bytes()[0] {
        b'[' => bracketed(before, rest),
        b'{' => enclosed(rest, "{{", "}}").map(|inside| inside.len() + 4),
        b'<' => angled(before, rest),
        _ => word(before, rest),
    };
    length.unwrap_or(0)
}

fn bracketed(before: &str, rest: &str) -> Option<usize> {
    let inside = enclosed(rest, "[", "]")?;
    let after = &rest[inside.len() + 2..];
    let is_link = after.starts_with(['(', '[']) || (after.starts_with(':') && is_line_start(before));
    let is_task_or_note = inside.starts_with('^') || matches!(inside.trim(), "x" | "X");
    let is_number = inside.chars().all(|one| one.is_ascii_digit() || one == ',' || one == ' ');
    let is_escaped = before.ends_with(['\\', '!', '[']);
    (!is_link && !is_task_or_note && !is_number && !is_escaped).then_some(inside.len() + 2)
}

fn angled(before: &str, rest: &str) -> Option<usize> {
    let inside = enclosed(rest, "<", ">")?;
    let name_end = inside.find(|one: char| !one.is_ascii_alphanumeric()).unwrap_or(inside.len());
    let name = inside[..name_end].to_ascii_lowercase();
    let is_html = HTML.contains(&name.as_str()) || HTML_TABLE.contains(&name.as_str());
    let is_text = inside.starts_with(char::is_alphabetic) && !inside.contains(['=', '@']);
    (is_text && !is_html && !before.ends_with(|one: char| one.is_alphanumeric() || one == '\\'))
        .then_some(inside.len() + 2)
}

/// TODO, TBD or XXX in capitals. `TODO` is a Portuguese and Spanish word too, so it doesn't count in a line in
/// capitals.
fn word(before: &str, rest: &str) -> Option<usize> {
    let word = ["TODO", "TBD", "XXX"].into_iter().find(|word| rest.starts_with(word))?;
    let after = &rest[word.len()..];
    let is_inside = |one: char| one.is_alphanumeric() || one == '_';
    let next: String = after.trim_start_matches(' ').chars().take_while(|one| one.is_alphabetic()).collect();
    let is_in_capitals = word == "TODO" && !next.is_empty() && next.chars().all(char::is_uppercase);
    (!before.ends_with(is_inside) && !after.starts_with(is_inside) && !is_in_capitals).then_some(word.len())
}

/// The text between `open` and the first `close`, if it is on one line, short, and not blank.
fn enclosed<'a>(rest: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let inside = rest.strip_prefix(open)?;
    for (end, character) in inside.char_indices().take(MAX_CHARS) {
        if inside[end..].starts_with(close) {
            return Some(&inside[..end]).filter(|inside| !inside.trim().is_empty());
        }
        if "\n\r[<{".contains(character) {
            break;
        }
    }
    None
}

fn is_line_start(before: &str) -> bool {
    let before = before.trim_end_matches([' ', '\t']);
    before.is_empty() || before.ends_with(['\n', '\r'])
}
