//! Cuts a section to size.
//!
//! A section is split into atoms: blocks, or parts of blocks that are too long. Atoms are joined into pieces. If a
//! section needs more than one piece, some boundaries are pinned: those that are the best within a target size on
//! either side, by kind first and then by a hash of the text that follows. A pin depends on nothing further away, so a
//! change affects the pieces only up to the next pin. Between pins, pieces are filled in order.

use std::ops::Range;

use super::{
    sections::{Block, Section},
    sizes::ChunkSizes,
};

/// Number of bytes after a boundary that are hashed.
const HASHED_BYTES: usize = 48;
/// A word longer than the maximum (Base64, or a script without spaces) is cut into parts of at most this many
/// characters.
const MAX_PART_CHARS: usize = 64;
/// Such a word is cut, on average, this many characters after [`MIN_PART_CHARS`].
const MEAN_PART_CHARS: u64 = 16;
const MIN_PART_CHARS: usize = 16;

/// A piece of text that is not cut further.
#[derive(Debug)]
struct Atom {
    range: Range<usize>,
    /// Number of characters, including the whitespace after it.
    num_chars: usize,
    /// Preference for starting a piece here, lowest first: the kind of boundary (0: the start of a block), then the
    /// hash.
    order: (u8, u64),
}

/// The pieces of a section, without surrounding whitespace.
pub(super) fn pieces<'a>(text: &'a str, section: &Section, sizes: ChunkSizes) -> Vec<&'a str> {
    let atoms = atoms(text, &section.blocks, sizes);
    let num_chars: usize = atoms.iter().map(|atom| atom.num_chars).sum();
    let mut pieces = Vec::new();
    if num_chars <= sizes.max() {
        push(&mut pieces, text, &atoms);
        return pieces;
    }
    let mut start = 0;
    for end in pins(&atoms, sizes.target()).into_iter().chain([atoms.len()]) {
        fill(&mut pieces, text, &atoms[start..end], sizes);
        start = end;
    }
    pieces
}

/// Joins the atoms between two pins, in order.
fn fill<'a>(pieces: &mut Vec<&'a str>, text: &'a str, atoms: &[Atom], sizes: ChunkSizes) {
    let small = sizes.target() / 4;
    let mut cuts = vec![0];
    let mut sums = Vec::new();
    let mut num_chars = 0;
    for (index, atom) in atoms.iter().enumerate() {
        let sum = num_chars + atom.num_chars;
        let fits = sum <= sizes.target() || (num_chars < small && sum <= sizes.max());
        if num_chars > 0 && !fits {
            cuts.push(index);
            sums.push(num_chars);
            num_chars = 0;
        }
        num_chars += atom.num_chars;
    }
    // A small remainder joins the piece before it.
    if sums.last().is_some_and(|before| num_chars < small && before + num_chars <= sizes.max()) {
        cuts.pop();
    }
    cuts.push(atoms.len());
    for ends in cuts.windows(2) {
        push(pieces, text, &atoms[ends[0]..ends[1]]);
    }
}

fn push<'a>(pieces: &mut Vec<&'a str>, text: &'a str, atoms: &[Atom]) {
    if let (Some(first), Some(last)) = (atoms.first(), atoms.last()) {
        let piece = text[first.range.start..last.range.end].trim();
        if !piece.is_empty() {
            pieces.push(piece);
        }
    }
}

/// The atoms that start a piece regardless of text more than `reach` characters away. The ends of the section are
/// excluded: a heading stays with the text below it, and no tiny piece is left over.
fn pins(atoms: &[Atom], reach: usize) -> Vec<usize> {
    let is_best = |index: usize| {
        let order = atoms[index].order;
        // Each search stops at the first better atom, which is usually near.
        let mut away = atoms[index].num_chars;
        for atom in &atoms[index + 1..] {
            if away > reach {
                break;
            }
            if atom.order < order {
                return false;
            }
            away += atom.num_chars;
        }
        away = 0;
        for atom in atoms[..index].iter().rev() {
            away += atom.num_chars;
            if away > reach {
                break;
            }
            // Among equals, the first wins.
            if atom.order <= order {
                return false;
            }
        }
        true
    };
    let num_chars: usize = atoms.iter().map(|atom| atom.num_chars).sum();
    let mut before = 0;
    let mut pins = Vec::new();
    for (index, atom) in atoms.iter().enumerate() {
        if before >= reach / 2 && num_chars - before >= reach / 2 && is_best(index) {
            pins.push(index);
        }
        before += atom.num_chars;
    }
    pins
}

fn atoms(text: &str, blocks: &[Block], sizes: ChunkSizes) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        // The blank lines after a block count as part of it, since a piece may contain them.
        let end = blocks.get(index + 1).map_or(block.range.end, |next| next.range.start);
        let range = block.range.start..end;
        if count(text, &range) <= sizes.max() {
            atoms.push(atom(text, range, 0));
            continue;
        }
        let parts = if block.is_lines { lines(text, range) } else { sentences(text, range) };
        for (place, part) in parts.into_iter().enumerate() {
            let kind = u8::from(place > 0);
            if count(text, &part) <= sizes.max() {
                atoms.push(atom(text, part, kind));
            } else {
                words(text, part, kind, sizes, &mut atoms);
            }
        }
    }
    atoms
}

fn words(text: &str, range: Range<usize>, mut kind: u8, sizes: ChunkSizes, atoms: &mut Vec<Atom>) {
    for word in split(text, range, |before, after| before.is_whitespace() && !after.is_whitespace()) {
        if count(text, &word) <= sizes.max() {
            atoms.push(atom(text, word, kind));
        } else {
            let parts = characters(text, word);
            atoms.extend(parts.into_iter().map(|part| atom(text, part, kind.max(3))));
        }
        kind = 2;
    }
}

fn atom(text: &str, range: Range<usize>, kind: u8) -> Atom {
    let following = &text.as_bytes()[range.start..];
    let hash = fnv(&following[..following.len().min(HASHED_BYTES)]);
    Atom { num_chars: count(text, &range), order: (kind, hash), range }
}

fn count(text: &str, range: &Range<usize>) -> usize {
    text[range.clone()].chars().count()
}

fn lines(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    split(text, range, |before, _| before == '\n')
}

/// A sentence ends with `.`, `!` or `?`, an optional closing mark, and whitespace; in Chinese and Japanese, with the
/// mark alone. Abbreviations produce too many sentences, which is harmless here.
fn sentences(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut has_ended = false;
    split(text, range, |before, after| {
        match before {
            '.' | '!' | '?' | '…' | '。' | '！' | '？' => has_ended = true,
            '"' | '\'' | ')' | ']' | '”' | '’' | '»' | '」' => {}
            _ if before.is_whitespace() => {}
            _ => has_ended = false,
        }
        let is_boundary = match before {
            '。' | '！' | '？' => !after.is_whitespace(),
            _ => before.is_whitespace() && !after.is_whitespace(),
        };
        has_ended && is_boundary
    })
}

/// Cuts an overlong word at places that its own characters select.
fn characters(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let (mut num_chars, mut recent) = (0, 0_u64);
    split(text, range, |before, _| {
        num_chars += 1;
        // Characters more than eight back have been shifted out of the 64 bits.
        recent = (recent << 8) ^ u64::from(u32::from(before));
        let is_chosen =
            num_chars >= MIN_PART_CHARS && fnv(&recent.to_be_bytes()).is_multiple_of(MEAN_PART_CHARS);
        let is_boundary = is_chosen || num_chars == MAX_PART_CHARS;
        if is_boundary {
            num_chars = 0;
        }
        is_boundary
    })
}

/// Splits a range wherever `is_boundary` accepts the characters before and after; the parts cover the whole range.
fn split(
    text: &str,
    range: Range<usize>,
    mut is_boundary: impl FnMut(char, char) -> bool,
) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut start = range.start;
    let mut before = None;
    for (offset, after) in text[range.clone()].char_indices() {
        let at = range.start + offset;
        if before.is_some_and(|before| is_boundary(before, after)) {
            parts.push(start..at);
            start = at;
        }
        before = Some(after);
    }
    parts.push(start..range.end);
    parts
}

/// The 64-bit FNV-1a hash, mixed once more because boundaries are compared by all of its bits.
fn fnv(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
