//! The error for a page that cannot be read.

use crate::{Error, Page, fetch::redact_url};

/// The error `page_unreadable`, with the page's URL and the problem.
pub(super) fn unreadable(page: &Page, problem: impl Into<String>) -> Error {
    Error::PageUnreadable { url: redact_url(&page.url), problem: problem.into() }
}
