//! The human form of runs: a list, one in full, and one after a decision.

use std::time::Duration;

use forebay_domain::{guards::HoldReason, run::RunStatus};
use forebay_views::{Json, Page, Run, RunDecision, RunDetail, RunSummary};

use crate::ui::{self, Report, Table, Tone, format, table::Column};

/// Characters of a rejected record that are shown.
const RAW_SHOWN: usize = 60;

fn tone(run: &RunSummary) -> Tone {
    match RunStatus::parse(&run.status) {
        Some(RunStatus::Complete) => Tone::Good,
        Some(RunStatus::Failed | RunStatus::Aborted) => Tone::Bad,
        Some(RunStatus::Running) => Tone::Faint,
        Some(RunStatus::Partial | RunStatus::Held) | None => Tone::Warning,
    }
}

fn is_held(run: &RunSummary) -> bool {
    run.status == RunStatus::Held.as_str()
}

fn took(run: &RunSummary) -> Option<String> {
    run.duration_ms.map(|millis| format::duration(Duration::from_millis(millis)))
}

fn counts(run: &RunSummary) -> [(&'static str, u64); 9] {
    [
        ("seen", run.counts.num_seen),
        ("added", run.counts.num_added),
        ("updated", run.counts.num_updated),
        ("unchanged", run.counts.num_unchanged),
        ("removed", run.counts.num_removed),
        ("restored", run.counts.num_restored),
        ("duplicate", run.counts.num_duplicate),
        ("rejected", run.counts.num_rejected),
        ("handed off", run.num_handoffs),
    ]
}

/// How a run ended and why.
fn write_headline(page: &mut ui::Page, run: &Run) {
    let RunSummary { run_id, source, scope, status, reason_code, .. } = &run.summary;
    let reason = reason_code.as_ref().map(|code| format!(" ({code})")).unwrap_or_default();
    let took = took(&run.summary).map(|took| format!(" in {took}")).unwrap_or_default();
    let subject = format::subject(source, scope);
    page.toned(tone(&run.summary), &format!("run {run_id} of {subject}: {status}{reason}{took}"));
    if let Some(by) = run.reverted_by {
        page.line(&format!("  run {by} has undone it"));
    }
    for line in run.message.iter().flat_map(|message| message.lines()) {
        page.line(&format!("  {line}"));
    }
}

/// A run that has just ended, and what can be done if it is held.
pub(crate) fn write_ended(page: &mut ui::Page, run: &Run) {
    write_headline(page, run);
    let shown: Vec<String> = counts(&run.summary)
        .into_iter()
        .chain([("moved to other keys", run.num_rekeyed), ("withheld", run.num_withheld)])
        .filter(|(word, count)| *count > 0 || *word == "seen")
        .map(|(word, count)| format!("{} {word}", format::count(count)))
        .collect();
    page.line(&format!("  {}", shown.join(", ")));
    if run.summary.num_requests > 0 {
        page.line(&format!(
            "  {} requests, {} not modified, {} received",
            format::count(run.summary.num_requests),
            format::count(run.summary.num_not_modified),
            format::bytes(run.num_bytes_received),
        ));
    }
    for drift in &run.drift {
        let change = match drift.change.as_str() {
            "wrong_type" => "not always of its declared type",
            change => change,
        };
        page.line(&format!("  the field {} is {change}", format::plain(&drift.field_name)));
    }
    if is_held(&run.summary) {
        write_choices(page, &run.summary);
    }
    if run.summary.counts.num_rejected > 0 {
        page.line(&format!("  forebay runs show {} lists the rejected records", run.summary.run_id));
    }
}

/// What an operator can do about a held run.
fn write_choices(page: &mut ui::Page, run: &RunSummary) {
    page.line("  all but the withheld changes were applied");
    page.line(&format!("  forebay runs diff {}     shows them field by field", run.run_id));
    write_decisions(page, run);
}

/// The commands that decide about a held run.
pub(super) fn write_decisions(page: &mut ui::Page, run: &RunSummary) {
    let run_id = run.run_id;
    if run.reason_code.as_deref() == Some(HoldReason::RekeySuspected.as_str()) {
        page.line(&format!(
            "  forebay runs rekey {run_id}    moves the keys and keeps references and history"
        ));
    }
    page.line(&format!("  forebay runs release {run_id}  applies them"));
    page.line(&format!("  forebay runs reject {run_id}   discards them"));
}

impl Report for Page<RunSummary> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::number("run"),
            Column::code("status"),
            Column::text("source"),
            Column::number("seen").minor(),
            Column::number("added"),
            Column::number("updated").minor(),
            Column::number("removed"),
            Column::text("observed, UTC").minor(),
            Column::code("reason"),
        ]);
        for run in &self.items {
            let cells = [
                run.run_id.to_string(),
                run.status.clone(),
                format::subject(&run.source, &run.scope),
                format::count(run.counts.num_seen),
                format::count(run.counts.num_added),
                format::count(run.counts.num_updated),
                format::count(run.counts.num_removed),
                format::minute(run.observed_at.get()),
                run.reason_code.clone().unwrap_or_default(),
            ];
            table.toned_row(tone(run), cells);
        }
        page.table(&table, "no runs");
        if self.items.iter().any(is_held) {
            page.line(
                "\nheld runs wait for a decision: forebay runs show RUN explains why and lists the choices",
            );
        }
    }
}

impl Report for RunDecision {
    fn write(&self, page: &mut ui::Page) {
        if self.is_dry_run {
            page.line("nothing was changed: this was a dry run");
            return;
        }
        write_ended(page, &self.run);
        if let Some(number) = self.num_rekeyed {
            page.line(&format!("  {} references kept their ids under new keys", format::count(number)));
        }
    }
}

impl Report for RunDetail {
    fn write(&self, page: &mut ui::Page) {
        let run = &self.run;
        write_headline(page, run);
        if self.process_died {
            page.toned(
                Tone::Bad,
                "  its process has died; `forebay work` or the next run of its scope closes it",
            );
        }
        page.heading("Run");
        let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
        page.fields([
            ("input", format::plain(&run.input)),
            ("engine", run.engine.clone()),
            ("observed", format::timestamp(run.summary.observed_at.get())),
            ("started", format::timestamp(run.summary.started_at.get())),
            ("ended", run.summary.ended_at.map_or_else(format::none, |at| format::timestamp(at.get()))),
            ("took", took(&run.summary).unwrap_or_else(format::none)),
            ("complete", yes_no(run.is_complete)),
            ("hand-offs", yes_no(run.with_handoffs)),
        ]);
        page.heading("Counts");
        page.fields(counts(&run.summary).map(|(name, count)| (name, format::count(count))));
        if run.num_withheld + run.num_rekeyed > 0 {
            page.fields([
                ("withheld", format::count(run.num_withheld)),
                ("moved to other keys", format::count(run.num_rekeyed)),
            ]);
        }
        if run.summary.num_requests > 0 {
            page.heading("Fetched");
            page.fields([
                ("requests", format::count(run.summary.num_requests)),
                ("not modified", format::count(run.summary.num_not_modified)),
                ("received", format::bytes(run.num_bytes_received)),
            ]);
        }
        write_held(page, self);
        write_drift(page, run);
        page.heading("Coverage: share of the valid records with a value");
        let mut coverage = Table::new([Column::text("field"), Column::number("coverage")]);
        for (field, share) in &run.field_coverage {
            coverage.row([format::plain(field), format::share(*share)]);
        }
        page.table(&coverage, "no valid records");
        page.heading("Guards in force");
        page.json_fields(run.guards.as_ref().map_or("{}", Json::text), "none: guards were off");
        write_rejected(page, self);
        if is_held(&run.summary) {
            page.heading("Choices");
            write_choices(page, &run.summary);
        }
    }
}

fn write_held(page: &mut ui::Page, detail: &RunDetail) {
    let Some(held) = &detail.held else { return };
    page.heading("Held: what applying it would do now");
    page.fields([
        ("would add", format::count(held.num_added)),
        ("would update", format::count(held.num_updated)),
        ("would restore", format::count(held.num_restored)),
        ("would remove", format::count(held.num_removed)),
    ]);
    if detail.held_changes.is_empty() {
        return;
    }
    page.heading("The first of these changes");
    let mut changes = Table::new([Column::code("change"), Column::text("key"), Column::number("version")]);
    for change in &detail.held_changes {
        changes.row([
            change.change.clone(),
            format::plain(&change.record_key),
            change.version.map_or_else(format::none, |version| version.to_string()),
        ]);
    }
    page.table(&changes, "none");
}

fn write_drift(page: &mut ui::Page, run: &Run) {
    if run.drift.is_empty() {
        return;
    }
    page.heading(
        "Drift: fields whose shape differs from that of the last good runs, or from their declaration",
    );
    let mut table =
        Table::new([Column::text("field"), Column::text("change"), Column::text("was"), Column::text("is")]);
    for drift in &run.drift {
        table.row([
            format::plain(&drift.field_name),
            drift.change.clone(),
            drift.old_types.join(", "),
            drift.new_types.join(", "),
        ]);
    }
    page.table(&table, "none");
}

fn write_rejected(page: &mut ui::Page, detail: &RunDetail) {
    let num_rejected = detail.run.summary.counts.num_rejected;
    if num_rejected == 0 {
        return;
    }
    let shown = detail.rejected.len() as u64;
    let which = if shown < num_rejected { format!(", the first {shown} of them") } else { String::new() };
    page.heading(&format!("Rejected records: {}{which}", format::count(num_rejected)));
    let mut table = Table::new([
        Column::number("line"),
        Column::text("reason_code"),
        Column::text("message"),
        Column::text("text"),
    ]);
    for record in &detail.rejected {
        table.row([
            record.line.map_or_else(format::none, |line| line.to_string()),
            record.reason_code.clone(),
            format::plain(&record.message),
            match &record.raw_text {
                Some(text) => format::plain(&format::shortened(text, RAW_SHOWN)),
                None => format!("{} bytes of binary data", record.num_bytes),
            },
        ]);
    }
    page.table(&table, "they have been deleted");
}
