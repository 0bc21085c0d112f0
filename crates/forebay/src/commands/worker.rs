//! A worker in this process, for `forebay work` and `forebay serve --work`: its options, its work until it is asked to
//! stop, and its report.

mod live;
mod report;

use std::time::Instant;

use clap::value_parser;
use forebay_engine::{
    clock,
    notify::Notifying,
    scrape::{
        Scraper, connections_for,
        schedule::{self, DueRun, ScheduleOptions, ScheduleReport},
    },
    work::{
        Declarations, Declared, Progress, WorkOptions, WorkReport, Workers, drain_until, follow, leave,
        recreate_tables,
    },
};
use forebay_store::{
    connect::Database,
    handoffs, jobs,
    pipelines::{self, Pipeline},
};
use forebay_views::WorkEvent;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::{live::Live, report::Report};
use crate::{
    cli::values::{self, LogLevel},
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::format,
};

/// The options of a worker.
#[derive(Debug, clap::Args)]
#[group(id = "worker")]
pub(crate) struct Settings {
    /// Only this pipeline; repeatable [default: all enabled pipelines]
    #[arg(long, value_name = "NAME", value_parser = values::name)]
    pub(crate) pipeline: Vec<String>,

    /// Workers per pipeline, each with its own batch or slots
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=32))]
    pub(crate) concurrency: u32,

    /// Maximum hand-offs per batch; a handler may set a lower limit
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = value_parser!(u32).range(1..=10_000))]
    pub(crate) batch: u32,

    /// How long current work may continue after Ctrl-C; the rest is returned to the queue
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub(crate) grace: values::Duration,

    /// How often to look for references that a pipeline has missed, or never
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = values::duration_or_never)]
    pub(crate) reconcile_every: values::Unless,

    /// How long to keep replaced versions, failed attempts and run logs, or forever
    #[arg(long, value_name = "DURATION", default_value = "30d", value_parser = values::duration_or_forever)]
    pub(crate) retention: values::Unless,

    /// How long to keep the log of webhooks' deliveries, or forever
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = values::duration_or_forever)]
    pub(crate) delivery_retention: values::Unless,

    /// Maximum number of scheduled scrapes in parallel
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = value_parser!(u8).range(1..=32))]
    pub(crate) scrapes: u8,

    /// Minimum log level to store with each run; debug adds a line for each page
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info)]
    pub(crate) run_log_level: LogLevel,

    /// Only ingest; run no scheduled scrapes
    #[arg(long, conflicts_with = "scrapes")]
    pub(crate) no_schedules: bool,
}

/// What a worker has done.
pub(super) struct Done {
    work: WorkReport,
    scraped: ScheduleReport,
}

/// A worker whose configuration is declared.
pub(super) struct Worker<'a> {
    /// The database, and the sources that no other project declares.
    pub(super) scraper: Scraper,
    context: &'a Context,
    options: WorkOptions,
    schedules: ScheduleOptions,
    runs_schedules: bool,
    started: Instant,
    /// The same by the clock of the database.
    since: Timestamp,
}

impl Settings {
    fn options(&self, declarations: Declarations, notifying: Notifying) -> WorkOptions {
        WorkOptions {
            declarations,
            pipelines: self.pipeline.clone(),
            batch: self.batch,
            concurrency: self.concurrency,
            grace: self.grace.get(),
            reconcile_every: self.reconcile_every.get(),
            retention: self.retention.get(),
            delivery_retention: self.delivery_retention.get(),
            notifying,
            ..WorkOptions::default()
        }
    }

    fn schedules(&self) -> ScheduleOptions {
        ScheduleOptions {
            at_once: self.scrapes.into(),
            grace: self.grace.get(),
            log_level: self.run_log_level.into(),
            ..ScheduleOptions::default()
        }
    }

    fn runs_schedules(&self, config: &Config) -> bool {
        !self.no_schedules && config.definitions().values().any(|source| source.schedule.is_some())
    }

    /// The number of connections that the worker needs.
    pub(super) fn num_connections(&self, config: &Config) -> usize {
        let num_for_scrapes =
            if self.runs_schedules(config) { connections_for(usize::from(self.scrapes)) } else { 0 };
        self.options(Declarations::default(), config.notifying()).num_connections() + num_for_scrapes
    }
}

impl<'a> Worker<'a> {
    /// Declares the sources, pipelines and schedules of the configuration.
    pub(super) async fn prepare(
        settings: &Settings,
        context: &'a Context,
        scraper: &Scraper,
    ) -> Result<Self, Failure> {
        let config = context.config()?;
        let scraper = context.declare(scraper).await?;
        let database = &*scraper.database;
        if context.config_file()?.is_some() {
            for source in schedule::declare(database, &scraper.sources, clock::now()).await? {
                context.ui.note(&format!("source {source}: scheduled as the configuration says"));
            }
        }
        // Dropped at the end: a worker must not hold a connection for hours.
        let client = database.client().await?;
        names::pipelines(&client, &settings.pipeline).await?;
        let since = handoffs::now(&**client).await?;
        drop(client);
        Ok(Self {
            context,
            options: settings.options(config.declarations(), config.notifying()),
            schedules: settings.schedules(),
            runs_schedules: settings.runs_schedules(&config),
            started: Instant::now(),
            since,
            scraper,
        })
    }

    fn database(&self) -> &Database {
        &self.scraper.database
    }

    /// Creates missing tables of pipelines again, accepts replaced ones, and fills them.
    pub(super) async fn recreate_tables(&self) -> Result<(), Failure> {
        for Declared { pipeline, num_handoffs } in recreate_tables(self.database(), &self.options).await? {
            let number = format::count(num_handoffs);
            self.context.ui.note(&format!("pipeline {pipeline}: {number} hand-offs fill its new table"));
        }
        Ok(())
    }

    /// Works until nothing is left to do, or until it is asked to stop.
    pub(super) async fn drain(&self, stopping: &CancellationToken) -> Result<Done, Failure> {
        let live = Live::new(&self.context.ui);
        let progress = |progress: Progress<'_>| live.progress(&progress);
        let due_run = |run: &DueRun| live.due_run(run);
        let mut scraped = ScheduleReport::default();
        if self.runs_schedules {
            // First, so that its records are ingested too.
            let stop = stopping.clone().cancelled_owned();
            scraped = schedule::drain(&self.scraper, &self.schedules, &due_run, stop).await?;
        }
        let stop = stopping.clone().cancelled_owned();
        let work = drain_until(self.database(), &self.options, &progress, stop).await?;
        Ok(Done { work, scraped })
    }

    /// Works until it is asked to stop, and finishes what is in progress within its grace. `note` is called with its
    /// progress too.
    pub(super) async fn follow(
        &self,
        stopping: &CancellationToken,
        note: impl Fn(&Progress<'_>) + Sync,
    ) -> Result<Done, Failure> {
        let pipelines = self.chosen().await?;
        let own = pipelines.iter().filter(|pipeline| self.options.serves(pipeline));
        let own: Vec<&str> = own.map(|pipeline| pipeline.spec.name.as_str()).collect();
        self.context.ui.note(&format!(
            "working for {}; Ctrl-C stops after the batches in progress",
            if own.is_empty() { "no pipeline".to_owned() } else { own.join(", ") }
        ));
        let live = Live::new(&self.context.ui);
        let progress = |progress: Progress<'_>| {
            note(&progress);
            live.progress(&progress);
        };
        let due_run = |run: &DueRun| live.due_run(run);
        let scraping = async {
            if !self.runs_schedules {
                return Ok(ScheduleReport::default());
            }
            let stop = stopping.clone().cancelled_owned();
            Ok(schedule::follow(&self.scraper, &self.schedules, &due_run, stop).await)
        };
        let stop = stopping.clone().cancelled_owned();
        // If one fails, the other stops too.
        let (work, scraped) =
            tokio::try_join!(follow(self.database(), &self.options, &progress, stop), scraping)?;
        Ok(Done { work, scraped })
    }

    /// Releases what a worker that was stopped at once has claimed, and returns the error.
    pub(super) async fn cut_off(&self) -> Failure {
        // If that fails, the lease of its claims expires.
        let _released = leave(self.database(), &self.options.worker).await;
        Failure::new("interrupted", "stopped in the middle of a batch")
            .hint("its hand-offs are retried; a scrape in progress is closed by the next run of its scope")
            .exit(Exit::Interrupted)
    }

    /// Prints what it has done, with what waits. Returns the exit code.
    pub(super) async fn report(&self, done: Done) -> Result<Exit, Failure> {
        let ui = &self.context.ui;
        let report = self.read_report(done).await?;
        let exit = report.exit();
        if ui.is_json() {
            ui.line(&WorkEvent::Report { at: clock::now().into(), report: report.into_view() })?;
        } else {
            ui.show(&report)?;
        }
        Ok(exit)
    }

    async fn read_report(&self, done: Done) -> Result<Report, Failure> {
        let mut report = Report::new(done.work, done.scraped, self.started.elapsed());
        // Some may have been disabled meanwhile.
        let pipelines = self.chosen().await?;
        let client = self.database().client().await?;
        for pipeline in &pipelines {
            let add = match Workers::of_pipeline(pipeline) {
                Workers::Forebay => continue,
                Workers::External => Report::add_external,
                Workers::None => Report::add_disabled,
            };
            add(&mut report, pipeline, &jobs::backlog(&**client, pipeline.pipeline_id).await?);
        }
        for failures in handoffs::failures_since(&**client, self.since).await? {
            report.add_failures(failures);
        }
        Ok(report)
    }

    /// The pipelines that it may work for.
    async fn chosen(&self) -> Result<Vec<Pipeline>, Failure> {
        let names = &self.options.pipelines;
        let all = pipelines::list(&**self.database().client().await?).await?;
        Ok(all.into_iter().filter(|p| names.is_empty() || names.contains(&p.spec.name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use forebay_store::logs::Level;

    use super::*;

    #[derive(Parser)]
    struct Parsed {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Parsed { settings } = Parsed::parse_from(["work"]);
        assert_eq!(settings.options(Declarations::default(), Notifying::default()), WorkOptions::default());
        let schedules = ScheduleOptions::default();
        let given =
            (usize::from(settings.scrapes), settings.grace.get(), Level::from(settings.run_log_level));
        assert_eq!(given, (schedules.at_once, schedules.grace, schedules.log_level));
    }
}
