//! Front matter: the YAML between `---` lines at the top of a Markdown file.
//!
//! [`split`] finds it, [`compose`] writes it for a text that has none, and [`patch`] changes one field. Everything else
//! keeps its bytes: comments, order, quotes, line endings and byte order mark. The result of a patch is parsed again
//! before it is returned.

mod compose;
mod patch;
mod scalar;
#[cfg(test)]
mod tests;

use std::ops::Range;

use super::{Problem, ProblemCode};

pub use compose::{Entry, compose};
pub use patch::patch;

/// The byte order mark that some editors write.
const BOM: &str = "\u{feff}";

/// The parts of a Markdown file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Whether the file begins with a byte order mark.
    pub has_bom: bool,
    /// The bytes of the YAML, without its fences; None if there is no front matter.
    pub front: Option<Range<usize>>,
    /// The bytes of the Markdown.
    pub body: Range<usize>,
    /// The 1-based line in which the Markdown begins.
    pub body_line: u32,
}

/// Finds the front matter of a file. Error: `front_matter_unclosed`.
pub fn split(text: &str, path: &str) -> Result<Document, Problem> {
    let has_bom = text.starts_with(BOM);
    let start = if has_bom { BOM.len() } else { 0 };
    let mut lines = text[start..].split_inclusive('\n');
    let opening = lines.next().unwrap_or_default();
    if !is_fence(opening) {
        return Ok(Document { has_bom, front: None, body: start..text.len(), body_line: 1 });
    }
    let front_start = start + opening.len();
    let mut at = front_start;
    for (line, number) in lines.zip(2_u32..) {
        let end = at + line.len();
        if is_fence(line) {
            let front = Some(front_start..at);
            return Ok(Document {
                has_bom,
                front,
                body: end..text.len(),
                body_line: number.saturating_add(1),
            });
        }
        at = end;
    }
    let message = "the front matter has no closing line with ---";
    Err(Problem::error(ProblemCode::FrontMatterUnclosed, path, message)
        .at(1)
        .hint("close it with a line ---, or write *** if the first line is a rule"))
}

fn is_fence(line: &str) -> bool {
    line.trim_end() == "---"
}
