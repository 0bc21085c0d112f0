//! The structure of a text: sections under headings, and the blocks in them.
//!
//! It reads the part of Markdown that structures a text: ATX and setext headings, fenced code, list items, and
//! paragraphs between blank lines. Everything else is a paragraph.

use std::ops::Range;

use super::sizes::ChunkSizes;

/// A line longer than this, in bytes, is never a heading.
const MAX_HEADING_BYTES: usize = 300;
/// Maximum length of a heading path, in bytes; the outermost headings are dropped first.
const MAX_PATH_BYTES: usize = 1_000;

/// The text below one heading, up to the next.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// The headings above, outermost first.
    pub(super) heading: String,
    /// The blocks in order, including the heading's own line.
    pub(super) blocks: Vec<Block>,
}

/// A part of the text that belongs together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Byte range in the text.
    pub(super) range: Range<usize>,
    /// Whether to cut it between lines rather than sentences.
    pub(super) is_lines: bool,
}

/// A line and its position.
#[derive(Clone, Copy)]
struct Line<'a> {
    start: usize,
    /// Includes the line ending.
    end: usize,
    text: &'a str,
}

/// Reads the structure of a text.
pub(super) fn of(text: &str, sizes: ChunkSizes) -> Vec<Section> {
    let mut reader = SectionReader::default();
    let mut start = 0;
    let mut lines = text.split_inclusive('\n').map(|line| {
        let at = start;
        start += line.len();
        Line { start: at, end: start, text: line.trim_end() }
    });
    while let Some(line) = lines.next() {
        if let Some(fence) = fence_of(line.text) {
            reader.end_block();
            let mut end = line.end;
            for inner in lines.by_ref() {
                end = inner.end;
                if closes(fence, inner.text) {
                    break;
                }
            }
            reader.block(line.start..end, true);
        } else if let Some((level, title)) = atx(line.text, sizes) {
            reader.end_block();
            reader.heading(level, title, line.start..line.end);
        } else if let Some(level) = reader.underlined(line.text) {
            reader.setext(level, text, line.end);
        } else if line.text.is_empty() {
            reader.end_block();
        } else {
            if begins_item(line.text) {
                reader.end_block();
            }
            reader.line(line);
        }
    }
    reader.end_block();
    reader.end_section();
    reader.sections
}

/// The state while reading sections.
#[derive(Default)]
struct SectionReader {
    sections: Vec<Section>,
    section: Section,
    /// The open headings with their levels.
    path: Vec<(usize, String)>,
    /// The current block, and its number of lines.
    open: Option<(Block, usize)>,
    /// Whether the section contains more than headings.
    has_body: bool,
}

impl SectionReader {
    fn line(&mut self, line: Line<'_>) {
        let is_table = line.text.trim_start().starts_with('|');
        match &mut self.open {
            Some((block, num_lines)) => {
                block.range.end = line.end;
                block.is_lines |= is_table;
                *num_lines += 1;
            }
            None => self.open = Some((Block { range: line.start..line.end, is_lines: is_table }, 1)),
        }
    }

    fn end_block(&mut self) {
        if let Some((block, _)) = self.open.take() {
            self.block(block.range, block.is_lines);
        }
    }

    fn block(&mut self, range: Range<usize>, is_lines: bool) {
        self.section.blocks.push(Block { range, is_lines });
        self.has_body = true;
    }

    /// Ends the section and starts another. Adjacent headings share a section.
    fn heading(&mut self, level: usize, title: &str, range: Range<usize>) {
        if self.has_body {
            self.end_section();
        }
        self.path.retain(|(above, _)| *above < level);
        self.path.push((level, title.to_owned()));
        self.section.heading = path_text(&self.path);
        self.section.blocks.push(Block { range, is_lines: false });
    }

    /// The heading level, if this line underlines a single line before it.
    fn underlined(&self, line: &str) -> Option<usize> {
        let (block, num_lines) = self.open.as_ref()?;
        let is_title = *num_lines == 1 && !block.is_lines && block.range.len() <= MAX_HEADING_BYTES;
        let level = match line.as_bytes() {
            [b'=', b'=', b'=', ..] if line.bytes().all(|byte| byte == b'=') => 1,
            [b'-', b'-', b'-', ..] if line.bytes().all(|byte| byte == b'-') => 2,
            _ => return None,
        };
        is_title.then_some(level)
    }

    fn setext(&mut self, level: usize, text: &str, end: usize) {
        if let Some((block, _)) = self.open.take() {
            let title = text[block.range.clone()].trim();
            self.heading(level, title, block.range.start..end);
        }
    }

    fn end_section(&mut self) {
        if !self.section.blocks.is_empty() {
            self.sections.push(std::mem::take(&mut self.section));
        }
        self.has_body = false;
    }
}

fn path_text(path: &[(usize, String)]) -> String {
    let mut parts: Vec<&str> = path.iter().map(|(_, title)| title.as_str()).collect();
    while parts.len() > 1 && parts.iter().map(|part| part.len() + 3).sum::<usize>() > MAX_PATH_BYTES {
        parts.remove(0);
    }
    parts.join(" > ")
}

/// Level and title of `## Title ##`.
fn atx(line: &str, sizes: ChunkSizes) -> Option<(usize, &str)> {
    let line = indented_by_at_most_3(line)?;
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let rest = &line[level..];
    if !(1..=6).contains(&level)
        || !rest.starts_with([' ', '\t'])
        || line.len() > MAX_HEADING_BYTES.min(sizes.max())
    {
        return None;
    }
    let title = rest.trim();
    let closed = title.trim_end_matches('#');
    let title = if closed.ends_with([' ', '\t']) { closed.trim_end() } else { title };
    (!title.is_empty()).then_some((level, title))
}

/// The character and length of the fence that a line opens, if any.
fn fence_of(line: &str) -> Option<(u8, usize)> {
    let line = indented_by_at_most_3(line)?;
    let first = *line.as_bytes().first().filter(|byte| matches!(byte, b'`' | b'~'))?;
    let length = line.bytes().take_while(|byte| *byte == first).count();
    let is_inline = first == b'`' && line[length..].contains('`');
    (length >= 3 && !is_inline).then_some((first, length))
}

fn closes(fence: (u8, usize), line: &str) -> bool {
    let line = line.trim();
    line.len() >= fence.1 && line.bytes().all(|byte| byte == fence.0)
}

/// Whether a line starts a list item: `- `, `* `, `+ `, `1. ` or `1) `, at any depth.
fn begins_item(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after = match digits {
        0 => line.strip_prefix(['-', '*', '+']),
        1..=9 => line[digits..].strip_prefix(['.', ')']),
        _ => None,
    };
    after.is_some_and(|after| after.starts_with([' ', '\t']))
}

fn indented_by_at_most_3(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches(' ');
    (line.len() - rest.len() <= 3).then_some(rest)
}
