//! Damaged fixtures. The damage is the same in every run, so failures are reproducible.

/// A random number generator (xorshift, Marsaglia 2003).
pub(super) struct Random(pub(super) u64);

impl Random {
    /// A number below a bound.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).unwrap()
    }
}

/// A body with pieces removed, repeated, moved, or replaced by one of the `words` that are special in its format.
pub(super) fn mutated(body: &[u8], words: &[&str], random: &mut Random) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(body.len());
        let end = (at + random.below(60)).min(body.len());
        match random.below(5) {
            0 => body.truncate(at.max(1)),
            1 => drop(body.drain(at..end)),
            2 => {
                let piece = body[at..end].repeat(1 + random.below(30));
                let to = random.below(body.len());
                body.splice(to..to, piece);
            }
            3 if at < body.len() => body[at] = u8::try_from(random.below(256)).unwrap(),
            _ => {
                let word = words[random.below(words.len())].as_bytes();
                body.splice(at..at, word.repeat(1 + random.below(3)));
            }
        }
    }
    body
}
