//! The input of a run: a stream of bytes, the pages of a crawl, or nothing because the source is unchanged.

use std::{
    fmt,
    io::{self, Read},
    mem,
    sync::Arc,
};

use forebay_sources::{
    Format, LinkKey, ReadOptions,
    crawl::{CrawlEnd, Crawled},
    fetch::{FetchStats, Validators},
    key_properties,
    kinds::command::Stopper,
};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::{
    sync::mpsc,
    task::{self, JoinHandle},
};

use crate::error::{Error, Result};

/// The input of a run.
pub struct Input {
    /// The file, `-` for standard input, URL or program. Shown with the run and its rejected records.
    pub name: String,
    /// The records.
    pub feed: Feed,
}

/// How records arrive.
#[expect(clippy::large_enum_variant, reason = "a run has one, and moves it twice")]
pub enum Feed {
    /// As a stream of bytes.
    Bytes {
        /// The bytes.
        reader: Box<dyn Read + Send>,
        /// How to read them.
        options: ReadOptions,
        /// The HTTP file that the bytes come from; it is remembered once everything is stored.
        page: Option<FilePage>,
        /// The cost of fetching them.
        stats: Option<Arc<FetchStats>>,
        /// Stops the program that prints them if the run ends first.
        stopper: Option<Stopper>,
    },
    /// Page by page, from a crawl.
    Pages {
        /// The pages.
        pages: mpsc::Receiver<Crawled>,
        /// How the crawl ended. The crawl must end when the receiver of the pages is dropped.
        end: JoinHandle<CrawlEnd>,
        /// The cost of fetching them.
        stats: Arc<FetchStats>,
    },
    /// No records, because the server reports that the source has not changed since the last applied run.
    Unchanged {
        /// The cost of asking; `None`: it was known without a request.
        stats: Option<Arc<FetchStats>>,
    },
    /// Decided when the run begins, once no other run holds its scope.
    Later {
        /// Called with the run's id.
        begin: Begin,
        /// The format of the bytes, if it will be a stream of bytes. [`Format::Auto`]: unknown, or no such stream.
        format: Format,
    },
}

/// Starts reading when a run begins.
pub type Begin = Box<dyn FnOnce(i64) -> BoxFuture<'static, Result<Feed>> + Send>;

/// A file over HTTP.
#[derive(Clone, Debug)]
pub struct FilePage {
    /// Identifies it among the files of its source.
    pub key: LinkKey,
    /// Its URL, without secrets.
    pub url: String,
    /// When it was fetched.
    pub fetched_at: Timestamp,
    /// The validators for the next request.
    pub validators: Validators,
    /// When it must be requested again.
    pub fresh_until: Option<Timestamp>,
}

impl Feed {
    /// A stream of bytes that is not a file over HTTP.
    pub fn bytes(reader: Box<dyn Read + Send>, options: ReadOptions) -> Self {
        Self::Bytes { reader, options, page: None, stats: None, stopper: None }
    }

    /// The output of a program.
    pub fn program(reader: Box<dyn Read + Send>, options: ReadOptions, stopper: Stopper) -> Self {
        Self::Bytes { reader, options, page: None, stats: None, stopper: Some(stopper) }
    }

    /// Whether it consists of the messages of a Singer tap.
    pub(crate) fn is_tap(&self) -> bool {
        let format = match self {
            Self::Bytes { options, .. } => options.format,
            Self::Later { format, .. } => *format,
            Self::Pages { .. } | Self::Unchanged { .. } => Format::Auto,
        };
        format == Format::Singer
    }

    /// Starts reading.
    pub(super) async fn begin(mut self, run_id: i64) -> Result<Self> {
        while let Self::Later { begin, .. } = self {
            self = begin(run_id).await?;
        }
        Ok(self)
    }
}

impl Input {
    /// A stream of bytes.
    pub fn bytes(name: impl Into<String>, reader: Box<dyn Read + Send>, options: ReadOptions) -> Self {
        Self { name: name.into(), feed: Feed::bytes(reader, options) }
    }

    /// The key that a tap gives its records; empty if this is not the output of a tap, or its schema names none.
    /// Returns the input as well, which is read from its beginning.
    pub(super) async fn key_of_tap(mut self) -> Result<(Vec<String>, Self)> {
        let Feed::Bytes { reader, options, .. } = &mut self.feed else { return Ok((Vec::new(), self)) };
        if options.format != Format::Singer {
            return Ok((Vec::new(), self));
        }
        let unread = mem::replace(reader, Box::new(io::empty()));
        let stream = options.singer.stream.clone();
        let peeked = task::spawn_blocking(move || key_properties(unread, stream.as_deref()));
        let (key_fields, unread) = peeked.await.map_err(|_| Error::Reader)?;
        *reader = unread;
        Ok((key_fields, self))
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A program that runs until this value is dropped. A program whose output is not read would wait forever.
pub(crate) struct Running(pub(crate) Stopper);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.stop();
    }
}
