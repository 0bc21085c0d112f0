//! The size of chunks.

/// How long chunks are, in characters (Unicode scalar values).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSizes {
    target: usize,
    max: usize,
}

/// Sizes that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a chunk's target size must be at least {} characters, and its maximum size between the target and {}",
    ChunkSizes::LEAST_TARGET,
    ChunkSizes::GREATEST_MAX
)]
pub struct InvalidChunkSizes;

impl ChunkSizes {
    /// Minimum target.
    pub const LEAST_TARGET: usize = 100;
    /// Upper limit of the maximum. A full-text index accepts at most 1 MiB per text, and embedding models accept
    /// less.
    pub const GREATEST_MAX: usize = 16_000;

    /// Chunks of about `target` characters, and at most `max`.
    pub fn new(target: usize, max: usize) -> Result<Self, InvalidChunkSizes> {
        let is_valid = Self::LEAST_TARGET <= target && target <= max && max <= Self::GREATEST_MAX;
        if is_valid { Ok(Self { target, max }) } else { Err(InvalidChunkSizes) }
    }

    /// Approximate length of a chunk.
    pub fn target(self) -> usize {
        self.target
    }

    /// Maximum length of a chunk.
    pub fn max(self) -> usize {
        self.max
    }
}

impl Default for ChunkSizes {
    /// About 1,200 characters, and at most 2,000.
    fn default() -> Self {
        Self { target: 1_200, max: 2_000 }
    }
}
