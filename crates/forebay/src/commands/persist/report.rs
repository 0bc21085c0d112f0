//! What `forebay persist` prints: the runs, in the order of the files.

use std::collections::BTreeMap;

use forebay_domain::run::RunStatus;
use forebay_engine::persist::RunReport;
use serde::Serialize;

use crate::{
    commands::runs::write_choices,
    failure::{Exit, Failure},
    ui::{Page, Report, Tone, format},
};

/// All runs of one command. The JSON form is `{"runs": [ … ]}`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RunsReport {
    runs: Vec<Run>,
    /// What ended the command before all files were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<serde_json::Value>,
}

/// One run. Its fields are stable.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    run_id: i64,
    source: String,
    scope: String,
    status: &'static str,
    reason_code: Option<String>,
    num_seen: u64,
    num_added: u64,
    num_updated: u64,
    num_unchanged: u64,
    num_removed: u64,
    num_restored: u64,
    num_duplicate: u64,
    num_rejected: u64,
    num_handoffs: u64,
    field_coverage: BTreeMap<String, f64>,
    duration_ms: u64,
    messages: Vec<String>,
}

impl RunsReport {
    pub(crate) fn push(&mut self, report: RunReport) {
        self.runs.push(report.into());
    }

    /// Notes the error that ended the command, for the document.
    pub(crate) fn stop(&mut self, failure: Option<&Failure>) {
        self.error = failure
            .and_then(|failure| serde_json::to_value(failure.document()).ok())
            .and_then(|mut document| document.get_mut("error").map(serde_json::Value::take));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The state that the exit code tells of: failed before held before the others.
    pub(crate) fn worst(&self) -> Option<RunStatus> {
        let any =
            |status: RunStatus| self.runs.iter().any(|run| run.status == status.as_str()).then_some(status);
        any(RunStatus::Failed).or_else(|| any(RunStatus::Held)).or_else(|| any(RunStatus::Complete))
    }
}

impl From<RunReport> for Run {
    fn from(report: RunReport) -> Self {
        let counts = report.counts;
        Self {
            run_id: report.run_id,
            source: report.source,
            scope: report.scope.to_string(),
            status: report.status.as_str(),
            reason_code: report.reason_code,
            num_seen: counts.num_seen,
            num_added: counts.num_added,
            num_updated: counts.num_updated,
            num_unchanged: counts.num_unchanged,
            num_removed: counts.num_removed,
            num_restored: counts.num_restored,
            num_duplicate: counts.num_duplicate,
            num_rejected: counts.num_rejected,
            num_handoffs: report.num_handoffs,
            field_coverage: report.field_coverage,
            duration_ms: u64::try_from(report.duration.as_millis()).unwrap_or(u64::MAX),
            messages: report.messages,
        }
    }
}

impl Report for RunsReport {
    fn write(&self, page: &mut Page) {
        for run in &self.runs {
            run.write(page);
        }
    }
}

impl Run {
    /// How a command ends that made it.
    pub(crate) fn exit(&self) -> Exit {
        match self.status {
            "failed" => Exit::Failed,
            "held" => Exit::Held,
            _ => Exit::Done,
        }
    }

    /// The human form.
    pub(crate) fn write(&self, page: &mut Page) {
        let scope = if self.scope.is_empty() { String::new() } else { format!(" [{}]", self.scope) };
        let tone = match self.status {
            "complete" => Tone::Good,
            "failed" => Tone::Bad,
            _ => Tone::Warning,
        };
        let reason = self.reason_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
        let duration = format::duration(std::time::Duration::from_millis(self.duration_ms));
        page.toned(
            tone,
            &format!("run {} of {}{scope}: {}{reason} in {duration}", self.run_id, self.source, self.status),
        );
        let counts = [
            ("seen", self.num_seen),
            ("added", self.num_added),
            ("updated", self.num_updated),
            ("unchanged", self.num_unchanged),
            ("removed", self.num_removed),
            ("restored", self.num_restored),
            ("duplicate", self.num_duplicate),
            ("rejected", self.num_rejected),
            ("handed off", self.num_handoffs),
        ];
        let told: Vec<String> = counts
            .into_iter()
            .filter(|(word, count)| *count > 0 || *word == "seen")
            .map(|(word, count)| format!("{} {word}", format::count(count)))
            .collect();
        page.line(&format!("  {}", told.join(", ")));
        for message in &self.messages {
            page.line(&format!("  {message}"));
        }
        if self.status == "held" {
            write_choices(page, self.run_id, self.reason_code.as_deref());
        }
        if self.num_rejected > 0 {
            page.line(&format!("  forebay runs show {} lists what was rejected, and why", self.run_id));
        }
    }
}
