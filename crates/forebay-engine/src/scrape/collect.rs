//! Scraping into a file, for the time when there is no database to persist to.

use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
};

use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_sources::{
    Block, Format, ReadOptions, Reader,
    crawl::{self, CrawlEnd, Crawled},
};
use jiff::Timestamp;
use serde::de::IgnoredAny;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{ScrapeOptions, Scraper, SourceDefinition, feed, request};
use crate::{
    error::{Error, Result},
    persist::{self, Feed, Input, PersistRequest, RunReport, Running},
};

/// What was scraped, as JSON Lines in a temporary file that has no name.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) source: String,
    pub(crate) num_records: u64,
    pub(crate) observed_at: Timestamp,
    /// Why it is not everything, as a sentence.
    pub(crate) incomplete: Option<String>,
    request: PersistRequest,
    file: File,
}

/// Scrapes a scope of a source into a file. Pieces that are no record are left out, and then it is not everything.
pub(crate) async fn collect(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
) -> Result<Collected> {
    let mut request = request(source, scope, &ScrapeOptions::default());
    let observed_at = Timestamp::now();
    request.observed_at = Some(observed_at);
    let lines = Lines { file: BufWriter::new(tempfile::tempfile()?), num_records: 0, num_rejected: 0 };
    let (lines, incomplete) = match feed::without_database(scraper, source, scope).await? {
        Feed::Pages { pages, end, .. } => pages_into(lines, pages, end).await?,
        Feed::Bytes { reader, options, stopper, .. } => {
            // If this is never polled again, a program that nobody reads from any more is ended.
            let _running = stopper.map(Running);
            bytes_into(lines, reader, options).await?
        }
        Feed::Unchanged | Feed::Later(_) => (lines, None),
    };
    let incomplete = incomplete.or_else(|| lines.rejected());
    // What could not be read may be what looks vanished.
    request.complete &= incomplete.is_none();
    let num_records = lines.num_records;
    let file = lines.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    Ok(Collected { source: source.name.clone(), num_records, observed_at, incomplete, request, file })
}

impl Collected {
    /// Persists it, as of the time when it was observed. None: it was not applied as a whole.
    pub(crate) async fn persist(&self, scraper: &Scraper) -> Result<Option<RunReport>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
        let input =
            Input::bytes(format!("{} while the database was away", self.source), Box::new(file), options);
        let report = persist::persist(&scraper.database, self.request.clone(), input, &|_| {}).await?;
        Ok((report.status == RunStatus::Complete && self.incomplete.is_none()).then_some(report))
    }
}

struct Lines {
    file: BufWriter<File>,
    num_records: u64,
    /// Pieces that are no record.
    num_rejected: u64,
}

impl Lines {
    /// What is missing because it could not be read, as a sentence.
    fn rejected(&self) -> Option<String> {
        let Self { num_records, num_rejected, .. } = self;
        let num_seen = num_records + num_rejected;
        (*num_rejected > 0).then(|| format!("{num_rejected} of {num_seen} records could not be read"))
    }

    /// Writes a record to a line of its own: JSON may be spread over several.
    fn add(&mut self, block: &Block) -> Result<()> {
        for span in &block.records {
            let text = block.text(span);
            if text.contains(&b'\n') {
                // Line ends stand between tokens only: inside of strings they must be escaped.
                let line: Vec<u8> =
                    text.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect();
                self.file.write_all(&line)?;
            } else {
                self.file.write_all(text)?;
            }
            self.file.write_all(b"\n")?;
            // A broken text is written as well: it is for the run to keep it as rejected.
            match serde_json::from_slice::<IgnoredAny>(text) {
                Ok(_) => self.num_records += 1,
                Err(_) => self.num_rejected += 1,
            }
        }
        self.num_rejected += block.rejected.len() as u64;
        Ok(())
    }
}

async fn pages_into(
    mut lines: Lines,
    mut pages: mpsc::Receiver<Crawled>,
    end: JoinHandle<CrawlEnd>,
) -> Result<(Lines, Option<String>)> {
    while let Some(crawled) = pages.recv().await {
        if let crawl::PageOutcome::Read { harvest, .. } = crawled.outcome {
            lines.add(&harvest.block)?;
        }
    }
    let end = end.await.map_err(|_| Error::Reader)?;
    match end.incomplete {
        Some(incomplete) if end.num_pages == 0 => Err(Error::Crawl(Box::new(incomplete))),
        incomplete => Ok((lines, incomplete.map(|incomplete| incomplete.message))),
    }
}

async fn bytes_into(
    mut lines: Lines,
    reader: Box<dyn std::io::Read + Send>,
    options: ReadOptions,
) -> Result<(Lines, Option<String>)> {
    let read = tokio::task::spawn_blocking(move || {
        let mut reader = Reader::open(reader, &options)?;
        let mut block = Block::default();
        while reader.next_block(&mut block)? {
            lines.add(&block)?;
        }
        Ok((lines, reader.ending().truncated))
    });
    read.await.map_err(|_| Error::Reader)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_cannot_be_read_is_counted_and_told() {
        let collect = async |text: &'static str| {
            let lines =
                Lines { file: BufWriter::new(tempfile::tempfile()?), num_records: 0, num_rejected: 0 };
            let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
            bytes_into(lines, Box::new(text.as_bytes()), options).await
        };
        let (lines, incomplete) = collect("{\"id\":1}\n{\"id\":\n{\"id\":3}\n").await.unwrap();
        assert_eq!((lines.num_records, lines.num_rejected, incomplete), (2, 1, None));
        assert_eq!(lines.rejected().unwrap(), "1 of 3 records could not be read");
        let (lines, _) = collect("{\"id\":1}\n").await.unwrap();
        assert_eq!(lines.rejected(), None);
    }

    #[tokio::test]
    async fn a_crawl_that_died_has_not_ended() {
        let lines =
            Lines { file: BufWriter::new(tempfile::tempfile().unwrap()), num_records: 0, num_rejected: 0 };
        let (_, pages) = mpsc::channel(1);
        let end = tokio::spawn(async { panic!("the crawl dies") });
        assert_eq!(pages_into(lines, pages, end).await.err().unwrap().code(), "reader_ended");
    }
}
