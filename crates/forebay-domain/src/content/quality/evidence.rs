//! Finds the text that shows each criterion.

use std::ops::Range;

use super::{
    criteria::Criterion,
    cues::{self, DIAGRAM_LANGUAGES},
    prose::{Prose, fold_heading, fold_phrase, heading_has, whole},
};
use crate::content::{lines::Lines, markdown::Markdown};

/// The longest quote, in characters.
pub const MAX_EVIDENCE_CHARS: usize = 200;

/// The text that shows a criterion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    /// On one line, at most [`MAX_EVIDENCE_CHARS`] characters.
    pub(super) quote: String,
    /// Its 1-based line.
    pub(super) line: u32,
}

/// The evidence of every criterion, in the order of [`Criterion::ALL`].
pub(super) fn find_all(text: &str, body: usize, markdown: &Markdown) -> Vec<Option<Evidence>> {
    let finder = Finder {
        text,
        markdown,
        lines: Lines::new(text),
        prose: Prose::new(text, body, markdown),
        headings: markdown.headings.iter().map(|heading| fold_heading(&heading.text)).collect(),
    };
    Criterion::ALL.into_iter().map(|criterion| finder.find(criterion)).collect()
}

struct Finder<'a> {
    text: &'a str,
    markdown: &'a Markdown,
    lines: Lines,
    prose: Prose<'a>,
    /// The folded headings.
    headings: Vec<String>,
}

impl Finder<'_> {
    fn find(&self, criterion: Criterion) -> Option<Evidence> {
        let cues = cues::of(criterion);
        let fold_all = |phrases: [&[&str]; 3]| -> Vec<String> {
            phrases.into_iter().flatten().map(|phrase| fold_phrase(phrase)).collect()
        };
        self.section(criterion, &fold_all(cues.headings))
            .or_else(|| self.phrase(criterion, &fold_all(cues.prose)))
            .or_else(|| if criterion == Criterion::AnalogyOrDiagram { self.diagram() } else { None })
    }

    /// The first section with one of the phrases in its heading that counts for the criterion.
    fn section(&self, criterion: Criterion, phrases: &[String]) -> Option<Evidence> {
        let has_phrase =
            |index: &usize| phrases.iter().any(|phrase| heading_has(&self.headings[*index], phrase));
        let mut found = (0..self.headings.len()).filter(has_phrase);
        found.find_map(|index| {
            let body = &self.markdown.sections[index].body;
            let first_word = self.prose.first_word(body)?;
            let counts = match criterion {
                Criterion::ReflectiveQuestion => self.prose.has_question(body),
                Criterion::StructuredReview => self.is_structured(index, body),
                _ => true,
            };
            let heading = &self.markdown.headings[index];
            let content = &self.text[first_word..self.prose.end_of_block(first_word).min(body.end)];
            counts.then(|| Evidence { quote: quote(&[&heading.text, ": ", content]), line: heading.line })
        })
    }

    /// Whether a section has two items, two subsections, or a table.
    fn is_structured(&self, index: usize, body: &Range<usize>) -> bool {
        let is_inside = |start: usize| body.contains(&start);
        let items = self.markdown.items.iter().filter(|item| is_inside(item.block.range.start));
        let subsections =
            self.markdown.headings[index + 1..].iter().filter(|heading| is_inside(heading.range.start));
        let mut tables = self.markdown.tables.iter().filter(|table| is_inside(table.range.start));
        items.take(2).count() == 2 || subsections.take(2).count() == 2 || tables.next().is_some()
    }

    /// The first sentence with one of the phrases.
    fn phrase(&self, criterion: Criterion, phrases: &[String]) -> Option<Evidence> {
        let counts = |offset: &usize| {
            criterion != Criterion::ReflectiveQuestion
                || self.prose.has_question(&(*offset..self.prose.end_of_block(*offset)))
        };
        let first = phrases.iter().filter_map(|phrase| self.prose.find(phrase).find(counts)).min()?;
        let start = self.prose.start_of_sentence(first);
        let end = self.prose.end_of_block(first);
        Some(Evidence { quote: quote(&[&self.text[start..end]]), line: self.lines.line(start) })
    }

    /// The first image, or the first line of the first code block that is drawn.
    fn diagram(&self) -> Option<Evidence> {
        let image = self.markdown.links.iter().find(|link| link.is_image);
        let image = image.map(|image| (whole(self.text, &image.range), image.line));
        let code = self.markdown.code.iter().find(|code| {
            let language = code.info.as_deref().unwrap_or_default().split([' ', ',', '{']).next();
            DIAGRAM_LANGUAGES
                .iter()
                .any(|known| language.is_some_and(|name| name.eq_ignore_ascii_case(known)))
        });
        let code = code.map(|code| {
            let range = code.block.range.clone();
            let end = self.text[range.clone()].find(['\n', '\r']).map_or(range.end, |end| range.start + end);
            (range.start..end, code.block.line)
        });
        let (range, line) = image.into_iter().chain(code).min_by_key(|(range, _)| range.start)?;
        Some(Evidence { quote: quote(&[&self.text[range]]), line })
    }
}

/// Joins pieces of the text, with single spaces between words, up to the limit.
fn quote(pieces: &[&str]) -> String {
    let mut quote = String::new();
    let mut num_chars = 0;
    let mut is_after_space = true;
    for character in pieces.iter().flat_map(|piece| piece.chars()) {
        let is_space = character.is_whitespace() || character.is_control();
        if is_space && is_after_space {
            continue;
        }
        if num_chars == MAX_EVIDENCE_CHARS {
            quote.pop();
            quote.push('…');
            return quote;
        }
        quote.push(if is_space { ' ' } else { character });
        num_chars += 1;
        is_after_space = is_space;
    }
    quote.truncate(quote.trim_end().len());
    quote
}
