//! The prose of a lesson, folded for searching phrases, with the way back to its source.
//!
//! Folding keeps letters and digits in lower case without diacritics, and one space between words. Code, HTML,
//! headings, images and the targets of links are left out. A phrase never reaches over the end of a block.

use std::{collections::BTreeSet, ops::Range};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::content::markdown::{Link, Markdown};

/// The words of a text.
#[derive(Debug, Default)]
pub(super) struct Prose<'a> {
    text: &'a str,
    /// ` word word ` for each block, with a line feed between blocks.
    folded: String,
    words: Vec<Word>,
    /// The offsets of question marks.
    questions: Vec<usize>,
    /// The offsets where blocks begin or end.
    breaks: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Word {
    /// Where it begins in the folded text.
    folded: usize,
    /// Where it begins in the source.
    source: usize,
}

/// Folds a phrase or a heading: ` word word `.
pub(super) fn fold_phrase(phrase: &str) -> String {
    let mut folded = String::from(" ");
    let mut is_in_word = false;
    for character in phrase.chars() {
        match (push_folded(&mut folded, character), is_in_word) {
            (true, _) => is_in_word = true,
            (false, true) if !is_combining_mark(character) => {
                folded.push(' ');
                is_in_word = false;
            }
            (false, _) => {}
        }
    }
    if is_in_word {
        folded.push(' ');
    }
    folded
}

/// Folds a heading: each part between colons and dashes without the number at its start, with a line feed before it.
pub(super) fn fold_heading(heading: &str) -> String {
    let mut folded = String::new();
    for part in heading.replace(" - ", ":").split([':', '–', '—', '|']) {
        let part = fold_phrase(part);
        let text = part.trim_start_matches(|character: char| character == ' ' || character.is_ascii_digit());
        // A number may also be the beginning of a word: `3D models`.
        let is_number = part[..part.len() - text.len()].ends_with(' ');
        folded.push_str("\n ");
        folded.push_str(if is_number { text } else { part.trim_start() });
    }
    folded
}

/// Whether a folded heading has a folded phrase: anywhere if it has several words, else at the start of a part.
pub(super) fn heading_has(heading: &str, phrase: &str) -> bool {
    let is_one_word = !phrase.trim().contains(' ');
    let mut found = heading.match_indices(phrase);
    found.any(|(at, _)| !is_one_word || heading[..at].ends_with('\n'))
}

impl<'a> Prose<'a> {
    /// Reads the prose of a text from the offset `body` on.
    pub(super) fn new(text: &'a str, body: usize, markdown: &Markdown) -> Self {
        let mut prose =
            Self { text, folded: String::from(" "), breaks: breaks(text, markdown), ..Self::default() };
        let mut at = body;
        for hidden in hidden(text, markdown) {
            if at < hidden.start {
                prose.read(at..hidden.start);
            }
            at = at.max(hidden.end);
        }
        if at < text.len() {
            prose.read(at..text.len());
        }
        prose
    }

    fn read(&mut self, range: Range<usize>) {
        let source = &self.text[range.clone()];
        let mut next_break = self.breaks.partition_point(|&offset| offset < range.start);
        let mut is_in_word = false;
        let mut characters = source.char_indices().peekable();
        while let Some((index, character)) = characters.next() {
            let offset = range.start + index;
            if self.breaks.get(next_break).is_some_and(|&next| next <= offset) {
                next_break = self.breaks.partition_point(|&next| next <= offset);
                self.end_word(&mut is_in_word);
                self.folded.push_str("\n ");
            }
            let before = self.folded.len();
            if push_folded(&mut self.folded, character) {
                if !is_in_word {
                    self.words.push(Word { folded: before, source: offset });
                    is_in_word = true;
                }
            } else if !is_combining_mark(character) {
                self.end_word(&mut is_in_word);
                let is_in_url = characters.peek().is_some_and(|(_, next)| next.is_alphanumeric());
                if matches!(character, '?' | '？') && !is_in_url {
                    self.questions.push(offset);
                }
            }
        }
        self.end_word(&mut is_in_word);
    }

    fn end_word(&mut self, is_in_word: &mut bool) {
        if std::mem::take(is_in_word) {
            self.folded.push(' ');
        }
    }

    /// The offsets in the source where a folded phrase occurs, in order.
    pub(super) fn find(&self, phrase: &str) -> impl Iterator<Item = usize> {
        self.folded.match_indices(phrase).filter_map(|(at, _)| {
            // A phrase begins with the space before its first word.
            let word = self.words.partition_point(|word| word.folded <= at);
            Some(self.words.get(word)?.source)
        })
    }

    /// The offset of the first word in a range.
    pub(super) fn first_word(&self, range: &Range<usize>) -> Option<usize> {
        let word = self.words.partition_point(|word| word.source < range.start);
        self.words.get(word).map(|word| word.source).filter(|source| range.contains(source))
    }

    /// Whether a range has a question mark.
    pub(super) fn has_question(&self, range: &Range<usize>) -> bool {
        let question = self.questions.partition_point(|&question| question < range.start);
        self.questions.get(question).is_some_and(|question| range.contains(question))
    }

    /// The end of the block that contains an offset.
    pub(super) fn end_of_block(&self, offset: usize) -> usize {
        let next = self.breaks.partition_point(|&other| other <= offset);
        self.breaks.get(next).copied().unwrap_or(self.text.len())
    }

    /// The first word of the sentence that contains an offset.
    pub(super) fn start_of_sentence(&self, offset: usize) -> usize {
        let next = self.breaks.partition_point(|&other| other <= offset);
        let block = next.checked_sub(1).map_or(0, |before| self.breaks[before]);
        let before = &self.text[block..offset];
        let is_end = |at: &usize| before[at + 1..].starts_with(char::is_whitespace);
        let sentence = before.rmatch_indices(['.', '!', '?']).map(|(at, _)| at).find(is_end);
        let start = block + sentence.map_or(0, |at| at + 1);
        self.first_word(&(start..offset)).unwrap_or(offset)
    }
}

/// Appends the folded form of a character; false: it is neither letter nor digit.
fn push_folded(folded: &mut String, character: char) -> bool {
    if character.is_ascii() {
        let is_word = character.is_ascii_alphanumeric();
        if is_word {
            folded.push(character.to_ascii_lowercase());
        }
        return is_word;
    }
    let before = folded.len();
    let letters = std::iter::once(character).nfd().filter(|&letter| !is_combining_mark(letter));
    folded.extend(letters.flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()));
    folded.len() > before
}

/// Where blocks begin or end, in order.
fn breaks(text: &str, markdown: &Markdown) -> Vec<usize> {
    let blocks = markdown.paragraphs.iter().chain(&markdown.html).chain(&markdown.tables);
    let blocks = blocks.map(|block| &block.range);
    let items = markdown.items.iter().map(|item| &item.block.range);
    let code = markdown.code.iter().map(|code| &code.block.range);
    let headings = markdown.headings.iter().map(|heading| &heading.range);
    // Inline HTML does not end a paragraph.
    let is_block =
        |range: &&Range<usize>| text[range.start..range.end].contains('\n') || starts_line(text, range.start);
    let ranges = blocks.filter(is_block).chain(items).chain(code).chain(headings).chain(&markdown.cells);
    let places: BTreeSet<usize> = ranges.flat_map(|range| [range.start, range.end]).collect();
    places.into_iter().collect()
}

fn starts_line(text: &str, offset: usize) -> bool {
    let line = text[..offset].rfind(['\n', '\r']).map_or(0, |end| end + 1);
    text[line..offset].trim_matches([' ', '\t', '>', '-', '*', '+']).is_empty()
}

/// What is no prose, in order. Ranges may overlap.
fn hidden(text: &str, markdown: &Markdown) -> Vec<Range<usize>> {
    let code = markdown.code.iter().map(|code| code.block.range.clone());
    let html = markdown.html.iter().map(|block| block.range.clone());
    let headings = markdown.headings.iter().map(|heading| heading.range.clone());
    let links = markdown.links.iter().map(|link| target(text, link));
    let spans = markdown.code_spans.iter().chain(&markdown.definitions).cloned();
    let all = code.chain(html).chain(headings).chain(links).chain(spans);
    let mut hidden: Vec<Range<usize>> = all.map(|range| whole(text, &range)).collect();
    hidden.sort_by_key(|range| range.start);
    hidden
}

/// The part of a link that is not its text: the target, and everything of an image or an autolink.
fn target(text: &str, link: &Link) -> Range<usize> {
    let range = whole(text, &link.range);
    let source = &text[range.clone()];
    let is_hidden = link.is_image || source.starts_with('<');
    let start =
        if is_hidden { 0 } else { source.rfind("](").or_else(|| source.rfind("][")).unwrap_or(source.len()) };
    range.start + start..range.end
}

/// A range of whole characters. The parser counts tabs as columns, so its ranges may begin or end inside a character.
pub(super) fn whole(text: &str, range: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(range.start);
    start..text.ceil_char_boundary(range.end).max(start)
}
