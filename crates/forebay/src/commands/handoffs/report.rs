//! Hand-offs as they are printed: a table of many, counts, and all of one reference.

use std::{collections::BTreeMap, time::Duration};

use forebay_store::{
    handoffs::{AttemptRow, HandoffCount, HandoffRow, JobRow},
    history::ReferenceRow,
};
use jiff::Timestamp;
use serde::Serialize;

use crate::ui::{Page, Report, Table, Tone, format, table::Column};

/// One hand-off, as JSON has it.
#[derive(Debug, Serialize)]
struct Handoff {
    pipeline: String,
    reference_id: String,
    source: Option<String>,
    record_key: Option<String>,
    state: String,
    reason_code: String,
    change: String,
    version: i32,
    generation: i32,
    num_attempts: i32,
    failure_code: Option<String>,
    last_error: Option<String>,
    payload_hash: String,
    run_id: Option<i64>,
    enqueued_at: Timestamp,
    finished_at: Option<Timestamp>,
}

impl From<HandoffRow> for Handoff {
    fn from(row: HandoffRow) -> Self {
        Self {
            pipeline: row.pipeline,
            reference_id: row.reference_id.to_string(),
            source: row.source,
            record_key: row.record_key,
            state: row.state,
            reason_code: row.reason_code,
            change: row.change,
            version: row.version,
            generation: row.generation,
            num_attempts: row.num_attempts,
            failure_code: row.failure_code,
            last_error: row.last_error,
            payload_hash: row.payload_hash.to_string(),
            run_id: row.run_id,
            enqueued_at: row.enqueued_at,
            finished_at: row.finished_at,
        }
    }
}

impl Handoff {
    fn reference(&self) -> String {
        match (&self.source, &self.record_key) {
            (Some(source), Some(key)) => format::plain(&format!("{source}/{key}")),
            _ => self.reference_id.clone(),
        }
    }
}

/// A word that may be missing.
fn word(word: Option<&str>) -> String {
    word.map_or_else(|| "-".to_owned(), format::plain)
}

fn tone(state: &str) -> Tone {
    match state {
        "succeeded" => Tone::Good,
        "failed" => Tone::Bad,
        "retrying" | "held" => Tone::Warning,
        _ => Tone::Faint,
    }
}

/// Many hand-offs. The JSON form is `{"handoffs": [ … ]}`.
#[derive(Debug, Serialize)]
pub(super) struct ListReport {
    handoffs: Vec<Handoff>,
}

impl ListReport {
    pub(super) fn new(rows: Vec<HandoffRow>) -> Self {
        Self { handoffs: rows.into_iter().map(Handoff::from).collect() }
    }
}

impl Report for ListReport {
    fn write(&self, page: &mut Page) {
        let mut table = Table::new([
            Column::text("state"),
            Column::text("pipeline"),
            Column::text("reference"),
            Column::number("version"),
            Column::text("reason_code"),
            Column::text("failure_code"),
            Column::text("enqueued, UTC"),
            Column::text("last error"),
        ]);
        for handoff in &self.handoffs {
            let cells = [
                handoff.state.clone(),
                handoff.pipeline.clone(),
                handoff.reference(),
                handoff.version.to_string(),
                handoff.reason_code.clone(),
                word(handoff.failure_code.as_deref()),
                format::minute(handoff.enqueued_at),
                format::plain(handoff.last_error.as_deref().unwrap_or_default()),
            ];
            table.toned_row(tone(&handoff.state), cells);
        }
        page.table(&table, "no hand-offs");
    }
}

/// How many hand-offs stand how. The JSON form is `{"counts": [ … ]}`.
#[derive(Debug, Serialize)]
pub(super) struct CountsReport {
    counts: Vec<Count>,
}

#[derive(Debug, Serialize)]
struct Count {
    pipeline: String,
    state: String,
    reason_code: String,
    failure_code: Option<String>,
    num_handoffs: u64,
    oldest_enqueued_at: Timestamp,
    /// Age of the oldest when it was looked at.
    oldest_age_s: u64,
}

impl CountsReport {
    pub(super) fn new(counts: Vec<HandoffCount>, now: Timestamp) -> Self {
        let count = |count: HandoffCount| Count {
            // The database's clock may be ahead of ours.
            oldest_age_s: u64::try_from(now.duration_since(count.oldest_enqueued_at).as_secs())
                .unwrap_or_default(),
            pipeline: count.pipeline,
            state: count.state,
            reason_code: count.reason_code,
            failure_code: count.failure_code,
            num_handoffs: count.num_handoffs,
            oldest_enqueued_at: count.oldest_enqueued_at,
        };
        Self { counts: counts.into_iter().map(count).collect() }
    }
}

impl Report for CountsReport {
    fn write(&self, page: &mut Page) {
        let mut table = Table::new([
            Column::text("state"),
            Column::text("pipeline"),
            Column::text("reason_code"),
            Column::text("failure_code"),
            Column::number("hand-offs"),
            Column::number("oldest"),
        ]);
        for count in &self.counts {
            let cells = [
                count.state.clone(),
                count.pipeline.clone(),
                count.reason_code.clone(),
                word(count.failure_code.as_deref()),
                format::count(count.num_handoffs),
                format::duration(Duration::from_secs(count.oldest_age_s)),
            ];
            table.toned_row(tone(&count.state), cells);
        }
        page.table(&table, "no hand-offs");
    }
}

/// All hand-offs of one reference. The JSON form is `{"reference": { … }, "pipelines": [ … ]}`, each pipeline with
/// its `handoffs`, its `job` (null: nothing to do) and its failed `attempts`, newest first.
#[derive(Debug, Serialize)]
pub(super) struct ShowReport {
    reference: Reference,
    #[serde(serialize_with = "as_list")]
    pipelines: BTreeMap<String, PipelineOf>,
}

#[derive(Debug, Serialize)]
struct Reference {
    reference_id: String,
    source: String,
    record_key: String,
    version: i32,
    version_hash: String,
    removed_at: Option<Timestamp>,
}

#[derive(Debug, Default, Serialize)]
struct PipelineOf {
    pipeline: String,
    handoffs: Vec<Handoff>,
    job: Option<Job>,
    attempts: Vec<Attempt>,
}

#[derive(Debug, Serialize)]
struct Job {
    payload_hash: String,
    attempt: i32,
    not_before: Timestamp,
    lease_until: Option<Timestamp>,
    has_follow_up: bool,
}

#[derive(Debug, Serialize)]
struct Attempt {
    payload_hash: String,
    attempt: i32,
    failure_class: String,
    reason_code: String,
    message: String,
    failed_at: Timestamp,
}

/// The names are in the values.
fn as_list<S: serde::Serializer>(
    pipelines: &BTreeMap<String, PipelineOf>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(pipelines.values())
}

impl ShowReport {
    pub(super) fn new(reference: &ReferenceRow) -> Self {
        Self {
            reference: Reference {
                reference_id: reference.reference_id.to_string(),
                source: reference.source.clone(),
                record_key: reference.record_key.clone(),
                version: reference.version,
                version_hash: reference.version_hash.to_string(),
                removed_at: reference.removed_at,
            },
            pipelines: BTreeMap::new(),
        }
    }

    pub(super) fn add_handoff(&mut self, row: HandoffRow) {
        let pipeline = self.pipelines.entry(row.pipeline.clone()).or_default();
        pipeline.pipeline.clone_from(&row.pipeline);
        pipeline.handoffs.push(row.into());
    }

    /// Adds the work of a pipeline that has been added with its hand-offs.
    pub(super) fn add_job(&mut self, row: &JobRow) {
        let Some(pipeline) = self.pipelines.get_mut(&row.pipeline) else { return };
        pipeline.job = Some(Job {
            payload_hash: row.payload_hash.to_string(),
            attempt: row.attempt,
            not_before: row.not_before,
            lease_until: row.lease_until,
            has_follow_up: row.has_follow_up,
        });
    }

    /// Adds a failed try of a pipeline that has been added with its hand-offs.
    pub(super) fn add_attempt(&mut self, row: AttemptRow) {
        let Some(pipeline) = self.pipelines.get_mut(&row.pipeline) else { return };
        pipeline.attempts.push(Attempt {
            payload_hash: row.payload_hash.to_string(),
            attempt: row.attempt,
            failure_class: row.failure_class,
            reason_code: row.reason_code,
            message: row.message,
            failed_at: row.failed_at,
        });
    }
}

impl Report for ShowReport {
    fn write(&self, page: &mut Page) {
        let reference = &self.reference;
        page.line(&format::plain(&format!("{}/{}", reference.source, reference.record_key)));
        let state = match reference.removed_at {
            Some(removed_at) => format!("removed at {}", format::timestamp(removed_at)),
            None => format!("active at version {}", reference.version),
        };
        page.line(&format!("  {}, {state}", reference.reference_id));
        if self.pipelines.is_empty() {
            page.line("  it has never been handed off");
        }
        for (name, pipeline) in &self.pipelines {
            page.heading(&format!("Pipeline {name}"));
            pipeline.write(page);
        }
    }
}

impl PipelineOf {
    fn write(&self, page: &mut Page) {
        let mut handoffs = Table::new([
            Column::text("state"),
            Column::number("version"),
            Column::text("change"),
            Column::text("reason_code"),
            Column::text("failure_code"),
            Column::number("generation"),
            Column::number("failed tries"),
            Column::text("enqueued, UTC"),
            Column::text("finished, UTC"),
        ]);
        for handoff in &self.handoffs {
            let cells = [
                handoff.state.clone(),
                handoff.version.to_string(),
                handoff.change.clone(),
                handoff.reason_code.clone(),
                word(handoff.failure_code.as_deref()),
                handoff.generation.to_string(),
                handoff.num_attempts.to_string(),
                format::minute(handoff.enqueued_at),
                handoff.finished_at.map_or_else(|| "-".to_owned(), format::minute),
            ];
            handoffs.toned_row(tone(&handoff.state), cells);
        }
        page.table(&handoffs, "no hand-offs");
        match &self.job {
            Some(job) => page.line(&format!("job: {}", job.told())),
            None => page.line("job: none, there is nothing to do"),
        }
        if self.attempts.is_empty() {
            return;
        }
        let mut attempts = Table::new([
            Column::number("attempt"),
            Column::text("class"),
            Column::text("reason_code"),
            Column::text("message"),
            Column::text("failed"),
        ]);
        for attempt in &self.attempts {
            attempts.row([
                attempt.attempt.to_string(),
                attempt.failure_class.clone(),
                attempt.reason_code.clone(),
                format::plain(&attempt.message),
                format::timestamp(attempt.failed_at),
            ]);
        }
        page.line("failed attempts, newest first:");
        page.table(&attempts, "none");
    }
}

impl Job {
    fn told(&self) -> String {
        let follow_up = if self.has_follow_up { "; newer content waits behind it" } else { "" };
        match self.lease_until {
            Some(until) => format!("claimed until {}{follow_up}", format::timestamp(until)),
            None => format!(
                "waits for a worker, from {} on, after {} tries{follow_up}",
                format::timestamp(self.not_before),
                self.attempt
            ),
        }
    }
}
