//! The structure of a Markdown text: headings, sections, blocks and links, each with its place.
//!
//! Standard Markdown (commonmark.org) with tables and task lists, parsed by `pulldown-cmark`. Footnotes and definition
//! lists stay off: lessons don't need them, and the parser is not linear on hostile footnotes. Nesting is limited to
//! 100 quotes and lists. All offsets and lines count from the start of the whole text, front matter included. The
//! result is flat: one list for each kind, in the order of the text.

mod nesting;
mod scan;
#[cfg(test)]
mod tests;

use std::ops::Range;

/// The longest text to scan, in bytes. The parser needs up to about 100 bytes of memory for each byte of hostile text,
/// so refuse longer files first (`file_text::decode`).
pub const MAX_BYTES: usize = 1 << 20;

/// What a Markdown text consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Markdown {
    /// Headings outside quotes and lists.
    pub headings: Vec<Heading>,
    /// The section of each heading, in the same order.
    pub sections: Vec<Section>,
    /// Paragraphs. The items of a tight list are none.
    pub paragraphs: Vec<Block>,
    /// Fenced and indented code.
    pub code: Vec<CodeBlock>,
    /// Block quotes.
    pub quotes: Vec<Block>,
    /// Lists, outer ones before the lists inside them.
    pub lists: Vec<List>,
    /// The items of all lists.
    pub items: Vec<Item>,
    /// Tables.
    pub tables: Vec<Block>,
    /// The rows of all tables, headers included.
    pub rows: Vec<Row>,
    /// The cells of all rows, without surrounding whitespace.
    pub cells: Vec<Range<usize>>,
    /// Links, autolinks and images.
    pub links: Vec<Link>,
    /// Inline code, with its backticks.
    pub code_spans: Vec<Range<usize>>,
    /// HTML blocks and inline tags, comments included.
    pub html: Vec<Block>,
    /// Definitions of reference links (`[label]: target`).
    pub definitions: Vec<Range<usize>>,
    /// The number of words (Unicode Standard Annex #29) in text and inline code; code blocks, HTML and link targets
    /// don't count.
    pub word_count: u32,
}

/// A part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its bytes, without trailing whitespace.
    pub range: Range<usize>,
    /// Its 1-based first line.
    pub line: u32,
    /// The number of quotes and list items around it.
    pub depth: u32,
}

/// A heading, either `## Text` or underlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its text without markup, on one line.
    pub text: String,
    /// Its bytes, including the marks.
    pub range: Range<usize>,
    /// Its 1-based line.
    pub line: u32,
}

/// The text under a heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The index of the section around it.
    pub parent: Option<usize>,
    /// From the end of the heading to the next heading of the same or a higher level.
    pub body: Range<usize>,
    /// The part of the body before the first heading in it.
    pub lead: Range<usize>,
}

/// A code block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeBlock {
    /// Its place, including the fences.
    pub block: Block,
    /// The text after the opening fence (`mermaid`); None for indented code.
    pub info: Option<String>,
}

/// A list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its place.
    pub block: Block,
    /// Whether its items are numbered.
    pub is_ordered: bool,
}

/// An item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its place, including its marker and the lists inside it.
    pub block: Block,
    /// The index of its list.
    pub list: usize,
    /// Whether it is checked; None if it is not a task.
    pub is_checked: Option<bool>,
}

/// A row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The index of its table.
    pub table: usize,
    /// Whether it is the header.
    pub is_header: bool,
    /// The indexes of its cells.
    pub cells: Range<usize>,
    /// Its 1-based line.
    pub line: u32,
}

/// A link or an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whether it is an image.
    pub is_image: bool,
    /// The target, with escapes and entities resolved.
    pub target: String,
    /// Its bytes, including its text.
    pub range: Range<usize>,
    /// Its 1-based line.
    pub line: u32,
}

impl Markdown {
    /// Scans `text` from the byte offset `from` on: 0, or where the front matter ends.
    pub fn scan(text: &str, from: usize) -> Self {
        scan::scan(text, from)
    }

    /// Whether an offset is in a code block or inline code.
    pub fn is_code(&self, offset: usize) -> bool {
        holds(&self.code, |code| &code.block.range, offset) || holds(&self.code_spans, |span| span, offset)
    }

    /// Whether an offset is in a link, an image or the definition of a reference link.
    pub fn is_link(&self, offset: usize) -> bool {
        holds(&self.links, |link| &link.range, offset)
            || holds(&self.definitions, |definition| definition, offset)
    }

    /// Whether an offset is in an HTML comment of the scanned `text`.
    pub fn is_comment(&self, text: &str, offset: usize) -> bool {
        let last = last_from(&self.html, |html| &html.range, offset);
        last.is_some_and(|html| html.range.contains(&offset) && text[html.range.clone()].starts_with("<!--"))
    }
}

/// The last of these parts, which are in the order of the text, that begins at or before an offset.
fn last_from<T>(all: &[T], range: impl Fn(&T) -> &Range<usize>, offset: usize) -> Option<&T> {
    let num_before = all.partition_point(|one| range(one).start <= offset);
    all[..num_before].last()
}

/// Whether one of these parts, which are in order and don't overlap, contains an offset.
fn holds<T>(all: &[T], range: impl Fn(&T) -> &Range<usize>, offset: usize) -> bool {
    last_from(all, &range, offset).is_some_and(|last| range(last).contains(&offset))
}
