//! The result of a source test: records, rejected records, pages and links.

use std::collections::BTreeMap;

use forebay_store::user_rows::VersionCount;

/// The start of a source's output.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The first records, at most the requested number.
    pub records: Vec<SampleRecord>,
    /// The first invalid records and records without a key.
    pub rejected: Vec<SampleRejected>,
    /// Number of rejected records in everything that was read.
    pub num_rejected: u64,
    /// Share (0 to 1) of the records with a value, by field.
    pub field_coverage: BTreeMap<String, f64>,
    /// Number of records without a value, by key field.
    pub missing_keys: BTreeMap<String, u64>,
    /// The pages that were read, in order.
    pub pages: Vec<SamplePage>,
    /// The first links that were found, whether or not they were followed.
    pub links: Vec<SampleLink>,
    /// Number of links found.
    pub num_links: u64,
    /// What may go wrong although the records can be read, as sentences.
    pub warnings: Vec<String>,
    /// Whether the source may have more.
    pub has_more: bool,
    /// Why reading ended early, with a stable code: a run would not be complete.
    pub ended_early: Option<(&'static str, String)>,
    /// Number of rows of a Postgres table or query by contract version, if a column names it.
    pub rows_by_version: Vec<VersionCount>,
}

/// A record.
#[derive(Clone, Debug)]
pub struct SampleRecord {
    /// The payload to be stored, as JSON (RFC 8785).
    pub payload: String,
    /// Its key, as in `record_key`.
    pub record_key: String,
    /// Whether it says that it is gone, so a run removes its reference.
    pub is_marked: bool,
}

/// A rejected record.
#[derive(Clone, Debug)]
pub struct SampleRejected {
    /// Its line, or its number on a page.
    pub line: u64,
    /// Why, as a stable word.
    pub reason_code: &'static str,
    /// Why, as a sentence.
    pub message: String,
    /// Its first characters.
    pub head: String,
}

/// A page.
#[derive(Clone, Debug)]
pub struct SamplePage {
    /// Its URL, without secrets.
    pub url: String,
    /// Its role for the source: `sitemap`, `listing` or `detail`.
    pub role: &'static str,
    /// Records on it.
    pub num_records: u64,
    /// Links on it that would be followed.
    pub num_links: u64,
    /// Links to hosts that the source does not allow, or to something other than a page.
    pub num_refused_links: u64,
    /// Why it could not be read, if so: a stable code and a sentence.
    pub problem: Option<(&'static str, String)>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleLink {
    /// Its URL, without secrets.
    pub url: String,
    /// The role of its page: `sitemap`, `listing` or `detail`.
    pub role: &'static str,
}
