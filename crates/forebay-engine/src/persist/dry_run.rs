//! What a run would do, found by reading alone: nothing is declared, locked or written.
//!
//! The input is read, prepared and compared with the database as in a run. The guards judge what a first look shows:
//! they don't recognise re-keys, and don't know what earlier runs missed or what other scopes have. So a run may
//! withhold more than its dry run says.

use std::{collections::HashMap, io, mem, sync::Arc, thread};

use forebay_domain::{
    coverage::Coverage,
    diff,
    end_line::EndRule,
    guards::{self, Baseline, Evidence, Loss, Missing, RemovalPolicy},
    handoff::Change,
    identity::{ReferenceId, VersionHash, key_in_scope},
    json::DEFAULT_MAX_DEPTH,
    patch::RecordMode,
    prepare::RecordPolicy,
    run::{Counts, OnDuplicate, RunStatus},
    scope::Scope,
};
use forebay_store::{
    connect::{Client, Database},
    history::{self, ReferenceName},
    references, runs,
    sources::{self, Source},
};
use futures_util::{StreamExt, pin_mut};
use tokio::task;

use super::{
    batch::{Batch, Entry},
    decision::MIN_REJECTED_TO_FAIL,
    declare::{Planned, plan},
    feed::{Feed, Input, Running},
    keys::Keys,
    policy::SourcePolicy,
    reading::{InputEnd, Reading},
    request::PersistRequest,
    seen::SeenSet,
    window::Window,
};
use crate::{
    clock,
    error::{Error, Result},
};

/// Changes of each kind that are named.
const SAMPLES: usize = 5;
/// Names of changed fields that are kept for each sample.
const FIELDS: usize = 20;

/// What a run would do.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// The source.
    pub source: String,
    /// The scope.
    pub scope: Scope,
    /// The file, `-` or URL.
    pub input: String,
    /// How the run would end.
    pub status: RunStatus,
    /// Why it would not simply be complete, and what the dry run can't tell.
    pub messages: Vec<String>,
    /// Its counts. Changes that the guards withhold are included.
    pub counts: Counts,
    /// How many of the changes the guards withhold.
    pub num_withheld: u64,
    /// Some of the changes, at most five of each kind.
    pub samples: Vec<Sample>,
}

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

/// Reads an input and says what a run of it would do.
pub async fn dry_run(database: &Database, mut request: PersistRequest, mut input: Input) -> Result<DryRun> {
    if request.key_fields.is_empty() && input.feed.is_tap() {
        (request.key_fields, input) = input.key_of_tap().await?;
    }
    let client = database.client().await?;
    let planned = plan(&client, &request, OnDuplicate::default_for(input.feed.is_tap())).await?;
    if let Some(known) = &planned.known
        && known.key_fields != planned.key_fields
        && sources::has_active(&**client, known.source_id).await?
    {
        return Err(Error::KeyChanged {
            source_name: known.name.clone(),
            stored: known.key_fields.clone(),
            given: planned.key_fields,
        });
    }
    let policy = request.overrides.apply_to(planned.policy.clone());
    let scope = request.scope.to_string();
    let record_policy = Arc::new(RecordPolicy {
        key: key_in_scope(&planned.key_fields, &scope),
        rules: policy.rules.clone(),
        removed_when: policy.removed_when.clone(),
        max_depth: DEFAULT_MAX_DEPTH,
        ..RecordPolicy::new(&request.source, Vec::new())
    });
    let mut look = Look {
        client: &client,
        known: planned.known.as_ref(),
        policy: &policy,
        record_policy,
        scope,
        is_complete: request.complete,
        found: Found::default(),
        seen: Some(SeenSet::new()?),
    };
    let feed = input.feed.begin(0).await?;
    let end = look.read(feed).await?;
    let Look { found, seen, .. } = look;
    let run = Judged { client: &client, planned: &planned, policy: &policy, request: &request, end: &end };
    run.judge(found, seen, input.name).await
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found {
    counts: Counts,
    num_unidentified: u64,
    num_flagged: u64,
    losses: HashMap<Vec<String>, u64>,
    samples: Vec<Sample>,
}

impl Found {
    fn sample(&mut self, change: Change, record_key: &str, fields: Vec<String>) {
        if self.samples.iter().filter(|sample| sample.change == change).count() < SAMPLES {
            self.samples.push(Sample { change, record_key: record_key.to_owned(), fields });
        }
    }
}

/// The reading of an input.
struct Look<'a> {
    client: &'a Client,
    known: Option<&'a Source>,
    policy: &'a SourcePolicy,
    record_policy: Arc<RecordPolicy>,
    scope: String,
    is_complete: bool,
    found: Found,
    /// Moves to the thread that seals a window and returns with its batch.
    seen: Option<SeenSet>,
}

impl Look<'_> {
    async fn read(&mut self, feed: Feed) -> Result<InputEnd> {
        let _running = match &feed {
            Feed::Bytes { stopper, .. } => stopper.clone().map(Running),
            Feed::Pages { .. } | Feed::Unchanged | Feed::Later { .. } => None,
        };
        let num_preparers = thread::available_parallelism().map_or(1, usize::from);
        let mut reading = Reading::start(feed, Arc::clone(&self.record_policy), num_preparers);
        let mut window = Window::default();
        while let Some(block) = reading.next().await {
            window.push(block?);
            if window.is_full() {
                self.compare(mem::take(&mut window)).await?;
            }
        }
        self.compare(window).await?;
        let end = reading.end().await?;
        if let Some(crawl) = &end.crawl
            && crawl.num_pages == 0
            && let Some(incomplete) = &crawl.incomplete
        {
            return Err(Error::Crawl(Box::new(incomplete.clone())));
        }
        Ok(end)
    }

    /// Compares a window with what is stored.
    async fn compare(&mut self, window: Window) -> Result<()> {
        let batch = self.seal(window).await?;
        self.found.counts += batch.counts;
        self.found.counts.num_unchanged += batch.num_known;
        self.found.num_unidentified += batch.num_unidentified;
        let ids: Vec<ReferenceId> = batch.entries.iter().map(|entry| entry.reference_id).collect();
        let hashes: Vec<Option<VersionHash>> = batch.entries.iter().map(Entry::compared_hash).collect();
        let differing = references::probe(&***self.client, &ids, &hashes, &self.scope).await?;
        self.found.counts.num_unchanged += (batch.entries.len() - differing.len()) as u64;
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

    /// Counts what a record would change.
    fn classify(&mut self, batch: &Batch, entry: &Entry, current: Option<&references::Current>) {
        let record = batch.record(entry);
        let found = &mut self.found;
        let Some(current) = current else {
            if !entry.removes {
                found.counts.num_added += 1;
                found.sample(Change::Added, record.record_key, Vec::new());
            }
            return;
        };
        if entry.removes {
            if current.removed_at.is_none() {
                found.counts.num_removed += 1;
                found.num_flagged += 1;
                found.sample(Change::Removed, record.record_key, Vec::new());
            }
            return;
        }
        let changes = diff::diff(current.payload.as_bytes(), record.payload).unwrap_or_default();
        let fields = changes.iter().take(FIELDS).map(|change| change.field.clone()).collect();
        if current.removed_at.is_some() {
            found.counts.num_restored += 1;
            found.sample(Change::Restored, record.record_key, fields);
        } else if current.version_hash == entry.version_hash {
            // Another scope has it with the same content: it only moves.
            found.counts.num_unchanged += 1;
        } else {
            found.counts.num_updated += 1;
            let mut lost: Vec<String> = changes
                .iter()
                .filter(|change| change.new.is_none())
                .map(|change| change.field.clone())
                .collect();
            if !lost.is_empty() {
                lost.sort();
                *found.losses.entry(lost).or_default() += 1;
            }
            found.sample(Change::Updated, record.record_key, fields);
        }
    }

    async fn seal(&mut self, window: Window) -> Result<Batch> {
        let keys = match self.known {
            Some(known) if known.has_aliases => {
                Keys::find(self.client, &known.name, window.ids(), self.is_complete).await?
            }
            _ => Keys::default(),
        };
        let (policy, on_duplicate) = (Arc::clone(&self.record_policy), self.policy.on_duplicate.clone());
        let mut seen = self.seen.take().ok_or(Error::Reader)?;
        let sealed = task::spawn_blocking(move || {
            let batch = window.seal(&policy, &on_duplicate, RecordMode::Replace, &mut seen, &keys)?;
            Ok::<_, io::Error>((batch, seen))
        });
        let (batch, seen) = sealed.await.map_err(|_| Error::Reader)??;
        self.seen = Some(seen);
        Ok(batch)
    }
}

/// The judgement of what was read.
struct Judged<'a> {
    client: &'a Client,
    planned: &'a Planned,
    policy: &'a SourcePolicy,
    request: &'a PersistRequest,
    end: &'a InputEnd,
}

impl Judged<'_> {
    async fn judge(&self, mut found: Found, seen: Option<SeenSet>, input: String) -> Result<DryRun> {
        let (mut status, mut messages) = self.status(&found);
        let mut num_withheld = 0;
        let is_complete = self.request.complete && self.end.ending.is_complete != Some(false);
        if self.policy.mode == RecordMode::Patch {
            messages
                .push("this source has partial records; they were compared as if they were whole".to_owned());
        }
        if is_complete
            && status == RunStatus::Complete
            && let (Some(source), Some(seen)) = (&self.planned.known, seen)
        {
            if self.policy.guards.removals == RemovalPolicy::Guarded {
                self.removals(source, &seen, &mut found).await?;
            }
            let held = self.guards(source, &found).await?;
            num_withheld = held.withheld.num_withheld();
            if held.is_held() {
                status = RunStatus::Held;
                messages.extend(held.held.iter().map(|held| held.message.clone()));
            }
            messages.extend(held.notes);
        }
        Ok(DryRun {
            source: self.request.source.clone(),
            scope: self.request.scope.clone(),
            input,
            status,
            messages,
            counts: found.counts,
            num_withheld,
            samples: found.samples,
        })
    }

    /// How the run would end before its guards are asked.
    fn status(&self, found: &Found) -> (RunStatus, Vec<String>) {
        let ending = &self.end.ending;
        let Counts { num_seen, num_rejected, .. } = found.counts;
        let unreadable = found.num_unidentified + ending.num_unread;
        let too_many =
            unreadable as f64 > self.policy.max_rejected_share * (num_seen + ending.num_unread) as f64;
        let sends_end_line = self.planned.known.as_ref().is_some_and(|known| known.sends_end_line);
        let rejected = format!("{num_rejected} of {num_seen} records would be rejected");
        if found.num_unidentified > 0 && num_rejected == num_seen
            || unreadable >= MIN_REJECTED_TO_FAIL && too_many
        {
            return (RunStatus::Failed, vec![rejected]);
        }
        if let Some(error) = &self.end.error {
            return (RunStatus::Partial, vec![error.to_string()]);
        }
        if let Some(truncated) = &ending.truncated {
            return (RunStatus::Partial, vec![truncated.clone()]);
        }
        let rule = EndRule::of(self.policy.require_end, sends_end_line);
        if self.end.crawl.is_none()
            && let Some(problem) = rule.problem(ending.end_line.as_ref(), !ending.never_has_end_line)
        {
            return (RunStatus::Partial, vec![problem.message()]);
        }
        if unreadable > 0 { (RunStatus::Partial, vec![rejected]) } else { (RunStatus::Complete, Vec::new()) }
    }

    /// Counts the active references of the scope that the input doesn't have.
    async fn removals(&self, source: &Source, seen: &SeenSet, found: &mut Found) -> Result<()> {
        let scope = self.request.scope.to_string();
        let mut named = Vec::new();
        let active = references::stream_active(&***self.client, source.source_id, &scope).await?;
        pin_mut!(active);
        let mut seen = seen.merged()?;
        let mut seen_id = seen.take()?;
        while let Some(row) = active.next().await {
            let id = references::streamed_id(&row.map_err(forebay_store::Error::from)?)?;
            while seen_id.is_some_and(|seen_id| seen_id < id) {
                seen_id = seen.take()?;
            }
            if seen_id != Some(id) {
                found.counts.num_removed += 1;
                if named.len() < SAMPLES {
                    named.push(id);
                }
            }
        }
        for id in named {
            if let Some(reference) = history::find(&***self.client, &ReferenceName::Id(id)).await? {
                found.sample(Change::Removed, &reference.record_key, Vec::new());
            }
        }
        Ok(())
    }

    /// Lets the guards judge the changes. A first load has nothing to protect.
    async fn guards(&self, source: &Source, found: &Found) -> Result<guards::Decision> {
        let policy = &self.policy.guards;
        let scope = self.request.scope.to_string();
        let num_active_before = references::count_active(&***self.client, source.source_id, &scope).await?;
        if !policy.enabled || num_active_before == 0 {
            return Ok(guards::Decision::default());
        }
        let observed_at = self.request.observed_at.unwrap_or_else(clock::now);
        let missing = Missing {
            since: observed_at,
            num_runs: 1,
            num_references: found.counts.num_removed - found.num_flagged,
        };
        let losses: Vec<Loss> = found
            .losses
            .iter()
            .map(|(fields, num_updates)| Loss { fields: fields.clone(), num_updates: *num_updates })
            .collect();
        let coverage: &Coverage = &self.end.coverage;
        let evidence = Evidence {
            observed_at,
            num_active_before,
            num_seen: coverage.num_records().max(found.counts.num_seen - found.counts.num_rejected)
                - found.counts.num_duplicate,
            num_updated: found.counts.num_updated,
            missing: if missing.num_references == 0 { &[] } else { std::slice::from_ref(&missing) },
            num_flagged: found.num_flagged,
            losses: &losses,
            taken: None,
            coverage,
            rekey: None,
        };
        let history = runs::history(&***self.client, source.source_id, &self.request.scope).await?;
        Ok(guards::decide(policy, &Baseline::learn(policy, &history), &evidence))
    }
}
