//! The outcome of each page, and of the crawl as a whole.

use std::{borrow::Cow, time::Duration};

use forebay_domain::handoff::FailureClass;
use jiff::Timestamp;

use super::memory::KnownPage;
use crate::{
    block::Block,
    error::Error,
    fetch::{FetchError, Validators},
    page::{Harvest, Link},
};

/// A page of a crawl and its outcome.
#[derive(Debug)]
pub struct Crawled {
    /// The page.
    pub link: Link,
    /// Its outcome.
    pub outcome: PageOutcome,
}

/// The outcome of a page.
#[derive(Debug)]
pub enum PageOutcome {
    /// Records of a large page, which is still being read: more parts may follow, and then another outcome of the same
    /// page, without any other page in between.
    Part {
        /// Some of its records.
        block: Block,
        /// When it was fetched.
        fetched_at: Timestamp,
    },
    /// It was fetched and read.
    Read {
        /// What it yielded, without the records of its parts.
        harvest: Harvest,
        /// The validators for the next request.
        validators: Validators,
        /// Until when no request is needed.
        fresh_until: Option<Timestamp>,
        /// When it was fetched.
        fetched_at: Timestamp,
    },
    /// It has not changed, so it was not read.
    Unchanged {
        /// What an earlier crawl stored about it.
        known: KnownPage,
    },
    /// It is gone (404, 410).
    Gone {
        /// The status of the response.
        status: u16,
    },
    /// It could not be fetched or read.
    Failed {
        /// Why.
        error: Error,
    },
}

/// How a crawl ended.
#[derive(Debug, Default)]
pub struct CrawlEnd {
    /// Pages that were read or are unchanged.
    pub num_pages: u64,
    /// Unchanged pages.
    pub num_unchanged: u64,
    /// Pages that could not be fetched or read.
    pub num_failed: u64,
    /// Links that were not followed because their host is not allowed.
    pub num_refused_links: u64,
    /// Why the crawl is incomplete; None: it is complete.
    pub incomplete: Option<Incomplete>,
}

/// Why a crawl is incomplete.
#[derive(Clone, Debug)]
pub struct Incomplete {
    /// The stable code: of the first page that failed, or `too_many_pages`.
    pub code: &'static str,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: Cow<'static, str>,
    /// The class of the failure.
    pub class: FailureClass,
    /// How long a host asks to wait.
    pub retry_after: Option<Duration>,
    /// The HTTP status that a page was answered with, if that is why.
    pub status: Option<u16>,
}

impl Incomplete {
    pub(super) fn new(code: &'static str, message: String, hint: &'static str) -> Self {
        Self {
            code,
            message,
            hint: hint.into(),
            class: FailureClass::Permanent,
            retry_after: None,
            status: None,
        }
    }
}

impl From<&Error> for Incomplete {
    fn from(error: &Error) -> Self {
        let (class, retry_after) = match error {
            Error::Fetch(error) => (error.class(), error.retry_after()),
            _ => (FailureClass::Permanent, None),
        };
        let status = match error {
            Error::Fetch(FetchError::HttpStatus { status, .. }) => Some(*status),
            _ => None,
        };
        Self {
            code: error.code(),
            message: error.to_string(),
            hint: error.hint(),
            class,
            retry_after,
            status,
        }
    }
}

impl CrawlEnd {
    /// Marks the crawl as incomplete. The first reason counts.
    pub(super) fn stop(&mut self, incomplete: Incomplete) {
        self.incomplete.get_or_insert(incomplete);
    }
}
