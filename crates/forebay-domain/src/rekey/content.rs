//! The content of a record without its key fields, as hashes of its canonical form.
//!
//! Hashes keep the memory for half a million payloads small. They come from SHA-256, so attackers cannot craft
//! content that collides.

use crate::{
    canonical,
    identity::VersionHash,
    json::{MAX_DEPTH_LIMIT, Member, Parser},
};

/// The first half of a SHA-256.
pub(super) type Hash = u128;

/// Reads payloads, reusing its buffers.
pub(super) struct Reader<'k> {
    key_fields: &'k [String],
    parser: Parser,
    buffer: Vec<u8>,
}

impl<'k> Reader<'k> {
    pub(super) fn new(key_fields: &'k [String]) -> Self {
        Self { key_fields, parser: Parser::new(MAX_DEPTH_LIMIT), buffer: Vec::new() }
    }

    /// The hash of all fields except the key fields; `None` if none of them has a value, so records without content
    /// never match each other.
    pub(super) fn content_hash(&mut self, payload: &str) -> Option<Hash> {
        let Self { key_fields, parser, buffer } = self;
        let document = parser.parse(payload.as_bytes()).ok()?;
        buffer.clear();
        let mut has_value = false;
        for member in document.root().sorted_members().filter(|member| !is_key(key_fields, member)) {
            has_value |= !member.value.is_blank();
            write_member(member, buffer);
        }
        has_value.then(|| hash(buffer))
    }

    /// For each non-key field with a value: the hash of its name, and the hash of name and value.
    pub(super) fn fields(&mut self, payload: &str) -> Vec<(Hash, Hash)> {
        let Self { key_fields, parser, buffer } = self;
        let Ok(document) = parser.parse(payload.as_bytes()) else { return Vec::new() };
        let members = document.root().members();
        let with_value = members.filter(|member| !is_key(key_fields, member) && !member.value.is_blank());
        let hash_field = |member: Member<'_>| {
            buffer.clear();
            write_member(member, buffer);
            (hash(member.name().as_bytes()), hash(buffer))
        };
        with_value.map(hash_field).collect()
    }
}

fn is_key(key_fields: &[String], member: &Member<'_>) -> bool {
    key_fields.iter().any(|field| field == member.name())
}

fn write_member(member: Member<'_>, buffer: &mut Vec<u8>) {
    canonical::write(member.key, buffer);
    buffer.push(b':');
    canonical::write(member.value, buffer);
    buffer.push(b',');
}

fn hash(bytes: &[u8]) -> Hash {
    let VersionHash(digest) = VersionHash::of(bytes);
    let (half, _) = digest.split_at(16);
    half.iter().fold(0, |hash, byte| hash << 8 | Hash::from(*byte))
}
