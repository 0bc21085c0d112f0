//! Scraping into a file, for the time when there is no database to persist to.

use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
};

use forebay_domain::{run::RunStatus, scope::Scope};
use forebay_sources::{
    Chunk, Format, ReadOptions, Reader,
    crawl::{self, CrawlEnd, Crawled},
};
use jiff::Timestamp;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{ScrapeOptions, Scraper, SourceDefinition, feed, request};
use crate::{
    error::{Error, Result},
    persist::{self, Feed, Input, PersistRequest, RunReport},
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

/// Scrapes a scope of a source into a file. Pieces that are no record are left out.
pub(crate) async fn collect(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
) -> Result<Collected> {
    let mut request = request(source, scope, &ScrapeOptions::default());
    let observed_at = request.observed_at;
    let lines = Lines { file: BufWriter::new(tempfile::tempfile()?), num_records: 0 };
    let (lines, incomplete) = match feed::without_database(scraper, source, scope).await? {
        Feed::Pages { pages, end, .. } => pages_into(lines, pages, end).await?,
        Feed::Bytes { reader, options, .. } => bytes_into(lines, reader, options).await?,
        Feed::Unchanged | Feed::Later(_) => (lines, None),
    };
    // What could not be read may be what looks vanished.
    request.complete &= incomplete.is_none();
    let num_records = lines.num_records;
    let file = lines.file.into_inner().map_err(|error| error.into_error())?;
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
}

impl Lines {
    /// Writes a record to a line of its own: JSON may be spread over several.
    fn add(&mut self, chunk: &Chunk) -> Result<()> {
        for span in &chunk.records {
            let text = chunk.text(span);
            if text.contains(&b'\n') {
                // Line ends stand between tokens only: inside of strings they must be escaped.
                let line: Vec<u8> =
                    text.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect();
                self.file.write_all(&line)?;
            } else {
                self.file.write_all(text)?;
            }
            self.file.write_all(b"\n")?;
            self.num_records += 1;
        }
        Ok(())
    }
}

async fn pages_into(
    mut lines: Lines,
    mut pages: mpsc::Receiver<Crawled>,
    end: JoinHandle<CrawlEnd>,
) -> Result<(Lines, Option<String>)> {
    while let Some(crawled) = pages.recv().await {
        if let crawl::Outcome::Read { harvest, .. } = crawled.outcome {
            lines.add(&harvest.chunk)?;
        }
    }
    let end = end.await.unwrap_or_default();
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
        let mut chunk = Chunk::default();
        while reader.next_chunk(&mut chunk)? {
            lines.add(&chunk)?;
        }
        Ok((lines, reader.ending().truncated))
    });
    read.await.map_err(|_| Error::Reader)?
}
