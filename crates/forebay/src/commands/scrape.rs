//! `forebay scrape`: scrapes sources of the configuration now.

mod args;
mod choose;
mod report;

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use forebay_domain::scope::Scope;
use forebay_engine::{
    persist::Progress,
    scrape::{self, Scrape, SourceKind, Sources, Stop, connections_for, scrape_many},
};

pub(crate) use self::args::Args;
use super::{
    persist::show_dry_runs,
    signals::{stoppable, until_signal},
};
use forebay_views::{DryRun, DryRunReport, decide::scrapes::report};

use crate::{
    config::Config,
    context::Context,
    failure::{Exit, Failure},
    ui,
};

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    let mut scrapes = choose::choose(args, config.definitions())?;
    let stop = Stop::default();
    for scrape in &mut scrapes {
        scrape.options.stop = stop.clone();
    }
    if args.dry_run {
        return Box::pin(dry_run(&config, context, &scrapes)).await;
    }
    if args.ignore_breaker {
        context.ui.note("forced: breakers are ignored");
    }
    let at_once = usize::from(args.jobs).min(scrapes.len());
    let scraping = context.with_scraper(&config, connections_for(at_once), async |scraper| {
        let declared = context.declare(scraper).await?;
        let bar = context.ui.progress("scraping", None);
        let live =
            Live { ui: &context.ui, bar: &bar, sources: config.definitions(), so_far: Mutex::default() };
        let progress = |source: &str, scope: &Scope, progress: Progress| live.show(source, scope, &progress);
        let ended = Box::pin(scrape_many(&declared, scrapes, at_once, &progress)).await;
        drop(bar);
        let asked = ended.iter().flat_map(|one| one.chain.candidates());
        for report in asked.filter_map(|one| one.result.as_ref().ok()) {
            for warning in &report.warnings {
                context.ui.warn(&format!("{}: {warning}", report.source));
            }
        }
        Box::pin(report(&declared.database, ended)).await
    });
    let (report, exit) = Box::pin(stoppable(scraping, || stop.ask())).await?;
    context.ui.show(&report)?;
    Ok(exit)
}

/// Shows the progress of several scrapes.
struct Live<'a> {
    ui: &'a ui::Ui,
    bar: &'a ui::Progress,
    sources: &'a Sources,
    so_far: Mutex<BTreeMap<String, SoFar>>,
}

/// The progress of one scope.
#[derive(Clone, Copy, Default)]
struct SoFar {
    num_seen: u64,
    num_pages: u64,
    num_not_modified: u64,
}

impl Live<'_> {
    fn show(&self, source: &str, scope: &Scope, progress: &Progress) {
        match progress {
            Progress::Waiting => {
                self.ui.note(&format!("{source}: waiting for another run of the same scope"));
            }
            Progress::Blocked { holder } => {
                self.ui.note(&format!("{source}: still waiting for {holder}"));
            }
            Progress::Aborted { num_runs } => self.ui.note(&format!(
                "{source}: closed {} of this scope whose process had died",
                crate::ui::format::counted(*num_runs, "earlier run")
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
        // A count is never half written, so it is valid even after a panic.
        let mut all = self.so_far.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(what, so_far);
        let sum = |of: fn(&SoFar) -> u64| all.values().map(of).sum::<u64>();
        let (num_pages, num_not_modified) = (sum(|it| it.num_pages), sum(|it| it.num_not_modified));
        self.bar.say(&format!("scraping: {num_pages} pages, {num_not_modified} not modified; records"));
        self.bar.set(sum(|it| it.num_seen));
    }
}

/// Reads the scopes one after another and says what their runs would do.
async fn dry_run(config: &Config, context: &Context, scrapes: &[Scrape]) -> Result<Exit, Failure> {
    let dry_runs = context
        .with_scraper(config, connections_for(1), async |scraper| {
            Box::pin(until_signal(async {
                let mut dry_runs = Vec::new();
                for Scrape { source, scopes, options } in scrapes {
                    for scope in scopes {
                        let run = scrape::dry_run(scraper, source, scope, options).await?;
                        dry_runs.push(DryRun::from(run));
                    }
                }
                Ok(dry_runs)
            }))
            .await
        })
        .await?;
    show_dry_runs(context, &DryRunReport { dry_runs })
}
