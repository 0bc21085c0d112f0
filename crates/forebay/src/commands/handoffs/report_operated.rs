//! What an operation on hand-offs did, as it is printed.

use std::collections::BTreeMap;

use forebay_store::handoffs::{Mode, Operated};
use serde::Serialize;

use crate::{
    failure::Exit,
    ui::{Page, Report, Table, Tone, format, table::Column},
};

/// The JSON form is `{"operation": …, "dry_run": …, "num_done": …, "done": [ … ], "refused": {CODE: COUNT}}`; `done`
/// counts by how the hand-offs stood before.
#[derive(Debug, Serialize)]
pub(super) struct OperatedReport {
    operation: &'static str,
    dry_run: bool,
    num_done: u64,
    done: Vec<Done>,
    refused: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Serialize)]
struct Done {
    pipeline: String,
    state: &'static str,
    reason_code: String,
    failure_code: Option<String>,
    num_handoffs: u64,
}

impl OperatedReport {
    pub(super) fn new(operation: &'static str, mode: Mode, operated: Operated) -> Self {
        let done = operated.done.into_iter().map(|(stood, num_handoffs)| Done {
            pipeline: stood.pipeline,
            state: stood.state.as_str(),
            reason_code: stood.reason_code,
            failure_code: stood.failure_code,
            num_handoffs,
        });
        Self {
            operation,
            dry_run: mode == Mode::DryRun,
            num_done: operated.num_done,
            done: done.collect(),
            refused: operated.refused,
        }
    }

    /// It fails if all that was chosen refused.
    pub(super) fn exit(&self) -> Exit {
        if self.num_done == 0 && !self.refused.is_empty() { Exit::Failed } else { Exit::Done }
    }
}

/// What a refusal means, and what to do.
fn meaning(code: &str) -> &'static str {
    match code {
        "attempt_under_way" => "an attempt is under way; wait for it, or for its lease to end",
        "already_pending" => "it waits for a worker already",
        "held" => "it is held; release it first",
        "not_held" => "it is not held",
        "already_ended" => "it has ended; retry it to open it again",
        "not_latest" => "the pipeline was given a newer version; act on that one",
        _ => "the reference was deleted for good",
    }
}

impl Report for OperatedReport {
    fn write(&self, page: &mut Page) {
        let done = if self.dry_run { "would be done (dry run)" } else { "done" };
        page.line(&format!("{}: {} {done}", self.operation, format::count(self.num_done)));
        if !self.done.is_empty() {
            let mut table = Table::new([
                Column::text("was"),
                Column::text("pipeline"),
                Column::text("reason_code"),
                Column::text("failure_code"),
                Column::number("hand-offs"),
            ]);
            for done in &self.done {
                table.row([
                    done.state.to_owned(),
                    done.pipeline.clone(),
                    done.reason_code.clone(),
                    done.failure_code.clone().unwrap_or_else(|| "-".to_owned()),
                    format::count(done.num_handoffs),
                ]);
            }
            page.table(&table, "none");
        }
        for (code, count) in &self.refused {
            let text = format!("{} refused, {code}: {}", format::count(*count), meaning(code));
            page.toned(Tone::Warning, &text);
        }
    }
}
