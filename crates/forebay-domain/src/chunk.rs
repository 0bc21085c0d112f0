//! Chunks: a long text, cut along its structure for search and retrieval.
//!
//! The text is Markdown or plain. Sections come first: a heading ends a chunk, and every chunk below it carries the
//! path of headings ("Setup > Install"). A section that is too long is cut between paragraphs, list items and fenced
//! code blocks (kept whole if they fit), then between sentences, lines, words, and finally characters. Every chunk is
//! an unchanged piece of the text, with only whitespace between two chunks, so no word is lost.
//!
//! Two properties make re-indexing cheap. A chunk's id is computed from the reference and the chunk's content, so an
//! unchanged chunk keeps its id when it moves. And cuts are local: in a long section they are pinned at boundaries that
//! the nearby words select (the boundary with the smallest hash within a target size on either side), so changing a
//! paragraph moves only the cuts near it. When changing a rule here: every stored text is cut anew the next time it is
//! indexed.

mod cut;
mod sections;
mod sizes;
#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt};

use ring::digest;

use crate::identity::{ReferenceId, VersionHash};

pub use sizes::{ChunkSizes, InvalidChunkSizes};

/// The id of a chunk: a version 8 UUID (RFC 9562) of the first 16 bytes of SHA-256 over the reference's id, the
/// content's hash and the number of equal chunks before it in the reference (four bytes, big-endian).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkId(pub [u8; 16]);

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Its id, which stays the same when it moves.
    pub id: ChunkId,
    /// Its position, from 0.
    pub ordinal: u32,
    /// The headings above it, outermost first, separated by ` > `; empty if there are none.
    pub heading: String,
    /// The text, unchanged, without surrounding whitespace; never empty.
    pub text: &'a str,
    /// SHA-256 of heading, a zero byte and text.
    pub content_hash: VersionHash,
}

/// Cuts a reference's text into chunks. Text that is only whitespace has none.
pub fn chunks(reference_id: ReferenceId, text: &str, sizes: ChunkSizes) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let mut num_equal: HashMap<VersionHash, u32> = HashMap::new();
    for section in sections::of(text, sizes) {
        for piece in cut::pieces(text, &section, sizes) {
            let content_hash = content_hash(&section.heading, piece);
            let occurrence = num_equal.entry(content_hash).or_default();
            chunks.push(Chunk {
                id: ChunkId::compute(reference_id, content_hash, *occurrence),
                ordinal: u32::try_from(chunks.len()).unwrap_or(u32::MAX),
                heading: section.heading.clone(),
                text: piece,
                content_hash,
            });
            *occurrence += 1;
        }
    }
    chunks
}

fn content_hash(heading: &str, text: &str) -> VersionHash {
    let mut content = Vec::with_capacity(heading.len() + 1 + text.len());
    content.extend_from_slice(heading.as_bytes());
    content.push(0);
    content.extend_from_slice(text.as_bytes());
    VersionHash::of(&content)
}

impl ChunkId {
    /// Computes the id of the chunk with this content that has `occurrence` equal chunks before it.
    pub fn compute(reference_id: ReferenceId, content_hash: VersionHash, occurrence: u32) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&reference_id.0);
        context.update(&content_hash.0);
        context.update(&occurrence.to_be_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&context.finish().as_ref()[..16]);
        id[6] = (id[6] & 0x0f) | 0x80;
        id[8] = (id[8] & 0x3f) | 0x80;
        Self(id)
    }
}

/// The text form of a UUID, in lower case.
impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ReferenceId(self.0).fmt(f)
    }
}

impl fmt::Debug for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkId({self})")
    }
}
