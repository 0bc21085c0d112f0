//! Reads the input of a dry run and compares it with what is stored.

use std::{collections::HashMap, io, mem, pin::pin, sync::Arc, thread};

use forebay_domain::{
    diff,
    handoff::Change,
    identity::{ReferenceId, VersionHash},
    patch::RecordMode,
    prepare::RecordPolicy,
};
use forebay_store::{connect::Client, references, sources::Source};
use jiff::Timestamp;
use tokio::task;

use super::found::Found;
use crate::{
    error::{Error, Result},
    persist::{
        batch::{Batch, Entry},
        feed::{Feed, Running},
        keys::Keys,
        page_parts::PageParts,
        policy::SourcePolicy,
        pump::{ReadInput, deadline},
        readable::Readable,
        reading::Reading,
        request::PersistRequest,
        seen::SeenSet,
        window::Window,
        write::outdated,
    },
};

/// Names of changed fields that are kept for each sample.
const FIELDS: usize = 20;

/// The reading of an input.
pub(super) struct Look<'a> {
    client: &'a Client,
    known: Option<&'a Source>,
    policy: &'a SourcePolicy,
    request: &'a PersistRequest,
    record_policy: Arc<RecordPolicy>,
    observed_at: Timestamp,
    scope: String,
    found: Found,
    /// Moves to the thread that seals a window and returns with its batch.
    seen: Option<SeenSet>,
}

impl<'a> Look<'a> {
    pub(super) fn new(
        client: &'a Client,
        known: Option<&'a Source>,
        policy: &'a SourcePolicy,
        request: &'a PersistRequest,
        record_policy: RecordPolicy,
        observed_at: Timestamp,
    ) -> Result<Self> {
        Ok(Self {
            client,
            known,
            policy,
            request,
            record_policy: Arc::new(record_policy),
            observed_at,
            scope: request.scope.to_string(),
            found: Found::default(),
            seen: Some(SeenSet::new()?),
        })
    }

    /// Reads the input to the end that a run would read it to.
    pub(super) async fn read(mut self, feed: Feed) -> Result<(Found, ReadInput)> {
        let is_unchanged = matches!(feed, Feed::Unchanged { .. });
        let _running = match &feed {
            Feed::Bytes { stopper, .. } => stopper.clone().map(Running),
            Feed::Pages { .. } | Feed::Unchanged { .. } | Feed::Later { .. } => None,
        };
        let num_preparers = thread::available_parallelism().map_or(1, usize::from);
        let mut reading = Reading::start(feed, Arc::clone(&self.record_policy), num_preparers);
        let (mut is_hopeless, mut is_out_of_time) = (false, false);
        let mut deadline = pin!(deadline(self.request.max_duration));
        let mut readable = Readable::default();
        let mut window = Window::default();
        while !is_hopeless {
            let block = tokio::select! {
                block = reading.next() => block,
                () = &mut deadline => {
                    is_out_of_time = true;
                    break;
                }
            };
            let Some(block) = block else { break };
            let block = block?;
            self.found.tally.num_replaced += block.num_replaced;
            readable.add(&block);
            is_hopeless = readable.is_hopeless(self.policy.max_rejected_share);
            window.push(block);
            if window.is_full() {
                self.compare(mem::take(&mut window)).await?;
            }
        }
        self.compare(window).await?;
        let end = reading.end().await?;
        if let Some(crawl) = &end.crawl
            && !is_out_of_time
            && !is_hopeless
            && crawl.num_pages == 0
            && let Some(incomplete) = &crawl.incomplete
        {
            return Err(Error::Crawl(Box::new(incomplete.clone())));
        }
        let seen = self.seen.ok_or(Error::Reader)?;
        let read =
            ReadInput { seen, end, is_unchanged, is_hopeless, is_out_of_time, page: None, stats: None };
        Ok((self.found, read))
    }

    /// Compares a window with what is stored.
    async fn compare(&mut self, window: Window) -> Result<()> {
        let batch = self.seal(window).await?;
        self.found.tally.counts += batch.counts;
        self.found.tally.counts.num_unchanged += batch.num_known;
        self.found.tally.num_unidentified += batch.num_unidentified;
        self.found.num_revisited += batch.revisited.len() as u64;
        let ids: Vec<ReferenceId> = batch.entries.iter().map(|entry| entry.reference_id).collect();
        let hashes: Vec<Option<VersionHash>> = batch.entries.iter().map(Entry::compared_hash).collect();
        let differing = references::probe(&***self.client, &ids, &hashes, &self.scope).await?;
        self.found.tally.counts.num_unchanged += (batch.entries.len() - differing.len()) as u64;
        let existing: Vec<ReferenceId> =
            differing.iter().filter(|one| one.exists).map(|one| ids[one.index]).collect();
        let current = references::current(&***self.client, &existing).await?;
        let current: HashMap<ReferenceId, references::Current> =
            current.into_iter().map(|one| (existing[one.index], one)).collect();
        for difference in differing {
            self.classify(&batch, &batch.entries[difference.index], current.get(&ids[difference.index]));
        }
        Ok(())
    }

    async fn seal(&mut self, window: Window) -> Result<Batch> {
        let keys = match self.known {
            Some(known) if known.has_aliases => {
                Keys::find(self.client, &known.name, window.ids(), self.request.complete).await?
            }
            _ => Keys::default(),
        };
        let (policy, on_duplicate) = (Arc::clone(&self.record_policy), self.policy.on_duplicate.clone());
        let mut seen = self.seen.take().ok_or(Error::Reader)?;
        let sealed = task::spawn_blocking(move || {
            // No page is remembered.
            let parts = &mut PageParts::default();
            let batch = window.seal(&policy, &on_duplicate, RecordMode::Replace, &mut seen, parts, &keys)?;
            Ok::<_, io::Error>((batch, seen))
        });
        let (batch, seen) = sealed.await.map_err(|_| Error::Reader)??;
        self.seen = Some(seen);
        Ok(batch)
    }

    /// Counts what a record would change.
    fn classify(&mut self, batch: &Batch, entry: &Entry, current: Option<&references::Current>) {
        let record = batch.record(entry);
        let found = &mut self.found;
        let counts = &mut found.tally.counts;
        let Some(current) = current else {
            if !entry.removes {
                counts.num_added += 1;
                found.sample(Change::Added, record.record_key, Vec::new());
            }
            return;
        };
        let is_active = current.removed_at.is_none();
        if entry.removes && !is_active {
            return;
        }
        if is_active && !entry.removes && current.version_hash == entry.version_hash {
            // Another scope has it with the same content: it only moves.
            counts.num_unchanged += 1;
            return;
        }
        if outdated(&record, current, self.observed_at, self.policy.sequence_field.as_deref()).is_some() {
            found.num_older += 1;
            return;
        }
        if entry.removes {
            counts.num_removed += 1;
            found.num_flagged += 1;
            found.sample(Change::Removed, record.record_key, Vec::new());
            return;
        }
        let changes = diff::diff(current.payload.as_bytes(), record.payload).unwrap_or_default();
        let fields = changes.iter().take(FIELDS).map(|change| change.field.clone()).collect();
        if !is_active {
            counts.num_restored += 1;
            found.sample(Change::Restored, record.record_key, fields);
            return;
        }
        counts.num_updated += 1;
        let mut lost: Vec<String> =
            changes.iter().filter(|change| change.new.is_none()).map(|change| change.field.clone()).collect();
        if !lost.is_empty() {
            lost.sort();
            *found.losses.entry(lost).or_default() += 1;
        }
        found.sample(Change::Updated, record.record_key, fields);
    }
}
