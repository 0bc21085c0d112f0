//! Whether an input is worth reading to its end.

use super::prepared::PreparedBlock;

/// Rejected records before a run may give up. A file with fewer bad records at its start may still be mostly good.
const PATIENCE: u64 = 100_000;

/// How much of an input was readable so far.
#[derive(Debug, Default)]
pub(super) struct Readable {
    num_seen: u64,
    /// Rejected records with an unknown key. The others have their place in the judgement of the run.
    num_unidentified: u64,
}

impl Readable {
    pub(super) fn add(&mut self, block: &PreparedBlock) {
        let unidentified = block.rejected.iter().filter(|one| !one.reject.reason.key_is_known());
        self.num_unidentified += unidentified.count() as u64;
        self.num_seen += (block.records.len() + block.known().len() + block.rejected.len()) as u64;
    }

    /// Whether a run that allows this share of rejected records gives up: the share is exceeded after so many that a
    /// bad start is no explanation.
    pub(super) fn is_hopeless(&self, max_rejected_share: f64) -> bool {
        self.num_unidentified >= PATIENCE
            && self.num_unidentified as f64 > max_rejected_share * self.num_seen as f64
    }
}

#[cfg(test)]
mod tests {
    use forebay_domain::reject::{Place, Reject, RejectReason};
    use forebay_store::rejected::Rejected;

    use super::*;

    #[test]
    fn only_many_rejections_are_hopeless() {
        let is_hopeless =
            |num_unidentified, num_seen, share| Readable { num_seen, num_unidentified }.is_hopeless(share);
        assert!(is_hopeless(PATIENCE, PATIENCE, 0.1));
        assert!(!is_hopeless(PATIENCE, PATIENCE, 1.0), "everything is allowed");
        assert!(!is_hopeless(PATIENCE - 1, PATIENCE - 1, 0.0));
        assert!(!is_hopeless(PATIENCE, PATIENCE * 10, 0.1));
    }

    #[test]
    fn rejected_records_with_a_known_key_are_no_reason_to_give_up() {
        for (reason, expected) in [(RejectReason::DuplicateKey, false), (RejectReason::MissingKey, true)] {
            let one = Rejected {
                url: None,
                place: Place::default(),
                reject: Reject::new(reason, ""),
                raw: Vec::new(),
                raw_length: 0,
            };
            let block = PreparedBlock { rejected: vec![one; 1_000], ..PreparedBlock::default() };
            let mut readable = Readable::default();
            for _ in 0..PATIENCE / 1_000 {
                readable.add(&block);
            }
            assert_eq!(readable.is_hopeless(0.1), expected, "{reason}");
        }
    }
}
