//! The error for a page that cannot be read.

use crate::{Error, Page, fetch::redact_url};

/// Maximum number of records, good or bad, that are read from one page. A page is held in memory until its records are
/// stored; a file is not.
pub(super) const MAX_PAGE_RECORDS: usize = 100_000;

/// The error `page_unreadable`, with the page's URL and the problem.
pub(super) fn unreadable(page: &Page, problem: impl Into<String>) -> Error {
    Error::PageUnreadable { url: redact_url(&page.url), problem: problem.into() }
}

/// Checks the number of records found so far.
pub(super) fn check_number(page: &Page, num_records: usize) -> Result<(), Error> {
    if num_records > MAX_PAGE_RECORDS {
        let problem = "it has more than 100,000 records; read it with the kind file, which has no such limit";
        return Err(unreadable(page, problem));
    }
    Ok(())
}
