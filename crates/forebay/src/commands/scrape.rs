//! `forebay scrape`: sources of the configuration are asked for their records, now.

mod choose;
mod report;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use clap::{ValueEnum, value_parser};
use forebay_domain::scope::Scope;
use forebay_engine::{
    logs::Level,
    persist::Progress,
    scrape::{SourceKind, Sources, Stop, scrape_many},
};
use jiff::Timestamp;

pub(crate) use self::choose::scope_of;
use self::report::ScrapeReport;
use super::{persist::Switch, signals::stoppable};
use crate::{
    cli::values::{self, ScopePair, Share},
    context::Context,
    failure::{Exit, Failure},
    ui,
};

/// Scrape sources of the configuration
///
/// Makes one run for each source and scope. A source that fails keeps no other from being scraped. Pages that have not
/// changed since the last run are not read again, and records that have not changed write nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay scrape
  forebay scrape courses events
  forebay scrape courses --scope 'semester=Spring 2026'
  forebay scrape courses --warc courses.warc.gz
  forebay scrape courses --from-warc courses.warc.gz --log-level debug")]
pub(crate) struct Args {
    /// The sources [default: all that are enabled]
    #[arg(value_name = "SOURCE", value_parser = values::name)]
    pub(crate) sources: Vec<String>,

    /// The part to scrape; may be repeated [default: each scope that the source declares]
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) scope: Vec<ScopePair>,

    /// Sources to scrape at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u8).range(1..=32))]
    pub(crate) jobs: u8,

    /// Take pages from this archive (WARC) instead of the network
    #[arg(long, value_name = "FILE", conflicts_with = "warc")]
    pub(crate) from_warc: Option<PathBuf>,

    /// Add all that is fetched to this archive (WARC)
    #[arg(long, value_name = "FILE")]
    pub(crate) warc: Option<PathBuf>,

    /// When the source was observed, for an archive: 2019-04-14T14:55:01Z or 2019-04-14 [default: now]
    #[arg(long, value_name = "TIME", value_parser = values::time, requires = "from_warc")]
    pub(crate) observed_at: Option<Timestamp>,

    /// Read every page, even if its server says that it has not changed
    #[arg(long)]
    pub(crate) read_everything: bool,

    /// Whether guards may hold a run [default: the source's]
    #[arg(long, value_enum, value_name = "SWITCH")]
    pub(crate) guards: Option<Switch>,

    /// Largest share of the scope that a run may remove, such as 0.2 or 20% [default: the source's]
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_removed: Option<Share>,

    /// Hand nothing off to ingestion
    #[arg(long)]
    pub(crate) no_handoff: bool,

    /// Ask a source even if its breaker is open
    #[arg(long)]
    pub(crate) ignore_breaker: bool,

    /// What matters at least so much is kept of what a run says; debug has a line for each page
    #[arg(long, value_enum, value_name = "LEVEL", default_value_t = LogLevel::Info)]
    pub(crate) log_level: LogLevel,
}

/// How much a line of a log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    /// Everything
    Debug,
    /// What goes on
    Info,
    /// What may want looking after
    Warn,
    /// What went wrong
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let mut scrapes = choose::choose(args, config.definitions())?;
    let stop = Stop::default();
    for scrape in &mut scrapes {
        scrape.options.stop = stop.clone();
    }
    let at_once = usize::from(args.jobs).min(scrapes.len());
    let scraping = context.with_scraper(&config, 2 + 4 * at_once, async |scraper| {
        context.declare(&scraper.database).await?;
        let bar = context.ui.progress("scraping", None);
        let told =
            Told { ui: &context.ui, bar: &bar, sources: config.definitions(), so_far: Mutex::default() };
        let progress = |source: &str, scope: &Scope, progress: Progress| told.hear(source, scope, &progress);
        Ok(Box::pin(scrape_many(scraper, scrapes, at_once, &progress)).await)
    });
    let ended = Box::pin(stoppable(scraping, || stop.ask())).await?;
    let asked = ended.iter().flat_map(|one| one.chain.candidates());
    for report in asked.filter_map(|one| one.result.as_ref().ok()) {
        for warning in &report.warnings {
            context.ui.warn(&format!("{}: {warning}", report.source));
        }
    }
    let report = ScrapeReport::new(ended);
    context.ui.show(&report)?;
    Ok(report.exit())
}

/// What is told while sources are scraped.
struct Told<'a> {
    ui: &'a ui::Ui,
    bar: &'a ui::Progress,
    sources: &'a Sources,
    so_far: Mutex<BTreeMap<String, SoFar>>,
}

/// How far a scope is.
#[derive(Clone, Copy, Default)]
struct SoFar {
    num_seen: u64,
    num_pages: u64,
    num_not_modified: u64,
}

impl Told<'_> {
    fn hear(&self, source: &str, scope: &Scope, progress: &Progress) {
        match progress {
            Progress::Waiting => {
                self.ui
                    .note(&format!("{source}: waiting, because another run of the same scope is under way"));
            }
            Progress::Aborted { num_runs } => self.ui.note(&format!(
                "{source}: closed as aborted: {num_runs} earlier runs of this scope whose process had died"
            )),
            Progress::Counts { num_seen, input_position, num_not_modified } => {
                let is_pages =
                    self.sources.get(source).is_some_and(|it| matches!(it.kind, SourceKind::Pages(_)));
                let so_far = SoFar {
                    num_seen: *num_seen,
                    num_pages: if is_pages { *input_position } else { 0 },
                    num_not_modified: *num_not_modified,
                };
                self.count(format!("{source} {scope}"), so_far);
            }
            Progress::Started { .. } | Progress::Applying => {}
        }
    }

    fn count(&self, what: String, so_far: SoFar) {
        // A count is never half written, so one that a panic left behind is still right.
        let mut all = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(what, so_far);
        let sum = |of: fn(&SoFar) -> u64| all.values().map(of).sum::<u64>();
        let (num_pages, num_not_modified) = (sum(|it| it.num_pages), sum(|it| it.num_not_modified));
        self.bar.say(&format!("scraping: {num_pages} pages, {num_not_modified} not modified; records"));
        self.bar.set(sum(|it| it.num_seen));
    }
}
