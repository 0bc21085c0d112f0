//! The final report of `forebay work`: results per pipeline, failures with reasons, and waiting work.

use std::time::Duration;

use forebay_engine::{scrape::schedule::ScheduleReport, work};
use forebay_store::{handoffs::FailureCount, jobs::Backlog, pipelines::Pipeline};
use forebay_views::{
    Error, IdlePipeline, LeftAlonePipeline, PipelineState, PipelineWork, ScheduledRuns, WorkReport,
};
use serde::Serialize;

use super::live::view;
use crate::{
    failure::{Exit, Failure},
    ui::{self, Page, Table, Tone, format, table::Column},
};

/// The report of one command.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Report {
    view: WorkReport,
    /// Pipelines that an error stopped, with the error as the terminal shows it.
    #[serde(skip)]
    stopped: Vec<(String, String)>,
}

impl Report {
    pub(super) fn new(report: work::WorkReport, scraped: ScheduleReport, took: Duration) -> Self {
        let mut pipelines = Vec::new();
        let mut stopped = Vec::new();
        for mut pipeline in report.pipelines {
            let error = pipeline.error.take();
            pipelines.push(PipelineWork::new(&pipeline, error.as_ref().map(view)));
            if let Some(error) = error {
                stopped.push((pipeline.pipeline, Failure::from(error).to_string()));
            }
        }
        let left_alone = report.left_alone.into_iter().map(|left_alone| {
            let error = view(&left_alone.error.clone().into());
            LeftAlonePipeline::new(&left_alone, error)
        });
        let view = WorkReport {
            pipelines,
            failures: Vec::new(),
            left_alone: left_alone.collect(),
            disabled: Vec::new(),
            external: Vec::new(),
            schedules: ScheduledRuns::from(scraped),
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        Self { view, stopped }
    }

    pub(super) fn add_disabled(&mut self, pipeline: &Pipeline, backlog: &Backlog) {
        self.view.disabled.push(PipelineState::new(pipeline, backlog));
    }

    pub(super) fn add_external(&mut self, pipeline: &Pipeline, backlog: &Backlog) {
        self.view.external.push(IdlePipeline::new(&pipeline.spec.name, backlog));
    }

    /// Adds failed attempts of a pipeline. Those of other workers are included, because they help with the diagnosis.
    pub(super) fn add_failures(&mut self, failures: FailureCount) {
        if self.view.pipelines.iter().any(|pipeline| pipeline.pipeline == failures.pipeline) {
            self.view.failures.push(failures.into());
        }
    }

    /// The exit code: whether every pipeline and its embeddings worked, no hand-off or scrape failed for good, and no
    /// scrape was partial.
    pub(super) fn exit(&self) -> Exit {
        let ScheduledRuns { num_failed, num_partial, .. } = self.view.schedules;
        let worked = |pipeline: &PipelineWork| {
            pipeline.error.is_none() && pipeline.embedding_failure.is_none() && pipeline.num_failed == 0
        };
        if num_failed > 0 || !self.view.pipelines.iter().all(worked) {
            Exit::Failed
        } else if num_partial > 0 {
            Exit::Partial
        } else {
            Exit::Done
        }
    }

    /// The form for programs.
    pub(super) fn into_view(self) -> WorkReport {
        self.view
    }
}

impl ui::Report for Report {
    fn write(&self, page: &mut Page) {
        let took = Duration::from_millis(self.view.duration_ms);
        let mut table = Table::new([
            Column::text("pipeline"),
            Column::number("claimed"),
            Column::number("succeeded"),
            Column::number("failed"),
            Column::number("retrying"),
            Column::number("waiting"),
            Column::number("rate"),
        ]);
        for pipeline in &self.view.pipelines {
            let tone = match pipeline {
                PipelineWork { error: Some(_), .. } => Tone::Bad,
                PipelineWork { num_failed, num_retried, .. } if num_failed + num_retried > 0 => Tone::Warning,
                _ => Tone::Good,
            };
            let cells = [
                pipeline.pipeline.clone(),
                format::count(pipeline.num_claimed),
                format::count(pipeline.num_succeeded),
                format::count(pipeline.num_failed),
                format::count(pipeline.num_retried),
                format::count(pipeline.num_waiting),
                format::rate(pipeline.num_claimed, took),
            ];
            table.toned_row(tone, cells);
        }
        page.table(&table, "there is no pipeline to work for");
        self.write_failures(page);
        let ScheduledRuns { num_runs, num_failed, num_partial, num_held, num_refused } = self.view.schedules;
        if num_runs > 0 {
            page.line(&format!(
                "\n{} scrapes were due: {} failed, {} were partial, {} are held, {} were refused by a breaker",
                format::count(num_runs),
                format::count(num_failed),
                format::count(num_partial),
                format::count(num_held),
                format::count(num_refused),
            ));
        }
        for (pipeline, stopped) in &self.stopped {
            page.toned(Tone::Bad, &format!("\nnothing could be done for {pipeline}:"));
            page.line(stopped);
        }
        for pipeline in &self.view.pipelines {
            let Some(failure) = &pipeline.embedding_failure else { continue };
            page.toned(
                Tone::Bad,
                &format!(
                    "\n{} has no embeddings for {}; search finds them by their words only:",
                    pipeline.pipeline,
                    format::counted(pipeline.num_unembedded, "passage")
                ),
            );
            page.line(&format!(
                "{} ({})",
                format::plain(&failure.message),
                format::plain(&failure.failure_code)
            ));
        }
        for left_alone in &self.view.left_alone {
            let rests = match left_alone.num_waiting {
                0 => "nothing waits for it".to_owned(),
                number => waits(number, "wait"),
            };
            let Error { code, message, hint, .. } = &left_alone.error;
            page.toned(Tone::Warning, &format!("\npipeline {} was left alone: {rests}", left_alone.pipeline));
            page.line(&format!("{message} ({code})"));
            if let Some(hint) = hint {
                page.line(&format!("  hint: {hint}"));
            }
        }
        for disabled in &self.view.disabled {
            let rests = match disabled.num_waiting {
                0 => "nothing waits for it".to_owned(),
                number => format!("{} until it is enabled again", waits(number, "rest")),
            };
            let reason = match disabled.reason_code.as_deref() {
                None | Some("declared") => String::new(),
                Some(reason) => format!(" ({reason})"),
            };
            page.toned(
                Tone::Warning,
                &format!("\npipeline {} is disabled{reason}: {rests}", disabled.pipeline),
            );
            if !reason.is_empty() {
                page.line(&format!("forebay pipelines enable {}  enables it again", disabled.pipeline));
            }
        }
        for external in &self.view.external {
            let waits = match external.num_waiting {
                0 => "nothing waits for them".to_owned(),
                number => format!("{} for them", waits(number, "wait")),
            };
            page.line(&format!(
                "\nthe work of pipeline {} is done by other workers: {waits}",
                external.pipeline
            ));
        }
    }
}

/// `1 hand-off waits`, `2 hand-offs wait`.
fn waits(number: u64, verb: &str) -> String {
    let s = if number == 1 { "s" } else { "" };
    format!("{} {verb}{s}", format::counted(number, "hand-off"))
}

impl Report {
    fn write_failures(&self, page: &mut Page) {
        if self.view.failures.is_empty() {
            return;
        }
        page.heading("Failed attempts");
        let mut table = Table::new([
            Column::text("pipeline"),
            Column::text("class"),
            Column::text("failure_code"),
            Column::number("attempts"),
            Column::text("for instance"),
        ]);
        for failures in &self.view.failures {
            table.row([
                failures.pipeline.clone(),
                failures.failure_class.clone(),
                format::plain(&failures.failure_code),
                format::count(failures.num_attempts),
                format::plain(&failures.message),
            ]);
        }
        page.table(&table, "none");
        if self.view.pipelines.iter().any(|pipeline| pipeline.num_failed > 0) {
            page.line("forebay handoffs list --state failed   lists what was given up");
        }
        page.line("forebay handoffs show NAME/RECORD_KEY  shows every attempt of one reference");
    }
}
