//! Runs as they are printed: a table of many, one in full, and one after an operator's decision.
//!
//! The JSON form of a run is the same everywhere; its names are those of the columns and of `persist`.

use std::{collections::BTreeMap, time::Duration};

use forebay_domain::{
    drift::{Drift, JsonType, TypeSet},
    run::RunStatus,
};
use forebay_store::{
    changes::StagedTotals,
    runs::{RejectedRecord, RunRow},
};
use jiff::Timestamp;
use serde::Serialize;

use crate::ui::{Page, Report, Table, Tone, format, table::Column};

/// Characters of a rejected record that the human form shows.
const RAW_SHOWN: usize = 60;

/// One run, as JSON has it.
#[derive(Debug, Serialize)]
pub(super) struct Run {
    run_id: i64,
    source: String,
    scope: String,
    status: &'static str,
    reason_code: Option<String>,
    message: Option<String>,
    num_seen: u64,
    num_added: u64,
    num_updated: u64,
    num_unchanged: u64,
    num_removed: u64,
    num_restored: u64,
    num_duplicate: u64,
    num_rejected: u64,
    num_handoffs: i64,
    num_staged: i64,
    num_requests: i64,
    num_not_modified: i64,
    bytes_received: i64,
    field_coverage: BTreeMap<String, f64>,
    is_complete: bool,
    guards: Option<serde_json::Value>,
    with_handoffs: bool,
    engine: String,
    input: String,
    observed_at: Timestamp,
    started_at: Timestamp,
    ended_at: Option<Timestamp>,
    duration_ms: Option<i64>,
}

impl From<RunRow> for Run {
    fn from(row: RunRow) -> Self {
        Self {
            run_id: row.run_id,
            source: row.source,
            scope: row.scope,
            status: row.status.as_str(),
            reason_code: row.reason_code,
            message: row.message,
            num_seen: row.counts.num_seen,
            num_added: row.counts.num_added,
            num_updated: row.counts.num_updated,
            num_unchanged: row.counts.num_unchanged,
            num_removed: row.counts.num_removed,
            num_restored: row.counts.num_restored,
            num_duplicate: row.counts.num_duplicate,
            num_rejected: row.counts.num_rejected,
            num_handoffs: row.num_handoffs,
            num_staged: row.num_staged,
            num_requests: row.num_requests,
            num_not_modified: row.num_not_modified,
            bytes_received: row.bytes_received,
            field_coverage: row.coverage.into_iter().collect(),
            is_complete: row.is_complete,
            guards: row.guards,
            with_handoffs: row.with_handoffs,
            engine: row.engine,
            input: row.input,
            observed_at: row.observed_at,
            started_at: row.started_at,
            ended_at: row.ended_at,
            duration_ms: row.duration_ms,
        }
    }
}

impl Run {
    fn is_held(&self) -> bool {
        self.status == RunStatus::Held.as_str()
    }

    fn tone(&self) -> Tone {
        match self.status {
            "complete" => Tone::Good,
            "failed" | "aborted" => Tone::Bad,
            "running" => Tone::Faint,
            _ => Tone::Warning,
        }
    }

    /// `courses [semester=Spring 2026]`.
    fn subject(&self) -> String {
        if self.scope.is_empty() { self.source.clone() } else { format!("{} [{}]", self.source, self.scope) }
    }

    fn took(&self) -> Option<String> {
        let millis = u64::try_from(self.duration_ms?).unwrap_or_default();
        Some(format::duration(Duration::from_millis(millis)))
    }

    /// The state with its reason, and the reason's sentences.
    fn headline(&self, page: &mut Page) {
        let reason = self.reason_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let text = format!("run {} of {}: {}{reason}", self.run_id, self.subject(), self.status);
        page.toned(self.tone(), &text);
        for line in self.message.iter().flat_map(|message| message.lines()) {
            page.line(&format!("  {line}"));
        }
    }

    fn counts(&self) -> [(&'static str, u64); 9] {
        [
            ("num_seen", self.num_seen),
            ("num_added", self.num_added),
            ("num_updated", self.num_updated),
            ("num_unchanged", self.num_unchanged),
            ("num_removed", self.num_removed),
            ("num_restored", self.num_restored),
            ("num_duplicate", self.num_duplicate),
            ("num_rejected", self.num_rejected),
            ("num_handoffs", u64::try_from(self.num_handoffs).unwrap_or_default()),
        ]
    }
}

/// Says what can be done about a held run.
pub(crate) fn write_choices(page: &mut Page, run_id: i64, reason_code: Option<&str>) {
    page.line("  nothing of it is applied; what was there before keeps serving");
    if reason_code == Some("rekey_suspected") {
        page.line(&format!(
            "  forebay runs rekey {run_id}    moves the keys and keeps references and history"
        ));
    }
    page.line(&format!("  forebay runs release {run_id}  applies it as it is"));
    page.line(&format!("  forebay runs reject {run_id}   drops it"));
}

/// Many runs. The JSON form is `{"runs": [ … ]}`.
#[derive(Debug, Serialize)]
pub(super) struct ListReport {
    runs: Vec<Run>,
}

impl ListReport {
    pub(super) fn new(rows: Vec<RunRow>) -> Self {
        Self { runs: rows.into_iter().map(Run::from).collect() }
    }
}

impl Report for ListReport {
    fn write(&self, page: &mut Page) {
        let mut table = Table::new([
            Column::number("run"),
            Column::code("status"),
            Column::text("source"),
            Column::number("seen"),
            Column::number("added"),
            Column::number("updated"),
            Column::number("removed"),
            Column::text("observed, UTC"),
            Column::code("reason"),
        ]);
        for run in &self.runs {
            let cells = [
                run.run_id.to_string(),
                run.status.to_owned(),
                run.subject(),
                format::count(run.num_seen),
                format::count(run.num_added),
                format::count(run.num_updated),
                format::count(run.num_removed),
                format::minute(run.observed_at),
                run.reason_code.clone().unwrap_or_default(),
            ];
            table.toned_row(run.tone(), cells);
        }
        page.table(&table, "no runs");
        if self.runs.iter().any(Run::is_held) {
            page.line(
                "\nheld runs wait for a decision: forebay runs show RUN says why, and what can be done",
            );
        }
    }
}

/// One run in full. The JSON form is `{"run": { … }, "staged": { … }, "drift": [ … ], "rejected": [ … ]}`; `staged` is
/// null unless the run is held, `rejected` has the first ones.
#[derive(Debug, Serialize)]
pub(super) struct ShowReport {
    run: Run,
    staged: Option<Staged>,
    drift: Vec<Drifted>,
    rejected: Vec<Rejected>,
}

/// What a held run would do to what is stored now.
#[derive(Debug, Serialize)]
struct Staged {
    num_added: u64,
    num_updated: u64,
    num_restored: u64,
    num_removed: u64,
}

/// A field whose shape is another one than in the last good runs.
#[derive(Debug, Serialize)]
struct Drifted {
    field_name: String,
    change: &'static str,
    old_types: Vec<&'static str>,
    new_types: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Rejected {
    input: String,
    line: Option<i64>,
    reason_code: String,
    message: String,
    raw_text: Option<String>,
    raw_length: i64,
}

impl ShowReport {
    pub(super) fn new(
        run: RunRow,
        staged: Option<StagedTotals>,
        rejected: Vec<RejectedRecord>,
        drift: Vec<Drift>,
    ) -> Self {
        let staged = staged.map(|totals| Staged {
            num_added: totals.num_added,
            num_updated: totals.num_updated,
            num_restored: totals.num_restored,
            num_removed: totals.num_removed,
        });
        let rejected = rejected.into_iter().map(|record| Rejected {
            input: record.input,
            line: record.line,
            reason_code: record.reason_code,
            message: record.message,
            raw_text: record.raw_text,
            raw_length: record.raw_length,
        });
        let types = |set: TypeSet| set.iter().map(JsonType::as_str).collect();
        let drift = drift.into_iter().map(|drift| Drifted {
            field_name: drift.field_name,
            change: drift.change.as_str(),
            old_types: types(drift.old_types),
            new_types: types(drift.new_types),
        });
        Self { run: run.into(), staged, drift: drift.collect(), rejected: rejected.collect() }
    }
}

impl Report for ShowReport {
    fn write(&self, page: &mut Page) {
        let run = &self.run;
        run.headline(page);
        page.heading("Run");
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        page.fields([
            ("input", format::plain(&run.input)),
            ("engine", run.engine.clone()),
            ("observed", format::timestamp(run.observed_at)),
            ("started", format::timestamp(run.started_at)),
            ("ended", or_dash(run.ended_at.map(format::timestamp))),
            ("took", or_dash(run.took())),
            ("complete", yes_no(run.is_complete)),
            ("hand-offs", yes_no(run.with_handoffs)),
        ]);
        page.heading("Counts");
        page.fields(run.counts().map(|(name, count)| (name, format::count(count))));
        self.write_fetched(page);
        self.write_staged(page);
        self.write_drift(page);
        self.write_coverage(page);
        self.write_guards(page);
        self.write_rejected(page);
        if run.is_held() {
            page.heading("What can be done");
            write_choices(page, run.run_id, run.reason_code.as_deref());
        }
    }
}

impl ShowReport {
    fn write_staged(&self, page: &mut Page) {
        let Some(staged) = &self.staged else { return };
        page.heading("Staged: what applying it would do now");
        page.fields([
            ("would add", format::count(staged.num_added)),
            ("would update", format::count(staged.num_updated)),
            ("would restore", format::count(staged.num_restored)),
            ("would remove", format::count(staged.num_removed)),
        ]);
    }

    fn write_fetched(&self, page: &mut Page) {
        let run = &self.run;
        if run.num_requests == 0 {
            return;
        }
        page.heading("Fetched");
        page.fields([
            ("requests", format::count(run.num_requests.unsigned_abs())),
            ("not modified", format::count(run.num_not_modified.unsigned_abs())),
            ("received", format::bytes(run.bytes_received.unsigned_abs())),
        ]);
    }

    fn write_drift(&self, page: &mut Page) {
        if self.drift.is_empty() {
            return;
        }
        page.heading("Drift: fields that have another shape than in the last good runs");
        let mut table = Table::new([
            Column::text("field"),
            Column::text("change"),
            Column::text("was"),
            Column::text("is"),
        ]);
        for drift in &self.drift {
            table.row([
                format::plain(&drift.field_name),
                drift.change.to_owned(),
                drift.old_types.join(", "),
                drift.new_types.join(", "),
            ]);
        }
        page.table(&table, "none");
    }

    fn write_coverage(&self, page: &mut Page) {
        page.heading("Coverage: share of the good records that have a value");
        let mut table = Table::new([Column::text("field"), Column::number("coverage")]);
        for (field, share) in &self.run.field_coverage {
            table.row([format::plain(field), format::share(*share)]);
        }
        page.table(&table, "no good records");
    }

    fn write_guards(&self, page: &mut Page) {
        page.heading("Guards in force");
        match self.run.guards.as_ref().and_then(serde_json::Value::as_object) {
            Some(guards) => {
                page.fields(guards.iter().map(|(name, value)| (name.as_str(), value.to_string())));
            }
            None => page.line("none: guards were off"),
        }
    }

    fn write_rejected(&self, page: &mut Page) {
        let num_rejected = self.run.num_rejected;
        if num_rejected == 0 {
            return;
        }
        let shown = self.rejected.len() as u64;
        let which = if shown < num_rejected { format!(", the first {shown} of them") } else { String::new() };
        page.heading(&format!("Rejected records: {}{which}", format::count(num_rejected)));
        let mut table = Table::new([
            Column::number("line"),
            Column::text("reason_code"),
            Column::text("message"),
            Column::text("text"),
        ]);
        for record in &self.rejected {
            table.row([
                record.line.map_or_else(|| "-".to_owned(), |line| line.to_string()),
                record.reason_code.clone(),
                format::plain(&record.message),
                match &record.raw_text {
                    Some(text) => format::plain(&format::shortened(text, RAW_SHOWN)),
                    None => format!("{} bytes that are not text", record.raw_length),
                },
            ]);
        }
        page.table(&table, "they are not kept any more");
    }
}

/// A run after a decision. The JSON form is `{"run": { … }}`, after a re-key with `num_rekeyed`.
#[derive(Debug, Serialize)]
pub(super) struct DecisionReport {
    run: Run,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_rekeyed: Option<u64>,
}

impl DecisionReport {
    pub(super) fn new(run: RunRow, num_rekeyed: Option<u64>) -> Self {
        Self { run: run.into(), num_rekeyed }
    }
}

impl Report for DecisionReport {
    fn write(&self, page: &mut Page) {
        self.run.headline(page);
        if let Some(number) = self.num_rekeyed {
            page.line(&format!("  {} references kept their ids and have new keys", format::count(number)));
        }
        let told: Vec<String> = self
            .run
            .counts()
            .into_iter()
            .filter(|(name, count)| *count > 0 || *name == "num_seen")
            .map(|(name, count)| format!("{name} {}", format::count(count)))
            .collect();
        page.line(&format!("  {}", told.join(", ")));
    }
}
