//! `forebay work`: runs the ingestion workers and the scheduled scrapes.

mod live;
mod report;

use std::time::Instant;

use clap::value_parser;
use forebay_engine::{
    clock,
    notify::Notifying,
    scrape::{
        Scraper, Sources, connections_for,
        schedule::{self, DueRun, ScheduleOptions, ScheduleReport},
    },
    work::{
        Declarations, Declared, Progress, WorkOptions, Workers, drain_until, follow, leave, recreate_tables,
    },
};
use forebay_store::{
    connect::Database,
    handoffs, jobs,
    pipelines::{self, Pipeline},
};
use forebay_views::WorkEvent;
use tokio::sync::watch;

use self::{live::Live, report::Report};
use super::signals::Signals;
use crate::{
    cli::values::{self, LogLevel},
    context::Context,
    failure::{Exit, Failure},
    names,
    ui::format,
};

/// Ingest handed-off changes and run scheduled scrapes
///
/// Runs until stopped. Ctrl-C lets current work finish and returns the rest to the queue; a second one stops at once.
/// The exit code is then 130. You can run any number of workers on any number of machines: each hand-off and each
/// scheduled scrape goes to one of them.
///
/// With `--output json`, standard output is JSON Lines: one object for each event as it happens. The `event` of the
/// last line is `report` or, if the command fails, `error`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay work
  forebay work --drain
  forebay work --pipeline search --pipeline course_table
  forebay work --concurrency 4 --retention forever")]
pub(crate) struct Args {
    /// Stop when no work is left
    #[arg(long)]
    pub(crate) drain: bool,

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

    /// Create missing tables of pipelines again, accept replaced ones, and fill them
    #[arg(long)]
    pub(crate) create: bool,

    /// Only ingest; run no scheduled scrapes
    #[arg(long, conflicts_with = "scrapes")]
    pub(crate) no_schedules: bool,
}

impl Args {
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
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let (report, exit) = match open_and_work(args, context).await {
        Ok(done) => done,
        // Standard output is JSON Lines of one schema, so the error is a line too.
        Err(failure) if context.ui.is_json() => {
            context.ui.line(&WorkEvent::Error { at: clock::now().into(), error: failure.view() })?;
            return Ok(failure.exit_code());
        }
        Err(failure) => return Err(failure),
    };
    if context.ui.is_json() {
        context.ui.line(&WorkEvent::Report { at: clock::now().into(), report: report.into_view() })?;
    } else {
        context.ui.show(&report)?;
    }
    Ok(exit)
}

async fn open_and_work(args: &Args, context: &Context) -> Result<(Report, Exit), Failure> {
    let config = context.config()?;
    let runs_schedules = !args.no_schedules && has_schedules(config.definitions());
    let num_for_scrapes = if runs_schedules { connections_for(usize::from(args.scrapes)) } else { 0 };
    let options = args.options(Declarations::default(), config.notifying());
    let num_connections = options.num_connections() + num_for_scrapes;
    let working = context.with_scraper(&config, num_connections, async |scraper| {
        Box::pin(work(args, context, scraper, runs_schedules)).await
    });
    working.await
}

async fn work(
    args: &Args,
    context: &Context,
    scraper: &Scraper,
    runs_schedules: bool,
) -> Result<(Report, Exit), Failure> {
    let scraper = &context.declare(scraper).await?;
    let database = &*scraper.database;
    if context.config_file()?.is_some() {
        for source in schedule::declare(database, &scraper.sources, clock::now()).await? {
            context.ui.note(&format!("source {source}: scheduled as the configuration says"));
        }
    }
    let client = database.client().await?;
    names::pipelines(&client, &args.pipeline).await?;
    let is_chosen = |p: &Pipeline| args.pipeline.is_empty() || args.pipeline.contains(&p.spec.name);
    let chosen: Vec<Pipeline> = pipelines::list(&**client).await?.into_iter().filter(is_chosen).collect();
    let since = handoffs::now(&**client).await?;
    let started = Instant::now();
    // Otherwise the connection would be held for hours.
    drop(client);
    let config = context.config()?;
    let options = args.options(config.declarations(), config.notifying());
    if args.create {
        for Declared { pipeline, num_handoffs } in recreate_tables(database, &options).await? {
            let number = format::count(num_handoffs);
            context.ui.note(&format!("pipeline {pipeline}: {number} hand-offs fill its new table"));
        }
    }
    let live = Live::new(&context.ui);
    let progress = |progress: Progress<'_>| live.progress(&progress);
    let schedules = ScheduleOptions {
        at_once: args.scrapes.into(),
        grace: args.grace.get(),
        log_level: args.run_log_level.into(),
        ..ScheduleOptions::default()
    };
    let due_run = |run: &DueRun| live.due_run(run);
    let mut by_schedule = ScheduleReport::default();
    let mut signals = Signals::listen()?;
    let (asked, asking) = watch::channel(false);
    let stop = || is_asked(asking.clone());
    let impatient = async {
        signals.next().await;
        asked.send_replace(true);
        signals.next().await;
    };
    let working = async {
        if args.drain {
            if runs_schedules {
                // First, so that its records are ingested too.
                by_schedule = schedule::drain(scraper, &schedules, &due_run, stop()).await?;
            }
            return drain_until(database, &options, &progress, stop()).await;
        }
        let own = chosen.iter().filter(|pipeline| options.serves(pipeline));
        let own: Vec<&str> = own.map(|pipeline| pipeline.spec.name.as_str()).collect();
        context.ui.note(&format!(
            "working for {}; Ctrl-C stops after the batches in progress",
            if own.is_empty() { "no pipeline".to_owned() } else { own.join(", ") }
        ));
        let scraping = async {
            if runs_schedules {
                by_schedule = schedule::follow(scraper, &schedules, &due_run, stop()).await;
            }
            Ok(())
        };
        // If one fails, the other stops too.
        let both = tokio::try_join!(follow(database, &options, &progress, stop()), scraping);
        both.map(|(done, ())| done)
    };
    let done = tokio::select! {
        done = working => done?,
        () = impatient => return Err(cut_off(database, &options.worker).await),
    };
    let is_stopped = *asked.borrow();
    drop(live);

    let client = database.client().await?;
    let mut report = Report::new(done, by_schedule, started.elapsed());
    // Some may have been disabled meanwhile.
    for pipeline in pipelines::list(&**client).await?.iter().filter(|pipeline| is_chosen(pipeline)) {
        let add = match Workers::of_pipeline(pipeline) {
            Workers::Forebay => continue,
            Workers::External => Report::add_external,
            Workers::None => Report::add_disabled,
        };
        add(&mut report, pipeline, &jobs::backlog(&**client, pipeline.pipeline_id).await?);
    }
    for failures in handoffs::failures_since(&**client, since).await? {
        report.add_failures(failures);
    }
    let exit = if is_stopped { Exit::Interrupted } else { report.exit() };
    Ok((report, exit))
}

async fn is_asked(mut asking: watch::Receiver<bool>) {
    // The sender outlives all work.
    let _asked = asking.wait_for(|is_asked| *is_asked).await;
}

/// Releases what a worker that was stopped at once has claimed, and returns the error.
async fn cut_off(database: &Database, worker: &str) -> Failure {
    // If that fails, the lease of its claims expires.
    let _released = leave(database, worker).await;
    Failure::new("interrupted", "stopped in the middle of a batch")
        .hint("its hand-offs are retried; a scrape in progress is closed by the next run of its scope")
        .exit(Exit::Interrupted)
}

fn has_schedules(sources: &Sources) -> bool {
    sources.values().any(|source| source.schedule.is_some())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use forebay_store::logs::Level;

    use super::*;

    #[derive(Parser)]
    struct Work {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn the_defaults_are_those_of_the_library() {
        let Work { args } = Work::parse_from(["work"]);
        assert_eq!(args.options(Declarations::default(), Notifying::default()), WorkOptions::default());
        let schedules = ScheduleOptions::default();
        let given = (usize::from(args.scrapes), args.grace.get(), Level::from(args.run_log_level));
        assert_eq!(given, (schedules.at_once, schedules.grace, schedules.log_level));
    }
}
