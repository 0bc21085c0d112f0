//! From the parser's events to the flat lists of [`Markdown`].

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use unicode_segmentation::UnicodeSegmentation as _;

use super::{Block, CodeBlock, Heading, Item, Link, List, Markdown, Row, Section, nesting};
use crate::content::lines::Lines;

/// Scans `text` from the byte offset `from` on.
pub(super) fn scan(text: &str, from: usize) -> Markdown {
    let body = text.get(from..).unwrap_or_default();
    let from = text.len() - body.len();
    let mut scanner =
        Scanner { text, lines: Lines::new(text), found: Markdown::default(), ..Scanner::default() };
    let body = nesting::limited(body);
    let mut events =
        Parser::new_ext(&body, Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS).into_offset_iter();
    for (event, range) in events.by_ref() {
        scanner.event(event, from + range.start..from + range.end);
    }
    scanner.count_words();
    let definitions = events.reference_definitions().iter();
    let mut found = scanner.found;
    found.definitions = definitions.map(|(_, one)| from + one.span.start..from + one.span.end).collect();
    found.definitions.sort_by_key(|range| range.start);
    found.sections = sections(&found.headings, text.len());
    found
}

#[derive(Default)]
struct Scanner<'a> {
    text: &'a str,
    lines: Lines,
    found: Markdown,
    /// The indexes of the open lists.
    lists: Vec<usize>,
    /// Number of open quotes and list items.
    depth: u32,
    /// The prose of the current block, of which the words are counted at its end.
    prose: String,
    num_words: usize,
    /// Whether the text of events is code or HTML.
    is_raw: bool,
}

impl Scanner<'_> {
    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, &range),
            Event::Text(text) if !self.is_raw => self.prose.push_str(&text),
            Event::Code(text) => {
                self.prose.push_str(&text);
                self.found.code_spans.push(range);
            }
            Event::SoftBreak | Event::HardBreak => self.prose.push(' '),
            Event::InlineHtml(_) => {
                let block = self.block(range);
                self.found.html.push(block);
            }
            Event::TaskListMarker(is_checked) => {
                if let Some(item) = self.found.items.last_mut() {
                    item.is_checked = Some(is_checked);
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        if let Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } = &tag {
            let is_image = matches!(tag, Tag::Image { .. });
            let line = self.lines.line(range.start);
            self.found.links.push(Link { is_image, target: dest_url.to_string(), range, line });
            return;
        }
        if is_inline(tag.to_end()) {
            return;
        }
        self.count_words();
        let block = self.block(range);
        match tag {
            Tag::Paragraph => self.found.paragraphs.push(block),
            Tag::CodeBlock(kind) => {
                self.is_raw = true;
                let info = match kind {
                    CodeBlockKind::Fenced(info) => Some(info.trim().to_owned()),
                    CodeBlockKind::Indented => None,
                };
                self.found.code.push(CodeBlock { block, info });
            }
            Tag::HtmlBlock => {
                self.is_raw = true;
                self.found.html.push(block);
            }
            Tag::BlockQuote(_) => {
                self.found.quotes.push(block);
                self.depth += 1;
            }
            Tag::List(first) => {
                self.lists.push(self.found.lists.len());
                self.found.lists.push(List { block, is_ordered: first.is_some() });
            }
            Tag::Item => {
                let list = self.lists.last().copied().unwrap_or_default();
                self.found.items.push(Item { block, list, is_checked: None });
                self.depth += 1;
            }
            Tag::Table(_) => self.found.tables.push(block),
            Tag::TableHead | Tag::TableRow => {
                let num_cells = self.found.cells.len();
                self.found.rows.push(Row {
                    table: self.found.tables.len().saturating_sub(1),
                    is_header: matches!(tag, Tag::TableHead),
                    cells: num_cells..num_cells,
                    line: block.line,
                });
            }
            Tag::TableCell => {
                self.found.cells.push(trimmed(self.text, block.range));
                if let Some(row) = self.found.rows.last_mut() {
                    row.cells.end = self.found.cells.len();
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Heading(level) if self.depth == 0 => {
                let block = self.block(range.clone());
                let text = self.prose.split_whitespace().collect::<Vec<_>>().join(" ");
                let (range, line) = (block.range, block.line);
                self.found.headings.push(Heading { level: level as u8, text, range, line });
            }
            TagEnd::BlockQuote(_) | TagEnd::Item => self.depth -= 1,
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::CodeBlock | TagEnd::HtmlBlock => self.is_raw = false,
            _ => {}
        }
        if !is_inline(tag) {
            self.count_words();
        }
    }

    fn block(&self, range: Range<usize>) -> Block {
        // The parser counts tabs as columns, so a range may begin inside a character.
        let start = self.text.floor_char_boundary(range.start);
        let end = self.text.ceil_char_boundary(range.end).max(start);
        let end = start + self.text[start..end].trim_end().len();
        Block { line: self.lines.line(start), range: start..end, depth: self.depth }
    }

    fn count_words(&mut self) {
        self.num_words += self.prose.unicode_words().count();
        self.prose.clear();
        self.found.word_count = u32::try_from(self.num_words).unwrap_or(u32::MAX);
    }
}

/// Whether text before and after the tag may be one word.
fn is_inline(tag: TagEnd) -> bool {
    matches!(tag, TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image)
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let cell = &text[range.clone()];
    let start = range.start + (cell.len() - cell.trim_start().len());
    start..start + cell.trim().len()
}

/// The sections under headings that are in the order of the text, which has `end` bytes.
fn sections(headings: &[Heading], end: usize) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::with_capacity(headings.len());
    let mut open: Vec<usize> = Vec::new();
    for (index, heading) in headings.iter().enumerate() {
        while let Some(last) = open.pop_if(|last| headings[*last].level >= heading.level) {
            sections[last].body.end = heading.range.start;
        }
        if let Some(before) = sections.last_mut() {
            before.lead.end = heading.range.start;
        }
        let body = heading.range.end..end;
        sections.push(Section { parent: open.last().copied(), lead: body.clone(), body });
        open.push(index);
    }
    sections
}
