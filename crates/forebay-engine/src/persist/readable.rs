//! Whether an input is worth reading to its end.

use super::prepared::PreparedBlock;

/// Rejected records before a run may give up. A file with fewer bad records at its start may still be mostly good.
const PATIENCE: u64 = 100_000;

/// How much of an input was readable so far.
#[derive(Debug, Default)]
pub(super) struct Readable {
    num_seen: u64,
    num_rejected: u64,
}

impl Readable {
    pub(super) fn add(&mut self, block: &PreparedBlock) {
        self.num_rejected += block.rejected.len() as u64;
        self.num_seen += (block.records.len() + block.known().len() + block.rejected.len()) as u64;
    }

    /// Whether a run that allows this share of rejected records gives up: the share is exceeded after so many that a
    /// bad start is no explanation.
    pub(super) fn is_hopeless(&self, max_rejected_share: f64) -> bool {
        self.num_rejected >= PATIENCE && self.num_rejected as f64 > max_rejected_share * self.num_seen as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_many_rejections_are_hopeless() {
        let is_hopeless =
            |num_rejected, num_seen, share| Readable { num_seen, num_rejected }.is_hopeless(share);
        assert!(is_hopeless(PATIENCE, PATIENCE, 0.1));
        assert!(!is_hopeless(PATIENCE, PATIENCE, 1.0), "everything is allowed");
        assert!(!is_hopeless(PATIENCE - 1, PATIENCE - 1, 0.0));
        assert!(!is_hopeless(PATIENCE, PATIENCE * 10, 0.1));
    }
}
