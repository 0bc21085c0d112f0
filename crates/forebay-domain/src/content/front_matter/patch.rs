//! Changing one field of the front matter.

use std::ops::Range;

use super::{
    BOM, Document,
    scalar::{double_quoted, is_single_line, single_quoted, written_text},
    split,
};
use crate::content::{
    Problem, ProblemCode,
    lines::Lines,
    yaml::{self, Node, Value},
};

/// Sets a top-level field of the front matter to a text, and returns the new text of the file. The text gets quotes if
/// YAML would read it as another type or not at all. An absent field is added at the end, absent front matter at the
/// top.
///
/// Errors: those of [`split`] and [`yaml::parse`]; `wrong_type` if the front matter is not a mapping, or the field is a
/// list or a mapping; `invalid_value` if a field cannot be added.
pub fn patch(text: &str, path: &str, key: &str, value: &str) -> Result<String, Problem> {
    let document = split(text, path)?;
    let root = match &document.front {
        Some(front) => yaml::parse(text, front.clone(), path)?,
        None => None,
    };
    let eol = if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let (range, new) = match (&document.front, &root) {
        (None, _) => {
            let at = if document.has_bom { BOM.len() } else { 0 };
            (at..at, format!("---{eol}{}: {}{eol}---{eol}", written_text(key), written_text(value)))
        }
        (Some(front), None) => {
            (front.end..front.end, format!("{}: {}{eol}", written_text(key), written_text(value)))
        }
        (Some(front), Some(root)) => match root.pair(key) {
            Some((_, node)) => replacement(text, path, key, node, value)?,
            None => addition(text, path, front, root, key, value, eol)?,
        },
    };
    let patched = format!("{}{new}{}", &text[..range.start], &text[range.end..]);
    if reads_back(&patched, path, root.as_ref(), key, value) {
        Ok(patched)
    } else {
        let message = format!("the field {key:?} cannot be changed without rewriting the front matter");
        Err(Problem::error(ProblemCode::InvalidValue, path, message).at(Lines::new(text).line(range.start)))
    }
}

/// Whether the file has this value in this field, and the values that `before` has in all others.
fn reads_back(text: &str, path: &str, before: Option<&Node>, key: &str, value: &str) -> bool {
    let front = split(text, path).ok().and_then(|Document { front, .. }| front);
    let Some(after) = front.and_then(|front| yaml::parse(text, front, path).ok().flatten()) else {
        return false;
    };
    let others = |root: &Node| match &root.value {
        Value::Mapping(pairs) => {
            let others = pairs.iter().filter(|(name, _)| name.text() != Some(key)).cloned();
            Node { value: Value::Mapping(others.collect()), span: root.span.clone(), line: root.line }
        }
        Value::Scalar { .. } | Value::Sequence(_) => root.clone(),
    };
    let is_written = after.pair(key).is_some_and(|(_, node)| node.text() == Some(value));
    let empty = Node { value: Value::Mapping(Vec::new()), span: 0..0, line: 1 };
    is_written && others(&after).is_same(&others(before.unwrap_or(&empty)))
}

/// The bytes to replace, and what to write there, for a field that exists.
fn replacement(
    text: &str,
    path: &str,
    key: &str,
    node: &Node,
    value: &str,
) -> Result<(Range<usize>, String), Problem> {
    if node.text().is_none() {
        let message = format!("{key} is a list or a mapping, not a single value");
        return Err(Problem::error(ProblemCode::WrongType, path, message).at(node.line));
    }
    let old = &text[node.span.clone()];
    let new = match old.chars().next() {
        Some('\'') if is_single_line(value) => single_quoted(value),
        Some('"') => double_quoted(value),
        _ => written_text(value),
    };
    let is_after_colon = node.span.is_empty() && !text[..node.span.start].ends_with([' ', '\t']);
    Ok((node.span.clone(), if is_after_colon { format!(" {new}") } else { new }))
}

/// The place and the line of a field that is added at the end.
fn addition(
    text: &str,
    path: &str,
    front: &Range<usize>,
    root: &Node,
    key: &str,
    value: &str,
    eol: &str,
) -> Result<(Range<usize>, String), Problem> {
    let problem = |code, message| Err(Problem::error(code, path, message).at(root.line));
    let Value::Mapping(pairs) = &root.value else {
        return problem(ProblemCode::WrongType, "the front matter is not a mapping");
    };
    if text[root.span.clone()].starts_with('{') {
        return problem(ProblemCode::InvalidValue, "a field cannot be added to front matter in braces");
    }
    // The new field is indented like the first one.
    let first = pairs.first().map_or(front.start, |(key, _)| key.span.start);
    let line_start = text[..first].rfind('\n').map_or(0, |at| at + 1).max(front.start);
    let indent = &text[line_start..first];
    Ok((front.end..front.end, format!("{indent}{}: {}{eol}", written_text(key), written_text(value))))
}
