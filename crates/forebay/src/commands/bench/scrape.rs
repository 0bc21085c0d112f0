//! `forebay bench scrape`: a site on loopback, crawled by Forebay and by Scrapy, which have to find the same records.
//!
//! What counts is pages for each second on a processor: on one machine with the server, seconds on the clock say as
//! much about the server. Crawling is measured as Scrapy works, from the site into a file, in a process of its own for
//! each; and as Forebay works, into the database, in this one. Then the same site is scraped again: all of its pages
//! have to answer that they are as they were, and nothing may be written.

mod cpu;
mod crawl;
mod pages;
mod report;
mod scrapy;
pub(super) mod site;
pub(super) mod source;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
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
    bench::{self, scrape as watch},
    connect::Database,
    migrations,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use self::{report::Figures, scrapy::Scrapy, site::Site};
use super::{expect, in_scratch};
use crate::{
    context::Context,
    failure::{Exit, Failure},
};

pub(super) use crawl::{Args as CrawlArgs, run as crawl};
pub(super) use site::{Args as SiteArgs, run as serve};

/// Measure scraping against Scrapy on a made-up site
///
/// Shows pages a second, and a second of processor time, for fetching and extracting alone and for whole scrapes, and
/// that scraping an unchanged site again writes nothing. The site is served on loopback by a process of its own.
/// Without --scrapy the peer is said to be absent. Uses a database of its own that is dropped afterwards.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  forebay bench scrape
  forebay bench scrape --scrapy ~/peers/venv/bin/python
  forebay bench scrape --pages 1000 --rounds 1 --output json")]
pub(crate) struct Args {
    /// How many pages the site has
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = value_parser!(u64).range(2..=1_000_000))]
    pages: u64,
    /// How many samples to take of everything; the median counts
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u16).range(1..))]
    rounds: u16,
    /// The Python of an environment in which `pip install scrapy` was run
    #[arg(long, value_name = "PYTHON")]
    scrapy: Option<PathBuf>,
}

/// What crawling a site once took.
#[derive(Clone, Copy, Debug)]
struct Sample {
    elapsed: Duration,
    /// None where it cannot be measured.
    cpu: Option<Duration>,
}

/// Runs the command.
pub(crate) async fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let scrapy = match &args.scrapy {
        Some(python) => Some(Scrapy::find(python).await?),
        None => None,
    };
    let database = context.bare_database().await?;
    let figures = measure(args, scrapy.as_ref(), &database, context).await;
    database.close().await?;
    context.ui.show(&report::report(args, &figures?, scrapy))?;
    Ok(Exit::Done)
}

async fn measure(
    args: &Args,
    scrapy: Option<&Scrapy>,
    database: &Database,
    context: &Context,
) -> Result<Figures, Failure> {
    let site = Site::open(args.pages).await?;
    let folder = TempDir::new().map_err(|error| Failure::output(&error))?;
    let (ours, theirs) = (folder.path().join("forebay.jsonl"), folder.path().join("scrapy.jsonl"));
    let mut figures = Figures { num_records: site.num_records(), ..Figures::default() };
    for round in 1..=args.rounds {
        context.ui.note(&format!("round {round} of {}", args.rounds));
        let served = site.cpu();
        figures.crawls.push(crawl::sample(&site.url, &ours).await?);
        figures.serving.extend(site.cpu().zip(served).map(|(after, before)| after.saturating_sub(before)));
        if let Some(scrapy) = scrapy {
            figures.scrapy.push(scrapy.sample(&site.url, &theirs).await?);
            compare(&ours, &theirs)?;
        }
        expect("the number of records", read(&ours)?.len() as u64, site.num_records())?;
        in_scratch(database, async |scratch| scrapes(args.pages, &site, scratch, &mut figures).await).await?;
    }
    Ok(figures)
}

/// Scrapes into a new database, and once more.
async fn scrapes(
    num_pages: u64,
    site: &Site,
    scratch: &Arc<Database>,
    figures: &mut Figures,
) -> Result<(), Failure> {
    let scraper = source::scraper(Arc::clone(scratch), &site.url, "scrape")?;
    let mut client = scratch.client().await?;
    migrations::ensure(&mut client, true).await?;
    bench::settle(&**client).await?;
    let server = server_cpu(&client).await?;
    let (first, sample) = sample_scrape(&scraper).await?;
    expect("num_added of the first scrape", first.counts.num_added, site.num_records())?;
    expect("the number of pages", first.num_pages, num_pages)?;
    let server_after = server_cpu(&client).await?;
    figures.storing.extend(server_after.zip(server).map(|(after, before)| after.saturating_sub(before)));
    figures.scrapes.push(sample);

    bench::settle(&**client).await?;
    let before = watch::now(&**client).await?;
    let (again, sample) = sample_scrape(&scraper).await?;
    expect("num_not_modified of the replay", again.fetched.num_not_modified, num_pages)?;
    expect("num_unchanged of the replay", again.counts.num_unchanged, site.num_records())?;
    expect("num_removed of the replay", again.counts.num_removed, 0)?;
    let num_written = watch::rows_written_since(&**client, before).await?;
    expect("rows_written of the replay", num_written, 0)?;
    figures.replays.push(sample);
    Ok(())
}

async fn sample_scrape(scraper: &Scraper) -> Result<(RunReport, Sample), Failure> {
    let definition = scraper.source(source::SOURCE)?;
    let (started, before) = (Instant::now(), cpu::own());
    let report = scrape(scraper, definition, &Scope::default(), &ScrapeOptions::default(), &|_| {}).await?;
    let elapsed = started.elapsed();
    let cpu = cpu::own().zip(before).map(|(after, before)| after.saturating_sub(before));
    if report.status != RunStatus::Complete {
        let why = format!("a run ended as {}: {}", report.status.as_str(), report.messages.join("; "));
        return Err(Failure::new("bench_failed", why));
    }
    Ok((report, Sample { elapsed, cpu }))
}

/// What the server's processes for this database have cost so far; None if it is on another machine.
async fn server_cpu(client: &forebay_store::connect::Client) -> Result<Option<Duration>, Failure> {
    let pids = watch::backends(&***client).await?;
    Ok(pids.into_iter().map(cpu::of_postgres).sum())
}

/// Runs a program to its end.
async fn sample_of(mut command: Command, what: &str) -> Result<Sample, Failure> {
    // Of programs that end one after the other, the sum grows by each.
    let (started, before) = (Instant::now(), cpu::ended_children());
    let status = command.status().await.map_err(|error| Failure::output(&error))?;
    let elapsed = started.elapsed();
    let cpu = cpu::ended_children().zip(before).map(|(after, before)| after.saturating_sub(before));
    if !status.success() {
        return Err(Failure::new("bench_failed", format!("{what} failed")).hint("what it said is above"));
    }
    Ok(Sample { elapsed, cpu })
}

/// Both have to have found the same records, each of them once.
fn compare(ours: &Path, theirs: &Path) -> Result<(), Failure> {
    let (ours, theirs) = (read(ours)?, read(theirs)?);
    let only_ours = ours.difference(&theirs).next();
    let only_theirs = theirs.difference(&ours).next();
    if only_ours.is_none() && only_theirs.is_none() {
        return Ok(());
    }
    let shown = |record: Option<&String>| record.map_or("nothing", String::as_str).to_owned();
    Err(Failure::new("bench_failed", "Forebay and Scrapy found different records").hint(format!(
        "only Forebay has {}; only Scrapy has {}",
        shown(only_ours),
        shown(only_theirs)
    )))
}

/// The records of a file, each in one form.
fn read(file: &Path) -> Result<HashSet<String>, Failure> {
    let text = fs::read_to_string(file).map_err(|error| Failure::output(&error))?;
    let mut records = HashSet::new();
    for line in text.lines() {
        // Keys of a value come in order.
        let record: Value =
            serde_json::from_str(line).map_err(|error| Failure::from_error("bench_failed", &error))?;
        if !records.insert(record.to_string()) {
            return Err(Failure::new("bench_failed", "a record was found twice"));
        }
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_compared_as_values_and_whatever_differs_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let ours = file("ours", "{\"id\":\"1\",\"tags\":[\"a\"]}\n{\"id\":\"2\"}\n");
        let same = file("same", "{\"id\": \"2\"}\n{\"tags\": [\"\\u0061\"], \"id\": \"1\"}\n");
        assert!(compare(&ours, &same).is_ok());
        for other in
            ["{\"id\":\"1\",\"tags\":[\"a\"]}\n", "{\"id\":\"1\",\"tags\":[\"b\"]}\n{\"id\":\"2\"}\n"]
        {
            assert!(compare(&ours, &file("other", other)).is_err(), "{other}");
        }
        assert!(read(&file("twice", "{\"id\":\"1\"}\n{\"id\":\"1\"}\n")).is_err());
    }
}
