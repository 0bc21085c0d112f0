//! The result of a source test: records, rejected pieces, pages and links.

use std::collections::BTreeMap;

use forebay_store::user_rows::VersionCount;

/// The beginning of what a source yields.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The first records, at most as many as were asked for.
    pub records: Vec<SampleRecord>,
    /// The first pieces that are no records, or have no key.
    pub rejected: Vec<SampleRejected>,
    /// How many such pieces there are in all that was read.
    pub num_rejected: u64,
    /// In which share (0 to 1) of the records each field had a value, by field.
    pub field_coverage: BTreeMap<String, f64>,
    /// Key fields that are missing in records, and in how many.
    pub missing_keys: BTreeMap<String, u64>,
    /// The pages that were read, in their order.
    pub pages: Vec<SamplePage>,
    /// The first links that were found, whether or not they were followed.
    pub links: Vec<SampleLink>,
    /// How many links were found.
    pub num_links: u64,
    /// Whether there may be more than was read.
    pub has_more: bool,
    /// All rows of a table or query of Postgres by the version of their contract, if a column names it.
    pub rows_by_version: Vec<VersionCount>,
}

/// A record.
#[derive(Clone, Debug)]
pub struct SampleRecord {
    /// The payload to be stored, as JSON (RFC 8785).
    pub payload: String,
    /// Its key, as in `record_key`.
    pub record_key: String,
}

/// A piece that is no record.
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
    /// Where it is, without secrets.
    pub url: String,
    /// Its role for the source: `sitemap`, `listing` or `detail`.
    pub role: &'static str,
    /// Records on it.
    pub num_records: u64,
    /// Links on it that would be followed.
    pub num_links: u64,
    /// Links on it that lead to a host that the source does not allow, or to no page.
    pub num_refused_links: u64,
    /// Why it could not be read, if so: a stable code and a sentence.
    pub problem: Option<(&'static str, String)>,
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleLink {
    /// Where it leads, without secrets.
    pub url: String,
    /// The role of its page: `sitemap`, `listing` or `detail`.
    pub role: &'static str,
}
