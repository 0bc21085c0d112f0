//! Chunks: a long text cut where its author divided it, for search and retrieval.
//!
//! Text is Markdown or plain. Sections come first: a heading ends a chunk, and the path of headings ("Setup >
//! Install") goes with every chunk below it. A section that is too long is cut between paragraphs, list items and
//! fenced code blocks, which stay whole where they fit, then between sentences, lines, words, and last of all
//! characters. Every chunk is a piece of the text as it stands; between two chunks there is nothing but white space,
//! so no word is lost.
//!
//! Two things make re-indexing cheap. A chunk's id is computed from the reference and the chunk's content, so what
//! did not change keeps its id wherever it moves. And cuts are local: in a long section they are pinned to places
//! that the words around them choose (the boundary whose hash is least among all within a target size to either
//! side), so that changing a paragraph moves the cuts near it and no others. When changing a rule here, mind that
//! every stored text is cut anew by it the next time that it is indexed.

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
/// content's hash and, big-endian in four bytes, how many equal chunks of the reference come before.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkId(pub [u8; 16]);

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// Its id, which it keeps when it moves.
    pub id: ChunkId,
    /// Its position, from 0.
    pub ordinal: u32,
    /// The headings above it, outermost first, with ` > ` between them; empty: none.
    pub heading: String,
    /// The text, unchanged, without surrounding white space and not empty.
    pub text: &'a str,
    /// SHA-256 of heading, a zero byte and text.
    pub content_hash: VersionHash,
}

/// Cuts a text of a reference into chunks. Text without anything but white space has none.
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
    /// Computes the id of the chunk of this content that comes after `occurrence` equal ones.
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
