//! `forebay-bench scrape`: a site on loopback, crawled by Forebay and by Scrapy, which must find the same records.
//!
//! The main figure is pages per second of processor time: on a machine that also serves the site, elapsed time depends
//! on the site's server as much. Crawling is measured in two ways: like Scrapy, from the site into a file, each in a
//! process of its own; and like Forebay, into the database, in this process. Then the unchanged site is scraped again:
//! every page must return 304, and nothing may be written.

mod compare;
mod crawl;
mod database;
mod pages;
mod report;
mod sample;
mod scrapy;
pub(crate) mod site;
pub(crate) mod source;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::value_parser;
use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_engine::{
    persist::RunReport,
    scrape::{ScrapeOptions, Scraper, scrape},
};
use forebay_store::{
    connect::{Client, Database},
    migrations,
};
use tempfile::TempDir;

pub(crate) use self::{
    crawl::{Args as CrawlArgs, run as crawl},
    site::{Args as SiteArgs, run as site},
};
use self::{
    report::Figures,
    sample::{Sample, difference},
    scrapy::Scrapy,
    site::Site,
};
use crate::{
    context::Context,
    cpu,
    failure::Failure,
    report::{Peer, Report},
    scratch::{expect, in_scratch, settle},
};

/// Measure scraping against Scrapy on a made-up site
///
/// Shows pages per second, elapsed and of processor time, for fetching and extracting alone and for whole scrapes.
/// Fails if scraping the unchanged site again writes anything. A separate process serves the site on loopback. Without
/// --scrapy, the peer is reported as absent.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay-bench scrape
  forebay-bench scrape --scrapy ~/peers/venv/bin/python
  forebay-bench scrape --pages 1000 --rounds 1 --output json")]
pub(crate) struct Args {
    /// Pages of the site
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10_000,
        value_parser = value_parser!(u64).range(2..=1_000_000)
    )]
    pages: u64,
    /// Samples of each measurement; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// The Python of an environment in which `pip install scrapy` was run
    #[arg(long, value_name = "PYTHON")]
    scrapy: Option<PathBuf>,
}

/// Runs the benchmark.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Report, Failure> {
    let scrapy = match &args.scrapy {
        Some(python) => Some(Scrapy::find(python).await?),
        None => None,
    };
    let database = context.database().await?;
    let figures = measure(args, scrapy.as_ref(), &database, context).await;
    database.close().await?;
    let mut report = report::report(args.pages, &figures?);
    report.peers = vec![Peer { name: "scrapy", version: scrapy.map(|scrapy| scrapy.version) }];
    Ok(report)
}

async fn measure(
    args: &Args,
    scrapy: Option<&Scrapy>,
    database: &Database,
    context: &Context,
) -> Result<Figures, Failure> {
    let site = Site::open(args.pages).await?;
    let folder = TempDir::new()?;
    let (ours, theirs) = (folder.path().join("forebay.jsonl"), folder.path().join("scrapy.jsonl"));
    let mut figures = Figures { num_records: site.num_records(), ..Figures::default() };
    for round in 1..=args.rounds {
        context.output.note(&format!("round {round} of {}", args.rounds));
        let served = site.cpu();
        figures.crawls.push(crawl::sample(&site.url, &ours).await?);
        figures.serving.extend(difference(served, site.cpu()));
        if let Some(scrapy) = scrapy {
            figures.scrapy.push(scrapy.sample(&site.url, &theirs).await?);
            compare::compare(&ours, &theirs)?;
        }
        expect("the number of records", compare::read(&ours)?.len() as u64, site.num_records())?;
        in_scratch(database, async |scratch| scrapes(args.pages, &site, scratch, &mut figures).await).await?;
    }
    Ok(figures)
}

/// Scrapes into a new database, and then again.
async fn scrapes(
    num_pages: u64,
    site: &Site,
    scratch: &Arc<Database>,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let scraper = source::scraper(Arc::clone(scratch), &site.url, "scrape")?;
    let mut client = scratch.client().await?;
    migrations::ensure(&mut client, true).await?;
    settle(&**client).await?;
    let server = server_cpu(&client).await?;
    let (first, sample) = sample_scrape(&scraper).await?;
    expect("num_added of the first scrape", first.counts.num_added, site.num_records())?;
    expect("the number of pages", first.num_pages, num_pages)?;
    let server_after = server_cpu(&client).await?;
    figures.storing.extend(difference(server, server_after));
    figures.scrapes.push(sample);

    settle(&**client).await?;
    let before = database::now(&**client).await?;
    let (again, sample) = sample_scrape(&scraper).await?;
    expect("num_not_modified of the replay", again.fetched.num_not_modified, num_pages)?;
    expect("num_unchanged of the replay", again.counts.num_unchanged, site.num_records())?;
    expect("num_removed of the replay", again.counts.num_removed, 0)?;
    let num_written = database::rows_written_since(&**client, before).await?;
    expect("rows_written of the replay", num_written, 0)?;
    figures.replays.push(sample);
    Ok(())
}

async fn sample_scrape(scraper: &Scraper) -> Result<(RunReport, Sample), Failure> {
    let definition = scraper.source(source::SOURCE)?;
    let (started, before) = (Instant::now(), cpu::own());
    let report = scrape(scraper, definition, &Scope::default(), &ScrapeOptions::default(), &|_| {}).await?;
    let elapsed = started.elapsed();
    let cpu = difference(before, cpu::own());
    if report.status != RunStatus::Complete {
        let why = format!("a run ended as {}: {}", report.status.as_str(), report.messages.join("; "));
        return Err(Failure::bench(why));
    }
    Ok((report, Sample { elapsed, cpu }))
}

/// Processor time of the server's processes for this database so far; `None` if the server is on another machine.
async fn server_cpu(client: &Client) -> Result<Option<Duration>, Failure> {
    let pids = database::backends(&***client).await?;
    Ok(pids.into_iter().map(cpu::of_postgres).sum())
}
