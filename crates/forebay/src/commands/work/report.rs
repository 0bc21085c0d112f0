//! What `forebay work` prints: what was done for each pipeline, what failed and why, and what waits.

use std::time::Duration;

use forebay_engine::{scrape::schedule::ScheduleReport, work::WorkReport};
use forebay_store::{handoffs::FailureCount, jobs::Backlog};
use serde::Serialize;

use crate::{
    failure::Failure,
    ui::{self, Page, Table, Tone, format, table::Column},
};

/// The work of one command. The JSON form is `{"pipelines": [ … ], "failures": [ … ], "disabled": [ … ],
/// "external": [ … ], "schedules": { … }, "duration_ms"}`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pipelines: Vec<Pipeline>,
    failures: Vec<Failures>,
    disabled: Vec<Resting>,
    external: Vec<Resting>,
    schedules: Schedules,
    duration_ms: u64,
}

/// What was scraped by schedule.
#[derive(Debug, Serialize)]
struct Schedules {
    num_runs: u64,
    num_failed: u64,
    num_held: u64,
    num_refused: u64,
}

#[derive(Debug, Serialize)]
struct Pipeline {
    pipeline: String,
    num_claimed: u64,
    num_succeeded: u64,
    num_failed: u64,
    num_retried: u64,
    /// Due, claimed by somebody else, or to be tried later.
    num_waiting: u64,
    /// What stopped the work for it, with the stable code.
    error: Option<Stopped>,
}

#[derive(Debug, Serialize)]
struct Stopped {
    code: &'static str,
    message: String,
    hint: Option<String>,
    /// As the terminal shows it.
    #[serde(skip)]
    told: String,
}

/// Tries that failed alike.
#[derive(Debug, Serialize)]
struct Failures {
    pipeline: String,
    failure_class: String,
    reason_code: String,
    num_attempts: u64,
    /// What one of them said.
    message: String,
}

/// A pipeline that nothing is done for here: it is disabled, or others work for it.
#[derive(Debug, Serialize)]
struct Resting {
    pipeline: String,
    num_waiting: u64,
}

fn waiting(backlog: &Backlog) -> u64 {
    backlog.num_due + backlog.num_leased + backlog.num_later
}

impl Report {
    pub(super) fn new(report: WorkReport, scraped: ScheduleReport, took: Duration) -> Self {
        let pipelines = report.pipelines.into_iter().map(|pipeline| Pipeline {
            pipeline: pipeline.pipeline,
            num_claimed: pipeline.num_claimed,
            num_succeeded: pipeline.num_succeeded,
            num_failed: pipeline.num_failed,
            num_retried: pipeline.num_retried,
            num_waiting: waiting(&pipeline.backlog),
            error: pipeline.error.map(Stopped::from),
        });
        Self {
            pipelines: pipelines.collect(),
            failures: Vec::new(),
            disabled: Vec::new(),
            external: Vec::new(),
            schedules: Schedules {
                num_runs: scraped.num_runs,
                num_failed: scraped.num_failed,
                num_held: scraped.num_held,
                num_refused: scraped.num_refused,
            },
            duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub(super) fn add_disabled(&mut self, pipeline: &str, backlog: &Backlog) {
        self.disabled.push(Resting { pipeline: pipeline.to_owned(), num_waiting: waiting(backlog) });
    }

    pub(super) fn add_external(&mut self, pipeline: &str, backlog: &Backlog) {
        self.external.push(Resting { pipeline: pipeline.to_owned(), num_waiting: waiting(backlog) });
    }

    /// Adds failed tries, if they are of a pipeline that was worked for. Another worker's are told as well: whoever
    /// looks for what is wrong needs them.
    pub(super) fn add_failures(&mut self, failures: FailureCount) {
        if !self.pipelines.iter().any(|pipeline| pipeline.pipeline == failures.pipeline) {
            return;
        }
        self.failures.push(Failures {
            pipeline: failures.pipeline,
            failure_class: failures.failure_class,
            reason_code: failures.reason_code,
            num_attempts: failures.num_attempts,
            message: failures.message,
        });
    }

    /// Whether every pipeline could be worked for, and neither a hand-off nor a scrape ended as failed.
    pub(super) fn is_done(&self) -> bool {
        self.schedules.num_failed == 0
            && self.pipelines.iter().all(|pipeline| pipeline.error.is_none() && pipeline.num_failed == 0)
    }
}

impl From<forebay_engine::Error> for Stopped {
    fn from(error: forebay_engine::Error) -> Self {
        let (code, hint) = (error.code(), error.hint());
        let failure = Failure::from(error);
        Self { code, message: failure.full_message(), hint, told: failure.to_string() }
    }
}

impl ui::Report for Report {
    fn write(&self, page: &mut Page) {
        let took = Duration::from_millis(self.duration_ms);
        let mut table = Table::new([
            Column::text("pipeline"),
            Column::number("claimed"),
            Column::number("succeeded"),
            Column::number("failed"),
            Column::number("retrying"),
            Column::number("waiting"),
            Column::number("rate"),
        ]);
        for pipeline in &self.pipelines {
            let tone = match pipeline {
                Pipeline { error: Some(_), .. } => Tone::Bad,
                Pipeline { num_failed, num_retried, .. } if num_failed + num_retried > 0 => Tone::Warning,
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
        let Schedules { num_runs, num_failed, num_held, num_refused } = self.schedules;
        if num_runs > 0 {
            page.line(&format!(
                "\n{} scrapes were due: {} failed, {} are held, {} were refused by a breaker",
                format::count(num_runs),
                format::count(num_failed),
                format::count(num_held),
                format::count(num_refused),
            ));
        }
        for pipeline in &self.pipelines {
            if let Some(stopped) = &pipeline.error {
                page.toned(Tone::Bad, &format!("\nnothing could be done for {}:", pipeline.pipeline));
                page.line(&stopped.told);
            }
        }
        for disabled in &self.disabled {
            let rests = match disabled.num_waiting {
                0 => "nothing waits for it".to_owned(),
                number => format!("{} hand-offs rest until it is enabled again", format::count(number)),
            };
            page.toned(Tone::Warning, &format!("\npipeline {} is disabled: {rests}", disabled.pipeline));
        }
        for external in &self.external {
            let waits = match external.num_waiting {
                0 => "nothing waits for them".to_owned(),
                number => format!("{} hand-offs wait for them", format::count(number)),
            };
            page.line(&format!(
                "\nthe work of pipeline {} is done by other workers: {waits}",
                external.pipeline
            ));
        }
    }
}

impl Report {
    fn write_failures(&self, page: &mut Page) {
        if self.failures.is_empty() {
            return;
        }
        page.heading("Failed attempts");
        let mut table = Table::new([
            Column::text("pipeline"),
            Column::text("class"),
            Column::text("reason_code"),
            Column::number("attempts"),
            Column::text("for instance"),
        ]);
        for failures in &self.failures {
            table.row([
                failures.pipeline.clone(),
                failures.failure_class.clone(),
                failures.reason_code.clone(),
                format::count(failures.num_attempts),
                format::plain(&failures.message),
            ]);
        }
        page.table(&table, "none");
        page.line("forebay handoffs list --state failed    lists what was given up");
        page.line("forebay handoffs show NAME/RECORD_KEY  shows every attempt of one reference");
    }
}
