//! A piece of input whose records are prepared, with their keys and payloads in shared buffers.

use std::{collections::BTreeMap, mem, sync::Arc};

use forebay_domain::{coverage::Coverage, identity::ReferenceId, prepare::Prepared, reject::Place};
use forebay_sources::{Link, LinkKey, fetch::Validators};
use forebay_store::{
    references::{Lineage, Record},
    rejected::Rejected,
};
use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;

/// A piece of input, prepared.
#[derive(Debug, Default)]
pub(super) struct PreparedBlock {
    pub(super) records: Vec<Prepared>,
    /// The position of each record in the input.
    pub(super) places: Vec<Place>,
    pub(super) payloads: Vec<u8>,
    pub(super) keys: String,
    pub(super) rejected: Vec<Rejected>,
    /// Number of replaced characters that Postgres cannot store.
    pub(super) num_replaced: u64,
    /// How far the input has been read: bytes before decompression, or pages.
    pub(super) input_position: u64,
    /// The page that the block comes from.
    pub(super) page: Option<Arc<PreparedPage>>,
    /// The coverage of its records, if it is a page that was read.
    pub(super) coverage: Coverage,
    /// Its share of the memory for blocks on their way to the database.
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

/// A page whose records are a block, or several that follow each other.
#[derive(Clone, Debug)]
pub(super) struct PreparedPage {
    /// Identifies it among the pages of its source.
    pub(super) key: LinkKey,
    /// Its URL, without secrets.
    pub(super) url: Arc<str>,
    /// Whether the block is its first one.
    pub(super) is_first: bool,
    /// Whether the block is its last one. The fields below are those of the page only then.
    pub(super) is_last: bool,
    /// When it was fetched; known in every block.
    pub(super) fetched_at: Timestamp,
    /// The validators for the next request.
    pub(super) validators: Validators,
    /// When it must be requested again.
    pub(super) fresh_until: Option<Timestamp>,
    /// The links on it.
    pub(super) links: Vec<Link>,
    /// Number of its records with a value, by field.
    pub(super) field_counts: BTreeMap<String, u64>,
    /// Its references, if it is unchanged and was not read.
    pub(super) known: Option<Vec<ReferenceId>>,
}

impl Default for PreparedPage {
    fn default() -> Self {
        Self {
            key: LinkKey::default(),
            url: Arc::default(),
            is_first: true,
            is_last: true,
            fetched_at: Timestamp::UNIX_EPOCH,
            validators: Validators::default(),
            fresh_until: None,
            links: Vec::new(),
            field_counts: BTreeMap::new(),
            known: None,
        }
    }
}

impl PreparedPage {
    /// Whether it is useful to remember the page: it was read, and has validators or a lifetime.
    pub(super) fn can_be_remembered(&self) -> bool {
        self.known.is_none() && (!self.validators.is_empty() || self.fresh_until.is_some())
    }
}

impl PreparedBlock {
    /// One of its records in the store's form.
    pub(super) fn record(&self, index: usize) -> Record<'_> {
        let prepared = &self.records[index];
        let page = self.page.as_deref();
        Record {
            reference_id: prepared.reference_id,
            version_hash: prepared.version_hash,
            record_key: &self.keys[prepared.key.clone()],
            payload: &self.payloads[prepared.payload.clone()],
            lineage: Lineage {
                place: self.places[index],
                url: page.map(|page| &*page.url),
                fetched_at: page.map(|page| page.fetched_at),
            },
            removes: prepared.removes,
            base_version: None,
        }
    }

    /// The references of its page, if the page is unchanged and was not read.
    pub(super) fn known(&self) -> &[ReferenceId] {
        self.page.as_ref().and_then(|page| page.known.as_deref()).unwrap_or_default()
    }

    /// Approximate memory use.
    pub(super) fn size(&self) -> usize {
        let page = self.page.as_ref().map_or(0, |page| {
            mem::size_of::<PreparedPage>() + page.links.len() * 256 + page.field_counts.len() * 64
        });
        self.payloads.len()
            + self.keys.len()
            + mem::size_of_val(self.records.as_slice())
            + mem::size_of_val(self.places.as_slice())
            + mem::size_of_val(self.known())
            + self.rejected.iter().map(rejected_size).sum::<usize>()
            + page
    }
}

fn rejected_size(rejected: &Rejected) -> usize {
    mem::size_of::<Rejected>() + rejected.raw.len() + rejected.reject.message.len()
}
