//! Cutting a section to size.
//!
//! A section becomes atoms: blocks, or parts of a block that is too long. Atoms are joined to pieces. In a section
//! that needs more than one piece, some boundaries are pinned: those that are the best of all within a target size
//! to either side, by kind first and then by a hash of the text that follows. What is pinned depends on nothing
//! further away, so a change is felt only up to the next pin. Between pins pieces are filled in order.

use std::ops::Range;

use super::{
    sections::{Block, Section},
    sizes::ChunkSizes,
};

/// Bytes after a boundary that its hash is of.
const HASHED_BYTES: usize = 48;
/// A word longer than the maximum, such as Base64 or a script without spaces, is cut into parts of this many
/// characters at most.
const MAX_PART_CHARS: usize = 64;
/// It is cut, on average, after so many characters more than [`MIN_PART_CHARS`].
const MEAN_PART_CHARS: u64 = 16;
const MIN_PART_CHARS: usize = 16;

/// What can be no smaller.
#[derive(Debug)]
struct Atom {
    range: Range<usize>,
    /// Characters, the white space after it included.
    num_chars: usize,
    /// Lower is better to begin a piece with: the kind of boundary (0: a block's own), then the hash.
    order: (u8, u64),
}

/// The pieces of a section, each without white space around it.
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
    // A small rest goes to what is before it.
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

/// The atoms before which a piece begins whatever stands further than `reach` characters away, the section's ends
/// excepted: a heading is not parted from what is under it, and no crumb is left.
fn pins(atoms: &[Atom], reach: usize) -> Vec<usize> {
    let is_best = |index: usize| {
        let order = atoms[index].order;
        // Looking one way and then the other ends at the first better one, which is near for nearly all.
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
            // Of equals the first.
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
        // The blank lines after a block count with it, since a piece may hold them.
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

/// A sentence ends with `.`, `!` or `?`, perhaps a closing mark, and white space; in Chinese and Japanese with the
/// mark alone. Abbreviations make more sentences than there are, which does no harm here.
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

/// Cuts a word without end, where its own characters say.
fn characters(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let (mut num_chars, mut recent) = (0, 0_u64);
    split(text, range, |before, _| {
        num_chars += 1;
        // What was more than eight characters ago has left the 64 bits.
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

/// Cuts a range wherever `is_boundary` says so of the characters before and after; all of the range is kept.
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

/// The 64-bit FNV-1a hash, with its bits mixed once more because boundaries are compared by the whole of it.
fn fnv(bytes: &[u8]) -> u64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
