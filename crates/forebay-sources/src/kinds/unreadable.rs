//! The error for a page that cannot be read.

use crate::{Error, Harvest, Page, fetch::redact_url};

/// Maximum number of records, good or bad, of a page whose records are kept until it has been read to its end.
pub(super) const MAX_PAGE_RECORDS: usize = 100_000;

/// The error `page_unreadable`, with the page's URL and the problem.
pub(super) fn unreadable(page: &Page, problem: impl Into<String>) -> Error {
    Error::PageUnreadable { url: redact_url(&page.url), problem: problem.into() }
}

/// Checks the number of records found so far.
pub(super) fn check_number(page: &Page, num_records: usize) -> Result<(), Error> {
    if num_records > MAX_PAGE_RECORDS {
        return Err(unreadable(page, "it has more than 100,000 records"));
    }
    Ok(())
}

/// Passes on the records of a page read so far, once they are many. Error: nobody wants them, so the rest of the page
/// is not read.
pub(super) fn pass_on(page: &Page, harvest: &mut Harvest) -> Result<(), Error> {
    if harvest.pass_on() { Ok(()) } else { Err(unreadable(page, "its run has ended")) }
}
