//! The human form of hand-offs: a list, counts, and the details of one reference.

use std::time::Duration;

use forebay_domain::handoff::State;
use forebay_views::{Handoff, HandoffCount, Job, Page, Pause, PipelineHandoffs, ReferenceHandoffs, Time};

use super::pause::sentence;
use crate::ui::{self, Report, Table, Tone, format, table::Column};

fn reference(handoff: &Handoff) -> String {
    match (&handoff.source, &handoff.record_key) {
        (Some(source), Some(key)) => format::plain(&format!("{source}/{key}")),
        _ => handoff.reference_id.clone(),
    }
}

fn word(word: Option<&str>) -> String {
    word.map_or_else(format::none, format::plain)
}

fn tone(state: &str) -> Tone {
    match State::parse(state) {
        Some(State::Succeeded) => Tone::Good,
        Some(State::Failed) => Tone::Bad,
        Some(State::Retrying | State::Held) => Tone::Warning,
        _ => Tone::Faint,
    }
}

impl Report for Page<Handoff> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("state"),
            Column::text("pipeline"),
            Column::text("reference"),
            Column::number("version").minor(),
            Column::text("reason_code"),
            Column::text("failure_code"),
            Column::text("enqueued, UTC").minor(),
            Column::text("last error"),
        ]);
        for handoff in &self.items {
            let cells = [
                handoff.state.clone(),
                handoff.pipeline.clone(),
                reference(handoff),
                handoff.version.to_string(),
                handoff.reason_code.clone(),
                word(handoff.failure_code.as_deref()),
                format::minute(handoff.enqueued_at.get()),
                format::plain(handoff.failure_message.as_deref().unwrap_or_default()),
            ];
            table.toned_row(tone(&handoff.state), cells);
        }
        page.table(&table, "no hand-offs");
    }
}

impl Report for Page<HandoffCount> {
    fn write(&self, page: &mut ui::Page) {
        let mut table = Table::new([
            Column::text("state"),
            Column::text("pipeline"),
            Column::text("reason_code"),
            Column::text("failure_code"),
            Column::number("hand-offs"),
            Column::number("oldest"),
        ]);
        for count in &self.items {
            let cells = [
                count.state.clone(),
                count.pipeline.clone(),
                count.reason_code.clone(),
                word(count.failure_code.as_deref()),
                format::count(count.num_handoffs),
                format::duration(Duration::from_secs(count.oldest_age_seconds)),
            ];
            table.toned_row(tone(&count.state), cells);
        }
        page.table(&table, "no hand-offs");
        let mut paused: Vec<(&str, Time)> = Vec::new();
        for count in &self.items {
            paused.extend(count.paused_until.map(|until| (count.pipeline.as_str(), until)));
        }
        paused.dedup();
        for (pipeline, until) in paused {
            let pause = Pause { pipeline: pipeline.to_owned(), key: None, until };
            page.toned(Tone::Warning, &sentence(&pause));
        }
    }
}

impl Report for ReferenceHandoffs {
    fn write(&self, page: &mut ui::Page) {
        let reference = &self.reference;
        page.line(&format::plain(&format!("{}/{}", reference.source, reference.record_key)));
        let state = match reference.removed_at {
            Some(removed_at) => format!("removed at {}", format::timestamp(removed_at.get())),
            None => format!("active at version {}", reference.version),
        };
        page.line(&format!("  {}, {state}", reference.reference_id));
        if self.pipelines.is_empty() {
            page.line("  never handed off");
        }
        for of in &self.pipelines {
            page.heading(&format!("Pipeline {}", of.pipeline));
            write_pipeline(page, of);
        }
    }
}

fn write_pipeline(page: &mut ui::Page, of: &PipelineHandoffs) {
    let mut handoffs = Table::new([
        Column::text("state"),
        Column::number("version"),
        Column::text("change"),
        Column::text("reason_code"),
        Column::text("failure_code"),
        Column::number("generation"),
        Column::number("failed attempts"),
        Column::text("enqueued, UTC"),
        Column::text("finished, UTC"),
    ]);
    for handoff in &of.handoffs {
        let cells = [
            handoff.state.clone(),
            handoff.version.to_string(),
            handoff.change.clone(),
            handoff.reason_code.clone(),
            word(handoff.failure_code.as_deref()),
            handoff.generation.to_string(),
            handoff.num_attempts.to_string(),
            format::minute(handoff.enqueued_at.get()),
            handoff.finished_at.map_or_else(format::none, |at| format::minute(at.get())),
        ];
        handoffs.toned_row(tone(&handoff.state), cells);
    }
    page.table(&handoffs, "no hand-offs");
    match &of.job {
        Some(job) => {
            page.line(&format!("job: {}", job_text(job)));
            match &*of.workers {
                [] => page.toned(Tone::Warning, "workers: none is at work for this pipeline"),
                workers => page.line(&format!("workers: {}", format::plain(&workers.join(", ")))),
            }
        }
        None => page.line("job: none"),
    }
    for pause in &of.pauses {
        page.toned(Tone::Warning, &sentence(pause));
    }
    if of.attempts.is_empty() {
        return;
    }
    let mut attempts = Table::new([
        Column::number("attempt"),
        Column::text("class"),
        Column::text("failure_code"),
        Column::text("message"),
        Column::text("failed"),
    ]);
    for attempt in &of.attempts {
        attempts.row([
            attempt.attempt.to_string(),
            attempt.failure_class.clone(),
            format::plain(&attempt.failure_code),
            format::plain(&attempt.message),
            format::timestamp(attempt.failed_at.get()),
        ]);
    }
    page.line("failed attempts, newest first:");
    page.table(&attempts, "none");
}

fn job_text(job: &Job) -> String {
    let follow_up = if job.has_follow_up { "; newer content follows" } else { "" };
    match job.lease_until {
        Some(until) => format!(
            "claimed{} until {}{follow_up}",
            job.worker.as_deref().map(|worker| format!(" by {}", format::plain(worker))).unwrap_or_default(),
            format::timestamp(until.get())
        ),
        None => format!(
            "due from {}, after {} attempts{follow_up}",
            format::timestamp(job.not_before.get()),
            job.num_attempts
        ),
    }
}
