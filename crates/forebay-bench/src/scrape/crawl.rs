//! Forebay's side without a database: fetches and extracts into a file, in a process of its own like the peer.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use forebay_domain::scope::Scope;
use forebay_engine::clock;
use forebay_sources::{
    crawl::{Crawl, CrawlEnd, Crawled, Forgetful, PageOutcome},
    fetch::Network,
};
use tokio::sync::mpsc;
use url::Url;

use super::{sample::Sample, source};
use crate::{failure::Failure, parts};

/// Pages that may wait to be written, as in a scrape.
const PAGES_WAITING: usize = 16;

/// Crawl the made-up site of the benchmarks into a file
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long)]
    url: String,
    /// Where to write records, as JSON Lines
    #[arg(long)]
    file: PathBuf,
}

/// Runs this part.
pub(crate) async fn run(args: &Args) -> Result<(), Failure> {
    let kind = source::kind(&args.url)?;
    let first = kind.start(&Scope::default()).map_err(|error| Failure::from_error(error.code(), &error))?;
    let homes: Vec<Url> = first.iter().map(|link| link.url.clone()).collect();
    let fetcher = Network::new(1, clock::system()).fetcher(&source::fetching("crawl")?, &homes);
    let fetcher = fetcher.map_err(|error| Failure::from_error(error.code(), &error))?;
    let crawl = Crawl { kind: Arc::new(kind), fetcher, settings: source::crawling(), memory: Forgetful };
    let (sender, mut pages) = mpsc::channel(PAGES_WAITING);
    let end = tokio::spawn(crawl.run(first, sender));
    let file = File::create(&args.file)?;
    let mut file = BufWriter::with_capacity(64 << 10, file);
    while let Some(crawled) = pages.recv().await {
        write(&mut file, &crawled)?;
    }
    file.flush()?;
    let end: CrawlEnd = end.await.map_err(|error| Failure::from_error("bench_failed", &error))?;
    match end.incomplete {
        None => Ok(()),
        Some(incomplete) => Err(Failure::new(incomplete.code, incomplete.message).hint(incomplete.hint)),
    }
}

fn write(file: &mut impl Write, crawled: &Crawled) -> io::Result<()> {
    let block = match &crawled.outcome {
        PageOutcome::Part { block, .. } => block,
        PageOutcome::Read { harvest, .. } => &harvest.block,
        _ => return Ok(()),
    };
    for record in &block.records {
        // A record of this kind contains no line breaks.
        file.write_all(block.text(record))?;
        file.write_all(b"\n")?;
    }
    Ok(())
}

/// Crawls the site once into a file.
pub(super) async fn sample(url: &str, file: &Path) -> Result<Sample, Failure> {
    let mut command = parts::command("crawl")?;
    command.args(["--url", url, "--file"]).arg(file);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Sample::of(command, "the crawl").await
}
