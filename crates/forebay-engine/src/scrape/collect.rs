//! Scrapes into a file while the database is unreachable.

use std::{
    fs::File,
    io::{BufWriter, Seek, SeekFrom, Write},
};

use forebay_domain::{end_line::EndRule, run::RunStatus, scope::Scope};
use forebay_sources::{
    Block, Format, ReadOptions, Reader,
    crawl::{self, CrawlEnd, Crawled},
    end_line_text,
};
use jiff::Timestamp;
use serde::de::IgnoredAny;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{definition::SourceDefinition, feed, options::ScrapeOptions, request::request, scraper::Scraper};
use crate::{
    clock,
    error::{Error, Result},
    persist::{self, Feed, Input, PersistRequest, RunReport, feed::Running},
};

/// Scraped records, as JSON Lines in an unnamed temporary file.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) source: String,
    pub(crate) num_records: u64,
    pub(crate) observed_at: Timestamp,
    /// Why some records are missing, as a sentence.
    pub(crate) incomplete: Option<String>,
    request: PersistRequest,
    file: File,
}

/// Scrapes a scope of a source into a file. Invalid records are left out, which makes the result incomplete.
pub(crate) async fn collect(
    scraper: &Scraper,
    source: &SourceDefinition,
    scope: &Scope,
) -> Result<Collected> {
    source.check_scope(scope)?;
    let mut request = request(source, scope, &ScrapeOptions::default());
    let observed_at = clock::now();
    request.observed_at = Some(observed_at);
    let lines = Lines { file: BufWriter::new(tempfile::tempfile()?), num_records: 0, num_rejected: 0 };
    let (lines, incomplete) = match feed::without_database(scraper, source, scope).await? {
        Feed::Pages { pages, end, .. } => pages_into(lines, pages, end).await?,
        Feed::Bytes { reader, options, stopper, .. } => {
            // Stops the program if this is never polled again.
            let _running = stopper.map(Running);
            bytes_into(lines, reader, options, EndRule::of(source.require_end, false)).await?
        }
        Feed::Unchanged { .. } | Feed::Later { .. } => (lines, None),
    };
    let incomplete = incomplete.or_else(|| lines.rejected());
    // A record that looks removed may be one that was not read.
    request.complete &= incomplete.is_none();
    let num_records = lines.num_records;
    let file = lines.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    Ok(Collected { source: source.name.clone(), num_records, observed_at, incomplete, request, file })
}

impl Collected {
    /// Persists the records with the time when they were observed. `None`: only part of the run was applied.
    pub(crate) async fn persist(&self, scraper: &Scraper) -> Result<Option<RunReport>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
        let input = Input::bytes(
            format!("{} while the database was unreachable", self.source),
            Box::new(file),
            options,
        );
        let report = persist::persist(&scraper.database, self.request.clone(), input, &|_| {}).await?;
        Ok((report.status == RunStatus::Complete && self.incomplete.is_none()).then_some(report))
    }
}

struct Lines {
    file: BufWriter<File>,
    num_records: u64,
    /// Invalid records.
    num_rejected: u64,
}

impl Lines {
    /// A sentence about what could not be read.
    fn rejected(&self) -> Option<String> {
        let Self { num_records, num_rejected, .. } = self;
        let num_seen = num_records + num_rejected;
        (*num_rejected > 0).then(|| format!("{num_rejected} of {num_seen} records could not be read"))
    }

    /// Writes each record to one line, even if it spans several lines.
    fn add(&mut self, block: &Block) -> Result<()> {
        for span in &block.records {
            let text = block.text(span);
            if text.contains(&b'\n') {
                // JSON strings escape line breaks, so these only separate tokens.
                let line: Vec<u8> =
                    text.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect();
                self.file.write_all(&line)?;
            } else {
                self.file.write_all(text)?;
            }
            self.file.write_all(b"\n")?;
            // Invalid JSON is written too, so the run can store it as a rejected record.
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
        match crawled.outcome {
            crawl::PageOutcome::Part { block, .. } => lines.add(&block)?,
            crawl::PageOutcome::Read { harvest, .. } => lines.add(&harvest.block)?,
            _ => {}
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
    end_rule: EndRule,
) -> Result<(Lines, Option<String>)> {
    let read = tokio::task::spawn_blocking(move || {
        let mut reader = Reader::open(reader, &options)?;
        let mut block = Block::default();
        loop {
            match reader.next_block(&mut block) {
                Ok(true) => lines.add(&block)?,
                Ok(false) => break,
                // Records before the error are served like those of a partial run.
                Err(error) if error.ends_input_early() && lines.num_records > 0 => {
                    return Ok((lines, Some(error.to_string())));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let ending = reader.ending();
        let problem = end_rule.problem(ending.end_line.as_ref(), !ending.never_has_end_line);
        let problem = problem.map(|problem| problem.message());
        if let Some(end) = ending.end_line {
            // The run that reads the file asks for it too.
            writeln!(lines.file, "{}", end_line_text(end))?;
        }
        Ok((lines, ending.truncated.or(problem)))
    });
    read.await.map_err(|_| Error::Reader)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn unreadable_records_are_counted_and_reported() {
        let collect = async |text: &'static str| {
            let lines =
                Lines { file: BufWriter::new(tempfile::tempfile()?), num_records: 0, num_rejected: 0 };
            let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
            bytes_into(lines, Box::new(text.as_bytes()), options, EndRule::Optional).await
        };
        let (lines, incomplete) = collect("{\"id\":1}\n{\"id\":\n{\"id\":3}\n").await.unwrap();
        assert_eq!((lines.num_records, lines.num_rejected, incomplete), (2, 1, None));
        assert_eq!(lines.rejected().unwrap(), "1 of 3 records could not be read");
        let end = "{\"id\":1}\n{\"$forebay\":{\"end\":{\"complete\":false}}}\n";
        let (lines, incomplete) = collect(end).await.unwrap();
        assert_eq!(lines.num_records, 1);
        assert!(incomplete.unwrap().contains("did not send everything"));
        let (lines, _) = collect("{\"id\":1}\n").await.unwrap();
        assert_eq!(lines.rejected(), None);
    }

    #[tokio::test]
    async fn an_input_that_fails_midway_is_incomplete() {
        /// A connection that breaks after these texts.
        struct Torn(Vec<&'static str>);

        impl std::io::Read for Torn {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let text = self.0.pop().ok_or_else(|| std::io::Error::other("it broke"))?;
                buffer[..text.len()].copy_from_slice(text.as_bytes());
                Ok(text.len())
            }
        }

        let collect = async |texts: Vec<&'static str>| {
            let lines =
                Lines { file: BufWriter::new(tempfile::tempfile()?), num_records: 0, num_rejected: 0 };
            let options = ReadOptions { format: Format::JsonLines, ..ReadOptions::default() };
            bytes_into(lines, Box::new(Torn(texts)), options, EndRule::Optional).await
        };
        let (lines, incomplete) = collect(vec!["{\"id\":1}\n"]).await.unwrap();
        assert_eq!(lines.num_records, 1);
        assert!(incomplete.unwrap().starts_with("reading failed"));
        assert_eq!(collect(vec!["\n"]).await.err().unwrap().code(), "read_failed");
    }

    #[tokio::test]
    async fn a_crawl_that_panicked_is_incomplete() {
        let lines =
            Lines { file: BufWriter::new(tempfile::tempfile().unwrap()), num_records: 0, num_rejected: 0 };
        let (_, pages) = mpsc::channel(1);
        let end = tokio::spawn(async { panic!("the crawl dies") });
        assert_eq!(pages_into(lines, pages, end).await.err().unwrap().code(), "reader_ended");
    }
}
