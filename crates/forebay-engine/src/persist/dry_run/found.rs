//! What a dry run has found in its input.

use std::collections::HashMap;

use forebay_domain::{handoff::Change, patch::RecordMode, run::Counts};

use crate::{human, persist::tally::Tally};

/// Changes of each kind that are named.
pub(super) const SAMPLES: usize = 5;

/// One change that a run would make.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The kind of change.
    pub change: Change,
    /// The key of the record.
    pub record_key: String,
    /// Names of the fields that an update or a restoration changes.
    pub fields: Vec<String>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) tally: Tally,
    /// Records that a run would reject when it writes them, because they are older than the stored ones.
    pub(super) num_older: u64,
    /// Records whose key came in an earlier window, and may decide its content.
    pub(super) num_revisited: u64,
    /// References whose records say that they are gone.
    pub(super) num_flagged: u64,
    /// Updates that lose the values of fields, by these fields.
    pub(super) losses: HashMap<Vec<String>, u64>,
    pub(super) samples: Vec<Sample>,
}

impl Found {
    /// Keeps a change if few of its kind are known.
    pub(super) fn sample(&mut self, change: Change, record_key: &str, fields: Vec<String>) {
        if self.samples.iter().filter(|sample| sample.change == change).count() < SAMPLES {
            self.samples.push(Sample { change, record_key: record_key.to_owned(), fields });
        }
    }

    /// Forgets the changes, because the run would apply none.
    pub(super) fn drop_changes(&mut self) {
        let Counts { num_seen, num_duplicate, num_rejected, .. } = self.tally.counts;
        self.tally.counts = Counts { num_seen, num_duplicate, num_rejected, ..Counts::default() };
        self.num_older = 0;
        self.samples.clear();
    }

    /// What a run would decide and the dry run did not.
    pub(super) fn left_out(&self, mode: RecordMode) -> Vec<String> {
        let mut messages = Vec::new();
        if mode == RecordMode::Patch {
            messages
                .push("this source has partial records; they were compared as if they were whole".to_owned());
        }
        if self.num_revisited > 0 {
            let records = match self.num_revisited {
                1 => "1 record has a key".to_owned(),
                number => format!("{} records have keys", human::count(number)),
            };
            messages.push(format!(
                "{records} that came much earlier in the input; the earlier record was compared, although the later \
                 one may change what counts"
            ));
        }
        messages
    }
}
