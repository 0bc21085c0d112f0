//! The result of a source test.

use std::collections::BTreeMap;

use forebay_engine::scrape::{self, Sample, SourceDefinition};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{error::Error, json::Json, source::ContractVersionCount};

/// The first records of a source, and the contents of its pages. Nothing is stored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SourceTest {
    /// The name of the source.
    pub source: String,
    /// The scope, as `name=value` pairs; empty: the whole source.
    pub scope: String,
    /// How Forebay reads the source, such as `html`.
    pub kind: String,
    /// The fields that make a record's key, in order.
    pub key_fields: Vec<String>,
    /// The first records.
    pub records: Vec<SampleRecord>,
    /// Rejected records.
    pub num_rejected: u64,
    /// The first of them.
    pub rejected: Vec<SampleRejected>,
    /// Number of records without a value, by key field.
    pub missing_keys: BTreeMap<String, u64>,
    /// The share (0 to 1) of the records with a value, by field.
    pub field_coverage: BTreeMap<String, f64>,
    /// The pages that were read, in order.
    pub pages: Vec<SamplePage>,
    /// Number of links found.
    pub num_links: u64,
    /// The first of them.
    pub links: Vec<SampleLink>,
    /// What may go wrong although the records can be read, as sentences.
    pub warnings: Vec<String>,
    /// Whether the source may have more.
    pub has_more: bool,
    /// Why reading ended early, such as a program that failed: a run would not be complete; null: it didn't.
    pub read_error: Option<Error>,
    /// Settings whose selectors found nothing.
    pub unmatched: Vec<Unmatched>,
    /// All rows by contract version; empty unless its kind is `postgres` and a column has the version.
    pub contract_versions: Vec<ContractVersionCount>,
}

/// A record as it would be stored, or that would remove its reference.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SampleRecord {
    /// Its key.
    pub record_key: String,
    /// The record itself, as an object.
    pub payload: Json,
    /// Whether it says that it is gone (`removed_when`). Then a run doesn't store it and removes its reference.
    pub is_marked: bool,
}

/// A piece of input that is not a valid record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SampleRejected {
    /// Its line in the input, or its number on its page, from 1.
    pub line: u64,
    /// Why it was rejected, as a stable word.
    pub reason_code: String,
    /// Why it was rejected, as a sentence.
    pub message: String,
    /// The start of its text.
    pub raw_text: String,
}

/// A page that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SamplePage {
    /// Its URL, without secrets.
    pub url: String,
    /// The role of the page: `sitemap`, `listing` or `detail`.
    pub role: String,
    /// Records on it.
    pub num_records: u64,
    /// Links on it that a scrape would follow.
    pub num_links: u64,
    /// Links on it to other hosts, or to something other than a page.
    pub num_refused_links: u64,
    /// Why it could not be read; null: it was read.
    pub error: Option<Error>,
}

/// A link that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SampleLink {
    /// Its URL, without secrets.
    pub url: String,
    /// The role of the linked page: `sitemap`, `listing` or `detail`.
    pub role: String,
}

/// A setting whose selector matched nothing on any page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unmatched {
    /// The setting, such as `html.fields.title`.
    pub setting: String,
    /// Its selector; null: the setting has more or less than one selector.
    pub selector: Option<String>,
}

impl SourceTest {
    /// The result of a source test.
    ///
    /// # Errors A record is not JSON.
    pub fn new(source: &SourceDefinition, scope: String, sample: Sample) -> serde_json::Result<Self> {
        let record = |record: scrape::SampleRecord| {
            Ok(SampleRecord {
                record_key: record.record_key,
                payload: Json::parse(record.payload)?,
                is_marked: record.is_marked,
            })
        };
        let unmatched = scrape::unmatched(source, &sample);
        Ok(Self {
            source: source.name.clone(),
            scope,
            kind: source.kind.as_str().to_owned(),
            key_fields: source.key_fields.clone(),
            records: sample.records.into_iter().map(record).collect::<serde_json::Result<_>>()?,
            num_rejected: sample.num_rejected,
            rejected: sample.rejected.into_iter().map(SampleRejected::from).collect(),
            missing_keys: sample.missing_keys,
            field_coverage: sample.field_coverage,
            pages: sample.pages.into_iter().map(SamplePage::from).collect(),
            num_links: sample.num_links,
            links: sample.links.into_iter().map(SampleLink::from).collect(),
            warnings: sample.warnings,
            has_more: sample.has_more,
            read_error: sample.ended_early.map(error),
            unmatched: unmatched.into_iter().map(Unmatched::from).collect(),
            contract_versions: sample.rows_by_version.into_iter().map(ContractVersionCount::from).collect(),
        })
    }
}

fn error((code, message): (&str, String)) -> Error {
    Error { code: code.to_owned(), message, hint: None, place: None }
}

impl From<scrape::SampleRejected> for SampleRejected {
    fn from(piece: scrape::SampleRejected) -> Self {
        Self {
            line: piece.line,
            reason_code: piece.reason_code.to_owned(),
            message: piece.message,
            raw_text: piece.head,
        }
    }
}

impl From<scrape::SamplePage> for SamplePage {
    fn from(page: scrape::SamplePage) -> Self {
        Self {
            url: page.url,
            role: page.role.to_owned(),
            num_records: page.num_records,
            num_links: page.num_links,
            num_refused_links: page.num_refused_links,
            error: page.problem.map(error),
        }
    }
}

impl From<scrape::SampleLink> for SampleLink {
    fn from(link: scrape::SampleLink) -> Self {
        Self { url: link.url, role: link.role.to_owned() }
    }
}

impl From<scrape::Unmatched> for Unmatched {
    fn from(unmatched: scrape::Unmatched) -> Self {
        Self { setting: unmatched.setting, selector: unmatched.selector }
    }
}
