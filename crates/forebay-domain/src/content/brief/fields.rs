//! Labels with values: `- **Label:** value`, the same without a list, and rows of tables with two columns.

use std::ops::Range;

use super::{BriefField, BriefSectionKind};
use crate::content::{lines::Lines, markdown::Markdown};

/// A longer value is cut. Nested items are part of the value of each item around them.
const MAX_VALUE_BYTES: usize = 4000;

/// Finds the fields of a brief, in the order of the text.
pub(super) fn find(
    text: &str,
    markdown: &Markdown,
    sections: &[(BriefSectionKind, Range<usize>)],
) -> Vec<BriefField> {
    let lines = Lines::new(text);
    let mut found: Vec<(usize, &str, &str)> = labelled_lines(text, markdown);
    found.extend(table_rows(text, markdown));
    found.sort_by_key(|(at, ..)| *at);
    let fields = found.into_iter().map(|(at, label, value)| BriefField {
        section: sections.iter().find(|(_, range)| range.contains(&at)).map(|(kind, _)| *kind),
        label: label
            .trim_matches(|character: char| character.is_whitespace() || "*:_".contains(character))
            .to_owned(),
        value: value[..value.floor_char_boundary(MAX_VALUE_BYTES)].to_owned(),
        line: lines.line(at),
    });
    fields.filter(|field| !field.label.is_empty()).collect()
}

/// Offset, label and value of each line that begins with a bold label. A label without a value on its line has the
/// lines, the nested list or the next block below it as value, up to the next label.
fn labelled_lines<'a>(text: &'a str, markdown: &Markdown) -> Vec<(usize, &'a str, &'a str)> {
    let items = markdown.items.iter().map(|item| &item.block.range);
    let paragraphs = markdown.paragraphs.iter().map(|paragraph| &paragraph.range);
    let mut blocks: Vec<&Range<usize>> = items.chain(paragraphs).collect();
    blocks.sort_by_key(|block| block.start);
    // Nested items are blocks of their own.
    let next_starts = blocks.iter().map(|block| block.start).skip(1).chain([text.len()]);
    let mut found = Vec::new();
    for (block, next) in blocks.iter().zip(next_starts) {
        let own = block.start..block.end.min(next);
        let mut open: Option<(usize, &str, usize)> = None;
        let mut at = own.start;
        for line in text[own.clone()].split_inclusive('\n') {
            let start = at;
            at += line.len();
            let Some((label, value)) = labelled(without_marker(line)) else { continue };
            if let Some((label_start, label, value_start)) = open.take() {
                found.push((label_start, label, text[value_start..start].trim()));
            }
            if value.is_empty() {
                open = Some((start, label, at));
            } else {
                found.push((start, label, value));
            }
        }
        if let Some((label_start, label, value_start)) = open {
            let value = text[value_start..own.end.max(value_start)].trim();
            let value = if value.is_empty() { value_below(text, block, own.end, markdown) } else { value };
            found.push((label_start, label, value.trim()));
        }
    }
    found
}

/// What follows a label at the end of its block: the rest of the item, or the list, quote, table or code that follows a
/// paragraph.
fn value_below<'a>(text: &'a str, block: &Range<usize>, from: usize, markdown: &Markdown) -> &'a str {
    if from < block.end {
        return &text[from..block.end];
    }
    let next = text.len() - text[block.end..].trim_start().len();
    let lists = block_at(&markdown.lists, |list| &list.block.range, block.end, next);
    let quotes = block_at(&markdown.quotes, |quote| &quote.range, block.end, next);
    let tables = block_at(&markdown.tables, |table| &table.range, block.end, next);
    let code = block_at(&markdown.code, |code| &code.block.range, block.end, next);
    lists.or(quotes).or(tables).or(code).map_or("", |range| &text[range.clone()])
}

/// The range that begins after `from` and contains `next`, among ranges in the order of the text.
fn block_at<T>(
    all: &[T],
    range: impl Fn(&T) -> &Range<usize>,
    from: usize,
    next: usize,
) -> Option<&Range<usize>> {
    let first = all.get(all.partition_point(|one| range(one).start < from)).map(range)?;
    first.contains(&next).then_some(first)
}

/// Offset, label and value of the rows of tables with two columns.
fn table_rows<'a>(text: &'a str, markdown: &Markdown) -> Vec<(usize, &'a str, &'a str)> {
    let rows = markdown.rows.iter().filter(|row| !row.is_header);
    rows.filter_map(|row| match &markdown.cells[row.cells.clone()] {
        [label, value] => Some((label.start, &text[label.clone()], &text[value.clone()])),
        _ => None,
    })
    .collect()
}

/// A line without the marker of a list item, including that of a task.
fn without_marker(line: &str) -> &str {
    let line = line.trim();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let rest =
        if digits > 0 { line[digits..].strip_prefix(['.', ')']) } else { line.strip_prefix(['-', '+', '*']) };
    let rest = rest.filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(line).trim_start();
    ["[ ] ", "[x] ", "[X] "].iter().find_map(|task| rest.strip_prefix(task)).unwrap_or(rest)
}

/// Label and value of `**Label:** value` or `**Label**: value`.
fn labelled(line: &str) -> Option<(&str, &str)> {
    let (label, rest) = line.strip_prefix("**")?.split_once("**")?;
    let value = if label.trim_end().ends_with(':') { rest } else { rest.trim_start().strip_prefix(':')? };
    Some((label, value.trim()))
}
